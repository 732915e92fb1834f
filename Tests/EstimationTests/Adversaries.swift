import Estimation
import Foundation
import HostStorage

/// What Eve does to the single photons of a block, in the order of the block.
enum Attack: CaseIterable {
  /// The same white noise everywhere.
  case white
  /// White noise that grows along the block.
  case drift
  /// Three photons in ten get the one pattern that the Z axis never shows.
  case phaseOnZ
  /// Every fourth run of fifty photons is noise, the others are left alone.
  case runs
  /// Photons are dense and noisy in the first half, sparse and clean in the second, and crowds are let through.
  case denseWhereNoisy
  /// Three single photons in ten reach Bob as two; the rest is left alone.
  case amplify

  /// The attacks that leave photon numbers alone.
  static let ofPatterns: [Attack] = [.white, .drift, .phaseOnZ, .runs, .denseWhereNoisy]

  func patternChance(_ index: Int, of total: Int) -> Double {
    switch self {
    case .white: 0.2
    case .drift: 0.3 * Double(index) / Double(total)
    case .phaseOnZ: 0.3
    case .runs: index / 50 % 4 == 0 ? 0.8 : 0
    case .denseWhereNoisy: 2 * index < total ? 0.25 : 0.02
    case .amplify: 0
    }
  }

  func singleChance(_ index: Int, of total: Int) -> Double {
    switch self {
    case .white, .drift, .phaseOnZ, .runs, .amplify: 0.95
    case .denseWhereNoisy: 2 * index < total ? 0.98 : 0.85
    }
  }

  func pattern(_ random: inout SeededRandom) -> Int {
    self == .phaseOnZ ? 0 : Int(random.next() % 3)
  }
}

/// One sifted bit as only a referee sees it.
struct Round {
  var isSingle: Bool
  var isError: Bool
  var isPhaseOnly: Bool
}

/// A block of sifted bits under an attack, with the intensity drawn given the photon number as the source does.
struct Population {
  static let means = [0.3, 0.1, 0.001]
  static let shares = [0.5, 0.35, 0.15]
  static let settings = DecoySettings(means: [0.3, 0.1, 0.001], shares: [0.5, 0.35, 0.15])!

  var rounds: [Round] = []
  var counts: DecoyCounts

  init(_ attack: Attack, rounds total: Int, random: inout SeededRandom) {
    var sifted: [3 of UInt64] = [0, 0, 0]
    var errors: [3 of UInt64] = [0, 0, 0]
    var cross: [3 of UInt64] = [0, 0, 0]
    let weights = (0...2).map { Self.intensityWeights(photons: $0) }
    for index in 0..<total {
      let isSingle = chance(attack.singleChance(index, of: total), &random)
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
        if chance(attack.patternChance(index, of: total), &random) {
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

  /// What an intensity weighs for a pulse with this many photons.
  static func intensityWeights(photons: Int) -> [Double] {
    (0..<3).map { shares[$0] * exp(-means[$0]) * pow(means[$0], Double(photons)) }
  }

  var singles: Int { rounds.count { $0.isSingle } }
  var singleErrors: Int { rounds.count { $0.isSingle && $0.isError } }
  var phaseOnly: Int { rounds.count { $0.isPhaseOnly } }
}

/// Good groups of `block` neighbours, and odd phase parities among them.
func groups(of rounds: some Collection<Round>, block: Int) -> (good: Int, odd: Int) {
  var good = 0
  var odd = 0
  var members = 0
  var isGood = true
  var parity = false
  for round in rounds {
    isGood = isGood && round.isSingle && !round.isError
    parity = parity != round.isPhaseOnly
    members += 1
    guard members == block else { continue }
    if isGood {
      good += 1
      odd += parity ? 1 : 0
    }
    members = 0
    isGood = true
    parity = false
  }
  return (good, odd)
}

func chance(_ p: Double, _ random: inout SeededRandom) -> Bool {
  Double(random.next() >> 11) * 0x1p-53 < p
}

func draw(_ weights: [Double], _ random: inout SeededRandom) -> Int {
  let point = Double(random.next() >> 11) * 0x1p-53 * (weights[0] + weights[1] + weights[2])
  return point < weights[0] ? 0 : (point < weights[0] + weights[1] ? 1 : 2)
}
