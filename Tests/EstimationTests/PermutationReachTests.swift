import AdvantageDistillation
import Estimation
import FixedStorage
import Foundation
import HostStorage
import Testing

private let total = 1 << 17
private let tile = 1 << 13

/// Eve makes single photons dense and noisy in every other tile, sparse and clean in the others (finite-key.md
/// section 4). Multi-photon rounds fill the sparse ones.
private func crafted(_ random: inout SeededRandom) -> [Round] {
  (0..<total).map { index in
    let isDense = index / tile % 2 == 0
    let isSingle = isDense || chance(0.5, &random)
    return Round(isSingle: isSingle, isError: false, isPhaseOnly: isDense && chance(0.1, &random))
  }
}

/// The permutation of the product: one of the whole block. Singles and phases are permuted alike, by one seed.
private struct GlobalPermutation: ~Copyable {
  private var permutation = BlockPermutation(
    bins: .onHost(count: BlockPermutation.binWords), labels: .onHost(count: BlockPermutation.labelBytes))
  private var string = Block<UInt64>.onHost(count: total / 64)

  mutating func permuted(_ rounds: [Round], seed: [32 of UInt8]) -> [Round] {
    var result = [Round](repeating: Round(isSingle: false, isError: false, isPhaseOnly: false), count: rounds.count)
    permute(seed) { rounds[$0].isSingle }
    for i in 0..<total { result[i].isSingle = string.bit(i) == 1 }
    permute(seed) { rounds[$0].isPhaseOnly }
    for i in 0..<total { result[i].isPhaseOnly = string.bit(i) == 1 }
    return result
  }

  private mutating func permute(_ seed: [32 of UInt8], _ isSet: (Int) -> Bool) {
    for word in 0..<total / 64 { string[word] = 0 }
    permutation.begin(classSizes: [total, 0, 0], seed: seed)
    while !permutation.count(limit: total) {}
    for start in stride(from: 0, to: total, by: 64) {
      var word: UInt64 = 0
      for bit in 0..<64 where isSet(start + bit) { word |= 1 << UInt64(bit) }
      permutation.scatter(word, count: 64, into: &string)
    }
    for bin in 0..<permutation.binCount { permutation.shuffle(bin, of: &string) }
  }
}

/// Permuted inside tiles only, the crafted block has more odd phase parities than p0 allows, every time: it is a bias,
/// and no larger block helps. After the permutation of the product p0 holds. Each event may fail in 1 %.
@Test func phaseErrorAfter_ofACraftedBlock_needsThePermutationOfTheWholeBlock() {
  let trials = 12
  var tiles = [2: 0, 3: 0, 5: 0]
  var whole = [2: 0, 3: 0, 5: 0]
  var random = SeededRandom(seed: 29)
  var permutation = GlobalPermutation()
  for _ in 0..<trials {
    let rounds = crafted(&random)
    let pool = Double(rounds.count { $0.isSingle })
    let before = Double(rounds.count { $0.isPhaseOnly }) / pool
    var seed: [32 of UInt8] = .init(repeating: 0)
    for i in 0..<32 { seed[i] = UInt8(truncatingIfNeeded: random.next()) }
    let global = permutation.permuted(rounds, seed: seed)
    var local: [Round] = []
    for start in stride(from: 0, to: total, by: tile) {
      local += rounds[start..<start + tile].shuffled(using: &random)
    }
    for block in [2, 3, 5] {
      let bounds = DistillationBounds(block: block, nats: log(100))
      let least = bounds.goodBlocks(pool: pool, of: UInt64(total))
      let rate = bounds.phaseErrorAfter(before: before, goodBlocks: least, of: UInt64(total))
      let inTiles = groups(of: local, block: block)
      let overall = groups(of: global, block: block)
      if Double(inTiles.odd) > rate * Double(inTiles.good) { tiles[block]! += 1 }
      if Double(overall.odd) > rate * Double(overall.good) || Double(overall.good) < least { whole[block]! += 1 }
    }
  }
  #expect(tiles == [2: trials, 3: trials, 5: trials])
  #expect(whole == [2: 0, 3: 0, 5: 0])
}
