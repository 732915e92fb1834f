public import Estimation
public import Units

/// The security credit of a session, with its plan. The variant of the twirl chooses the case, and the type of the plan
/// the formula: six-state credit cannot be had for `perBlock`.
public enum BlockCredit: Sendable {
  case perPulse(KeyLengthPlan<PerPulse>)
  case perBlock(KeyLengthPlan<PerBlock>)

  /// The key length of a block; see `KeyLengthPlan.result(for:leakBits:confirmationBits:)`.
  public func result(for counts: DecoyCounts, leakBits: UInt64, confirmationBits: UInt64) -> KeyLengthResult {
    switch self {
    case .perPulse(let plan): plan.result(for: counts, leakBits: leakBits, confirmationBits: confirmationBits)
    case .perBlock(let plan): plan.result(for: counts, leakBits: leakBits, confirmationBits: confirmationBits)
    }
  }

  /// Block length of advantage distillation, 1...16; 1 is none.
  public var adBlock: Int {
    switch self {
    case .perPulse(let plan): plan.block
    case .perBlock(let plan): plan.block
    }
  }
}

/// What is fixed about distillation before the first pulse of a session.
public struct DistillationPlan: Sendable {
  public let keyLength: BlockCredit
  /// Sets the expectations of the first tile's reconciliation; every later tile uses the tile before.
  public let expectedQber: PartsPerMillion
  /// The share of an axis that the key length is computed for.
  public let axisShareMax: PartsPerMillion
  /// The upper bound of the single-photon error rate beyond which the settings were not made: a block above it is
  /// refused. Half a million is none.
  public var edge = PartsPerMillion(500_000)

  public init(keyLength: BlockCredit, expectedQber: PartsPerMillion, axisShareMax: PartsPerMillion) {
    self.keyLength = keyLength
    self.expectedQber = expectedQber
    self.axisShareMax = axisShareMax
  }

  public var adBlock: Int { keyLength.adBlock }

  /// After advantage distillation errors are rare and tiles cheap, so that several share the 65 bits of a confirmation.
  public var tilesPerConfirmation: Int { adBlock == 1 ? 1 : Distiller.confirmedTilesMax }
}
