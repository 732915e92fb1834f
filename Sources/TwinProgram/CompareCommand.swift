import ArgumentParser
import Controller
import Foundation
import Optics
import TwinRun
import Units

/// One flight under several methods: what protection, adaptation and tracking are worth on a link that turns.
struct Compare: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      abstract: "Count the key that one flight gives under several methods.",
      discussion: """
        mp is the product. adaptive-plates and adaptive-names feed the frame forward from rounds that carry no key, by \
        wave plates or by other names of Bob's axes. bb84 has four states and no calibration; bb84-tracked undoes the \
        roll as it was a latency ago; rfi is the reference-frame-independent protocol. One block, without \
        authentication; see Documentation/Comparison.md.
        """)
  }

  @OptionGroup var link: ScenarioOptions
  @Option(help: "Seconds of light, at least 0.001 and at most 1000.")
  var seconds = 10.0
  @Option(help: "Everything random in the flight follows from this number.")
  var seed: UInt64 = 1
  @Option(help: "How late a correction of the frame acts, in whole milliseconds, at most 60000.")
  var latencyMs = 20
  @Option(help: "How long the adaptive methods and rfi count for an estimate, in milliseconds, 1...60000.")
  var windowMs = 100
  @Option(help: "Error correction over the Shannon limit, 1...1000.")
  var efficiency = 1.16
  @Option(
    help: ArgumentHelp("Take the light from the policy for this error rate, in per cent.", valueName: "qber"))
  var policy: Double?
  @Option(
    help: ArgumentHelp(
      "Set a number of the channel: \(Scenario.channelNames.joined(separator: ", ")).", valueName: "name=value"))
  var channel: [String] = []
  @Option(
    help: ArgumentHelp("Set a configuration field: means, shares, axis_share_max, epsilons.", valueName: "field=value"))
  var set: [String] = []

  func run() throws {
    let plan = try plan()
    let comparison = Comparison(plan)
    print(CompareText.table(plan, comparison))
    print(CompareText.lines(plan, comparison))
  }

  private func plan() throws -> ComparisonPlan {
    guard seconds >= 0.001, seconds <= 1000 else {
      throw ValidationError("seconds must be at least 0.001 and at most 1000, not \(seconds)")
    }
    guard (0...60_000).contains(latencyMs) else { throw ValidationError("latency-ms must be 0...60000") }
    guard (1...60_000).contains(windowMs) else { throw ValidationError("window-ms must be 1...60000") }
    guard efficiency >= 1, efficiency <= 1000 else { throw ValidationError("efficiency must be 1...1000") }
    var light = LinkConfiguration()
    try light.apply(set)
    if let policy { try light.follow(policyFor: policy) }
    try light.apply(set)
    guard light.variant == .perPulse else { throw ValidationError("mp is perPulse: leave the variant as it is") }
    var plan = ComparisonPlan(
      scenario: try link.load(changedBy: channel), milliseconds: Int((seconds * 1000).rounded()), seed: seed,
      light: light)
    plan.latencyMs = latencyMs
    plan.windowMs = windowMs
    plan.efficiency = efficiency
    return plan
  }
}

/// The comparison for people and for scripts.
enum CompareText {
  static func table(_ plan: ComparisonPlan, _ comparison: Comparison) -> String {
    let loss = -10 * log10(max(comparison.transmissionMean, 1e-30))
    let link = String(
      format: "scenario %@  %g s of light  seed %llu  mean loss %.1f dB  roll %.1f deg rms", plan.scenario.name,
      Double(plan.milliseconds) / 1000, plan.seed, loss, comparison.rollRmsDegrees)
    let timing =
      "latency \(plan.latencyMs) ms  window \(plan.windowMs) ms  "
      + String(format: "C %.3f  plates moved %d times", comparison.c, comparison.plateChanges)
    let heading = "  method              sifted      QBER   b   secret bits    asymptotic"
    let rows = comparison.outcomes.map { outcome in
      "  " + outcome.method.rawValue.padding(toLength: 16, withPad: " ", startingAt: 0)
        + String(format: "%10llu  %6.2f %%  %2d", outcome.siftedBits, 100 * outcome.qber, outcome.adBlock)
        + padded(outcome.finiteBits.map { "\($0)" } ?? "none known") + padded("\(outcome.asymptoticBits)")
    }
    return ([link, timing, heading] + rows).joined(separator: "\n")
  }

  private static func padded(_ text: String) -> String {
    String(repeating: " ", count: max(1, 14 - text.count)) + text
  }

  static func lines(_ plan: ComparisonPlan, _ comparison: Comparison) -> String {
    let head =
      "compare scenario=\(plan.scenario.name) seed=\(plan.seed) seconds=\(Double(plan.milliseconds) / 1000) "
      + "latency_ms=\(plan.latencyMs) window_ms=\(plan.windowMs) "
      + String(
        format: "transmission=%.6g roll_rms_deg=%.3f rfi_c=%.4f plate_changes=%d", comparison.transmissionMean,
        comparison.rollRmsDegrees, comparison.c, comparison.plateChanges)
    let rows = comparison.outcomes.map { outcome in
      "compare method=\(outcome.method.rawValue) sifted_bits=\(outcome.siftedBits) "
        + String(format: "qber=%.6f ", outcome.qber)
        + "ad_block=\(outcome.adBlock) bound=\(outcome.finiteBits == nil ? "asymptotic" : "finite") "
        + "secret_bits=\(outcome.finiteBits ?? outcome.asymptoticBits) asymptotic_bits=\(outcome.asymptoticBits)"
    }
    return ([head] + rows).joined(separator: "\n")
  }
}
