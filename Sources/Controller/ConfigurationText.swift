import Console
import Distillation
import FixedStorage

// What the console says about configurations: compiled once, where a controller is compiled for each role.
extension Screen {
  /// One field with its condition, or all of them as lines that can be pasted back.
  @inline(never)
  mutating func showConfiguration(_ name: Span<UInt8>, _ running: ModuleConfiguration) {
    let all: StaticString = "running"
    guard name.isEmpty || all.matches(name) else {
      guard let field = setting(name, of: "show") else { return }
      var text = Line()
      text.append(field.name)
      text.append(" ", running[field])
      text.append(" ")
      text.append(field.unit)
      if let word = field.valueName(running[field]) { text.append(word) }
      printLine(text)
      text.clear()
      text.append("# ")
      text.append(field.condition)
      return printLine(text)
    }
    for number in 0..<SettingName.count {
      var text = Line()
      text.appendSetting(.numbered(number), of: running)
      printLine(text)
    }
    print("apply\r\n")
  }

  /// The configuration in short.
  @inline(never)
  mutating func showState(
    _ candidate: ModuleConfiguration, running: ModuleConfiguration, isSaved: Bool, peerHash: UInt32?
  ) {
    var text = Line()
    text.append("config   hash ")
    text.append(hexadecimal: UInt64(running.link.hash), digits: 8)
    text.append("  peer ")
    if let peerHash { text.append(hexadecimal: UInt64(peerHash), digits: 8) } else { text.append("not heard") }
    text.append("  protocol ", running.link[.protocolVersion])
    printLine(text)
    text.clear()
    text.append("changes  ", candidate.differences(from: running))
    text.append(isSaved ? "  saved" : "  in force and not saved")
    printLine(text)
  }

  @inline(never)
  mutating func set(
    _ name: Span<UInt8>, to word: Span<UInt8>, in candidate: inout ModuleConfiguration, running: ModuleConfiguration
  ) {
    guard let field = setting(name, of: "set") else { return }
    var changed = candidate
    guard let value = field.value(of: word), changed.set(field, to: value) else {
      var text = Line()
      text.append("error: set: ")
      text.append(field.name)
      text.append(" cannot be ")
      text.append(word.extracting(first: min(word.count, 40)))
      text.append("  ")
      text.append(field.condition)
      return printLine(text)
    }
    candidate = changed
    var text = Line()
    text.appendChange(field, from: running, to: candidate)
    text.append(candidate.value(of: field) == running.value(of: field) ? "" : " until apply")
    printLine(text)
  }

  @inline(never)
  mutating func showChanges(_ candidate: ModuleConfiguration, running: ModuleConfiguration) {
    guard candidate.differences(from: running) > 0 else { return print("nothing is set that is not in force\r\n") }
    for number in 0..<SettingName.count {
      let field = SettingName.numbered(number)
      guard candidate.value(of: field) != running.value(of: field) else { continue }
      var text = Line()
      text.appendChange(field, from: running, to: candidate)
      printLine(text)
    }
  }

  /// Why a candidate is not put into force.
  @inline(never)
  mutating func tell(_ refusal: ApplyRefusal, of candidate: LinkConfiguration) {
    switch refusal {
    case .variant:
      print("error: apply: variant is brought up with the devices: start the program with --set\r\n")
    case .unusable(let field):
      var text = Line()
      text.append("error: apply: ")
      text.append(field.name)
      text.append("=", candidate[field])
      text.append("  ")
      text.append(field.condition)
      printLine(text)
    case .shorterKeys:
      print("error: apply: key_ttl_s is shorter, which destroys keys: this console may not\r\n")
    case .notIdle, .device: return
    }
  }

  /// The field of a name, told if there is none.
  private mutating func setting(_ name: Span<UInt8>, of command: StaticString) -> SettingName? {
    if let field = SettingName.named(name) { return field }
    var text = Line()
    text.append("error: ")
    text.append(command)
    text.append(": no field, or several, of this name  type show")
    printLine(text)
    return nil
  }
}

extension ModuleConfiguration {
  /// How many fields differ.
  @inline(never)
  func differences(from other: ModuleConfiguration) -> UInt64 {
    var count: UInt64 = 0
    for number in 0..<SettingName.count {
      let name = SettingName.numbered(number)
      if value(of: name) != other.value(of: name) { count += 1 }
    }
    return count
  }

  // Not inlined: each place would get its own list of all fields.
  @inline(never)
  func value(of name: SettingName) -> UInt64 { self[name] }
}

extension Text {
  /// What a field was set to, and what is in force.
  fileprivate mutating func appendChange(
    _ field: SettingName, from old: ModuleConfiguration, to new: ModuleConfiguration
  ) {
    append(field.name)
    append(" ", new.value(of: field))
    append("  in force ", old.value(of: field))
    guard field.unit.utf8CodeUnitCount > 0 else { return }
    append(" ")
    append(field.unit)
  }
}
