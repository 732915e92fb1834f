// Arithmetic that the search and the loop need, in integers only.

/// The largest integer whose square is at most `value`.
func squareRoot(_ value: UInt64) -> UInt64 {
  var rest = value
  var root: UInt64 = 0
  var bit: UInt64 = 1 << 62
  // One turn for each of the 32 bits of the root.
  while bit != 0 {
    if rest >= root + bit {
      rest -= root + bit
      root = root >> 1 + bit
    } else {
      root >>= 1
    }
    bit >>= 2
  }
  return root
}

/// The logarithm to base 2 in units of 2^-16, rounded down; `value` is at least 1.
///
/// Each squaring of the mantissa in 1 ..< 2 yields one more bit of its logarithm.
func binaryLogarithm(_ value: UInt64) -> Int64 {
  precondition(value > 0)
  let whole = 63 - value.leadingZeroBitCount
  var mantissa = whole > 31 ? value >> UInt64(whole - 31) : value << UInt64(31 - whole)
  var result = Int64(whole)
  for _ in 0..<16 {
    mantissa = (mantissa &* mantissa) >> 31
    result <<= 1
    if mantissa >= 1 << 32 {
      result |= 1
      mantissa >>= 1
    }
  }
  return result
}

/// The direction of a vector in turns of 2^-32; its components are below 2^30. Zero has direction zero.
///
/// Twenty steps of rotation by arctan 2^-i (Volder's CORDIC, IRE Trans. EC-8, 330, 1959) leave 2^-21 turns.
func direction(_ cosine: Int64, _ sine: Int64) -> UInt32 {
  guard cosine != 0 || sine != 0 else { return 0 }
  // Room behind the point, so that shifts of small vectors lose nothing.
  var x = (cosine < 0 ? -cosine : cosine) << 20
  var y = (cosine < 0 ? -sine : sine) << 20
  var turn: UInt32 = cosine < 0 ? 1 << 31 : 0
  for i in 0..<20 {
    let shift = Int64(i)
    let (dx, dy) = (y >> shift, x >> shift)
    if y > 0 {
      x += dx
      y -= dy
      turn &+= arctangents[i]
    } else {
      x -= dx
      y += dy
      turn &-= arctangents[i]
    }
  }
  return turn
}

/// arctan 2^-i in turns of 2^-32.
private let arctangents: [20 of UInt32] = [
  536_870_912, 316_933_406, 167_458_907, 85_004_756, 42_667_331, 21_354_465, 10_679_838, 5_340_245, 2_670_163,
  1_335_087, 667_544, 333_772, 166_886, 83_443, 41_722, 20_861, 10_430, 5_215, 2_608, 1_304,
]

/// 127 cos of 64ths of a turn.
let cosines: [64 of Int8] = [
  127, 126, 125, 122, 117, 112, 106, 98, 90, 81, 71, 60, 49, 37, 25, 12,
  0, -12, -25, -37, -49, -60, -71, -81, -90, -98, -106, -112, -117, -122, -125, -126,
  -127, -126, -125, -122, -117, -112, -106, -98, -90, -81, -71, -60, -49, -37, -25, -12,
  0, 12, 25, 37, 49, 60, 71, 81, 90, 98, 106, 112, 117, 122, 125, 126,
]
