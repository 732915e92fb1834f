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

/// The permutation of one pass, computed both ways instead of stored.
///
/// Four rounds of an odd multiplication, an addition and a fold of the high half, on as many bits as the tile's slots
/// have; what falls outside of the tile goes through again until it does not (cycle walking: Black and Rogaway, CT-RSA
/// 2002). It spreads errors; nothing secret rests on it, because the block was permuted as a whole before.
struct PassPermutation: Sendable {
  private static var rounds: Int { 4 }

  private let bits: UInt32
  private let mask: UInt32
  private let fold: UInt32
  private var multipliers: [4 of UInt32] = .init(repeating: 1)
  private var inverses: [4 of UInt32] = .init(repeating: 1)
  private var offsets: [4 of UInt32] = .init(repeating: 0)
  /// The same permutation for many positions at a time.
  private let kernel: IndexPermutation

  init(shape: TileShape, tileSeed: UInt64, pass: Int) {
    bits = UInt32(truncatingIfNeeded: shape.bits)
    mask = UInt32(truncatingIfNeeded: shape.slots - 1)
    // Twice the fold is at least the number of bits, so that a fold undoes itself.
    fold = UInt32(truncatingIfNeeded: (shape.depth + 1) / 2)
    var sequence = PublicSequence(tileSeed: tileSeed, pass: pass)
    for round in 0..<Self.rounds {
      let draw = sequence.next()
      let multiplier = UInt32(truncatingIfNeeded: draw) | 1
      multipliers[round] = multiplier
      offsets[round] = UInt32(truncatingIfNeeded: draw &>> 32)
      // Newton: an inverse modulo 2^k gives one modulo 2^2k; an odd number is its own modulo 8.
      var inverse = multiplier
      for _ in 0..<4 { inverse = inverse &* (2 &- multiplier &* inverse) }
      inverses[round] = inverse
    }
    kernel = IndexPermutation(bits: bits, mask: mask, fold: fold, multipliers: multipliers, offsets: offsets)
  }

  /// The tile bit at a position.
  @inline(__always)
  func index(at position: Int) -> Int {
    var x = UInt32(truncatingIfNeeded: position)
    repeat {
      x = stir(x, multipliers[0], offsets[0])
      x = stir(x, multipliers[1], offsets[1])
      x = stir(x, multipliers[2], offsets[2])
      x = stir(x, multipliers[3], offsets[3])
    } while x >= bits
    return Int(x)
  }

  /// The tile bits at the positions from `first` on, at most 64, in order: the first is the lowest.
  @inline(__always)
  func permutedBits(of tile: Span<UInt64>, from first: Int, count: Int) -> UInt64 {
    kernel.bits(of: tile, from: first, count: count)
  }

  /// One round. The rounds are written out, because the compiler keeps a loop over them.
  @inline(__always)
  private func stir(_ x: UInt32, _ multiplier: UInt32, _ offset: UInt32) -> UInt32 {
    let product = (x &* multiplier &+ offset) & mask
    return product ^ product &>> fold
  }

  /// The position of a tile bit.
  @inline(__always)
  func position(of index: Int) -> Int {
    var x = UInt32(truncatingIfNeeded: index)
    repeat {
      for round in (0..<Self.rounds).reversed() {
        x ^= x &>> fold
        x = ((x &- offsets[round]) &* inverses[round]) & mask
      }
    } while x >= bits
    return Int(x)
  }
}
