/// Everything about the key length of a block with tests that must be fixed before its first pulse.
public struct TestedKeyLengthPlan<Credit: TestedCredit>: Sendable {
  public let settings: DecoySettings
  /// Block length of advantage distillation, 1...16; 1 is none.
  public let block: Int
  public let tails: TestedTails<Credit.Tests>
  public var target = SecurityTarget()

  /// Refused for a block length outside 1...16, planned counts that contradict each other, and a largest share of the
  /// key that is not above 0 and below 1.
  public static func checked(
    settings: DecoySettings, block: Int, tails: TestedTails<Credit.Tests>
  ) throws(ParameterRefusal) -> TestedKeyLengthPlan {
    try ParameterRefusal.check(block: block)
    try tails.blockTails.check()
    if case .streaming(_, let plannedTests, let keyShareMax) = tails {
      guard Credit.isConsistent(plannedTests) else { throw .countsInconsistent }
      guard keyShareMax > 0, keyShareMax < 1 else { throw .axisShareOutsideRange }
    }
    return TestedKeyLengthPlan(settings: settings, block: block, tails: tails)
  }

  private init(settings: DecoySettings, block: Int, tails: TestedTails<Credit.Tests>) {
    self.settings = settings
    self.block = block
    self.tails = tails
  }

  /// L, the exponent of every tail.
  public var nats: Double { target.nats(tails: Credit.tailCount) }

  /// The length of the secret key of a block with disclosed tests; see `KeyLengthPlan.result` for what must hold.
  ///
  /// `key` counts the rounds that stay secret, `tests` those of other bases that were disclosed. Phase errors by
  /// sampling: established at block length 1. Distillation and announcements on the way: sound, project derivations.
  public func result(
    for key: DecoyCounts, tests: Credit.Tests, leakBits: UInt64, confirmationBits: UInt64 = 0
  ) -> KeyLengthResult {
    var result = secretPart(of: key, tests: tests, nats: nats)
    result.charge(leakBits: leakBits, confirmationBits: confirmationBits, for: target)
    return result
  }

  func secretPart(of key: DecoyCounts, tests: Credit.Tests, nats: Double) -> KeyLengthResult {
    var result = KeyLengthResult()
    guard key.isConsistent, Credit.isConsistent(tests) else {
      result.refuse(.countsInconsistent)
      return result
    }
    let estimate = TestedEstimate<Credit>(DecoyBounds(settings, nats: nats), key: key, tails: tails)
    result.singlePhotons = estimate.singles
    result.singlePhotonErrors = estimate.errors
    let correct = estimate.singles - estimate.errors
    guard correct > Double(block) else {
      result.refuse(.tooFewSinglePhotons)
      return result
    }
    guard let phaseErrors = Credit.phaseErrors(tests, estimate) else {
      result.refuse(.phaseErrorTooHigh)
      return result
    }
    result.errorPatterns = estimate.errors + phaseErrors
    let ratesAll = block == 1 && !Credit.grant.ratesCorrectBitsAlone
    result.distil(
      pool: ratesAll ? estimate.singles : correct, phaseErrors: phaseErrors, of: key.bits,
      by: DistillationBounds(block: block, nats: nats))
    return result
  }
}
