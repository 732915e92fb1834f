import Estimation
import Testing

@Test(arguments: [
  ([0.5, 0.4, 0.1], [0.5, 0.25, 0.25], ParameterRefusal.signalNotAboveDecoyPlusVacuum),
  ([0.1, 0.1, 0], [0.5, 0.25, 0.25], .signalNotAboveDecoyPlusVacuum),
  ([0.5, 0.1, 0.1], [0.5, 0.25, 0.25], .decoyNotAboveVacuum),
  ([0.5, 0.1, -0.1], [0.5, 0.25, 0.25], .meanOutsideRange),
  ([.nan, 0.1, 0], [0.5, 0.25, 0.25], .meanOutsideRange), ([0.5, .nan, 0], [0.5, 0.25, 0.25], .meanOutsideRange),
  ([.infinity, 0.1, 0], [0.5, 0.25, 0.25], .meanOutsideRange), ([11, 0.1, 0], [0.5, 0.25, 0.25], .meanOutsideRange),
  ([0.5, 0.1, 0], [0.5, 0.25, 0.2], .sharesNotSummingToOne), ([0.5, 0.1, 0], [1, 0, 0], .shareNotPositive),
  ([0.5, 0.1, 0], [.nan, 0.5, 0.5], .shareNotPositive),
  ([0.5, 0.1, 0], [.infinity, 0.5, 0.5], .sharesNotSummingToOne),
  ([0.5, 0.1, 0], [1.5, -0.25, -0.25], .shareNotPositive),
])
func decoySettings_thatBreakACondition_nameIt(means: [Double], shares: [Double], expected: ParameterRefusal) {
  #expect(throws: expected) {
    try DecoySettings.checked(means: [means[0], means[1], means[2]], shares: [shares[0], shares[1], shares[2]])
  }
}

@Test func oneDecoySettings_thatBreakACondition_nameIt() {
  func refusal(_ a: Double, _ b: Double, _ p: Double, _ q: Double) -> ParameterRefusal? {
    do throws(ParameterRefusal) {
      _ = try OneDecoySettings.checked(means: [a, b], shares: [p, q])
      return nil
    } catch { return error }
  }
  #expect(refusal(0.5, 0.1, 0.9, 0.1) == nil)
  #expect(refusal(0.1, 0.1, 0.9, 0.1) == .signalNotAboveDecoyPlusVacuum)
  #expect(refusal(0.5, 0, 0.9, 0.1) == .decoyNotAboveVacuum)
  #expect(refusal(0.5, -0.1, 0.9, 0.1) == .meanOutsideRange && refusal(.nan, 0.1, 0.9, 0.1) == .meanOutsideRange)
  #expect(refusal(0.5, 0.1, 0.9, 0.2) == .sharesNotSummingToOne && refusal(0.5, 0.1, 1, 0) == .shareNotPositive)
}

@Test(arguments: [0, 1, -1e-10, 2, .nan, 1e-31, .infinity])
func epsilon_outsideItsRange_isRefused(epsilon: Double) {
  #expect(throws: ParameterRefusal.epsilonOutsideRange) {
    try SecurityTarget.checked(epsilonSecret: epsilon, epsilonCorrect: 1e-15)
  }
  #expect(throws: ParameterRefusal.epsilonOutsideRange) {
    try SecurityTarget.checked(epsilonSecret: 1e-10, epsilonCorrect: epsilon)
  }
}

@Test func plans_withBadParameters_nameTheCondition() throws {
  let settings = Sample.settings10
  let wrong = DecoyCounts(sifted: [1, 1, 1], errors: [2, 0, 0])
  func refusal(_ make: () throws(ParameterRefusal) -> Void) -> ParameterRefusal? {
    do throws(ParameterRefusal) {
      try make()
      return nil
    } catch { return error }
  }
  func pooled(_ block: Int, _ tails: BlockTails, _ tag: MultiPhotonTag) -> ParameterRefusal? {
    refusal { () throws(ParameterRefusal) in
      _ = try KeyLengthPlan.checked(
        credit: PerPulse(), settings: settings, block: block, tails: tails, multiPhotonTag: tag)
    }
  }
  #expect(pooled(1, .inversion, .absent) == nil && pooled(16, .inversion, .crossClicks()) == nil)
  for block in [0, 17, -1] { #expect(pooled(block, .inversion, .absent) == .blockOutsideRange) }
  #expect(pooled(1, .streaming(planned: wrong), .absent) == .countsInconsistent)
  #expect(pooled(1, .inversion, .crossClicks(axisShareMax: 0.3)) == .axisShareOutsideRange)
  #expect(pooled(1, .inversion, .crossClicks(axisShareMax: .nan)) == .axisShareOutsideRange)
  #expect(throws: ParameterRefusal.axisShareOutsideRange) { try PerPulse.checked(axisShareMax: 0.3) }
  #expect(throws: ParameterRefusal.axisShareOutsideRange) { try PerBlock.checked(basisShareMax: 1) }
  #expect(throws: ParameterRefusal.axisShareOutsideRange) { try PerBlock.checked(basisShareMax: .nan) }

  let good = Sample.point10
  func tested(_ block: Int, _ tests: DecoyCounts, _ share: Double) -> ParameterRefusal? {
    refusal { () throws(ParameterRefusal) in
      _ = try TestedKeyLengthPlan<BB84Tested>.checked(
        settings: settings, block: block,
        tails: .streaming(plannedKey: good, plannedTests: tests, keyShareMax: share))
    }
  }
  #expect(tested(1, good, 0.9) == nil && tested(0, good, 0.9) == .blockOutsideRange)
  #expect(tested(1, wrong, 0.9) == .countsInconsistent)
  for share in [0, 1, -1, .nan] { #expect(tested(1, good, share) == .axisShareOutsideRange) }
  #expect(throws: ParameterRefusal.blockOutsideRange) {
    _ = try SplitKeyLengthPlan.checked(settings: settings, block: 17)
  }
  #expect(throws: ParameterRefusal.blockOutsideRange) {
    _ = try GroupedKeyLengthPlan.checked(
      credit: PerBlock(), settings: settings, block: 0, tails: .inversion, multiPhotonTag: .absent)
  }
  #expect(throws: ParameterRefusal.countsInconsistent) {
    _ = try GroupedKeyLengthPlan.checked(
      credit: PerBlock(), settings: settings, block: 1, tails: .streaming(planned: [good, good, wrong]),
      multiPhotonTag: .absent)
  }
}

@Test(arguments: [
  (0.5, 1, 1.0, ParameterRefusal.qberOutsideRange), (-0.1, 1, 1, .qberOutsideRange), (.nan, 1, 1, .qberOutsideRange),
  (0.1, 0, 1, .blockOutsideRange), (0.1, 17, 1, .blockOutsideRange), (0.1, 1, 0.9, .efficiencyOutsideRange),
  (0.1, 1, .nan, .efficiencyOutsideRange), (0.1, 1, .infinity, .efficiencyOutsideRange),
])
func rateConditions_outsideTheirRange_nameIt(
  qber: Double, block: Int, efficiency: Double, expected: ParameterRefusal
) {
  #expect(throws: expected) { try RateConditions.checked(qber: qber, block: block, efficiency: efficiency) }
}

@Test func light_outsideItsRange_isRefused() {
  func refusal(_ light: RateConditions.Light) -> ParameterRefusal? {
    do throws(ParameterRefusal) {
      _ = try RateConditions.checked(qber: 0.1, block: 1, efficiency: 1, light: light)
      return nil
    } catch { return error }
  }
  for flip in [-0.1, 0.5, .nan] { #expect(refusal(.preprocessed(flip: flip)) == .flipOutsideRange) }
  for share in [0, 1.1, .nan] {
    #expect(refusal(.weakPulses(singleShare: share, singleQber: 0.1)) == .singleShareOutsideRange)
  }
  #expect(refusal(.weakPulses(singleShare: 0.5, singleQber: 0.5)) == .qberOutsideRange)
  #expect(refusal(.preprocessed(flip: 0)) == nil)
}
