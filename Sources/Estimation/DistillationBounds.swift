import CMath

/// What advantage distillation leaves of a block: how many kept bits are good, and how often their phase is wrong.
///
/// The bits must have been permuted as a whole, by a permutation drawn after the last detection: so these tails stay
/// inversions when announcements flow. A permutation inside tiles only breaks `phaseErrorAfter` (finite-key.md
/// section 4). Each bound fails with probability at most e^-nats.
public struct DistillationBounds: Sendable {
  /// Block length, 1...16; 1 is none and then both bounds return their input.
  public let block: Int
  public let nats: Double

  public init(block: Int, nats: Double) {
    precondition((1...16).contains(block) && nats > 0)
    self.block = block
    self.nats = nats
  }

  /// At least this many kept bits whose whole block lies in a pool of at least `pool` of the `bits` (M0); zero if none
  /// is certain.
  ///
  /// Indicators of good blocks are negatively associated under a uniform permutation, so the Chernoff-Hoeffding tail
  /// holds (Joag-Dev and Proschan 1983); established.
  public func goodBlocks(pool: Double, of bits: UInt64) -> Double {
    precondition(pool >= 0)
    guard block > 1 else { return pool }
    let blocks = Double(bits / UInt64(block))
    guard blocks > 0, pool > Double(block) else { return 0 }
    var allGood = 1.0
    for j in 0..<block { allGood *= (pool - Double(j)) / (Double(bits) - Double(j)) }
    return blocks * ChernoffTail.fractionLower(allGood, of: blocks, nats: nats)
  }

  /// At most this share of the good blocks has an odd number of phase errors (p0), when at most the share `before` of
  /// the pool has a phase error. At most one half.
  ///
  /// Odd parities are not negatively associated, hence the factor sqrt(2N) inside the tail (finite-key.md section 1,
  /// row p0; sound, a project derivation).
  public func phaseErrorAfter(before: Double, goodBlocks: Double, of bits: UInt64) -> Double {
    precondition(before >= 0 && before < 0.5)
    guard block > 1 else { return before }
    let odd = (1 - power(1 - 2 * before, block)) / 2
    let oddNats = nats + log(2 * Double(bits)) / 2
    return min(0.5, ChernoffTail.fractionUpper(odd, of: goodBlocks, nats: oddNats))
  }
}

extension KeyLengthResult {
  /// Rates `phaseErrors` among `pool`, fills z0, M0, p0 and the secret part, or states a refusal.
  mutating func distil(pool: Double, phaseErrors: Double, of bits: UInt64, by bounds: DistillationBounds) {
    phaseErrorBefore = phaseErrors / pool
    guard phaseErrorBefore < 0.5 else { return refuse(.phaseErrorTooHigh) }
    goodBlocks = bounds.goodBlocks(pool: pool, of: bits)
    guard goodBlocks >= 1 else { return refuse(.tooFewGoodBlocks) }
    phaseErrorAfter = bounds.phaseErrorAfter(before: phaseErrorBefore, goodBlocks: goodBlocks, of: bits)
    guard phaseErrorAfter < 0.5 else { return refuse(.phaseErrorTooHigh) }
    // One part in 2^36 is more than the rounding before it, for means 0.001 apart.
    secretBits = goodBlocks * secrecy(ofBias: 1 - 2 * phaseErrorAfter) * (1 - 0x1p-36)
  }

  /// Takes what was sent, the confirmation and the price of privacy amplification from the secret part.
  mutating func charge(leakBits leak: UInt64, confirmationBits: UInt64, for target: SecurityTarget) {
    leakBits = leak
    guard refusal == nil else { return }
    let charged = Double(leak) + Double(max(confirmationBits, target.confirmationBits)) + target.amplificationBits
    guard secretBits - charged >= 1 else { return refuse(.leavesNoLength) }
    length = UInt64(secretBits - charged)
  }

  mutating func refuse(_ reason: KeyRefusal) {
    refusal = reason
    length = 0
  }
}
