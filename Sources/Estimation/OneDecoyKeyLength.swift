/// What sifting counted in one block with two intensities, signal first; fields as in `DecoyCounts`.
public struct OneDecoyCounts: Sendable {
  /// The same with no vacuum pulses.
  public let padded: DecoyCounts

  public init(sifted: [2 of UInt64], errors: [2 of UInt64], crossClicks: [2 of UInt64] = [0, 0]) {
    padded = DecoyCounts(
      sifted: [sifted[0], sifted[1], 0], errors: [errors[0], errors[1], 0],
      crossClicks: [crossClicks[0], crossClicks[1], 0])
  }
}

/// The tails of a block with one decoy; cases as in `BlockTails`.
public enum OneDecoyTails: Sendable {
  case inversion
  case streaming(planned: OneDecoyCounts)

  var blockTails: BlockTails {
    switch self {
    case .inversion: .inversion
    case .streaming(let planned): .streaming(planned: planned.padded)
    }
  }
}

/// The key length with two intensities instead of three, for either credit of pooled rounds.
public struct OneDecoyKeyLengthPlan<Credit: SecurityCredit>: Sendable {
  public let credit: Credit
  public let settings: OneDecoySettings
  /// Block length of advantage distillation, 1...16; 1 is none.
  public let block: Int
  public let tails: OneDecoyTails
  public let multiPhotonTag: MultiPhotonTag
  public var target = SecurityTarget()

  /// Refused as `KeyLengthPlan.checked` refuses.
  public static func checked(
    credit: Credit, settings: OneDecoySettings, block: Int, tails: OneDecoyTails, multiPhotonTag: MultiPhotonTag
  ) throws(ParameterRefusal) -> OneDecoyKeyLengthPlan {
    try ParameterRefusal.check(block: block)
    try tails.blockTails.check()
    try multiPhotonTag.check()
    return OneDecoyKeyLengthPlan(
      credit: credit, settings: settings, block: block, tails: tails, multiPhotonTag: multiPhotonTag)
  }

  private init(
    credit: Credit, settings: OneDecoySettings, block: Int, tails: OneDecoyTails, multiPhotonTag: MultiPhotonTag
  ) {
    self.credit = credit
    self.settings = settings
    self.block = block
    self.tails = tails
    self.multiPhotonTag = multiPhotonTag
  }

  /// L, the exponent of every tail; they are counted at `OneDecoyBounds`.
  public var nats: Double { target.nats(tails: 10 + multiPhotonTag.tailCount) }

  /// The length of the secret key of a block; see `KeyLengthPlan.result` for what must hold.
  public func result(
    for counts: OneDecoyCounts, leakBits: UInt64, confirmationBits: UInt64 = 0
  ) -> KeyLengthResult {
    let estimate = PooledEstimate(
      credit: credit, photons: OneDecoyBounds(settings: settings, nats: nats),
      distillation: DistillationBounds(block: block, nats: nats), tails: tails.blockTails,
      multiPhotonTag: multiPhotonTag)
    var result = estimate.secretPart(of: counts.padded)
    result.charge(leakBits: leakBits, confirmationBits: confirmationBits, for: target)
    return result
  }
}
