/// Bits packed into 64-bit words: bit `i` is bit `i % 64` of word `i / 64`.
public enum Bits {
  @inline(__always)
  public static func words(for bits: Int) -> Int { (bits + 63) / 64 }
}

extension Block where Element == UInt64 {
  @inline(__always)
  public func bit(_ index: Int) -> UInt64 { self[index >> 6] >> UInt64(index & 63) & 1 }

  /// Stores the lowest bit of `value` at `index`, without a branch on it.
  @inline(__always)
  public mutating func setBit(_ index: Int, to value: UInt64) {
    let shift = UInt64(index & 63)
    self[index >> 6] = self[index >> 6] & ~(1 << shift) | (value & 1) << shift
  }

  /// `count` bits from bit `index` on, the first in bit 0; `count` is 1...64.
  @inline(__always)
  public func bits(at index: Int, count: Int) -> UInt64 {
    precondition(count >= 1 && count <= 64)
    let shift = index & 63
    var word = self[index >> 6] >> UInt64(shift)
    if shift + count > 64 { word |= self[index >> 6 + 1] << UInt64(64 - shift) }
    return word & (.max >> UInt64(64 - count))
  }

  /// Stores `count` bits from bit `index` on, the first from bit 0 of `value`; `count` is 1...64.
  @inline(__always)
  public mutating func setBits(at index: Int, count: Int, to value: UInt64) {
    precondition(count >= 1 && count <= 64)
    let mask: UInt64 = .max >> UInt64(64 - count)
    let shift = index & 63
    self[index >> 6] = self[index >> 6] & ~(mask << UInt64(shift)) | (value & mask) << UInt64(shift)
    guard shift + count > 64 else { return }
    let behind = UInt64(64 - shift)
    self[index >> 6 + 1] = self[index >> 6 + 1] & ~(mask >> behind) | (value & mask) >> behind
  }
}

extension Span where Element == UInt64 {
  @inline(__always)
  public func bit(_ index: Int) -> UInt64 { self[index >> 6] >> UInt64(index & 63) & 1 }
}

extension MutableSpan where Element == UInt64 {
  @inline(__always)
  public func bit(_ index: Int) -> UInt64 { self[index >> 6] >> UInt64(index & 63) & 1 }

  /// Stores the lowest bit of `value` at `index`, without a branch on it.
  @inline(__always)
  @_lifetime(self: copy self)
  public mutating func setBit(_ index: Int, to value: UInt64) {
    let shift = UInt64(index & 63)
    self[index >> 6] = self[index >> 6] & ~(1 << shift) | (value & 1) << shift
  }
}

// One bit a byte: for what moves single bits about.
extension Block where Element == UInt8 {
  /// Stores the eight lowest bits of `bits` in as many bytes from `first` on.
  @inline(__always)
  public mutating func setBytes(at first: Int, toBits bits: UInt64) {
    var spread = bits & 0xff
    spread = (spread | spread << 28) & 0x0000_000f_0000_000f
    spread = (spread | spread << 14) & 0x0003_0003_0003_0003
    spread = (spread | spread << 7) & 0x0101_0101_0101_0101
    setWord(at: first, to: spread)
  }

  /// The lowest bits of eight bytes from `first` on, the first in bit 0.
  @inline(__always)
  public func lowestBits(ofBytesAt first: Int) -> UInt64 {
    let word = span.littleEndian64(at: first) & 0x0101_0101_0101_0101
    return (word &* 0x0102_0408_1020_4080) &>> 56
  }

  /// Exchanges two bytes; `lower` is not above `upper`.
  @inline(__always)
  public mutating func exchange(_ lower: Int, _ upper: Int) {
    precondition(lower >= 0 && lower <= upper && upper < count)
    unsafe exchangeUnchecked(lower, upper)
  }
}
