import Estimation
import Foundation
import HostStorage
import Testing

/// Every event of this file may fail in one block of twenty.
private let nats = log(20.0)

/// At most this many of `trials` events of probability 5 % come true: mean and three standard deviations.
private func most(_ trials: Int, tails: Double = 1) -> Double {
  let p = 0.05 * tails
  return Double(trials) * p + 3 * (Double(trials) * p * (1 - p)).squareRoot()
}

/// Good groups (M0), odd phase parities among them (p0) and phase-only patterns from errors (n_z), each from what is
/// true of the stage before, at 5 % each. The populations are those of finite-key.md section 4, which found at most
/// 0.2 %, 0 and 1.2 %.
@Test(arguments: Attack.ofPatterns) func distillationBounds_underAttack_failLessThanTheyMay(attack: Attack) {
  let trials = 300
  let total = 6000
  var hidden = 0
  var failures: [Int: (good: Int, odd: Int)] = [2: (0, 0), 3: (0, 0), 5: (0, 0)]
  var tightness = 0.0
  var random = SeededRandom(seed: 3)
  for _ in 0..<trials {
    let population = Population(attack, rounds: total, random: &random)
    let errors = Double(population.singleErrors)
    let phaseOnly = Double(population.phaseOnly)
    let bound = ChernoffTail.trialsUpper(errors, chance: 2.0 / 3, nats: nats) - errors
    if phaseOnly > bound { hidden += 1 }
    let pool = Double(population.singles) - errors
    let shuffled = population.rounds.shuffled(using: &random)
    for block in [2, 3, 5] {
      let bounds = DistillationBounds(block: block, nats: nats)
      let least = bounds.goodBlocks(pool: pool, of: UInt64(total))
      let rate = bounds.phaseErrorAfter(before: phaseOnly / pool, goodBlocks: least, of: UInt64(total))
      let (good, odd) = groups(of: shuffled, block: block)
      if Double(good) < least { failures[block]!.good += 1 }
      if Double(odd) > rate * Double(good) { failures[block]!.odd += 1 }
      tightness += least / Double(good) / Double(3 * trials)
    }
  }
  #expect(Double(hidden) <= most(trials), "\(hidden)")
  for (block, failed) in failures {
    #expect(Double(failed.good) <= most(trials) && Double(failed.odd) <= most(trials), "\(block): \(failed)")
  }
  #expect(tightness > 0.85 && tightness < 1)
}

/// Four-state credit: whatever share of the patterns is Y, which always shows, the hidden ones stay within their bound.
@Test(arguments: [0, 0.25, 0.5, 1]) func hiddenUpper_ofFourStates_holdsForEveryShareOfY(share: Double) {
  let trials = 1000
  var failures = 0
  var random = SeededRandom(seed: 5)
  for _ in 0..<trials {
    var seen = 0
    var hidden = 0
    for _ in 0..<1000 {
      if chance(share, &random) || chance(0.5, &random) { seen += 1 } else { hidden += 1 }
    }
    let bound = ChernoffTail.trialsUpper(Double(seen), chance: 0.5, nats: nats) - Double(seen)
    if Double(hidden) > bound { failures += 1 }
  }
  #expect(Double(failures) <= most(trials), "\(failures)")
  #expect(share > 0 || failures > 0)
}

/// Single photons and errors among them from decoy counts, at 5 % for each of five tails and of two, announced at the
/// end and on the way. The bounds are not so wide that nothing could fail: they stay within a third of the truth.
@Test(arguments: Attack.ofPatterns, [false, true])
func decoyBounds_underAttack_failLessThanTheyMay(attack: Attack, streaming: Bool) {
  let trials = 100
  var random = SeededRandom(seed: 23)
  let planned = Population(attack, rounds: 12_000, random: &random).counts
  let bounds = DecoyBounds(Population.settings, nats: nats)
  var failures = (singles: 0, errors: 0)
  var slack = (singles: 0.0, errors: 0.0)
  for _ in 0..<trials {
    let population = Population(attack, rounds: 12_000, random: &random)
    let counts = population.counts
    let least = bounds.singlesLower(
      counts.sifted, tails: streaming ? .streaming(planned: planned.sifted) : .inversion)
    let mostErrors = bounds.singlesUpper(
      counts.errors, tails: streaming ? .streaming(planned: planned.errors) : .inversion)
    if Double(population.singles) < least { failures.singles += 1 }
    if Double(population.singleErrors) > mostErrors { failures.errors += 1 }
    slack.singles += least / Double(population.singles) / Double(trials)
    slack.errors += Double(population.singleErrors) / mostErrors / Double(trials)
  }
  #expect(Double(failures.singles) <= most(trials) && Double(failures.errors) <= most(trials), "\(failures)")
  #expect(slack.singles > 0.75 && slack.errors > 0.6, "\(slack)")
}

/// With epsilon as loose as can be, each tail may fail in 1.4 % of blocks; every figure behind the length stays within
/// what its tails allow, for every block length, through the whole pipeline.
@Test(arguments: Attack.ofPatterns, [Form.inversion, .streaming])
func bounds_underAttack_failNoMoreThanTheirTails(attack: Attack, form: Form) {
  let trials = 60
  var failures = (singles: 0, errors: 0, phase: 0, good: 0, odd: 0)
  var slack = 0.0
  var random = SeededRandom(seed: 7)
  let planned = Population(attack, rounds: 12_000, random: &random).counts
  for _ in 0..<trials {
    let population = Population(attack, rounds: 12_000, random: &random)
    let shuffled = population.rounds.shuffled(using: &random)
    for block in [2, 3, 5] {
      var plan = form.plan(PerPulse(), Population.settings, block: block, planned: planned)
      plan.target = SecurityTarget(epsilonSecret: 0.99)
      let result = plan.result(for: population.counts, leakBits: 0)
      #expect(result.goodBlocks > 0)
      let (good, odd) = groups(of: shuffled, block: block)
      if Double(population.singles) < result.singlePhotons { failures.singles += 1 }
      if Double(population.singleErrors) > result.singlePhotonErrors { failures.errors += 1 }
      let phaseOnly = result.errorPatterns - result.singlePhotonErrors
      if Double(population.phaseOnly) > phaseOnly { failures.phase += 1 }
      if Double(good) < result.goodBlocks { failures.good += 1 }
      if Double(odd) > result.phaseErrorAfter * Double(good) { failures.odd += 1 }
      slack += result.singlePhotons / Double(population.singles) / Double(3 * trials)
    }
  }
  #expect(failures.singles <= 12 && failures.errors <= 6 && failures.phase <= 9 && failures.good <= 18)
  #expect(failures.odd <= 18)
  #expect(slack > 0.7)
}

/// Photons that Eve multiplied pass for single ones, unless their cross-clicks tag them.
@Test func singlePhotons_underAmplification_holdWithTheTagOnly() {
  var failures: [Form: Int] = [:]
  var random = SeededRandom(seed: 13)
  let planned = Population(.amplify, rounds: 40_000, random: &random).counts
  for _ in 0..<40 {
    let population = Population(.amplify, rounds: 40_000, random: &random)
    for form in Form.allCases {
      var plan = form.plan(PerPulse(), Population.settings, block: 1, planned: planned)
      plan.target = SecurityTarget(epsilonSecret: 0.99)
      let result = plan.result(for: population.counts, leakBits: 0)
      if Double(population.singles) < result.singlePhotons { failures[form, default: 0] += 1 }
    }
  }
  #expect(failures[.inversionTagged, default: 0] <= 3 && failures[.streamingTagged, default: 0] <= 3)
  #expect(failures[.inversion, default: 0] >= 30, "\(failures)")
}
