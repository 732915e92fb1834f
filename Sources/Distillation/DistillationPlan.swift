public import Estimation
public import Units

/// What reconciliation is sparing of.
public enum ReconciliationFamily: UInt8, Equatable, Sendable {
  /// Parities: Cascade, in some hundred exchanges a batch of tiles.
  case leastLeak
  /// Exchanges: syndromes of LDPC codes, in one to three a batch; Cascade where no code serves.
  case fewestExchanges
}

/// What is fixed about distillation before the first pulse of a session.
public struct DistillationPlan: Sendable {
  public let credit: BlockCredit
  /// Sets the expectations of the first tile's reconciliation; every later tile uses the tile before.
  public let expectedQber: PartsPerMillion
  /// The share of an axis that the key length is computed for.
  public let axisShareMax: PartsPerMillion
  /// The upper bound of the single-photon error rate beyond which the settings were not made: a block above it is
  /// refused. Half a million is none.
  public var edge = PartsPerMillion(500_000)
  /// How Bob corrects his tiles.
  public var reconciliation = ReconciliationFamily.leastLeak

  public init(credit: BlockCredit, expectedQber: PartsPerMillion, axisShareMax: PartsPerMillion) {
    self.credit = credit
    self.expectedQber = expectedQber
    self.axisShareMax = axisShareMax
  }

  public var adBlock: Int { credit.adBlock }

  /// After advantage distillation errors are rare and tiles cheap, so that several share the 65 bits of a confirmation.
  public var tilesPerConfirmation: Int { adBlock == 1 ? 1 : Distiller.confirmedTilesMax }
}
