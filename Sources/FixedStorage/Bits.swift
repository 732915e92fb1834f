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
