import Acquisition
import Controller
import Foundation
import LinkControl
import Optics
import Sifting
import TwinRun
import Units

/// Progress of a run, one line per simulated second.
enum ProgressLine {
  static func heading(_ plan: RunPlan) -> String {
    "scenario \(plan.scenario.name)  \(plan.seconds) s of light  seed \(plan.seed)\n"
      + "  time  alice       bob         loss      roll       detected    sifted    secret"
  }

  static func text(_ snapshot: Snapshot) -> String {
    let loss = -10 * log10(max(snapshot.channel.transmission, 1e-12))
    let roll = snapshot.channel.roll * 180 / .pi
    return String(
      format: "%4llu s  %@  %@  %5.1f dB  %+6.1f deg  %7.3f M  %7.3f M  %6.1f kbit", snapshot.milliseconds / 1000,
      padded("\(snapshot.alice.name)"), padded("\(snapshot.bob.name)"), loss, roll,
      Double(snapshot.detections) * 1e-6, Double(snapshot.totals.siftedNow) * 1e-6,
      Double(snapshot.totals.finalBits) * 1e-3)
  }

  private static func padded(_ name: String) -> String { name.padding(toLength: 10, withPad: " ", startingAt: 0) }
}

/// The report that scripts read: a line `report`, then `key=value` lines.
enum Report {
  static func text(_ plan: RunPlan, _ result: RunResult, eve: EveOption?) -> String {
    "report\n" + values(plan, result, eve: eve).map { "\($0.0)=\($0.1)" }.joined(separator: "\n")
  }

  /// Keys and values in the order of the lines.
  static func values(_ plan: RunPlan, _ result: RunResult, eve: EveOption?) -> [(String, String)] {
    let totals = result.bob
    let rate = Double(totals.netSecretBits) / plan.seconds
    var values: [(String, String)] = [
      ("scenario", plan.scenario.name), ("seed", "\(plan.seed)"), ("seconds", number(plan.seconds)),
      ("variant", "\(plan.alice.variant)"), ("pulses", "\(result.pulses)"), ("detections", "\(result.detections)"),
      ("sifted_bits", "\(totals.siftedBits)"), ("cross_clicks", "\(totals.crossClicks)"),
      ("qber", ratio(totals.qberPpm)), ("qber_upper", ratio(totals.qberUpperPpm)),
      ("ad_block", "\(plan.alice.adBlock)"),
      ("policy_row", plan.alice.policyRow == LinkConfiguration.manualRow ? "manual" : "\(plan.alice.policyRow)"),
      ("kept_bits", "\(totals.keptBits)"),
      ("ec_efficiency", String(format: "%.3f", Double(totals.efficiencyThousandths) / 1000)),
      ("disclosed_bits", "\(totals.disclosedBits)"), ("auth_bits_spent", "\(totals.authBitsSpent)"),
      ("round_trips", "\(totals.roundTrips)"), ("blocks_ok", "\(totals.blocksOk)"),
      ("blocks_aborted", "\(totals.blocksAborted)"), ("final_bits", "\(totals.finalBits)"),
      ("secret_bits", "\(totals.netSecretBits)"), ("secret_bits_per_s", String(format: "%.1f", rate)),
      ("keys_match", result.keysMatch ? "yes" : "no"), ("deadline_misses", "\(result.deadlineMisses)"),
      ("heap_allocations", "\(result.allocations)"), ("wall_s", String(format: "%.2f", result.wallSeconds)),
      ("refusal", totals.lastRefusal.map { "\($0.name)" } ?? "none"),
    ]
    if plan.bobSettings[.adaptive] == 1 {
      values += [("plate_moves", "\(result.plateMoves)"), ("bits_told", "\(totals.bitsTold)")]
    }
    if plan.bobSettings[.binRateMin] > 0 { values.append(("detections_dropped", "\(totals.eventsDropped)")) }
    if let lock = result.lock { values += lockValues(lock) }
    if let eve, let report = result.eve {
      values += [
        ("eve", eve.name), ("eve_known_bits", "\(report.knownBits)"),
        ("eve_known_share", String(format: "%.6f", report.knownShare)),
        ("eve_bound", report.finished.isEmpty ? "none" : report.boundHolds ? "holds" : "broken"),
      ]
    }
    values.append(("alarm", result.alarm ?? "none"))
    return values
  }

  /// Of a run between clocks of their own.
  private static func lockValues(_ lock: LockWatch) -> [(String, String)] {
    let within = lock.keyTicks == 0 ? 0 : Double(lock.ticksWithin) / Double(lock.keyTicks)
    return [
      ("lock_ms", lock.lockMs.map { "\($0)" } ?? "none"), ("first_key_ms", lock.keyMs.map { "\($0)" } ?? "none"),
      ("slot_locks", "\(lock.totals.locks)"), ("slot_fades", "\(lock.totals.fades)"),
      ("slots_masked", "\(lock.totals.maskedSlots)"),
      ("arrival_error_ps_max", String(format: "%.0f", lock.errorPsMax)),
      ("arrival_within_1ns", String(format: "%.6f", within)),
    ]
  }

  /// What went wrong, a line each, for standard error.
  static func complaints(_ result: RunResult) -> [String] {
    var lines: [String] = []
    for (index, name) in ["alice", "bob"].enumerated() {
      if case .faulted(let cause) = result.states[index] {
        lines.append(
          "\(name): faulted: \(cause.kind.summary) address=\(hexadecimal(UInt32(cause.address))) "
            + "expected=\(hexadecimal(cause.expected)) found=\(hexadecimal(cause.found))")
      }
      if let text = text(result.ends[index]) { lines.append("\(name): session ended: \(text)") }
    }
    if let lock = result.lock, lock.keyMs == nil { lines.append("bob: the slots of the light were not found") }
    for (name, totals) in [("alice", result.alice), ("bob", result.bob)] {
      if let refusal = totals.lastRefusal { lines.append("\(name): block refused: \(refusal)") }
    }
    return lines
  }

  private static func text(_ end: SessionEnd) -> String? {
    switch end {
    case .none, .finished, .stopped: nil
    case .configurationDiffers(let field, let own, let peer):
      "configurations differ in \(field.name): own \(own), peer \(peer)"
    case .configurationUnusable(let field): "configuration field \(field.name) cannot be used"
    case .sameRole: "both modules have the same role"
    case .peerRefused: "the peer refused"
    case .peerSilent: "the peer was silent"
    case .linkLost: "the classical link broke"
    case .keysExhausted: "the authentication key is used up"
    case .protocolBroken: "a message made no sense"
    case .notAligned: "the slots of the light were not found"
    }
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() ? String(Int(value)) : String(value)
  }

  private static func ratio(_ ppm: UInt64) -> String { String(format: "%.6f", Double(ppm) * 1e-6) }
  private static func hexadecimal(_ word: UInt32) -> String { "0x" + String(word, radix: 16) }
}
