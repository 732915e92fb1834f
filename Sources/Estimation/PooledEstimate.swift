/// Bounds of single photons that a pooled estimate needs, whatever the number of decoy intensities.
protocol PhotonNumberBounds: Sendable {
  var nats: Double { get }

  /// At most this many of the events came from single photons; two tails.
  func singlesUpper(_ counts: [3 of UInt64], tails: CountTails) -> Double

  /// At least this many of the sifted bits came from single photons; five tails.
  func singlesLower(of counts: DecoyCounts, tails: BlockTails) -> Double
}

extension DecoyBounds: PhotonNumberBounds {
  func singlesLower(of counts: DecoyCounts, tails: BlockTails) -> Double {
    singlesLower(counts.sifted, tails: tails.sifted)
  }
}

extension BlockTails {
  var sifted: CountTails {
    switch self {
    case .inversion: .inversion
    case .streaming(let planned): .streaming(planned: planned.sifted)
    }
  }

  var errors: CountTails {
    switch self {
    case .inversion: .inversion
    case .streaming(let planned): .streaming(planned: planned.errors)
    }
  }

  var crossClicks: CountTails {
    switch self {
    case .inversion: .inversion
    case .streaming(let planned): .streaming(planned: planned.crossClicks)
    }
  }
}

/// Upper bound of outcomes that hid, given those seen, when each trial hides with probability at most `share`:
/// `trials_up(v, 1 - share) - v`, or the fixed-lambda form for a `planned` number of seen ones.
func hiddenUpper(_ seen: Double, share: Double, planned: Double?, nats: Double) -> Double {
  guard let planned else { return ChernoffTail.trialsUpper(seen, chance: 1 - share, nats: nats) - seen }
  let lambda = MartingaleTail.lambda(plannedSeen: planned, share: share, nats: nats)
  return MartingaleTail.hiddenUpper(seen, share: share, lambda: lambda, nats: nats)
}

/// The secret part of bits that are key and test at once (finite-key.md sections 3 and 5).
///
/// The pattern of a photon is fixed before its axis is revealed, so an error pattern hides from the bit with
/// probability at most `phaseOnlyShare`; a multi-photon arrival hides on one axis likewise. Both are sound, project
/// derivations (finite-key.md sections 3.3, 3.5 and 5).
struct PooledEstimate<Credit: SecurityCredit, Photons: PhotonNumberBounds> {
  let credit: Credit
  let photons: Photons
  let distillation: DistillationBounds
  let tails: BlockTails
  let multiPhotonTag: MultiPhotonTag

  /// Every bound and the secret bits they leave, or the refusal; nothing is charged yet.
  func secretPart(of counts: DecoyCounts) -> KeyLengthResult {
    var result = KeyLengthResult()
    guard counts.isConsistent else {
      result.refuse(.countsInconsistent)
      return result
    }
    let phaseOnly = boundSinglePhotons(of: counts, into: &result)
    let correct = result.singlePhotons - result.singlePhotonErrors
    guard correct > Double(distillation.block) else {
      result.refuse(.tooFewSinglePhotons)
      return result
    }
    let ratesAll = distillation.block == 1 && !Credit.grant.ratesCorrectBitsAlone
    let pool = ratesAll ? result.singlePhotons : correct
    result.distil(pool: pool, phaseErrors: phaseOnly, of: counts.bits, by: distillation)
    return result
  }

  /// Fills s1, v and NE, and returns n_z = NE - v, the upper bound of phase errors among error-free single photons.
  private func boundSinglePhotons(of counts: DecoyCounts, into result: inout KeyLengthResult) -> Double {
    var plannedErrors: Double?
    var plannedCross: Double?
    if case .streaming(let planned) = tails {
      plannedErrors = photons.singlesUpper(planned.errors, tails: tails.errors)
      plannedCross = photons.singlesUpper(planned.crossClicks, tails: tails.crossClicks)
    }
    result.singlePhotons = photons.singlesLower(of: counts, tails: tails)
    if case .crossClicks(let axisShare) = multiPhotonTag {
      let seen = photons.singlesUpper(counts.crossClicks, tails: tails.crossClicks)
      let hidden = hiddenUpper(seen, share: axisShare, planned: plannedCross, nats: photons.nats)
      result.singlePhotons = max(0, result.singlePhotons - hidden)
    }
    let errors = photons.singlesUpper(counts.errors, tails: tails.errors)
    let phaseOnly = hiddenUpper(errors, share: credit.phaseOnlyShare, planned: plannedErrors, nats: photons.nats)
    result.singlePhotonErrors = errors
    result.errorPatterns = errors + phaseOnly
    return phaseOnly
  }
}
