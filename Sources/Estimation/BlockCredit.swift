/// The key-length plan of a block with the credit that its variant has. There is no way from one case to the other.
public enum BlockCredit: Sendable {
  case perPulse(KeyLengthPlan<PerPulse>)
  case perBlock(KeyLengthPlan<PerBlock>)

  /// `KeyLengthPlan.result` of the plan.
  public func result(
    for counts: DecoyCounts, leakBits: UInt64, confirmationBits: UInt64 = 0
  ) -> KeyLengthResult {
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
