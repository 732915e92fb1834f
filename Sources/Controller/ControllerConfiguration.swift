import Console
import Distillation
import Drivers
import FixedStorage
import LinkControl
import Ports
import Units

// The operator sets a candidate field by field and puts it into force as a whole: on the way from one configuration to
// another, single fields may contradict each other.
extension Controller where End: ~Copyable, Board: ~Copyable {
  /// One field with its condition, or all of them as lines that can be pasted back.
  func showConfiguration(_ name: Span<UInt8>, on terminal: inout some TerminalPort & ~Copyable) {
    guard name.isEmpty else {
      guard let field = field(name, of: "show", on: &terminal) else { return }
      var text = Text<200>()
      text.append(field.name)
      text.append(" ", configuration[field])
      text.append(" ")
      text.append(field.unit)
      terminal.printLine(text)
      text.clear()
      text.append("# ")
      text.append(field.condition)
      return terminal.printLine(text)
    }
    for number in 0..<ConfigurationField.count {
      let field = ConfigurationField.numbered(number)
      var text = Text<120>()
      text.appendSetting(field, of: configuration)
      terminal.printLine(text)
    }
    terminal.print("apply\r\n")
  }

  mutating func set(
    _ name: Span<UInt8>, to number: Span<UInt8>, on terminal: inout some TerminalPort & ~Copyable
  ) {
    guard let field = field(name, of: "set", on: &terminal), let value = Command.number(number) else { return }
    var changed = candidate
    guard changed.set(field, to: value) else {
      var text = Text<200>()
      text.append("error: set: ")
      text.append(field.name)
      text.append(" cannot be ", value)
      text.append("  ")
      text.append(field.condition)
      return terminal.printLine(text)
    }
    candidate = changed
    var text = Text<120>()
    text.appendChange(field, from: configuration, to: candidate)
    text.append(candidate[field] == configuration[field] ? "" : " until apply")
    terminal.printLine(text)
  }

  func showChanges(on terminal: inout some TerminalPort & ~Copyable) {
    guard candidate != configuration else { return terminal.print("nothing is set that is not in force\r\n") }
    for number in 0..<ConfigurationField.count {
      let field = ConfigurationField.numbered(number)
      guard candidate[field] != configuration[field] else { continue }
      var text = Text<120>()
      text.appendChange(field, from: configuration, to: candidate)
      terminal.printLine(text)
    }
  }

  /// Everything or nothing. Between sessions only: what a key length depends on is fixed before the first pulse.
  mutating func applyChanges(on terminal: inout some TerminalPort & ~Copyable) {
    guard candidate != configuration else { return terminal.print("nothing to apply\r\n") }
    guard case .idle = state, core.distiller.isIdle else {
      return refuse("apply", "only between sessions", on: &terminal)
    }
    var text = Text<200>()
    if let field = candidate.unusableField() {
      text.append("error: apply: ")
      text.append(field.name)
      text.append("=", candidate[field])
      text.append("  ")
      text.append(field.condition)
      return terminal.printLine(text)
    }
    guard candidate.variant == configuration.variant else {
      return terminal.print("error: apply: variant is brought up with the devices: start the program with --set\r\n")
    }
    configuration = candidate
    policyReason = .configured
    core.distiller.adopt(configuration.plan())
    do throws(DriverFault) { try end.setLight(configuration) } catch { return fail(error) }
    trace(.applied)
    terminal.print("applied\r\n")
  }

  mutating func discardChanges(on terminal: inout some TerminalPort & ~Copyable) {
    candidate = configuration
    terminal.print("forgotten\r\n")
  }

  mutating func setDefaults(on terminal: inout some TerminalPort & ~Copyable) {
    candidate = LinkConfiguration()
    showChanges(on: &terminal)
  }

  /// The field of a name, told if there is none.
  private func field(
    _ name: Span<UInt8>, of command: StaticString, on terminal: inout some TerminalPort & ~Copyable
  ) -> ConfigurationField? {
    if let field = ConfigurationField.named(name) { return field }
    var text = Text<120>()
    text.append("error: ")
    text.append(command)
    text.append(": no field, or several, of this name  type show")
    terminal.printLine(text)
    return nil
  }
}

extension ConfigurationField {
  /// The field of a number below `count`.
  static func numbered(_ number: UInt8) -> ConfigurationField {
    guard let field = ConfigurationField(rawValue: number) else { preconditionFailure("fields have no gaps") }
    return field
  }

  /// The field of this name, or the only one whose name begins so.
  public static func named(_ word: Span<UInt8>) -> ConfigurationField? {
    var found: ConfigurationField?
    var isAmbiguous = false
    guard !word.isEmpty else { return nil }
    for number in 0..<count {
      let field = numbered(number)
      guard field.name.beginsIgnoringCase(word) else { continue }
      if field.name.utf8CodeUnitCount == word.count { return field }
      isAmbiguous = found != nil || isAmbiguous
      found = field
    }
    return isAmbiguous ? nil : found
  }

  public var unit: StaticString {
    switch self {
    case .meanSignal, .meanDecoy, .meanVacuum: "millionths of a photon"
    case .shareSignal, .shareDecoy: "of 65536 pulses"
    case .blockBits, .plannedSifted: "sifted bits"
    case .exchangeFrames: "frames"
    case .axisShareMax, .plannedQber, .plannedCross, .plannedVacuum: "ppm"
    case .epsilonSecret, .epsilonCorrect: "for 10^-N"
    case .adBlock: "bits a group"
    case .protocolVersion, .linkId, .variant, .policyRow, .reconciliation: ""
    }
  }
}

extension Text {
  /// What a field was set to, and what is in force.
  fileprivate mutating func appendChange(
    _ field: ConfigurationField, from old: LinkConfiguration, to new: LinkConfiguration
  ) {
    append(field.name)
    append(" ", new[field])
    append("  in force ", old[field])
    guard field.unit.utf8CodeUnitCount > 0 else { return }
    append(" ")
    append(field.unit)
  }
}
