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
