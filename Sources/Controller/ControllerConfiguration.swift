import Console
import Distillation
import Drivers
import FixedStorage
import KeyStore
import LinkControl
import Ports
import Units

// The operator sets a candidate field by field and puts it into force as a whole: on the way from one configuration to
// another, single fields may contradict each other.
extension Controller where End: ~Copyable, Board: ~Copyable {
  /// What is in force.
  var running: ModuleConfiguration { ModuleConfiguration(configuration, settings) }

  /// One field with its condition, or all of them as lines that can be pasted back.
  func showConfiguration(_ name: Span<UInt8>, on terminal: inout Screen) {
    let all: StaticString = "running"
    let running = running
    guard name.isEmpty || all.matches(name) else {
      guard let field = setting(name, of: "show", on: &terminal) else { return }
      var text = Line()
      text.append(field.name)
      text.append(" ", running[field])
      text.append(" ")
      text.append(field.unit)
      if let word = field.valueName(running[field]) { text.append(word) }
      terminal.printLine(text)
      text.clear()
      text.append("# ")
      text.append(field.condition)
      return terminal.printLine(text)
    }
    for number in 0..<SettingName.count {
      var text = Line()
      text.appendSetting(.numbered(number), of: running)
      terminal.printLine(text)
    }
    terminal.print("apply\r\n")
  }

  /// The configuration in short: what both modules must share, what waits, what a restart would find.
  func showConfigurationState(on terminal: inout Screen) {
    var text = Line()
    text.append("config   hash ")
    text.append(hexadecimal: UInt64(configuration.hash), digits: 8)
    text.append("  peer ")
    if let peerHash { text.append(hexadecimal: UInt64(peerHash), digits: 8) } else { text.append("not heard") }
    text.append("  protocol ", configuration[.protocolVersion])
    terminal.printLine(text)
    text.clear()
    var waiting: UInt64 = 0
    let running = running
    for number in 0..<SettingName.count where candidate[.numbered(number)] != running[.numbered(number)] {
      waiting += 1
    }
    text.append("changes  ", waiting)
    text.append(running == savedConfiguration ? "  saved" : "  in force and not saved")
    terminal.printLine(text)
  }

  mutating func set(_ name: Span<UInt8>, to word: Span<UInt8>, on terminal: inout Screen) {
    guard let field = setting(name, of: "set", on: &terminal) else { return }
    var changed = candidate
    guard let value = field.value(of: word), changed.set(field, to: value) else {
      var text = Line()
      text.append("error: set: ")
      text.append(field.name)
      text.append(" cannot be ")
      text.append(word.extracting(first: min(word.count, 40)))
      text.append("  ")
      text.append(field.condition)
      return terminal.printLine(text)
    }
    candidate = changed
    var text = Line()
    text.appendChange(field, from: running, to: candidate)
    text.append(candidate[field] == running[field] ? "" : " until apply")
    terminal.printLine(text)
  }

  func showChanges(on terminal: inout Screen) {
    let running = running
    guard candidate != running else { return terminal.print("nothing is set that is not in force\r\n") }
    for number in 0..<SettingName.count {
      let field = SettingName.numbered(number)
      guard candidate[field] != running[field] else { continue }
      var text = Line()
      text.appendChange(field, from: running, to: candidate)
      terminal.printLine(text)
    }
  }

  /// Everything or nothing. Between sessions only: what a key length depends on is fixed before the first pulse.
  mutating func applyChanges(on terminal: inout Screen) {
    guard candidate != running else { return terminal.print("nothing to apply\r\n") }
    do throws(ApplyRefusal) {
      try applyCandidate()
      terminal.print("applied\r\n")
    } catch {
      switch error {
      case .notIdle: refuse("apply", "only between sessions", on: &terminal)
      case .variant:
        terminal.print("error: apply: variant is brought up with the devices: start the program with --set\r\n")
      case .unusable(let field):
        var text = Line()
        text.append("error: apply: ")
        text.append(field.name)
        text.append("=", candidate.link[field])
        text.append("  ")
        text.append(field.condition)
        terminal.printLine(text)
      case .shorterKeys:
        terminal.print("error: apply: key_ttl_s is shorter, which destroys keys: this console may not\r\n")
      case .device: return
      }
    }
  }

  /// Puts the candidate into force, or says why not and changes nothing.
  mutating func applyCandidate() throws(ApplyRefusal) {
    guard case .idle = state, core.distiller.isIdle else { throw .notIdle }
    if let field = candidate.link.unusableField() { throw .unusable(field) }
    guard candidate.link.variant == configuration.variant else { throw .variant }
    guard candidate.own.keepsKeysAsLong(as: settings) || asking == .secure else { throw .shorterKeys }
    configuration = candidate.link
    settings = candidate.own
    core.keys.lifetime = settings.keyLifetime
    policyReason = .configured
    core.distiller.adopt(configuration.plan())
    do throws(DriverFault) {
      try end.setLight(configuration)
      try end.setTiming(settings)
      try setAttenuator()
    } catch {
      fail(error)
      throw .device
    }
    trace(.applied(configuration.hash))
  }

  mutating func discardChanges(on terminal: inout Screen) {
    candidate = running
    terminal.print("forgotten\r\n")
  }

  mutating func setDefaults(on terminal: inout Screen) {
    candidate = ModuleConfiguration()
    showChanges(on: &terminal)
  }

  /// The field of a name, told if there is none.
  private func setting(_ name: Span<UInt8>, of command: StaticString, on terminal: inout Screen) -> SettingName? {
    if let field = SettingName.named(name) { return field }
    var text = Line()
    text.append("error: ")
    text.append(command)
    text.append(": no field, or several, of this name  type show")
    terminal.printLine(text)
    return nil
  }
}

/// Why a candidate is not put into force.
enum ApplyRefusal: Error {
  /// A session or its last block is under way, or the module is at fault.
  case notIdle
  case unusable(ConfigurationField)
  case variant
  /// Keys would be erased sooner, and the console may not destroy any.
  case shorterKeys
  /// The gateware did not take it: the module is in the fault state.
  case device
}

extension ConfigurationField {
  /// The field of a number below `count`.
  static func numbered(_ number: UInt8) -> ConfigurationField {
    guard let field = ConfigurationField(rawValue: number) else { preconditionFailure("fields have no gaps") }
    return field
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
    _ field: SettingName, from old: ModuleConfiguration, to new: ModuleConfiguration
  ) {
    append(field.name)
    append(" ", new[field])
    append("  in force ", old[field])
    guard field.unit.utf8CodeUnitCount > 0 else { return }
    append(" ")
    append(field.unit)
  }
}
