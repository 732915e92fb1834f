import Distillation
import Estimation
import Controller
import LinkControl

extension RunResult {
  /// What ended the session or refused the last block, in one word; nil if nothing did.
  ///
  /// A cause goes before its echo at the other end. Where Eve's report holds the counts of the block, a key without
  /// length is told apart: `decoy` if too few single photons are certain, `qberTooHigh` if their error rate may exceed
  /// the limit of 12.6 % for one-way processing.
  package var alarm: String? {
    for case .faulted(let cause) in states { return "\(cause.kind)" }
    let causes = ends.compactMap(word) + [alice, bob].compactMap { $0.lastRefusal }.map(word)
    return causes.first { $0 != "\(SessionEnd.peerRefused)" && $0 != "\(BlockRefusal.peerGaveUp)" } ?? causes.first
  }

  private func word(_ end: SessionEnd) -> String? {
    switch end {
    case .none, .finished, .stopped: nil
    case .configurationDiffers: "configurationDiffers"
    case .configurationUnusable: "configurationUnusable"
    case .sameRole, .peerRefused, .peerSilent, .linkLost, .keysExhausted, .protocolBroken: "\(end)"
    }
  }

  private func word(_ refusal: BlockRefusal) -> String {
    guard refusal == .noLength, let bounds = eve?.bounds else { return "\(refusal)" }
    switch bounds.refusal {
    case .tooFewSinglePhotons, .tooFewGoodBlocks: return "decoy"
    case .phaseErrorTooHigh: return "qberTooHigh"
    case .leavesNoLength where bounds.qberUpper > 0.126: return "qberTooHigh"
    case .leavesNoLength, .countsInconsistent, nil: return "\(refusal)"
    }
  }
}
