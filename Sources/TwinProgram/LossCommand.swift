import Alignment
import ArgumentParser
import Controller
import Foundation
import Optics
import TwinRun
import Units

/// What loss that depends on polarisation costs, and what is left of it when the modules have corrected it.
struct Loss: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      abstract: "Measure and correct polarisation-dependent loss, with the key before and behind it.",
      discussion: """
        Three sessions of two modules on a link that stands still: one as it is, one in which Bob measures, one with \
        what he found in force. Beside them what the optics model expects of the same settings, and of a link that \
        loses as much of every polarisation.
        """)
  }

  @OptionGroup var link: ScenarioOptions
  @Option(help: "Loss of the worst polarisation over that of the best, 0...8 dB.")
  var decibels = 3.0
  @Option(help: "The module that the element belongs to: alice or bob.")
  var end = "bob"
  @Option(help: "The module whose plates undo it: alice or bob.")
  var correctAt = "bob"
  @Option(help: "The linear polarisation that is passed best, degrees from the horizontal.")
  var best = 0.0
  @Option(help: "Seconds of light of each session, at least 1 and at most 100.")
  var seconds = 10.0
  @Option(help: "Everything random follows from this number.")
  var seed: UInt64 = 1
  @Option(
    help: ArgumentHelp(
      "Set a number of the channel, as for run.", valueName: "name=value"))
  var channel: [String] = []

  func run() throws {
    var plan = LossTrialPlan(scenario: try link.load(changedBy: channel), light: LinkConfiguration(), seed: seed)
    guard (0...8).contains(decibels) else { throw ValidationError("decibels must be 0...8, not \(decibels)") }
    guard (1...100).contains(seconds) else { throw ValidationError("seconds must be 1...100, not \(seconds)") }
    plan.decibels = decibels
    plan.end = try role(end, of: "end")
    plan.correctedAt = try role(correctAt, of: "correct-at")
    plan.bestDegrees = best
    plan.frames = UInt32(seconds * 1e9 / Double(TimeBase.frameNs))
    print(LossText.line(plan, LossTrial(plan)))
  }

  private func role(_ word: String, of option: String) throws -> Role {
    switch word {
    case "alice": return .alice
    case "bob": return .bob
    default: throw ValidationError("\(option) must be alice or bob, not '\(word)'")
    }
  }
}

/// The outcome for scripts.
enum LossText {
  static func line(_ plan: LossTrialPlan, _ trial: LossTrial) -> String {
    let found = trial.finding?.seen
    var text = "loss scenario=\(plan.scenario.name) seed=\(plan.seed) frames=\(plan.frames) "
    text += "end=\(name(plan.end)) correct_at=\(name(plan.correctedAt)) "
    text += String(format: "injected_db=%.3f ", plan.decibels)
    text += String(
      format: "found_db=%.3f found_sigma_db=%.3f measured_s=%.2f ", found?.decibels ?? 0, found?.decibelsSigma ?? 0,
      trial.seconds)
    text += "measuring_sessions=\(trial.measuringSessions) "
    text += String(
      format: "tilt_deg=%.2f axis_deg=%.2f ", Double(trial.settings.tiltCentidegrees) / 100,
      Double(trial.settings.azimuth.centidegrees) / 100)
    for (name, stage) in [("before", trial.before), ("after", trial.after), ("theory", trial.theory)] {
      text += String(format: "\(name)_qber=%.6f \(name)_bits=%llu ", stage.expectedQber, stage.expectedSecretBits)
      if let qber = stage.ranQber { text += String(format: "\(name)_ran_qber=%.6f ", qber) }
      if let bits = stage.ranSecretBits { text += "\(name)_ran_bits=\(bits) " }
    }
    return text.trimmingCharacters(in: .whitespaces)
  }

  private static func name(_ role: Role) -> String { role == .alice ? "alice" : "bob" }
}
