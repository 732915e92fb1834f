import Estimation
import Foundation
import HostStorage
import Testing

/// L of ten tails at 1e-10, finite-key.md section 7, point 1.
private let nats = 50.3159454589

/// Expected values in this file were printed by `Tools/keylength.py vectors` with 40 digits.
@Test func target_splitsEpsilonAsTheProofDoes() {
  let target = SecurityTarget()
  #expect(abs(target.epsilonEstimation - 3.75e-11) < 1e-20 && abs(target.epsilonAmplification - 2.5e-11) < 1e-20)
  #expect(abs(target.nats(tails: 10) - nats) < 1e-9 && abs(target.nats(tails: 13) - 50.5783097234) < 1e-9)
  #expect(target.confirmationBits == 51)
  #expect(SecurityTarget(epsilonCorrect: 0x1p-40).confirmationBits == 41)
}

@Test func chernoffTail_matchesHighPrecisionVectors() {
  #expect(near(ChernoffTail.meanUpper(1000, of: 1e6, nats: nats), 1351.38164297))
  #expect(near(ChernoffTail.meanLower(1000, of: 1e6, nats: nats), 715.495570572))
  #expect(near(ChernoffTail.trialsUpper(3.4e7, chance: 2.0 / 3, nats: nats), 51050690.3634))
  #expect(near(ChernoffTail.trialsUpper(3.4e7, chance: 0.5, nats: nats), 68082772.5586))
  #expect(near(ChernoffTail.trialsUpper(3.4e7, chance: 0.65, nats: nats), 52360965.9047))
  let odd = (1 - pow(0.73 as Double, 5)) / 2
  #expect(near(ChernoffTail.fractionUpper(odd, of: 8.8e6, nats: nats + log(3.4e8) / 2), 0.398155698975))
  let allGood = 8891009.2858 / 3.4e7
  #expect(near(3.4e7 * ChernoffTail.fractionLower(allGood, of: 3.4e7, nats: nats), 8865320.24892))
}

@Test func martingaleTail_matchesHighPrecisionVectors() {
  let third = MartingaleTail.hiddenUpper(1.05e8, share: 1.0 / 3, lambda: 1.13e-3, nats: nats)
  let biased = MartingaleTail.hiddenUpper(1.05e8, share: 0.34, lambda: 1.13e-3, nats: nats)
  let half = MartingaleTail.hiddenUpper(1.05e8, share: 0.5, lambda: 1.13e-3, nats: nats)
  #expect(near(third, 52589054.68) && near(biased, 54181777.0124) && near(half, 105163311.624))
  #expect(near(MartingaleTail.meanUpper(15_413_568, lambda: 2.555e-3, nats: nats), 15452985.5162))
  #expect(near(MartingaleTail.meanLower(15_413_568, lambda: 2.555e-3, nats: nats), 15374217.5698))
}

@Test func chernoffTail_atTheEdges_hasItsClosedForms() {
  #expect(ChernoffTail.meanUpper(0, of: 0, nats: nats) == 0 && ChernoffTail.meanLower(0, of: 0, nats: nats) == 0)
  #expect(ChernoffTail.meanUpper(7, of: 7, nats: nats) == 7 && ChernoffTail.meanLower(0, of: 7, nats: nats) == 0)
  #expect(near(ChernoffTail.meanUpper(0, of: 1e12, nats: nats), 1e12 * -expm1(-nats / 1e12)))
  #expect(near(ChernoffTail.meanLower(1e12, of: 1e12, nats: nats), 1e12 * exp(-nats / 1e12)))
  #expect(near(ChernoffTail.trialsUpper(0, chance: 2.0 / 3, nats: nats), nats / log(3)))
}

/// A bound inverted twice returns to the divergence it was asked for, also where 1e12 events cancel to fifteen digits.
@Test func chernoffTail_atLargeNumbers_keepsItsDigits() {
  for (x, n) in [(5e11, 1e12), (1e3, 1e12), (999_999e6, 1e12), (0.5, 3.0), (1, 1e4)] {
    let up = ChernoffTail.meanUpper(x, of: n, nats: nats)
    let low = ChernoffTail.meanLower(x, of: n, nats: nats)
    let width = (2 * nats * x * (1 - x / n)).squareRoot()
    #expect(low < x && x < up && up <= n)
    if width < x / 100 && width < (n - x) / 100 {
      #expect(abs((up - x) / width - 1) < 0.02 && abs((x - low) / width - 1) < 0.02)
    }
  }
}

/// The exact binomial distribution, summed naively, leaves each bound with at most the probability it states.
@Test(arguments: [(12, 1.0), (12, 3.0), (60, 3.0), (150, 6.0)])
func chernoffTail_underTheExactBinomial_failsNoMoreThanStated(n: Int, nats: Double) {
  let upper = (0...n).map { ChernoffTail.meanUpper(Double($0), of: Double(n), nats: nats) }
  let lower = (0...n).map { ChernoffTail.meanLower(Double($0), of: Double(n), nats: nats) }
  var worst = 0.0
  for step in 1..<100 {
    let p = Double(step) / 100
    let mass = exactBinomial(n, p)
    let low = zip(mass, upper).filter { $0.1 < Double(n) * p }.map(\.0).reduce(0, +)
    let high = zip(mass, lower).filter { $0.1 > Double(n) * p }.map(\.0).reduce(0, +)
    worst = max(worst, low, high)
  }
  #expect(worst <= exp(-nats))
  #expect(worst > exp(-nats) / 40, "a bound that never fails is not the bound that was meant")
}

@Test(arguments: [0.5, 0.65, 2.0 / 3])
func trialsUpper_underTheExactBinomial_failsNoMoreThanStated(chance: Double) {
  for n in 1...120 {
    let mass = exactBinomial(n, chance)
    var failed = 0.0
    for hits in 0...n where ChernoffTail.trialsUpper(Double(hits), chance: chance, nats: 2) < Double(n) {
      failed += mass[hits]
    }
    #expect(failed <= exp(-2))
  }
}

/// Chernoff duality: the fixed-lambda bounds touch the inversions at the best lambda and never pass them.
@Test func martingaleTail_atTheBestLambda_equalsTheInversion() {
  for count in [5.0, 300, 70_399, 15_413_568] {
    let lambdas = (0..<4000).map { 2.2 * MartingaleTail.lambda(planned: count, nats: nats) * Double($0 + 1) / 4000 }
    let up = lambdas.map { MartingaleTail.meanUpper(count, lambda: $0, nats: nats) }.min()!
    let low = lambdas.map { MartingaleTail.meanLower(count, lambda: $0, nats: nats) }.max()!
    let n = max(1e7, count * 1e4)
    let endlessUp = ChernoffTail.meanUpper(count, of: n, nats: nats)
    let endlessLow = ChernoffTail.meanLower(count, of: n, nats: nats)
    #expect(up >= endlessUp * (1 - 1e-12) && up <= endlessUp * (1 + 1e-4))
    #expect(low <= endlessLow * (1 + 1e-12) && low >= endlessLow * (1 - 1e-3) - 0.01)

    for share in [1.0 / 3, 0.35, 0.5] {
      let edge = min(-log(share), 3 * MartingaleTail.lambda(plannedSeen: count, share: share, nats: nats))
      let hidden = (1..<4000).map {
        MartingaleTail.hiddenUpper(count, share: share, lambda: edge * Double($0) / 4000, nats: nats)
      }.min()!
      let inverted = ChernoffTail.trialsUpper(count, chance: 1 - share, nats: nats) - count
      #expect(hidden >= inverted * (1 - 1e-12) && hidden <= inverted * (1 + 1e-4))
    }
  }
}

/// The planned lambda costs next to nothing at the planned count and little at twice or half of it.
@Test func plannedLambda_offByTwo_costsLittle() {
  for planned in [1e5, 1e7] {
    let best = ChernoffTail.trialsUpper(planned, chance: 2.0 / 3, nats: nats) - planned
    let widest = best - planned / 2
    for factor in [0.5, 1, 2] {
      let lambda = MartingaleTail.lambda(plannedSeen: planned * factor, share: 1.0 / 3, nats: nats)
      let bound = MartingaleTail.hiddenUpper(planned, share: 1.0 / 3, lambda: lambda, nats: nats)
      #expect(bound >= best && bound - best < 0.08 * widest)
    }
  }
}

private func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 2e-9 * abs(b) }

/// Probabilities of 0...n successes, from the recurrence of Pascal's triangle.
private func exactBinomial(_ n: Int, _ p: Double) -> [Double] {
  var mass = [1.0]
  for _ in 0..<n {
    var next = [Double](repeating: 0, count: mass.count + 1)
    for (k, m) in mass.enumerated() {
      next[k] += m * (1 - p)
      next[k + 1] += m * p
    }
    mass = next
  }
  return mass
}
