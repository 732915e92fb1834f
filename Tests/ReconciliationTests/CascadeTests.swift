import FixedStorage
import Foundation
import HostStorage
import Reconciliation
import Testing
import Units

/// log2 of the number of ways to choose `k` of `n`.
private func log2Choose(_ n: Int, _ k: Int) -> Double {
  (lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))) / log(2)
}

private func entropy(_ q: Double) -> Double { q <= 0 || q >= 1 ? 0 : -q * log2(q) - (1 - q) * log2(1 - q) }

/// What holds for every tile, whatever its length and its errors.
private func expectSound(_ outcome: Outcome, of pair: TilePair, _ comment: Comment) {
  #expect(outcome.disclosed == outcome.disclosedByAlice, comment)
  #expect(Double(outcome.disclosed) >= log2Choose(pair.bits, outcome.bitsFlipped) - 40, comment)
  if outcome.finished { #expect(outcome.errors == outcome.bitsFlipped, comment) }
}

@Test(arguments: [0, 0.001, 0.01, 0.03, 0.05, 0.08, 0.11, 0.15])
func fullTile_withIndependentErrors_isCorrectedNearTheEntropy(errorRate: Double) throws {
  var link = Link()
  var random = SeededRandom(seed: 1)
  var disclosed = 0
  for seed in 0..<UInt64(5) {
    let pair = TilePair(bits: CascadeLimits.tileBitsMax, errorRate: errorRate, random: &random)
    let outcome = try link.reconcile(pair, seed: seed, schedule: schedule(bits: pair.bits, errorRate: errorRate))
    expectSound(outcome, of: pair, "seed \(seed)")
    #expect(outcome.finished && outcome.bitsLeft == 0 && outcome.errors == pair.errors, "seed \(seed)")
    disclosed += outcome.disclosed
  }
  let limit = errorRate < 0.09 ? 1.10 : 1.13
  #expect(Double(disclosed) <= 5 * (limit * 65_536 * entropy(errorRate) + 100))
}

/// Every reply agrees with the definition, and no parity is asked that earlier ones of its pass, with the parity of the
/// whole tile, imply.
@Test(arguments: 1...70) func shortTile_everyLength_agreesWithTheDefinitionAndAsksNothingImplied(bits: Int) throws {
  var link = Link()
  var random = SeededRandom(seed: UInt64(bits))
  for errorRate in [0, 0.05, 0.3] {
    let pair = TilePair(bits: bits, errorRate: errorRate, random: &random)
    let seed = random.next()
    link.begin(pair, seed: seed, schedule: schedule(bits: bits, errorRate: errorRate))
    var naive = NaiveReference(tile: pair.sent, bits: bits, seed: seed)
    while case .ask(let bytes) = link.step() {
      let sent = try link.answer(bytes)
      let expected = naive.answer(Array(link.request[..<bytes]))
      #expect(Array(link.reply[..<sent.bytes]) == expected)
      _ = try link.accept(sent.bytes)
    }
    for (pass, sets) in naive.told.enumerated() {
      let whole = pass == 0 ? [] : [Array(0..<bits)]
      #expect(rank(sets + whole, bits: bits) == sets.count + whole.count, "pass \(pass)")
    }
    #expect(naive.told.joined().count == link.bob.disclosedBits)
  }
}

@Test(arguments: [127, 128, 129, 255, 257, 1000, 1023, 1025, 4095, 4097, 32_767, 32_768, 32_769, 50_000, 65_535])
func tile_ofAnyLength_isCorrected(bits: Int) throws {
  var link = Link()
  var random = SeededRandom(seed: UInt64(bits))
  for errorRate in [0.01, 0.05, 0.11] {
    let pair = TilePair(bits: bits, errorRate: errorRate, random: &random)
    let outcome = try link.reconcile(pair, seed: 7, schedule: schedule(bits: bits, errorRate: errorRate))
    expectSound(outcome, of: pair, "rate \(errorRate)")
    #expect(outcome.finished && outcome.bitsLeft == 0, "rate \(errorRate)")
    #expect(Double(outcome.disclosed) <= 1.35 * Double(bits) * entropy(errorRate) + 60, "rate \(errorRate)")
  }
}

@Test(arguments: 0..<UInt64(10)) func tile_withErrorBursts_isCorrected(seed: UInt64) throws {
  var link = Link()
  var random = SeededRandom(seed: seed)
  var pair = TilePair(bits: 20_000, random: &random)
  for _ in 0..<4 {
    let start = Int.random(in: 0..<19_800, using: &random)
    for i in start..<start + 200 { pair.flip(i) }
  }
  let outcome = try link.reconcile(pair, seed: seed, schedule: schedule(bits: 20_000, errorRate: 0.04))
  expectSound(outcome, of: pair, "seed \(seed)")
  #expect(outcome.finished && outcome.bitsLeft == 0)
}

/// A wrong estimate costs bits, not correctness.
@Test(arguments: [(0.0, 0.05), (0.01, 0.08), (0.11, 0.01), (0.5, 0.03)])
func tile_withWrongEstimate_isCorrected(expected: Double, actual: Double) throws {
  var link = Link()
  var random = SeededRandom(seed: 3)
  let pair = TilePair(bits: 10_000, errorRate: actual, random: &random)
  let outcome = try link.reconcile(pair, seed: 3, schedule: schedule(bits: 10_000, errorRate: expected))
  expectSound(outcome, of: pair, "expected \(expected)")
  #expect(outcome.finished && outcome.bitsLeft == 0)
}

@Test(arguments: [100, 4096, 65_536]) func tile_atThirtyPercent_isCorrectedOrFailsAtItsLimit(bits: Int) throws {
  var link = Link()
  var random = SeededRandom(seed: 5)
  let pair = TilePair(bits: bits, errorRate: 0.3, random: &random)
  let limits = [bits / 2, 2 * bits]
  for limit in limits {
    let outcome = try link.reconcile(
      pair, seed: 5, schedule: schedule(bits: bits, errorRate: 0.3), disclosureMax: limit)
    expectSound(outcome, of: pair, "limit \(limit)")
    #expect(outcome.disclosed <= limit)
    #expect(outcome.finished == (limit > bits))
  }
}

/// Even top nodes hide a complete inversion: Cascade ends without noticing, and confirmation must.
@Test(arguments: [64, 65, 999, 65_536]) func invertedTile_endsWithinBounds(bits: Int) throws {
  var link = Link()
  var random = SeededRandom(seed: 6)
  var pair = TilePair(bits: bits, random: &random)
  for i in 0..<bits { pair.flip(i) }
  let outcome = try link.reconcile(pair, seed: 6, schedule: schedule(bits: bits, errorRate: 0.3))
  expectSound(outcome, of: pair, "bits \(bits)")
  #expect(outcome.finished && outcome.bitsLeft + outcome.bitsFlipped == bits)
}

@Test func corrected_keepsBitsBeyondTheTile() throws {
  var link = Link()
  var random = SeededRandom(seed: 8)
  let pair = TilePair(bits: 70, errorRate: 0.05, random: &random)
  _ = try link.reconcile(pair, seed: 8, schedule: schedule(bits: 70, errorRate: 0.05))
  let last = link.bob.corrected[1]
  #expect(last >> 6 == pair.received[1] >> 6)
}
