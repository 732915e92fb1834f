/// What one register transfer came to, refusals apart.
enum RegisterOutcome {
  case done(UInt32)
  case failed(DriverFault)
}
