import ArgumentParser
import Optics
import TwinRun

/// Eve as the option `--eve` names her.
struct EveOption: ExpressibleByArgument {
  /// As it was asked for.
  let name: String
  let attack: EveAttack?
  let relay: RelayAttack?

  static var help: String {
    "Let Eve attack: intercept:FRACTION (measure and resend that share of the pulses), split (keep a photon of each "
      + "multi-photon pulse), axis-loss:DB (lose light on one axis), relay:KIND (change messages; KIND is "
      + RelayAttack.allCases.map(\.rawValue).joined(separator: ", ") + ")."
  }

  init?(argument: String) {
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let value = parts.count == 2 ? parts[1] : nil
    switch (parts[0], value) {
    case ("split", nil): attack = .split
    case ("intercept", let text?):
      guard let share = Double(text), share > 0, share <= 1 else { return nil }
      attack = .intercept(share: share)
    case ("axis-loss", let text?):
      guard let decibels = Double(text), decibels > 0, decibels <= 100 else { return nil }
      attack = .axisLoss(decibels: decibels)
    case ("relay", let text?):
      guard let kind = RelayAttack(rawValue: text) else { return nil }
      name = argument
      attack = nil
      relay = kind
      return
    default: return nil
    }
    name = argument
    relay = nil
  }
}
