public import Ports

/// What a device did instead of its work, with the evidence. Addresses are register addresses of the device that
/// the throwing call belongs to.
public enum DriverFault: Error, Equatable, Sendable {
  /// The bus failed on the way to this register.
  case bus(BusError, address: UInt8)
  /// Every attempt brought back a damaged reply. `reply` has the first eight bytes of the last one, from the
  /// status byte of an SPI reply, or the bytes of an I2C reply, most significant first. A part without a checksum
  /// never gave the same reply twice in a row.
  case damaged(address: UInt8, reply: UInt64)
  /// The device answered with this status and did nothing, a damaged command only after every attempt; or it is busy
  /// with what was begun, and was asked for nothing.
  case refused(address: UInt8, status: UInt8)
  /// The register did not hold what was just written to it.
  case readBackDiffers(address: UInt8, wrote: UInt32, read: UInt32)
  /// Another device, role or map version than expected answers, or a register has bits that the map does not define.
  case wrongDevice(address: UInt8, expected: UInt32, read: UInt32)
  /// Bits of the scratch register that never changed under the walking patterns.
  case stuckBits(high: UInt32, low: UInt32)
  /// The commit counter did not advance by one.
  case commitNotCounted(before: UInt32, after: UInt32)
  /// A burst moved another number of words than it had to.
  case burstIncomplete(address: UInt8, expected: Int, moved: Int)
}
