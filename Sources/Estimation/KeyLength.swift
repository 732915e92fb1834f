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
  /// Secret bits before anything is charged: M0 (1 - h(p0)), zero behind a refusal that came before it.
  public internal(set) var secretBits = 0.0
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
  /// Rounding: the secret part loses one part in 2^36 and is rounded down.
  public func result(
    for counts: DecoyCounts, leakBits: UInt64, confirmationBits: UInt64 = 0
  ) -> KeyLengthResult {
    let estimate = PooledEstimate(
      credit: credit, photons: DecoyBounds(settings, nats: nats),
      distillation: DistillationBounds(block: block, nats: nats), tails: tails, multiPhotonTag: multiPhotonTag)
    var result = estimate.secretPart(of: counts)
    result.charge(leakBits: leakBits, confirmationBits: confirmationBits, for: target)
    return result
  }
}
