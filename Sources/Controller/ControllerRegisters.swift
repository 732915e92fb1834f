public import Console
import Drivers
import FixedStorage
import LinkControl
import Ports
import RegisterMap

// Registers of the gateware under their names, for whoever looks for a fault.
extension Controller where End: ~Copyable, Board: ~Copyable {
  /// All registers, or the fields of one.
  func showRegisters(_ name: Span<UInt8>, on terminal: inout some TerminalPort & ~Copyable) {
    guard !name.isEmpty else {
      for i in FpgaMap.all.indices {
        var text = Text<80>()
        text.append(FpgaMap.all[i])
        terminal.printLine(text)
      }
      return
    }
    guard let register = register(name, of: "register", on: &terminal) else { return }
    var text = Text<80>()
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

  /// Reads a register. A device that refuses is told and changes nothing.
  mutating func peek(_ name: Span<UInt8>, on terminal: inout some TerminalPort & ~Copyable) {
    guard let register = register(name, of: "peek", on: &terminal) else { return }
    guard register.access == .readOnly || register.access == .readWrite else {
      var text = Text<120>()
      text.append("error: peek: ")
      text.append(register.name)
      text.append(register.access == .burst ? " is a port: reading takes what waits" : " cannot be read")
      return terminal.printLine(text)
    }
    let word: UInt32
    do throws(DriverFault) {
      word = try end.read(register)
    } catch {
      var text = Text<200>()
      text.append("error: peek: ")
      text.append(FaultCause(error))
      return terminal.printLine(text)
    }
    var text = Text<80>()
    text.append(register.name)
    text.append(" 0x")
    text.append(hexadecimal: UInt64(word), digits: 8)
    text.append(register.isShadow ? "  as written, in force after a commit" : "")
    terminal.printLine(text)
    for i in FpgaMap.fields.indices {
      let entry = FpgaMap.fields[i]
      guard entry.address == register.address, entry.access != .writeOnly else { continue }
      text.clear()
      text.append("  ")
      text.append(entry.name)
      text.pad(to: 20)
      text.append(" ", UInt64(entry.field.extract(from: word)))
      terminal.printLine(text)
    }
  }

  /// The register of this name, or the only one whose name begins so; told if there is none.
  private func register(
    _ name: Span<UInt8>, of command: StaticString, on terminal: inout some TerminalPort & ~Copyable
  ) -> Register? {
    var found: Register?
    var isAmbiguous = false
    for i in FpgaMap.all.indices where FpgaMap.all[i].name.beginsIgnoringCase(name) {
      if FpgaMap.all[i].name.utf8CodeUnitCount == name.count { return FpgaMap.all[i] }
      isAmbiguous = found != nil || isAmbiguous
      found = FpgaMap.all[i]
    }
    if let found, !isAmbiguous { return found }
    var text = Text<120>()
    text.append("error: ")
    text.append(command)
    text.append(": no register, or several, of this name  type register")
    terminal.printLine(text)
    return nil
  }
}

/// The names that Tab completes on the console of a module.
public enum ConsoleNames: ArgumentNames {
  public static func name(_ kind: ArgumentKind, _ index: Int) -> StaticString? {
    switch kind {
    case .field: index < Int(ConfigurationField.count) ? ConfigurationField(rawValue: UInt8(index))?.name : nil
    case .register: index < FpgaMap.all.count ? FpgaMap.all[index].name : nil
    case .command, .number, .now: nil
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
