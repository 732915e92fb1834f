/// What one burst read came to.
enum BurstOutcome {
  case received(BurstCount)
  /// The device refused the command for its check; nothing was taken from the port.
  case notPerformed(DriverFault)
  case refused(status: UInt8)
  /// The reply is damaged, so that it is unknown whether the burst was performed.
  case inDoubt(DriverFault)
}
