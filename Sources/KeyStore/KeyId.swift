public import FixedStorage

/// The name of a key, the same on both modules and no secret: the session and block that it comes from, and its place
/// in the block.
///
/// Told as a UUID of version 8 (RFC 9562), `eeeeeeee-eeee-8eee-800e-bbbbbbbbiiii`: the 16 digits `e` are the epoch, the
/// 8 digits `b` the block and the 4 digits `i` the index.
public struct KeyId: Equatable, Sendable {
  /// Digits and hyphens of a name.
  public static var textBytes: Int { 36 }

  /// The session, as `epoch(link:aliceNonce:bobNonce:)` mixes it.
  public let epoch: UInt64
  public let block: UInt32
  public let index: UInt16

  public init(epoch: UInt64, block: UInt32, index: UInt16) {
    self.epoch = epoch
    self.block = block
    self.index = index
  }

  /// The number of a session, from the link's number and what both modules drew: three rounds of SplitMix64.
  ///
  /// Both nonces enter every tag, so that modules that stored a key have the same. It tells sessions apart and protects
  /// nothing.
  public static func epoch(link: UInt64, aliceNonce: UInt64, bobNonce: UInt64) -> UInt64 {
    mix(mix(mix(link) ^ aliceNonce) ^ bobNonce)
  }

  /// One output of SplitMix64 (Steele, Lea and Flood, 2014) from the state `value`.
  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z &>> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z &>> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z &>> 31)
  }

  /// Reads a name; nil for anything that is not the name of a key. Capital digits are taken too.
  public init?(_ text: Span<UInt8>) {
    guard text.count == Self.textBytes else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    var digits = 0
    for i in text.indices {
      if i == 8 || i == 13 || i == 18 || i == 23 {
        guard text[i] == 0x2d else { return nil }
        continue
      }
      guard let digit = Self.digit(text[i]) else { return nil }
      if digits < 16 { high = high << 4 | digit } else { low = low << 4 | digit }
      digits += 1
    }
    guard high >> 12 & 15 == 8, low >> 52 == 0x800 else { return nil }
    epoch = high & ~0xffff | (high & 0xfff) << 4 | low >> 48 & 15
    block = UInt32(truncatingIfNeeded: low >> 16)
    index = UInt16(truncatingIfNeeded: low)
  }

  private static func digit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case 0x30...0x39: UInt64(byte - 0x30)
    case 0x61...0x66: UInt64(byte - 0x61 + 10)
    case 0x41...0x46: UInt64(byte - 0x41 + 10)
    default: nil
    }
  }
}

extension Text {
  /// The name of a key, 36 characters.
  public mutating func append(_ id: KeyId) {
    append(hexadecimal: id.epoch >> 32, digits: 8)
    append("-")
    append(hexadecimal: id.epoch >> 16, digits: 4)
    append("-8")
    append(hexadecimal: id.epoch >> 4, digits: 3)
    append("-800")
    append(hexadecimal: id.epoch, digits: 1)
    append("-")
    append(hexadecimal: UInt64(id.block), digits: 8)
    append(hexadecimal: UInt64(id.index), digits: 4)
  }
}
