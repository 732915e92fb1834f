import Foundation

extension Scenario {
  /// The loss to the best polarisation at perfect pointing, in decibels.
  public var lossDecibels: Double { -10 * log10(peakTransmission) }

  /// The scenario as a file; `ScenarioReader` reads it back without the change of a bit.
  public var text: String {
    var lines = ["# A scenario of the twin: field = value unit. See Documentation/Scenarios.md.", "scenario = \(name)"]
    lines.append("fading = \(fading.rawValue)")
    var draft = ScenarioDraft(self)
    let exact = shortestDecibels
    if let exact { draft.decibels = exact }
    for field in ScenarioField.all where pass != nil || !field.isOrbit {
      if field.name == (exact == nil ? "loss" : "transmission") { continue }
      let value = field.name == "loss" ? exact ?? 0 : draft[keyPath: field.place]
      // A tone that is not there.
      if value.isNaN { continue }
      lines.append("\(field.name) = \(Self.plain(value))" + (field.unit.isEmpty ? "" : " " + field.unit))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The decibels with the fewest decimals that stand for this very transmission, if any with up to twelve do.
  private var shortestDecibels: Double? {
    for decimals in 0...12 {
      guard let value = Double(String(format: "%.\(decimals)f", lossDecibels)), value >= 0 else { continue }
      if Self.transmission(decibels: value) == peakTransmission { return value }
    }
    return nil
  }

  /// The shortest decimal number that is read back as the same value.
  private static func plain(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

/// Why the text of a scenario cannot be used.
public struct ScenarioFault: Error, Equatable, Sendable {
  /// From 1.
  public let line: Int
  public let reason: String
}
