/// One addressable register of a device, described but never performed. Registers narrower than 32 bits use
/// the low bits of their values.
public struct Register: Equatable, Sendable {
  public enum Access: UInt8, Sendable {
    case readOnly, readWrite, writeOnly
    /// A port to a memory: reached by burst transfers only.
    case burst
  }

  public let name: StaticString
  public let address: UInt8
  public let access: Access
  /// Value after a reset of the device.
  public let reset: UInt32
  /// Bits that belong to some field; every other bit reads as zero.
  public let defined: UInt32
  /// Whether a written value waits for a commit before it takes effect.
  public let isShadow: Bool

  public init(
    _ name: StaticString, at address: UInt8, _ access: Access, reset: UInt32, defined: UInt32, isShadow: Bool = false
  ) {
    self.name = name
    self.address = address
    self.access = access
    self.reset = reset
    self.defined = defined
    self.isShadow = isShadow
  }

  /// Within one device the address says it all.
  public static func == (a: Register, b: Register) -> Bool { a.address == b.address }
}
