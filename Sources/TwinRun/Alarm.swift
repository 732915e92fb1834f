import Controller
import Distillation
import Estimation
import LinkControl

extension RunResult {
  /// What ended the session or refused the last block, in one word; nil if nothing did.
  ///
  /// The words are those of the console: names of faults, of ends of a session and of refusals. A cause goes before its
  /// echo at the other end. Where Eve's report holds the counts of the block, a key without length is told apart:
  /// `decoy` if too few single photons are certain, `qber_too_high` if no block of any size gave a key at the upper
  /// bound of their error rate.
  package var alarm: String? {
    for case .faulted(let cause) in states { return "\(cause.kind.name)" }
    let causes = ends.compactMap(word) + [alice, bob].compactMap { $0.lastRefusal }.map(word)
    let echoes = ["\(SessionEnd.peerRefused.name)", "\(BlockRefusal.peerGaveUp.name)"]
    let named = causes.first { !echoes.contains($0) } ?? causes.first
    return named ?? (lock != nil && lock?.keyMs == nil ? "not_aligned" : nil)
  }

  private func word(_ end: SessionEnd) -> String? {
    switch end {
    case .none, .finished, .stopped: nil
    case .configurationDiffers, .configurationUnusable, .sameRole, .peerRefused, .peerSilent, .linkLost, .keysExhausted,
      .protocolBroken, .notAligned:
      "\(end.name)"
    }
  }

  private func word(_ refusal: BlockRefusal) -> String {
    guard refusal == .noLength, let eve, let bounds = eve.bounds else { return "\(refusal.name)" }
    switch bounds.refusal {
    case .tooFewSinglePhotons, .tooFewGoodBlocks: return "decoy"
    case .phaseErrorTooHigh: return "qber_too_high"
    case .leavesNoLength where !eve.plan.hasKey(atQber: bounds.qberUpper): return "qber_too_high"
    case .leavesNoLength, .countsInconsistent, nil: return "\(refusal.name)"
    }
  }
}

extension BlockCredit {
  /// Whether single photons with this error rate give a key at all, in blocks of any size and with perfect error
  /// correction.
  fileprivate func hasKey(atQber qber: Double) -> Bool {
    do throws(ParameterRefusal) {
      let conditions = try RateConditions.checked(qber: qber, block: adBlock, efficiency: 1)
      switch self {
      case .perPulse: return PerPulse.secretBitsPerSiftedBit(conditions) > 0
      case .perBlock: return PerBlock.secretBitsPerSiftedBit(conditions) > 0
      }
    } catch {
      return false
    }
  }
}
