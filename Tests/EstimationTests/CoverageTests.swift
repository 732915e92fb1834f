import Estimation
import Foundation
import HostStorage
import Testing

/// What Eve does to the single photons of a block; `progress` runs from 0 to 1 along it.
enum Attack: CaseIterable {
  /// White noise that grows along the block.
  case drift
  /// Three photons in ten get the one pattern that the Z axis never shows.
  case phaseOnZ
  /// Photons are dense and noisy in the first half, sparse and clean in the second, and crowds are let through.
  case denseWhereNoisy
  /// Three single photons in ten reach Bob as two; the rest is left alone.
  case amplify

  func patternChance(_ progress: Double) -> Double {
    switch self {
    case .drift: 0.3 * progress
    case .phaseOnZ: 0.3
    case .denseWhereNoisy: progress < 0.5 ? 0.25 : 0.02
    case .amplify: 0
    }
  }

  func singleChance(_ progress: Double) -> Double {
    switch self {
    case .drift, .phaseOnZ, .amplify: 0.95
    case .denseWhereNoisy: progress < 0.5 ? 0.98 : 0.85
    }
  }

  func pattern(_ random: inout SeededRandom) -> Int {
    self == .phaseOnZ ? 0 : Int(random.next() % 3)
  }
}

/// One sifted bit as only a referee sees it.
private struct Round {
  var isSingle: Bool
  var isError: Bool
  var isPhaseOnly: Bool
}

/// A block of sifted bits under an attack, with the intensity drawn given the photon number as the source does.
private struct Population {
  static let means = [0.3, 0.1, 0.001]
  static let shares = [0.5, 0.35, 0.15]
  static let settings = DecoySettings(means: [0.3, 0.1, 0.001], shares: [0.5, 0.35, 0.15])!

  var rounds: [Round] = []
  var counts: DecoyCounts

  init(_ attack: Attack, rounds total: Int, random: inout SeededRandom) {
    var sifted: [3 of UInt64] = [0, 0, 0]
    var errors: [3 of UInt64] = [0, 0, 0]
    var cross: [3 of UInt64] = [0, 0, 0]
    let weights = (0...2).map { photons in
      (0..<3).map { Self.shares[$0] * exp(-Self.means[$0]) * pow(Self.means[$0], Double(photons)) }
    }
    for index in 0..<total {
      let progress = Double(index) / Double(total)
      let isSingle = chance(attack.singleChance(progress), &random)
      let photons = isSingle ? 1 : (chance(0.3, &random) ? 0 : 2)
      let k = draw(weights[photons], &random)
      var round = Round(isSingle: isSingle, isError: false, isPhaseOnly: false)
      if attack == .amplify && isSingle && chance(0.3, &random) {
        guard chance(1.0 / 3, &random) else {
          cross[k] += 1
          continue
        }
        round.isSingle = false
      } else if isSingle {
        if chance(attack.patternChance(progress), &random) {
          let axis = Int(random.next() % 3)
          round.isPhaseOnly = axis == attack.pattern(&random)
          round.isError = !round.isPhaseOnly
        }
      } else {
        round.isError = chance(photons == 0 ? 0.5 : 0.1, &random)
      }
      sifted[k] += 1
      if round.isError { errors[k] += 1 }
      rounds.append(round)
    }
    counts = DecoyCounts(sifted: sifted, errors: errors, crossClicks: cross)
  }

  /// Good blocks and odd phase parities among them after a global permutation.
  func distilled(block: Int, random: inout SeededRandom) -> (good: Int, odd: Int) {
    let shuffled = rounds.shuffled(using: &random)
    var good = 0
    var odd = 0
    for start in stride(from: 0, through: shuffled.count - block, by: block) {
      let members = shuffled[start..<start + block]
      guard members.allSatisfy({ $0.isSingle && !$0.isError }) else { continue }
      good += 1
      odd += members.count { $0.isPhaseOnly } % 2
    }
    return (good, odd)
  }
}

private func chance(_ p: Double, _ random: inout SeededRandom) -> Bool {
  Double(random.next() >> 11) * 0x1p-53 < p
}

private func draw(_ weights: [Double], _ random: inout SeededRandom) -> Int {
  let point = Double(random.next() >> 11) * 0x1p-53 * (weights[0] + weights[1] + weights[2])
  return point < weights[0] ? 0 : (point < weights[0] + weights[1] ? 1 : 2)
}

/// With epsilon as loose as can be, each tail may fail in 1.4 % of blocks; every figure behind the length stays within
/// what its tails allow, and the bounds are not so wide that nothing could fail.
@Test(arguments: [Attack.drift, .phaseOnZ, .denseWhereNoisy], [Form.inversion, .streaming])
func bounds_underAttack_failNoMoreThanTheirTails(attack: Attack, form: Form) {
  let trials = 60
  var failures = (singles: 0, errors: 0, phase: 0, good: 0, odd: 0)
  var slack = 0.0
  var random = SeededRandom(seed: 7)
  for _ in 0..<trials {
    let population = Population(attack, rounds: 12_000, random: &random)
    var plan = form.plan(PerPulse(), Population.settings, block: 2, planned: population.counts)
    plan.target = SecurityTarget(epsilonSecret: 0.99)
    let result = plan.result(for: population.counts, leakBits: 0)
    #expect(result.goodBlocks > 0)
    let singles = population.rounds.count { $0.isSingle }
    let errors = population.rounds.count { $0.isSingle && $0.isError }
    let phaseOnly = population.rounds.count { $0.isPhaseOnly }
    let (good, odd) = population.distilled(block: 2, random: &random)
    if Double(singles) < result.singlePhotons { failures.singles += 1 }
    if Double(errors) > result.singlePhotonErrors { failures.errors += 1 }
    if Double(phaseOnly) > result.errorPatterns - result.singlePhotonErrors { failures.phase += 1 }
    if Double(good) < result.goodBlocks { failures.good += 1 }
    if Double(odd) > result.phaseErrorAfter * Double(good) { failures.odd += 1 }
    slack += result.singlePhotons / Double(singles) / Double(trials)
  }
  #expect(failures.singles <= 4 && failures.errors <= 2 && failures.phase <= 3 && failures.good <= 6)
  #expect(failures.odd <= 6)
  #expect(slack > 0.7)
}

/// Photons that Eve multiplied pass for single ones, unless their cross-clicks tag them.
@Test func singlePhotons_underAmplification_holdWithTheTagOnly() {
  var failures: [Form: Int] = [:]
  var random = SeededRandom(seed: 13)
  for _ in 0..<40 {
    let population = Population(.amplify, rounds: 40_000, random: &random)
    let singles = Double(population.rounds.count { $0.isSingle })
    for form in Form.allCases {
      var plan = form.plan(PerPulse(), Population.settings, block: 1, planned: population.counts)
      plan.target = SecurityTarget(epsilonSecret: 0.99)
      let result = plan.result(for: population.counts, leakBits: 0)
      if singles < result.singlePhotons { failures[form, default: 0] += 1 }
    }
  }
  #expect(failures[.inversionTagged, default: 0] <= 3 && failures[.streamingTagged, default: 0] <= 3)
  #expect(failures[.inversion, default: 0] >= 30, "\(failures)")
}

/// Eve reads each announced axis and stops at the moment her luck has beaten the fixed-size bound. That bound then
/// fails more often than the 5 % it states; the bound for announcements on the way does not.
@Test func hiddenUpper_againstAnEveWhoStopsInTime_holdsWhereTheInversionFails() {
  let nats = 3.0
  let trials = 2000
  let rounds = 1500
  let table = (0...rounds).map { ChernoffTail.trialsUpper(Double($0), chance: 2.0 / 3, nats: nats) - Double($0) }
  let lambda = MartingaleTail.lambda(plannedSeen: 2.0 / 3 * Double(rounds), share: 1.0 / 3, nats: nats)
  var random = SeededRandom(seed: 11)
  var failures = (inversion: 0, martingale: 0)
  for _ in 0..<trials {
    var seen = 0
    var hidden = 0
    for _ in 0..<rounds {
      if chance(1.0 / 3, &random) { hidden += 1 } else { seen += 1 }
      if Double(hidden) > table[seen] { break }
    }
    let bound = MartingaleTail.hiddenUpper(Double(seen), share: 1.0 / 3, lambda: lambda, nats: nats)
    if Double(hidden) > table[seen] { failures.inversion += 1 }
    if Double(hidden) > bound { failures.martingale += 1 }
  }
  #expect(Double(failures.inversion) > 0.05 * Double(trials))
  #expect(Double(failures.martingale) <= 0.05 * Double(trials))
}
