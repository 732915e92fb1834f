import CMath

/// Why a block yields no key. A refusal is an outcome of the protocol, not an error.
public enum KeyRefusal: UInt8, Sendable {
  /// The counts contradict each other or exceed 2^50.
  case countsInconsistent
  /// Fewer certain single photons than errors or than one block of advantage distillation needs.
  case tooFewSinglePhotons
  /// The phase error may reach one half.
  case phaseErrorTooHigh
  /// No block of advantage distillation is certain to consist of error-free single photons.
  case tooFewGoodBlocks
  /// What is secret does not cover what was sent.
  case leavesNoLength
}

/// The key length of a block and the bounds it came from; names of finite-key.md in brackets. Bounds behind a refusal
/// stay zero.
public struct KeyLengthResult: Equatable, Sendable {
  /// Lower bound of sifted bits from single photons that also arrived single (s1).
  public internal(set) var singlePhotons = 0.0
  /// Upper bound of errors among sifted single photons (v).
  public internal(set) var singlePhotonErrors = 0.0
  /// Upper bound of sifted single photons with any error pattern (NE).
  public internal(set) var errorPatterns = 0.0
  /// Upper bound of the phase error rate before advantage distillation (z0, or e_ph).
  public internal(set) var phaseErrorBefore = 0.0
  /// Lower bound of kept bits whose whole block is single photons without error (M0).
  public internal(set) var goodBlocks = 0.0
  /// Upper bound of their phase error rate (p0).
  public internal(set) var phaseErrorAfter = 0.0
  /// Bits charged for error correction (leak).
  public internal(set) var leakBits: UInt64 = 0
  /// Secret bits that may be extracted; zero when refused.
  public internal(set) var length: UInt64 = 0
  public internal(set) var refusal: KeyRefusal?

  /// Upper bound of the error rate of single photons, for display.
  public var qberUpper: Double { singlePhotons > 0 ? min(1, singlePhotonErrors / singlePhotons) : 1 }
}

extension KeyLengthPlan {
  /// The length of the secret key that a block with these counts gives (finite-key.md sections 2, 3 and 5).
  ///
  /// The block must have been permuted as a whole by a permutation drawn after its last detection. `leakBits` is what
  /// error correction really sent. Confirmation is charged `confirmationBits` or ceil(log2(2/eps_cor)), whichever is
  /// more.
  ///
  /// From phase errors to secrecy against coherent attacks by entropic uncertainty: established at block length 1
  /// (Tomamichel, Lim, Gisin, Renner, arXiv 1103.4130). Distillation, the pooled phase-error estimate, announcements
  /// on the way and the tag: sound, project derivations. Assumed: what finite-key.md section 6 lists as not covered.
  /// Rounding: the secret part loses one part in 2^36, more than the rounding before it for means 0.001 apart, and is
  /// rounded down.
  public func result(
    for counts: DecoyCounts, leakBits: UInt64, confirmationBits: UInt64 = 0
  ) -> KeyLengthResult {
    var result = KeyLengthResult()
    result.leakBits = leakBits
    guard counts.isConsistent else { return result.refused(.countsInconsistent) }
    let phaseOnly = boundSinglePhotons(of: counts, into: &result)

    let correct = result.singlePhotons - result.singlePhotonErrors
    guard correct > Double(block) else { return result.refused(.tooFewSinglePhotons) }
    let ratesAll = block == 1 && !Credit.grant.ratesCorrectBitsAlone
    let pool = ratesAll ? result.singlePhotons : correct
    result.phaseErrorBefore = phaseOnly / pool
    guard result.phaseErrorBefore < 0.5 else { return result.refused(.phaseErrorTooHigh) }

    let bits = counts.sifted[0] + counts.sifted[1] + counts.sifted[2]
    distil(pool: pool, of: bits, into: &result)
    guard result.goodBlocks >= 1 else { return result.refused(.tooFewGoodBlocks) }
    guard result.phaseErrorAfter < 0.5 else { return result.refused(.phaseErrorTooHigh) }

    let secret = result.goodBlocks * secrecy(ofBias: 1 - 2 * result.phaseErrorAfter) * (1 - 0x1p-36)
    let charged = Double(leakBits) + Double(max(confirmationBits, target.confirmationBits)) + target.amplificationBits
    guard secret - charged >= 1 else { return result.refused(.leavesNoLength) }
    result.length = UInt64(secret - charged)
    return result
  }

  /// Fills s1, v and NE, and returns n_z = NE - v, the upper bound of phase errors among error-free single photons.
  ///
  /// The pattern of a photon is fixed before its axis is revealed, so an error pattern hides from the bit with
  /// probability at most `phaseOnlyShare`; a multi-photon arrival hides on one axis likewise. Both are sound, project
  /// derivations (finite-key.md sections 3.3, 3.5 and 5).
  private func boundSinglePhotons(of counts: DecoyCounts, into result: inout KeyLengthResult) -> Double {
    let bounds = DecoyBounds(settings, nats: nats)
    let share = credit.phaseOnlyShare
    var plannedErrors: Double?
    var plannedCross: Double?
    var forms: (sifted: CountTails, errors: CountTails, cross: CountTails) = (.inversion, .inversion, .inversion)
    if case .streaming(let planned) = tails {
      forms.sifted = .streaming(planned: planned.sifted)
      forms.errors = .streaming(planned: planned.errors)
      forms.cross = .streaming(planned: planned.crossClicks)
      plannedErrors = bounds.singlesUpper(planned.errors, tails: forms.errors)
      plannedCross = bounds.singlesUpper(planned.crossClicks, tails: forms.cross)
    }

    result.singlePhotons = bounds.singlesLower(counts.sifted, tails: forms.sifted)
    if case .crossClicks(let axisShare) = multiPhotonTag {
      let seen = bounds.singlesUpper(counts.crossClicks, tails: forms.cross)
      let hidden = hiddenUpper(seen, share: axisShare, planned: plannedCross)
      result.singlePhotons = max(0, result.singlePhotons - hidden)
    }
    let errors = bounds.singlesUpper(counts.errors, tails: forms.errors)
    let phaseOnly = hiddenUpper(errors, share: share, planned: plannedErrors)
    result.singlePhotonErrors = errors
    result.errorPatterns = errors + phaseOnly
    return phaseOnly
  }

  /// Upper bound of the outcomes that hid, given those seen: `trials_up(v, 1 - share) - v`, or its streaming form.
  private func hiddenUpper(_ seen: Double, share: Double, planned: Double?) -> Double {
    guard let planned else {
      return ChernoffTail.trialsUpper(seen, chance: 1 - share, nats: nats) - seen
    }
    let lambda = MartingaleTail.lambda(plannedSeen: planned, share: share, nats: nats)
    return MartingaleTail.hiddenUpper(seen, share: share, lambda: lambda, nats: nats)
  }

  /// Fills M0 and p0. The permutation is drawn last, so these tails stay inversions when announcements flow.
  ///
  /// Good blocks are negatively associated (established); odd parities are not, hence the factor sqrt(2N) inside p0
  /// (finite-key.md section 1, row p0; sound, a project derivation).
  private func distil(pool: Double, of bits: UInt64, into result: inout KeyLengthResult) {
    guard block > 1 else {
      result.goodBlocks = pool
      result.phaseErrorAfter = result.phaseErrorBefore
      return
    }
    let blocks = Double(bits / UInt64(block))
    guard blocks > 0 else { return }
    var allGood = 1.0
    for j in 0..<block { allGood *= (pool - Double(j)) / (Double(bits) - Double(j)) }
    result.goodBlocks = blocks * ChernoffTail.fractionLower(allGood, of: blocks, nats: nats)
    guard result.goodBlocks >= 1 else { return }
    let odd = (1 - power(1 - 2 * result.phaseErrorBefore, block)) / 2
    let oddNats = nats + log(2 * Double(bits)) / 2
    result.phaseErrorAfter = min(0.5, ChernoffTail.fractionUpper(odd, of: result.goodBlocks, nats: oddNats))
  }
}

extension KeyLengthResult {
  fileprivate func refused(_ reason: KeyRefusal) -> KeyLengthResult {
    var result = self
    result.refusal = reason
    result.length = 0
    return result
  }
}
