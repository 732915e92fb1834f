public import Console
import Drivers
import FixedStorage
import Health
import LinkControl
import Ports
import RegisterMap

// Registers of the gateware under their names, for whoever looks for a fault.
extension Controller where End: ~Copyable, Board: ~Copyable {
  /// All registers, or the fields of one.
  func showRegisters(_ name: Span<UInt8>, on terminal: inout Screen) {
    guard !name.isEmpty else {
      for i in FpgaMap.all.indices {
        var text = Line()
        text.append(FpgaMap.all[i])
        terminal.printLine(text)
      }
      return
    }
    guard let register = register(name, of: "register", on: &terminal) else { return }
    var text = Line()
    text.append(register)
    terminal.printLine(text)
    for i in FpgaMap.fields.indices where FpgaMap.fields[i].address == register.address {
      text.clear()
      text.append("  ")
      text.append(FpgaMap.fields[i].name)
      text.pad(to: 20)
      let field = FpgaMap.fields[i].field
      text.append(" bits ", UInt64(field.shift + field.width - 1))
      text.append(" to ", UInt64(field.shift))
      terminal.printLine(text)
    }
  }

  /// Reads a register, or one of its fields. A device that refuses is told and changes nothing.
  mutating func peek(_ name: Span<UInt8>, on terminal: inout Screen) {
    guard let (register, field) = place(name, of: "peek", on: &terminal) else { return }
    guard register.access == .readOnly || register.access == .readWrite else {
      return tell(
        "peek", register, register.access == .burst ? " is a port: reading takes what waits" : " cannot be read",
        on: &terminal)
    }
    let word: UInt32
    do throws(DriverFault) { word = try end.read(register) } catch { return tell("peek", error, on: &terminal) }
    var text = Line()
    if field == nil {
      text.append(register.name)
      text.append(" 0x")
      text.append(hexadecimal: UInt64(word), digits: 8)
      text.append(register.isShadow ? "  as written, in force after a commit" : "")
      terminal.printLine(text)
    }
    for i in FpgaMap.fields.indices {
      let entry = FpgaMap.fields[i]
      guard entry.address == register.address, entry.access != .writeOnly, field == nil || field == i else { continue }
      text.clear()
      text.append("  ")
      text.append(entry.name)
      text.pad(to: 20)
      text.append(" ", UInt64(entry.field.extract(from: word)))
      terminal.printLine(text)
    }
  }

  /// Writes a register, or one of its fields, past every setting. What the gateware then does is nobody's
  /// configuration, so no session begins until the devices are brought up again.
  mutating func poke(_ name: Span<UInt8>, _ number: Span<UInt8>, on terminal: inout Screen) {
    guard let (register, field) = place(name, of: "poke", on: &terminal), let value = Command.number(number) else {
      return
    }
    guard register.access == .readWrite else { return tell("poke", register, " cannot be written", on: &terminal) }
    guard case .idle = state else { return refuse("poke", "only between sessions", on: &terminal) }
    let valueMax = field.map { FpgaMap.fields[$0].field.valueMax } ?? register.defined
    let fits = field == nil ? value & ~UInt64(register.defined) == 0 : value <= UInt64(valueMax)
    guard fits else {
      var text = Line()
      text.append("error: poke: the value does not fit: at most ", UInt64(valueMax))
      text.append(field == nil ? ", and only defined bits" : "")
      return terminal.printLine(text)
    }
    var word = UInt32(truncatingIfNeeded: value)
    do throws(DriverFault) {
      if let field { word = FpgaMap.fields[field].field.insert(word, into: try end.read(register)) }
      isPoked = true
      try end.poke(word, into: register)
    } catch {
      return tell("poke", error, on: &terminal)
    }
    trace(.poked(register.address, word))
    terminal.print("written; no session starts before a selftest\r\n")
  }

  private func tell(_ command: StaticString, _ fault: DriverFault, on terminal: inout Screen) {
    var text = Line()
    text.append("error: ")
    text.append(command)
    text.append(": ")
    text.append(FaultCause(fault))
    terminal.printLine(text)
  }

  private func tell(
    _ command: StaticString, _ register: Register, _ reason: StaticString, on terminal: inout Screen
  ) {
    var text = Line()
    text.append("error: ")
    text.append(command)
    text.append(": ")
    text.append(register.name)
    text.append(reason)
    terminal.printLine(text)
  }

  /// REGISTER or REGISTER.FIELD: the register, and the number of the field among all; told if there is none.
  private func place(
    _ name: Span<UInt8>, of command: StaticString, on terminal: inout Screen
  ) -> (Register, field: Int?)? {
    var point = 0
    while point < name.count, name[point] != 0x2e { point += 1 }
    guard let register = register(name.extracting(first: point), of: command, on: &terminal) else { return nil }
    guard point < name.count else { return (register, nil) }
    let word = name.extracting((point + 1)..<name.count)
    var found: Int?
    var isAmbiguous = false
    for i in FpgaMap.fields.indices where FpgaMap.fields[i].address == register.address {
      guard FpgaMap.fields[i].name.beginsIgnoringCase(word), !word.isEmpty else { continue }
      if FpgaMap.fields[i].name.utf8CodeUnitCount == word.count { return (register, i) }
      isAmbiguous = found != nil || isAmbiguous
      found = i
    }
    if let found, !isAmbiguous { return (register, found) }
    tell(command, register, " has no field, or several, of this name", on: &terminal)
    return nil
  }

  /// The register of this name, or the only one whose name begins so; told if there is none.
  private func register(
    _ name: Span<UInt8>, of command: StaticString, on terminal: inout Screen
  ) -> Register? {
    if let found = FpgaMap.register(name) { return found }
    var text = Line()
    text.append("error: ")
    text.append(command)
    text.append(": no register, or several, of this name  type register")
    terminal.printLine(text)
    return nil
  }
}

extension FpgaMap {
  /// The register of this name, or the only one whose name begins so.
  static func register(_ name: Span<UInt8>) -> Register? {
    var found: Register?
    var isAmbiguous = false
    for i in all.indices where all[i].name.beginsIgnoringCase(name) {
      if all[i].name.utf8CodeUnitCount == name.count { return all[i] }
      isAmbiguous = found != nil || isAmbiguous
      found = all[i]
    }
    return isAmbiguous ? nil : found
  }
}

/// The names that Tab completes on the console of a module.
public enum ConsoleNames: ArgumentNames {
  public static func name(_ kind: ArgumentKind, _ index: Int) -> StaticString? {
    switch kind {
    case .field: index < Int(SettingName.count) ? SettingName.numbered(UInt8(index)).name : nil
    case .alarm: index < AlarmName.count ? AlarmName.numbered(index).name : nil
    case .register: index < FpgaMap.all.count ? FpgaMap.all[index].name : nil
    case .command, .subject, .value, .number, .picoseconds, .decibels, .millionths, .intensity, .address, .count,
      .millimetres, .speed, .acceleration, .level, .loss, .run, .now:
      nil
    }
  }
}

extension Text {
  /// Name, address and access of a register.
  fileprivate mutating func append(_ register: Register) {
    append(register.name)
    pad(to: 16)
    append(" 0x")
    append(hexadecimal: UInt64(register.address), digits: 2)
    switch register.access {
    case .readOnly: append("  read")
    case .readWrite: append("  read, write")
    case .writeOnly: append("  write")
    case .burst: append("  port")
    }
  }
}
