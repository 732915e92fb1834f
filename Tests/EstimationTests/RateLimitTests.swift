import Estimation
import Foundation
import Testing

private func rate<Credit: SecurityCredit>(
  _ credit: Credit.Type, _ qber: Double, block: Int = 1, efficiency: Double = 1, light: RateConditions.Light
) -> Double {
  Credit.secretBitsPerSiftedBit(
    try! .checked(qber: qber, block: block, efficiency: efficiency, light: light))
}

/// Rates with a deliberate flip by `Tools/keylength_modes.py`, which diagonalises Eve's density matrices; its BB84 rows
/// are the least of 2001 states.
@Test(arguments: [
  (0.05, 1, 1.0, 0.1, 0.2948052587), (0.13, 1, 1, 0.3, 0.006686512552), (0.207, 4, 1, 0.015, 0.003023508415),
  (0.207, 3, 1, 0.2, 0.001797758355), (0.1, 2, 1.16, 0.05, 0.1057434318),
])
func preprocessedSixStateRate_matchesTheDensityMatrices(
  qber: Double, block: Int, efficiency: Double, flip: Double, expected: Double
) {
  let found = rate(PerPulse.self, qber, block: block, efficiency: efficiency, light: .preprocessed(flip: flip))
  #expect(abs(found - expected) < 1e-9)
}

@Test(arguments: [
  (0.05, 1, 1.0, 0.1, 0.2559630717), (0.12, 1, 1, 0.35, 0.001390436548), (0.14, 2, 1, 0.2, 0.006275144116),
  (0.1, 2, 1.16, 0.05, 0.04297830458),
])
func preprocessedBB84Rate_matchesTheDensityMatrices(
  qber: Double, block: Int, efficiency: Double, flip: Double, expected: Double
) {
  let found = rate(PerBlock.self, qber, block: block, efficiency: efficiency, light: .preprocessed(flip: flip))
  #expect(found <= expected + 1e-10 && found > expected - 1e-8)
}

private func zero(_ rate: (Double) -> Double) -> Double {
  var low = 0.0
  var high = 0.5
  for _ in 0..<40 {
    let middle = (low + high) / 2
    if rate(middle) > 0 { low = middle } else { high = middle }
  }
  return low
}

/// theory.md section 6, test 3; a flip of nothing changes nothing, and no flip helps at low error rates.
@Test func preprocessing_movesTheLimitToTheKnownOne() {
  let four = zero { rate(PerBlock.self, $0, light: .preprocessed(flip: 0.47)) }
  let six = zero { rate(PerPulse.self, $0, light: .preprocessed(flip: 0.47)) }
  #expect(abs(four - 0.1241) < 5e-4 && abs(six - 0.1411) < 5e-4)
  for (qber, block) in [(0.01, 1), (0.1, 2), (0.2, 4)] {
    let plain = rate(PerPulse.self, qber, block: block, light: .singlePhotons)
    #expect(abs(rate(PerPulse.self, qber, block: block, light: .preprocessed(flip: 0)) - plain) < 1e-12)
  }
  #expect(rate(PerPulse.self, 0.02, light: .preprocessed(flip: 0.1)) < rate(PerPulse.self, 0.02, light: .singlePhotons))
}

/// theory.md section 6, tests 6 and 7: the limits of long blocks, and that of BB84's worst state after the twirl.
@Test func qberLimit_isTheRootOfItsCondition() {
  let six = PerPulse.qberLimit
  #expect(abs(six - 0.276393202250021) < 1e-15 && PerBlock.qberLimit == 0.2)
  #expect(abs((1 - 2 * six) * (1 - 2 * six) - six * (1 - six)) < 1e-15)
  #expect(abs(0.75 * six - 0.207295) < 1e-6)
  var last = (six: 0.0, four: 0.0)
  for block in 1...16 {
    let six = PerPulse.qberAtZeroRate(block: block, efficiency: 1)
    let four = PerBlock.qberAtZeroRate(block: block, efficiency: 1)
    #expect(six > last.six && four > last.four && six < PerPulse.qberLimit && four < PerBlock.qberLimit)
    last = (six, four)
  }
}

/// theory.md section 6, test 26: no rate above the bounds of any processing, not even with pre-processing.
@Test func qberAtZeroRate_neverExceedsTheUpperBounds() {
  for flip in [0, 0.1, 0.3, 0.45, 0.48] {
    #expect(zero { rate(PerBlock.self, $0, light: .preprocessed(flip: flip)) } < 0.146)
    #expect(zero { rate(PerPulse.self, $0, light: .preprocessed(flip: flip)) } < 0.167)
    for block in [2, 3, 5] {
      #expect(zero { rate(PerBlock.self, $0, block: block, light: .preprocessed(flip: flip)) } < 0.25)
      #expect(zero { rate(PerPulse.self, $0, block: block, light: .preprocessed(flip: flip)) } < 1.0 / 3)
    }
  }
}

/// theory.md section 6, test 13: a roll of 33.86 degrees under the twirl, and without it.
@Test func roll_of34Degrees_isWithinReachUnderTheTwirlOnly() {
  let roll = 33.86 * Double.pi / 180
  let trace = 1 + 2 * cos(2 * roll)
  let twirled = (1 - trace / 3) / 2
  let plain = sin(roll) * sin(roll)
  #expect(abs(twirled - 0.2070) < 1e-4 && abs(plain - 0.3105) < 1e-4)
  #expect(rate(PerPulse.self, twirled, block: 4, light: .singlePhotons) > 0.002)
  #expect(plain > PerPulse.qberLimit)
}

/// theory.md section 6, test 21: the reference-frame-independent rate under white noise is that of six states.
@Test func referenceFrameIndependentRate_underWhiteNoise_isSixState() {
  for step in 1...126 {
    let q = Double(step) / 1000
    let c = 2 * (1 - 2 * q) * (1 - 2 * q)
    let u = min((c / 2).squareRoot() / (1 - q), 1)
    let v = max(0, c / 2 - (1 - q) * (1 - q) * u * u).squareRoot() / q
    let leaked = (1 - q) * binaryEntropy((1 + u) / 2) + q * binaryEntropy((1 + v) / 2)
    let expected = 1 - binaryEntropy(q) - leaked
    #expect(abs(rate(PerPulse.self, q, light: .singlePhotons) - expected) < 1e-5)
  }
}

/// The longest distance in km with key, over mean photon numbers, for the published GYS link and endless decoys.
private func reach<Credit: SecurityCredit>(_ credit: Credit.Type, blocks: ClosedRange<Int>) -> Int {
  func hasKey(_ km: Int) -> Bool {
    let eta = 0.045 * pow(10, -0.021 * Double(km))
    let empty = 1.7e-6
    let singleYield = empty + eta
    let singleQber = (empty / 2 + 0.033 * eta) / singleYield
    for step in 1...60 {
      let mu = 0.015 * Double(step)
      let gain = empty + 1 - exp(-eta * mu)
      let qber = (empty / 2 + 0.033 * (1 - exp(-eta * mu))) / gain
      let light = RateConditions.Light.weakPulses(
        singleShare: singleYield * mu * exp(-mu) / gain, singleQber: singleQber)
      for block in blocks where rate(credit, qber, block: block, efficiency: 1.22, light: light) > 0 { return true }
    }
    return false
  }
  var low = 100
  var high = 250
  while high - low > 1 {
    let middle = (low + high) / 2
    if hasKey(middle) { low = middle } else { high = middle }
  }
  return low
}

/// theory.md section 6, test 14: distances published by Li, Zhang, Jiang and Cai (2022), with and without distillation.
@Test func weakPulseRate_overTheGysLink_reachesThePublishedDistances() {
  #expect(abs(reach(PerBlock.self, blocks: 1...1) - 142) <= 1)
  #expect(abs(reach(PerBlock.self, blocks: 2...10) - 180) <= 1)
  #expect(abs(reach(PerPulse.self, blocks: 1...1) - 146) <= 1)
  #expect(abs(reach(PerPulse.self, blocks: 2...10) - 187) <= 1)
}

@Test func weakPulses_thatAreAllSingle_rateAsSinglePhotons() {
  for (qber, block) in [(0.05, 1), (0.12, 2), (0.15, 3)] {
    let light = RateConditions.Light.weakPulses(singleShare: 1, singleQber: qber)
    let single = rate(PerBlock.self, qber, block: block, efficiency: 1.1, light: .singlePhotons)
    #expect(abs(rate(PerBlock.self, qber, block: block, efficiency: 1.1, light: light) - single) < 1e-15)
    let less = RateConditions.Light.weakPulses(singleShare: 0.9, singleQber: qber)
    #expect(rate(PerBlock.self, qber, block: block, efficiency: 1.1, light: less) < single)
  }
}
