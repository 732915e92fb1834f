import FixedStorage

/// SplitMix64 (Steele, Lea and Flood, 2014). It expands a public seed; no secret may come from it.
struct PublicSequence {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// The sequence of one pass is seeded with output number `pass` of the tile's own sequence.
  init(tileSeed: UInt64, pass: Int) {
    var seeds = PublicSequence(seed: tileSeed)
    var seed = seeds.next()
    for _ in 0..<pass { seed = seeds.next() }
    state = seed
  }

  @inline(__always)
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z &>> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z &>> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z &>> 31)
  }
}

/// Writes the permutation of one pass into `range` of `places`: element `x` is the tile bit at position `x`.
///
/// Fisher and Yates, from the last position down to 1; the partner of `i` is `(u * (i + 1)) >> 32` with `u` the low,
/// then the high half of each output. No partner is favoured by more than 1 in 65 536.
func permute(_ places: inout Block<UInt16>, in range: Range<Int>, tileSeed: UInt64, pass: Int) {
  var sequence = PublicSequence(tileSeed: tileSeed, pass: pass)
  let start = range.lowerBound
  for i in 0..<range.count { places[start + i] = UInt16(truncatingIfNeeded: i) }
  var draw: UInt64 = 0
  var isFresh = false
  var i = range.count - 1
  while i >= 1 {
    draw = isFresh ? draw &>> 32 : sequence.next()
    isFresh.toggle()
    let partner = Int(truncatingIfNeeded: ((draw & 0xffff_ffff) &* UInt64(truncatingIfNeeded: i &+ 1)) &>> 32)
    let moved = places[start + i]
    places[start + i] = places[start + partner]
    places[start + partner] = moved
    i &-= 1
  }
}
