import Estimation
import Testing
import Units

/// s1, v, NE, z0, M0, p0 and the length of one block in one form.
private struct Expected {
  let values: [Double]
  let length: UInt64

  init(_ values: [Double], _ length: UInt64) {
    self.values = values
    self.length = length
  }

  func matches(_ result: KeyLengthResult) -> Bool {
    let found = [
      result.singlePhotons, result.singlePhotonErrors, result.errorPatterns, result.phaseErrorBefore,
      result.goodBlocks, result.phaseErrorAfter,
    ]
    let agree = zip(found, values).allSatisfy { abs($0 - $1) <= 5e-9 * $1 }
    // Safe rounding may cost a bit; it never gains one.
    return agree && result.refusal == nil && result.length <= length && result.length + 2 >= length
  }
}

/// The expected rows follow `Form.allCases`; `Tools/keylength.py` computed them with 40 digits, and their inversion
/// rows agree with the four digits of finite-key.md section 7.
private func check<Credit: SecurityCredit>(
  _ credit: Credit, _ settings: DecoySettings, _ sample: DecoyCounts, block: Int, _ rows: [Expected]
) {
  for (form, expected) in zip(Form.allCases, rows) {
    let counts = form.counts(sample)
    let plan = form.plan(credit, settings, block: block, planned: counts)
    let leak = counts.modelledLeakBits(block: block, efficiency: 1.16)
    let result = plan.result(for: counts, leakBits: leak)
    #expect(expected.matches(result), "\(form): \(result)")
  }
}

@Test func sixStateLength_withBlocksOfFive_matchesPoint6() {
  #expect(Sample.point6.modelledLeakBits(block: 5, efficiency: 1.16) == 522_003)
  check(
    PerPulse(), Sample.settings6, Sample.point6, block: 5,
    [
      Expected([498125125.1, 105411969.6, 158207183.5, 0.1344370903, 23521813.45, 0.3966559396], 207_975),
      Expected([498062534.9, 105420876.9, 158220548.3, 0.1344729229, 23500384.22, 0.3967076547], 206_575),
      Expected([498063762.5, 105414003.9, 158210468.3, 0.134461981, 23502699.63, 0.3966943656], 206_836),
      Expected([498001008.7, 105422934.7, 158223868.3, 0.1344979179, 23481228.26, 0.3967462185], 205_433),
    ])
}

@Test func sixStateLength_withoutDistillation_matchesPoint7() {
  #expect(Sample.point7.modelledLeakBits(block: 1, efficiency: 1.16) == 99_451_343)
  check(
    PerPulse(), Sample.settings7, Sample.point7, block: 1,
    [
      Expected([320725416.4, 7547368.857, 11344953.74, 0.01212596131, 313178047.5, 0.01212596131], 184_106_678),
      Expected([320708293.6, 7551519.938, 11351187.02, 0.01213343413, 313156773.6, 0.01213343413], 184_072_561),
      Expected([320647633.9, 7549145.474, 11347683.81, 0.01213208774, 313098488.4, 0.01213208774], 184_022_467),
      Expected([320630457.2, 7553320.62, 11353953.24, 0.0121396045, 313077136.6, 0.0121396045], 183_988_199),
    ])
}

@Test func sixStateLength_withABiasedAxis_matchesPoint9() {
  check(
    PerPulse(axisShareMax: 0.34)!, Sample.settings6, Sample.point6, block: 5,
    [
      Expected([498125125.1, 105411969.6, 159806132.5, 0.1385086346, 23521813.45, 0.402347443], 129_262),
      Expected([498062534.9, 105420876.9, 159819632.4, 0.1385455525, 23500384.22, 0.402398397], 127_985),
      Expected([498063762.5, 105414003.9, 159809452.8, 0.1385342732, 23502699.63, 0.402385338], 128_224),
      Expected([498001008.7, 105422934.7, 159822988.2, 0.1385712986, 23481228.26, 0.4024364273], 126_946),
    ])
}

@Test func bb84Length_withoutDistillation_matchesPoint10() {
  check(
    PerBlock(), Sample.settings10, Sample.point10, block: 1,
    [
      Expected([251326350.9, 13835194.58, 27723208.07, 0.05525888329, 251326350.9, 0.05525888329], 49_566_764),
      Expected([251303873.5, 13836826.6, 27726475.32, 0.05527033278, 251303873.5, 0.05527033278], 49_539_433),
      Expected([251279003.7, 13836700.59, 27726360.63, 0.05527584808, 251279003.7, 0.05527584808], 49_516_557),
      Expected([251256465.6, 13838339.94, 27729642.55, 0.05528734387, 251256465.6, 0.05528734387], 49_489_141),
    ])
}

@Test func bb84Length_withPairs_matchesTheSecondImplementation() {
  check(
    PerBlock(), Sample.settingsPairs, Sample.pairs, block: 2,
    [
      Expected([192415096.4, 13839908.97, 27732645.85, 0.07779768889, 42021652.87, 0.1440861789], 9_600_104),
      Expected([192368773.2, 13841926.51, 27736684.86, 0.07783007771, 41998885.29, 0.1441411313], 9_584_947),
      Expected([192380235.2, 13840520.91, 27734008.56, 0.07781735124, 42004795.77, 0.1441208524], 9_589_530),
      Expected([192333702.3, 13842544.3, 27738059.32, 0.07784987882, 41981931.24, 0.1441760383], 9_574_315),
    ])
}

@Test func length_chargesTheLargerOfBothConfirmations() {
  let plan = Form.inversion.plan(PerPulse(), Sample.settings6, block: 5, planned: Sample.point6)
  let formula = plan.result(for: Sample.point6, leakBits: 1000).length
  #expect(plan.result(for: Sample.point6, leakBits: 1000, confirmationBits: 51).length == formula)
  #expect(plan.result(for: Sample.point6, leakBits: 1000, confirmationBits: 64).length == formula - 13)
}

@Test func length_endsAtTheLastWholeBit() {
  let plan = Form.streaming.plan(PerPulse(), Sample.settings6, block: 5, planned: Sample.point6)
  let free = plan.result(for: Sample.point6, leakBits: 0).length
  #expect(plan.result(for: Sample.point6, leakBits: free - 1).length == 1)
  let spent = plan.result(for: Sample.point6, leakBits: free)
  #expect(spent.length == 0 && spent.refusal == .leavesNoLength)
}

@Test func axisShareMax_outsideItsRangeIsNoCredit() {
  #expect(PerPulse(axisShareMax: 0.33) == nil && PerPulse(axisShareMax: 1) == nil)
  #expect(PerBlock(basisShareMax: 0.49) == nil && PerBlock(basisShareMax: 0.5)?.phaseOnlyShare == 0.5)
}

@Test func settings_thatBreakTheDecoyConditionAreNone() {
  #expect(DecoySettings(means: [0.5, 0.1, 0], shares: [0.5, 0.25, 0.25]) != nil)
  #expect(DecoySettings(means: [0.1, 0.1, 0.0], shares: [0.5, 0.25, 0.25]) == nil)
  #expect(DecoySettings(means: [0.5, 0.4, 0.2], shares: [0.5, 0.25, 0.25]) == nil)
  #expect(DecoySettings(means: [0.5, 0.1, 0.1], shares: [0.5, 0.25, 0.25]) == nil)
  #expect(DecoySettings(means: [0.5, 0.1, 0], shares: [0.5, 0.25, 0.2]) == nil)
  #expect(DecoySettings(means: [0.5, 0.1, 0], shares: [1, 0, 0]) == nil)
  #expect(DecoySettings(means: [.nan, 0.1, 0], shares: [0.5, 0.25, 0.25]) == nil)
  let photons: [3 of MeanPhotonNumber] = [
    .init(millionths: 500_000), .init(millionths: 100_000), .init(millionths: 200),
  ]
  let shares: [3 of Share] = [.init(of65536: 49_152), .init(of65536: 8192), .init(of65536: 8192)]
  #expect(DecoySettings(means: photons, shares: shares)?.means[2] == 2e-4)
}

/// Each refusal has a block that provokes it, and none leaves a length.
@Test func refusal_namesItsReasonAndLeavesNoLength() {
  func outcome(_ counts: DecoyCounts, block: Int = 5, leak: UInt64 = 0) -> KeyRefusal? {
    let plan = Form.inversion.plan(PerPulse(), Sample.settings6, block: block, planned: counts)
    let result = plan.result(for: counts, leakBits: leak)
    #expect((result.length == 0) == (result.refusal != nil))
    return result.refusal
  }
  let good = Sample.point6
  #expect(outcome(good) == nil)
  #expect(outcome(DecoyCounts(sifted: [1, 1, 1], errors: [2, 0, 0])) == .countsInconsistent)
  #expect(outcome(DecoyCounts(sifted: [1 << 50, 1, 1], errors: [0, 0, 0])) == .countsInconsistent)
  let flooded = DecoyCounts(sifted: [1, 1, 1], errors: [0, 0, 0], crossClicks: [0, 0, .max])
  #expect(outcome(flooded) == .countsInconsistent)
  #expect(outcome(DecoyCounts(sifted: [0, 0, 0], errors: [0, 0, 0])) == .tooFewSinglePhotons)
  #expect(outcome(DecoyCounts(sifted: [5000, 200, 5], errors: [0, 0, 0])) == .tooFewSinglePhotons)
  #expect(outcome(DecoyCounts(sifted: good.sifted, errors: good.sifted)) == .tooFewSinglePhotons)
  #expect(outcome(good.scaled(errors: 2)) == .phaseErrorTooHigh)
  let crowded = DecoyCounts(sifted: [515_139_092, 8_000_000, 70_399], errors: [0, 0, 0])
  #expect(outcome(crowded, block: 16) == .tooFewGoodBlocks)
  #expect(outcome(good.scaled(errors: 1.25), block: 16) == .phaseErrorTooHigh)
  #expect(outcome(good, leak: 1_000_000) == .leavesNoLength)
  #expect(outcome(good, leak: .max) == .leavesNoLength)
}

@Test func perPulseBiasedToOneHalf_equalsPerBlock_withDistillation() {
  let six = Form.streaming.plan(PerPulse(axisShareMax: 0.5)!, Sample.settingsPairs, block: 2, planned: Sample.pairs)
  let four = Form.streaming.plan(PerBlock(), Sample.settingsPairs, block: 2, planned: Sample.pairs)
  #expect(six.result(for: Sample.pairs, leakBits: 9) == four.result(for: Sample.pairs, leakBits: 9))
}
