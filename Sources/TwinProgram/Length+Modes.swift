import Estimation

/// From options to the plan of each mode. The shapes of the rows were checked.
extension Length {
  struct Outcome {
    var bounds: KeyLengthResult
    var way = GroupedKeyLength.Way.pooled
  }

  func keyLength() throws(ParameterRefusal) -> Outcome {
    let target = try SecurityTarget.checked(epsilonSecret: epsilonSecret, epsilonCorrect: epsilonCorrect)
    guard efficiency >= 1, efficiency <= 1000 else { throw .efficiencyOutsideRange }
    guard (1...16).contains(block) else { throw .blockOutsideRange }
    switch mode {
    case .sixState: return Outcome(bounds: try pooled(try perPulse(), target))
    case .bb84: return Outcome(bounds: try pooled(try perBlock(), target))
    case .perBlockGrouped: return try grouped(target)
    case .perBlockSplit: return Outcome(bounds: try split(target))
    case .bb84Tested:
      let tests = try counts(xSifted, xErrors)
      return Outcome(bounds: try tested(BB84Tested.self, tests, target))
    case .sixStateTested:
      let tests = SixStateTested.Tests(x: try counts(xSifted, xErrors), y: try counts(ySifted, yErrors))
      return Outcome(bounds: try tested(SixStateTested.self, tests, target))
    }
  }

  private func perPulse() throws(ParameterRefusal) -> PerPulse {
    guard let axisMax else { return PerPulse() }
    return try .checked(axisShareMax: axisMax)
  }

  private func perBlock() throws(ParameterRefusal) -> PerBlock {
    guard let axisMax else { return PerBlock() }
    return try .checked(basisShareMax: axisMax)
  }

  private var tag: MultiPhotonTag {
    let axis = mode == .sixState ? max(axisMax ?? 0, 1.0 / 3) : 1.0 / 3
    return cross == nil ? .absent : .crossClicks(axisShareMax: axis)
  }

  private func settings() throws(ParameterRefusal) -> DecoySettings {
    try .checked(means: triple(mu.rows[0]), shares: triple(probabilities.rows[0]))
  }

  private func triple<Value>(_ values: [Value]) -> [3 of Value] { [values[0], values[1], values[2]] }

  /// The counts of one row; the options must be there.
  private func counts(
    _ sifted: Rows<UInt64>?, _ errors: Rows<UInt64>?, row: Int = 0
  ) throws(ParameterRefusal) -> DecoyCounts {
    guard let sifted, let errors else { throw .countsInconsistent }
    let crossRow = cross.map { triple($0.rows[row]) } ?? [0, 0, 0]
    let counts = DecoyCounts(
      sifted: triple(sifted.rows[row]), errors: triple(errors.rows[row]), crossClicks: crossRow)
    guard counts.isConsistent else { throw .countsInconsistent }
    return counts
  }

  private func leak(_ counts: DecoyCounts) -> UInt64 {
    counts.modelledLeakBits(block: block, efficiency: efficiency)
  }

  private func pooled<Credit: SecurityCredit>(
    _ credit: Credit, _ target: SecurityTarget
  ) throws(ParameterRefusal) -> KeyLengthResult {
    guard !oneDecoy else { return try pooledOneDecoy(credit, target) }
    let settings = try settings()
    let counts = try counts(sifted, errors)
    var plan = try KeyLengthPlan.checked(
      credit: credit, settings: settings, block: block,
      tails: streaming ? .streaming(planned: counts) : .inversion, multiPhotonTag: tag)
    plan.target = target
    return plan.result(for: counts, leakBits: leak(counts))
  }

  private func pooledOneDecoy<Credit: SecurityCredit>(
    _ credit: Credit, _ target: SecurityTarget
  ) throws(ParameterRefusal) -> KeyLengthResult {
    func pair<Value>(_ rows: Rows<Value>) -> [2 of Value] { [rows.rows[0][0], rows.rows[0][1]] }
    let settings = try OneDecoySettings.checked(means: pair(mu), shares: pair(probabilities))
    let counts = OneDecoyCounts(
      sifted: pair(sifted), errors: pair(errors), crossClicks: cross.map { pair($0) } ?? [0, 0])
    guard counts.padded.isConsistent else { throw .countsInconsistent }
    var plan = try OneDecoyKeyLengthPlan.checked(
      credit: credit, settings: settings, block: block,
      tails: streaming ? .streaming(planned: counts) : .inversion, multiPhotonTag: tag)
    plan.target = target
    return plan.result(for: counts, leakBits: leak(counts.padded))
  }

  private func grouped(_ target: SecurityTarget) throws(ParameterRefusal) -> Outcome {
    let settings = try settings()
    let first = try counts(sifted, errors, row: 0)
    let second = try counts(sifted, errors, row: 1)
    let third = try counts(sifted, errors, row: 2)
    let groups: [3 of DecoyCounts] = [first, second, third]
    var plan = try GroupedKeyLengthPlan.checked(
      credit: try perBlock(), settings: settings, block: block,
      tails: streaming ? .streaming(planned: groups) : .inversion, multiPhotonTag: tag)
    plan.target = target
    if orPooled { try plan.follow(.larger) }
    let result = plan.result(for: groups, leakBits: leak(first) + leak(second) + leak(third))
    return Outcome(bounds: result.overall, way: result.way)
  }

  private func split(_ target: SecurityTarget) throws(ParameterRefusal) -> KeyLengthResult {
    var plan = try SplitKeyLengthPlan.checked(settings: try settings(), block: block)
    plan.target = target
    var rows: [DecoyCounts] = []
    for row in 0..<6 { rows.append(try counts(sifted, errors, row: row)) }
    let groups: [3 of BasisPair] = [
      BasisPair(z: rows[0], x: rows[1]), BasisPair(z: rows[2], x: rows[3]), BasisPair(z: rows[4], x: rows[5]),
    ]
    return plan.result(for: groups, leakBits: rows.map { leak($0) }.reduce(0, +))
  }

  private func tested<Credit: TestedCredit>(
    _ credit: Credit.Type, _ tests: Credit.Tests, _ target: SecurityTarget
  ) throws(ParameterRefusal) -> KeyLengthResult {
    let settings = try settings()
    let key = try counts(sifted, errors)
    let share = keyShareMax ?? 0
    let tails: TestedTails<Credit.Tests> =
      streaming ? .streaming(plannedKey: key, plannedTests: tests, keyShareMax: share) : .inversion
    var plan = try TestedKeyLengthPlan<Credit>.checked(settings: settings, block: block, tails: tails)
    plan.target = target
    return plan.result(for: key, tests: tests, leakBits: leak(key))
  }
}
