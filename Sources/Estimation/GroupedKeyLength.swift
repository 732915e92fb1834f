/// The tails of a `perBlock` session whose rounds are kept apart by the 3-cycle j of their setting.
public enum GroupTails: Sendable {
  case inversion
  /// Announced on the way; what each group was planned to count before the first pulse.
  case streaming(planned: [3 of DecoyCounts])
}

/// How the groups of a `perBlock` session become one key. Fixed before the first pulse.
public enum GroupRule: Sendable {
  /// Every group by itself, each permuted by itself.
  case grouped
  /// The larger of grouped and pooled; both sets of tails share the failure probability. Block length 1 only.
  ///
  /// Above it the two ways need different permutations, so that only one of them is carried out, before the counts are
  /// known that decide which is larger.
  case larger
}

/// The key length of grouped rounds and where it came from.
public struct GroupedKeyLength: Sendable {
  public enum Way: Sendable { case grouped, pooled }

  /// Bounds of each group. Nothing is charged to a group, so its length stays zero; a refused group gives nothing.
  public internal(set) var groups: [3 of KeyLengthResult]
  /// Bounds of all rounds together; zero under `GroupRule.grouped`.
  public internal(set) var pooled = KeyLengthResult()
  public internal(set) var way = Way.grouped
  /// Secret bits before anything is charged, of that way.
  public internal(set) var secretBits = 0.0
  public internal(set) var leakBits: UInt64 = 0
  /// Secret bits that may be extracted; zero when refused.
  public internal(set) var length: UInt64 = 0
  /// Why there is no length: `leavesNoLength`, or what every group was refused for.
  public internal(set) var refusal: KeyRefusal?

  /// The bounds of the way taken, for display: over groups, sums of counts and the largest of the error rates.
  public var overall: KeyLengthResult {
    var all = pooled
    if way == .grouped {
      all = KeyLengthResult()
      for g in 0..<3 { all.add(groups[g]) }
    }
    all.leakBits = leakBits
    all.length = length
    all.refusal = refusal
    return all
  }
}

extension KeyLengthResult {
  mutating func add(_ part: KeyLengthResult) {
    singlePhotons += part.singlePhotons
    singlePhotonErrors += part.singlePhotonErrors
    errorPatterns += part.errorPatterns
    goodBlocks += part.goodBlocks
    secretBits += part.secretBits
    phaseErrorBefore = max(phaseErrorBefore, part.phaseErrorBefore)
    phaseErrorAfter = max(phaseErrorAfter, part.phaseErrorAfter)
  }
}

/// The key length of a `perBlock` session by the 3-cycle of the settings (finite-key.md section 5).
///
/// Within one setting the session is plain BB84, and Eve knows the setting; only its 3-cycle decides which physical
/// axes are logical Z and X, so settings of one cycle share a group. Grouping pays when the groups differ. Four-state
/// credit is part of the type: nothing here can be given `PerPulse`. Sound, a project derivation.
public struct GroupedKeyLengthPlan: Sendable {
  public let credit: PerBlock
  public let settings: DecoySettings
  /// Block length of advantage distillation, 1...16; 1 is none.
  public let block: Int
  public let tails: GroupTails
  public let multiPhotonTag: MultiPhotonTag
  public private(set) var rule = GroupRule.grouped
  public var target = SecurityTarget()

  /// Refused as `KeyLengthPlan.checked` refuses.
  public static func checked(
    credit: PerBlock, settings: DecoySettings, block: Int, tails: GroupTails, multiPhotonTag: MultiPhotonTag
  ) throws(ParameterRefusal) -> GroupedKeyLengthPlan {
    try ParameterRefusal.check(block: block)
    if case .streaming(let planned) = tails {
      guard sum(of: planned) != nil else { throw .countsInconsistent }
    }
    try multiPhotonTag.check()
    return GroupedKeyLengthPlan(
      credit: credit, settings: settings, block: block, tails: tails, multiPhotonTag: multiPhotonTag)
  }

  private init(
    credit: PerBlock, settings: DecoySettings, block: Int, tails: GroupTails, multiPhotonTag: MultiPhotonTag
  ) {
    self.credit = credit
    self.settings = settings
    self.block = block
    self.tails = tails
    self.multiPhotonTag = multiPhotonTag
  }

  /// Sets the rule; refused as `largerOfTwoPermutations` for the larger way above block length 1.
  public mutating func follow(_ rule: GroupRule) throws(ParameterRefusal) {
    if case .larger = rule, block > 1 { throw .largerOfTwoPermutations }
    self.rule = rule
  }

  /// L, the exponent of every tail: 10 tails per group, 13 with the tag, and as many again for the pooled bounds.
  public var nats: Double {
    let each = 10 + multiPhotonTag.tailCount
    return switch rule {
    case .grouped: target.nats(tails: 3 * each)
    case .larger: target.nats(tails: 4 * each)
    }
  }

  /// The length of the secret key of three groups of one block; see `KeyLengthPlan.result` for what must hold.
  ///
  /// `leakBits` and `confirmationBits` are those of all groups together.
  public func result(
    for groups: [3 of DecoyCounts], leakBits: UInt64, confirmationBits: UInt64 = 0
  ) -> GroupedKeyLength {
    let first = secretPart(of: groups[0], tails: tails(of: 0))
    let second = secretPart(of: groups[1], tails: tails(of: 1))
    let third = secretPart(of: groups[2], tails: tails(of: 2))
    var result = GroupedKeyLength(groups: [first, second, third])
    result.secretBits = first.secretBits + second.secretBits + third.secretBits
    result.refusal = result.secretBits > 0 ? nil : first.refusal ?? second.refusal ?? third.refusal
    if case .larger = rule {
      result.pooled = pooledPart(of: groups)
      if result.pooled.secretBits > result.secretBits {
        result.way = .pooled
        result.secretBits = result.pooled.secretBits
        result.refusal = nil
      }
    }
    var account = KeyLengthResult()
    account.secretBits = result.secretBits
    account.refusal = result.refusal
    account.charge(leakBits: leakBits, confirmationBits: confirmationBits, for: target)
    result.leakBits = leakBits
    result.length = account.length
    result.refusal = account.refusal
    return result
  }

  private func pooledPart(of groups: [3 of DecoyCounts]) -> KeyLengthResult {
    var refused = KeyLengthResult()
    guard let all = Self.sum(of: groups) else {
      refused.refuse(.countsInconsistent)
      return refused
    }
    switch tails {
    case .inversion: return secretPart(of: all, tails: .inversion)
    case .streaming(let planned):
      guard let plannedAll = Self.sum(of: planned) else { preconditionFailure("planned counts were checked") }
      return secretPart(of: all, tails: .streaming(planned: plannedAll))
    }
  }

  private func tails(of group: Int) -> BlockTails {
    switch tails {
    case .inversion: .inversion
    case .streaming(let planned): .streaming(planned: planned[group])
    }
  }

  private func secretPart(of counts: DecoyCounts, tails: BlockTails) -> KeyLengthResult {
    let estimate = PooledEstimate(
      credit: credit, photons: DecoyBounds(settings, nats: nats),
      distillation: DistillationBounds(block: block, nats: nats), tails: tails, multiPhotonTag: multiPhotonTag)
    return estimate.secretPart(of: counts)
  }

  /// All groups in one, or nil if the counts of a group or of all contradict each other or are too large.
  private static func sum(of groups: [3 of DecoyCounts]) -> DecoyCounts? {
    var sifted: [3 of UInt64] = [0, 0, 0]
    var errors: [3 of UInt64] = [0, 0, 0]
    var cross: [3 of UInt64] = [0, 0, 0]
    for g in 0..<3 {
      guard groups[g].isConsistent else { return nil }
      for k in 0..<3 {
        sifted[k] += groups[g].sifted[k]
        errors[k] += groups[g].errors[k]
        cross[k] += groups[g].crossClicks[k]
      }
    }
    let all = DecoyCounts(sifted: sifted, errors: errors, crossClicks: cross)
    return all.isConsistent ? all : nil
  }
}
