// Bit order of the whole module: bit `i` of a word is the coefficient of x^i, bit `i` of word `w` in a run of words
// that of x^(64 w + i). Addition is exclusive or.

/// The product of two polynomials of degree below 64, in constant time.
///
/// The multiplication is made of integer multiplications of operands with holes (the method of `ctmul` in BearSSL,
/// Pornin, "Constant-Time Mul"), so it needs no carry-less instruction, no table and no branch. It takes constant time
/// wherever the 32 x 32 -> 64 bit integer multiplication does, as on Cortex-A72 and on x86-64. Never inlined, so that
/// the object code of this very function can be inspected.
@inline(never)
public func carrylessProduct(_ left: UInt64, _ right: UInt64) -> (low: UInt64, high: UInt64) {
  wordProduct(left, right)
}

/// The product of two polynomials of degree below 128, lowest word first. Karatsuba: three word products, not four.
@inline(__always)
func pairProduct(_ left: (UInt64, UInt64), _ right: (UInt64, UInt64)) -> (UInt64, UInt64, UInt64, UInt64) {
  let low = wordProduct(left.0, right.0)
  let high = wordProduct(left.1, right.1)
  let cross = wordProduct(left.0 ^ left.1, right.0 ^ right.1)
  let overlap = low.high ^ high.low
  return (low.low, overlap ^ low.low ^ cross.low, overlap ^ high.high ^ cross.high, high.high)
}

/// Karatsuba again, from 32-bit halves.
@inline(__always)
func wordProduct(_ left: UInt64, _ right: UInt64) -> (low: UInt64, high: UInt64) {
  let (left0, left1) = (UInt32(truncatingIfNeeded: left), UInt32(truncatingIfNeeded: left &>> 32))
  let (right0, right1) = (UInt32(truncatingIfNeeded: right), UInt32(truncatingIfNeeded: right &>> 32))
  let low = halfProduct(left0, right0)
  let high = halfProduct(left1, right1)
  let cross = halfProduct(left0 ^ left1, right0 ^ right1) ^ low ^ high
  return (low ^ (cross &<< 32), high ^ (cross &>> 32))
}

/// The product of two polynomials of degree below 32.
///
/// Each operand is split into four, by bit index modulo 4. A part has at most eight bits set, four places apart, so a
/// four-bit lane of an integer product of two parts counts at most eight ones: no carry leaves its lane, and the lowest
/// bit of the lane is the parity. The parts `i` and `j` with the same `(i + j) % 4` land in the same lanes.
@inline(__always)
private func halfProduct(_ left: UInt32, _ right: UInt32) -> UInt64 {
  let (a0, a1, a2, a3) = (left & 0x1111_1111, left & 0x2222_2222, left & 0x4444_4444, left & 0x8888_8888)
  let (b0, b1, b2, b3) = (right & 0x1111_1111, right & 0x2222_2222, right & 0x4444_4444, right & 0x8888_8888)
  let lane0 = wide(a0, b0) ^ wide(a1, b3) ^ wide(a2, b2) ^ wide(a3, b1)
  let lane1 = wide(a0, b1) ^ wide(a1, b0) ^ wide(a2, b3) ^ wide(a3, b2)
  let lane2 = wide(a0, b2) ^ wide(a1, b1) ^ wide(a2, b0) ^ wide(a3, b3)
  let lane3 = wide(a0, b3) ^ wide(a1, b2) ^ wide(a2, b1) ^ wide(a3, b0)
  return lane0 & 0x1111_1111_1111_1111 | lane1 & 0x2222_2222_2222_2222
    | lane2 & 0x4444_4444_4444_4444 | lane3 & 0x8888_8888_8888_8888
}

@inline(__always)
private func wide(_ left: UInt32, _ right: UInt32) -> UInt64 { UInt64(left) &* UInt64(right) }
