import FixedStorage

/// An element of GF(2^128) = GF(2)[x] / (x^128 + x^7 + x^2 + x + 1).
///
/// Bit `i` of `low` is the coefficient of x^i, bit `i` of `high` that of x^(64 + i). GHASH (NIST SP 800-38D) has the
/// same field with the bits of every byte reversed: there bit `i` of a byte is x^(7 - i) of it.
public struct Field128: BitwiseCopyable, Sendable {
  public var low: UInt64
  public var high: UInt64

  public init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  public static var zero: Field128 { Field128(low: 0, high: 0) }

  @inline(__always)
  public static func + (left: Field128, right: Field128) -> Field128 {
    Field128(low: left.low ^ right.low, high: left.high ^ right.high)
  }

  /// The product in the field, in constant time (see `carrylessProduct`).
  @inline(never)
  public static func * (left: Field128, right: Field128) -> Field128 {
    fieldProduct(left, right)
  }

  /// Horner's rule over whole blocks of 16 bytes, the first byte in the lowest bits: for each of them the element
  /// becomes `(self + block) * point`. Its time depends on the number of blocks alone.
  @inline(__always)
  public mutating func absorb(_ blocks: RawSpan, at point: Field128) {
    #if arch(x86_64) && !PORTABLE_KERNELS
      let value = PolynomialCall.value((low, high), at: (point.low, point.high), absorbing: blocks)
      self = Field128(low: value.low, high: value.high)
    #else
      self = absorbing(portably: blocks, at: point)
    #endif
  }

  /// `absorb` by integer multiplications, for processors without the instruction.
  func absorbing(portably blocks: RawSpan, at point: Field128) -> Field128 {
    precondition(blocks.byteCount % 16 == 0)
    var sum = self
    for offset in stride(from: 0, to: blocks.byteCount, by: 16) {
      let block = Field128(low: blocks.littleEndian64(at: offset), high: blocks.littleEndian64(at: offset + 8))
      sum = (sum + block) * point
    }
    return sum
  }

  /// Whether all bits agree, without a branch on any of them.
  @inline(never)
  public static func areEqual(_ left: Field128, _ right: Field128) -> Bool {
    (left.low ^ right.low) | (left.high ^ right.high) == 0
  }
}

/// Product and reduction. With `h = high words = h0 + h1 x^64`, x^128 = x^7 + x^2 + x + 1 gives
/// `h x^128 = h (x^7 + x^2 + x + 1)`, whose bits above 127 come from the top seven bits of `h1` alone; they are folded
/// into `h0` first, where they cannot overflow again.
@inline(__always)
private func fieldProduct(_ left: Field128, _ right: Field128) -> Field128 {
  let (p0, p1, p2, p3) = pairProduct((left.low, left.high), (right.low, right.high))
  let h0 = p2 ^ (p3 &>> 63) ^ (p3 &>> 62) ^ (p3 &>> 57)
  let low = h0 ^ (h0 &<< 1) ^ (h0 &<< 2) ^ (h0 &<< 7)
  let carry = (h0 &>> 63) ^ (h0 &>> 62) ^ (h0 &>> 57)
  let high = p3 ^ (p3 &<< 1) ^ (p3 &<< 2) ^ (p3 &<< 7) ^ carry
  return Field128(low: p0 ^ low, high: p1 ^ high)
}
