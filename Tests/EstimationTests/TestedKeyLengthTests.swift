import Estimation
import Testing

private let settings12 = DecoySettings(means: [0.062, 0.019, 0.0002], shares: [0.0841, 0.6046, 0.3113])!
private let key12 = DecoyCounts(
  sifted: [78_972_450, 175_150_289, 983_355], errors: [16_349_841, 36_274_234, 212_850])
private let test12 = DecoyCounts(sifted: [3_173_963, 7_039_423, 39_522], errors: [657_112, 1_457_889, 8555])
private let calmKey = DecoyCounts(sifted: [340_000_000, 1_300_000, 2000], errors: [10_200_000, 41_000, 1000])
private let calmTest = DecoyCounts(sifted: [20_000_000, 80_000, 130], errors: [640_000, 2700, 60])

private func sixState(_ key: DecoyCounts, _ test: DecoyCounts, block: Int, share: Double?, leak: UInt64)
  -> KeyLengthResult
{
  let tests = SixStateTested.Tests(x: test, y: test)
  let tails: TestedTails<SixStateTested.Tests> =
    share.map { .streaming(plannedKey: key, plannedTests: tests, keyShareMax: $0) } ?? .inversion
  let plan = try! TestedKeyLengthPlan<SixStateTested>.checked(settings: settings12, block: block, tails: tails)
  return plan.result(for: key, tests: tests, leakBits: leak)
}

private func bb84(_ key: DecoyCounts, _ test: DecoyCounts, block: Int, share: Double?) -> KeyLengthResult {
  let tails: TestedTails<DecoyCounts> =
    share.map { .streaming(plannedKey: key, plannedTests: test, keyShareMax: $0) } ?? .inversion
  let plan = try! TestedKeyLengthPlan<BB84Tested>.checked(settings: Sample.settings10, block: block, tails: tails)
  return plan.result(for: key, tests: test, leakBits: key.modelledLeakBits(block: block, efficiency: 1.16))
}

private func near(_ found: [Double], _ expected: [Double]) -> Bool {
  zip(found, expected).allSatisfy { abs($0 - $1) <= 5e-9 * $1 }
}

private func bounds(_ result: KeyLengthResult) -> [Double] {
  [
    result.singlePhotons, result.singlePhotonErrors, result.phaseErrorBefore, result.goodBlocks,
    result.phaseErrorAfter,
  ]
}

/// finite-key.md section 7, point 12, to its digits; then to those of `Tools/keylength_modes.py`, which computed the
/// rows of this file with 40 digits.
@Test func sixStateTestedLength_matchesPoint12() throws {
  let plan = try TestedKeyLengthPlan<SixStateTested>.checked(settings: settings12, block: 5, tails: .inversion)
  #expect(abs(plan.nats - 51.53972089) < 1e-8)
  #expect(key12.modelledLeakBits(block: 5, efficiency: 1.16) == 250_995)
  let result = sixState(key12, test12, block: 5, share: nil, leak: 250_995)
  #expect(abs(result.phaseErrorBefore - 0.14181) < 5e-6 && abs(result.goodBlocks - 1.3433e7) < 500)
  #expect(abs(result.phaseErrorAfter - 0.40715) < 5e-6 && abs(Double(result.length) - 84_990) < 8.5)
  #expect(near(bounds(result), [247714443.6, 52274627.39, 0.1418107653, 13433223.77, 0.4071500375]))
  #expect(result.length <= 84_988 && result.length >= 84_986)
}

@Test func sixStateTestedLength_matchesTheSecondImplementation() {
  let streamed = sixState(key12, test12, block: 5, share: 0.962, leak: 250_995)
  #expect(near(bounds(streamed), [247566920.0, 52313896.73, 0.1466500904, 13369048.65, 0.4133598936]))
  #expect(streamed.length <= 39_915 && streamed.length >= 39_913)
  let plain = sixState(key12, test12, block: 1, share: nil, leak: 0)
  #expect(plain.length <= 80_333_175 && plain.length >= 80_333_173)
  let plainStreamed = sixState(key12, test12, block: 1, share: 0.962, leak: 0)
  #expect(plainStreamed.length <= 77_829_049 && plainStreamed.length >= 77_829_047)
}

@Test(arguments: [
  (1, nil, [234184262.7, 7681163.19, 0.04446275393, 234184262.7, 0.04446275393], 95_757_161),
  (1, 0.95, [234162502.4, 7682331.124, 0.05044481713, 234162502.4, 0.05044481713], 89_678_349),
  (2, nil, [234184262.7, 7681163.19, 0.04597057289, 75093237.77, 0.08807610014], 40_756_779),
  (2, 0.95, [234162502.4, 7682331.124, 0.05215593288, 75078023.8, 0.09925287711], 37_999_688),
])
func bb84TestedLength_matchesTheSecondImplementation(block: Int, share: Double?, row: [Double], length: UInt64) {
  let result = bb84(calmKey, calmTest, block: block, share: share)
  #expect(near(bounds(result), row))
  #expect(result.length <= length && result.length + 2 >= length)
}

/// eX + eY >= 1 and other tests that bound nothing are refused, each with its reason.
@Test func testedLength_withTestsThatProveNothing_isRefused() {
  let noisy = DecoyCounts(sifted: test12.sifted, errors: [1_580_000, 3_510_000, 19_700])
  let clean = sixState(key12, noisy, block: 5, share: nil, leak: 0)
  #expect(clean.refusal == .phaseErrorTooHigh && clean.length == 0)
  let streamed = sixState(key12, noisy, block: 5, share: 0.965, leak: 0)
  #expect(streamed.refusal == .phaseErrorTooHigh)
  let none = DecoyCounts(sifted: [0, 0, 0], errors: [0, 0, 0])
  #expect(sixState(key12, none, block: 5, share: nil, leak: 0).refusal == .phaseErrorTooHigh)
  #expect(sixState(none, test12, block: 5, share: nil, leak: 0).refusal == .tooFewSinglePhotons)
  let wrong = DecoyCounts(sifted: [1, 1, 1], errors: [2, 0, 0])
  #expect(sixState(key12, wrong, block: 5, share: nil, leak: 0).refusal == .countsInconsistent)
  #expect(bb84(calmKey, none, block: 1, share: nil).refusal == .phaseErrorTooHigh)
  let half = DecoyCounts(sifted: calmTest.sifted, errors: [10_000_000, 40_000, 65])
  #expect(bb84(calmKey, half, block: 1, share: nil).refusal == .phaseErrorTooHigh)
}

/// More test errors never lengthen the key, nor do more key errors, and no key exceeds its single photons.
@Test func testedLength_movesTheRightWay() {
  let base = bb84(calmKey, calmTest, block: 2, share: nil)
  let six = sixState(key12, test12, block: 5, share: nil, leak: 250_995)
  #expect(Double(base.length) <= base.singlePhotons && Double(six.length) <= six.singlePhotons)
  for factor in [1.02, 1.1, 1.5] {
    for share in [nil, 0.97] as [Double?] {
      let plain = bb84(calmKey, calmTest, block: 2, share: share).length
      #expect(bb84(calmKey, calmTest.scaled(errors: factor), block: 2, share: share).length <= plain)
      #expect(bb84(calmKey.scaled(errors: factor), calmTest, block: 2, share: share).length <= plain)
      let larger = bb84(
        calmKey.scaled(sifted: factor, errors: factor), calmTest.scaled(sifted: factor, errors: factor), block: 2,
        share: share)
      #expect(larger.length >= plain)
    }
    #expect(sixState(key12, test12.scaled(errors: factor), block: 5, share: nil, leak: 250_995).length <= six.length)
    #expect(sixState(key12, test12, block: 5, share: nil, leak: UInt64(250_995 * factor)).length <= six.length)
  }
}
