/// Rounds of one group by logical basis: each is key, and each is the test of the other.
public struct BasisPair: Sendable {
  public let z: DecoyCounts
  public let x: DecoyCounts

  public init(z: DecoyCounts, x: DecoyCounts) {
    self.z = z
    self.x = x
  }
}

/// The key length of a `perBlock` session by 3-cycle and logical basis (finite-key.md section 5, last paragraph).
///
/// The Z key of a group is tested by its X rounds and the other way about, so 6 keys share 120 tails. Each of the six
/// is permuted by itself. It pays from about 1e7 sifted bits per group on, where the two bases see different errors.
/// Four-state credit only. Axes and intensities must stay secret until the block is detected, and Bob must receive
/// one photon at most (two-basis squashing: arXiv 0804.3082). Sound, a project derivation.
public struct SplitKeyLengthPlan: Sendable {
  private let key: TestedKeyLengthPlan<BB84Tested>
  public var target = SecurityTarget()

  public static func checked(settings: DecoySettings, block: Int) throws(ParameterRefusal) -> SplitKeyLengthPlan {
    SplitKeyLengthPlan(key: try .checked(settings: settings, block: block, tails: .inversion))
  }

  private init(key: TestedKeyLengthPlan<BB84Tested>) { self.key = key }

  /// L, the exponent of every tail.
  public var nats: Double { target.nats(tails: 6 * BB84Tested.tailCount) }

  /// The length of the secret key of three groups of one block. The fields of single photons, M0 and the secret part
  /// are sums over the six keys; the error rates are the largest of them.
  public func result(
    for groups: [3 of BasisPair], leakBits: UInt64, confirmationBits: UInt64 = 0
  ) -> KeyLengthResult {
    var all = KeyLengthResult()
    var refusal: KeyRefusal?
    for g in 0..<3 {
      for turn in 0..<2 {
        let one = turn == 0 ? groups[g].z : groups[g].x
        let other = turn == 0 ? groups[g].x : groups[g].z
        let part = key.secretPart(of: one, tests: other, nats: nats)
        refusal = refusal ?? part.refusal
        all.add(part)
      }
    }
    if all.secretBits == 0 { all.refusal = refusal }
    all.charge(leakBits: leakBits, confirmationBits: confirmationBits, for: target)
    return all
  }
}
