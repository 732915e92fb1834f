import FixedStorage
import HostStorage
import Testing

@testable import Reconciliation

/// Both ways of one permutation undo each other, and nothing is hit twice.
@Test(arguments: [1, 2, 3, 64, 1000, 33_000]) func permutation_ofAPass_isABijection(bits: Int) {
  let permutation = PassPermutation(shape: TileShape(bits: bits), tileSeed: 5, pass: 2)
  let indices = (0..<bits).map { permutation.index(at: $0) }
  #expect(Set(indices) == Set(0..<bits))
  #expect(indices.indices.allSatisfy { permutation.position(of: indices[$0]) == $0 })
}

/// The kernel looks up what the permutation says, at tiles of any size.
@Test(arguments: [1, 2, 3, 63, 64, 65, 1000, 33_000, 65_535, 65_536])
func permutedBits_ofATile_areThoseOfTheIndices(
  bits: Int
) {
  var random = SeededRandom(seed: UInt64(bits))
  let tile = (0..<Bits.words(for: bits)).map { _ in random.next() }
  let permutation = PassPermutation(shape: TileShape(bits: bits), tileSeed: random.next(), pass: 3)
  for first in stride(from: 0, to: bits, by: 61) {
    let count = min(64, bits - first)
    let permuted = permutation.permutedBits(of: tile.span, from: first, count: count)
    let expected = (0..<count).reduce(UInt64(0)) { word, i in
      let index = permutation.index(at: first + i)
      return word | (tile[index / 64] >> UInt64(index % 64) & 1) << UInt64(i)
    }
    #expect(permuted == expected)
  }
}

/// Two bits of a tile lie in different halves of a later pass about half of the time, whatever two: neighbours,
/// a power of two apart, or any. 256 seeds a pair: five standard deviations are 40.
@Test(arguments: [(0, 1), (0, 32_768), (4096, 4097), (17, 60_000), (65_534, 65_535)])
func permutation_overSeeds_partsAnyTwoBits(first: Int, second: Int) {
  let shape = TileShape(bits: 65_536)
  let parted = (0..<256).count { seed in
    let permutation = PassPermutation(shape: shape, tileSeed: UInt64(seed), pass: 4)
    return (permutation.position(of: first) ^ permutation.position(of: second)) >= 32_768
  }
  #expect(abs(parted - 128) < 40)
}

/// Where one bit goes is even over 64 runs of a pass: chi squared with 63 degrees of freedom stays below 120
/// (probability 2e-5; the seeds are fixed).
@Test(arguments: [0, 1, 30_000, 65_535]) func permutation_overSeeds_sendsABitAnywhere(index: Int) {
  let shape = TileShape(bits: 65_536)
  var counts = [Int](repeating: 0, count: 64)
  let seeds = 6400
  for seed in 0..<seeds {
    counts[PassPermutation(shape: shape, tileSeed: UInt64(seed), pass: 1).position(of: index) >> 10] += 1
  }
  let mean = Double(seeds) / 64
  let chi = counts.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) / mean }
  #expect(chi < 120)
}
