public import Console
import Distillation
import Drivers
public import FixedStorage
public import KeyStore
import LinkControl
public import Ports
import RegisterMap
import Units

/// The name and version that the program tells about itself.
public enum Program {
  public static var version: StaticString { "gimbal 0.1.0" }
}

extension Controller where End: ~Copyable, Board: ~Copyable {
  /// What the module asks with, which tells its role.
  public static var prompt: StaticString { End.role == .alice ? "gimbal-alice> " : "gimbal-bob> " }

  /// Parses one line of the operator and executes it, if the console is trusted with it. An empty line does nothing.
  public mutating func execute(
    line: Span<UInt8>, as privilege: Privilege = .secure, on terminal: inout some TerminalPort & ~Copyable
  ) {
    do throws(ParseError) {
      let command = try Command.parse(line)
      let spec = command.verb.spec
      guard spec.privilege.rawValue <= privilege.rawValue else {
        var text = Text<160>()
        text.append("error: ")
        text.append(spec.name)
        text.append(": this console may ")
        text.append(privilege.name)
        text.append(", not ")
        text.append(spec.privilege.name)
        return terminal.printLine(text)
      }
      execute(command, line: line, on: &terminal)
    } catch {
      tell(error, on: &terminal)
    }
  }

  /// What was wrong with a line, and what would be right.
  private func tell(_ error: ParseError, on terminal: inout some TerminalPort & ~Copyable) {
    var text = Text<200>()
    switch error {
    case .empty: return
    case .unknownCommand: text.append("error: console: unknown command  type help")
    case .ambiguousCommand(let verb):
      text.append("error: console: several commands begin so, as ")
      text.append(verb.spec.name)
      text.append("  type ? behind it")
    case .wrongArgumentCount(let verb):
      text.append("error: ")
      text.append(verb.spec.name)
      text.append(": wrong argument count  usage: ")
      text.appendUsage(verb.spec)
    case .wrongArgument(let verb, let index):
      text.append("error: ")
      text.append(verb.spec.name)
      text.append(": argument ", UInt64(index) + 1)
      text.append(" should be ")
      if let kind = verb.spec.kind(at: Int(index)) { text.append(kind.wanted) }
    }
    terminal.printLine(text)
  }

  /// Does what a command asks for; `line` is the line that it was parsed from.
  public mutating func execute(
    _ command: Command, line: Span<UInt8>, on terminal: inout some TerminalPort & ~Copyable
  ) {
    switch command.verb {
    case .help: help(line.extracting(command.first), on: &terminal)
    case .status: status(on: &terminal)
    case .report: report(on: &terminal)
    case .start: requestStart(on: &terminal)
    case .stop: requestStop(on: &terminal)
    case .abort: requestAbort(on: &terminal)
    case .qber: showErrors(on: &terminal)
    case .link: showLink(on: &terminal)
    case .counters: showCounters(on: &terminal)
    case .keys: showKeys(on: &terminal)
    case .show: showConfiguration(line.extracting(command.first), on: &terminal)
    case .set: set(line.extracting(command.first), to: line.extracting(command.second), on: &terminal)
    case .changes: showChanges(on: &terminal)
    case .apply: applyChanges(on: &terminal)
    case .discard: discardChanges(on: &terminal)
    case .defaults: setDefaults(on: &terminal)
    case .save: save(on: &terminal)
    case .load: load(on: &terminal)
    case .register: showRegisters(line.extracting(command.first), on: &terminal)
    case .peek: peek(line.extracting(command.first), on: &terminal)
    case .trace: showTrace(on: &terminal)
    case .zeroize: zeroize(on: &terminal)
    case .version: showVersion(on: &terminal)
    }
  }

  private func help(_ name: Span<UInt8>, on terminal: inout some TerminalPort & ~Copyable) {
    var isFound = false
    for i in commandTable.indices where commandTable[i].name.beginsIgnoringCase(name) {
      isFound = true
      var text = Text<160>()
      text.appendHelp(commandTable[i])
      terminal.printLine(text)
    }
    if !isFound { terminal.print("error: help: unknown command\r\n") }
  }

  private mutating func requestStart(on terminal: inout some TerminalPort & ~Copyable) {
    guard case .idle = state else { return refuse("start", "module is not idle", on: &terminal) }
    guard linkIsUp else { return refuse("start", "no link to the peer", on: &terminal) }
    start()
    terminal.print("starting\r\n")
  }

  private mutating func requestStop(on terminal: inout some TerminalPort & ~Copyable) {
    switch state {
    case .acquiring, .exchanging, .faulted:
      stop()
      terminal.print("stopping\r\n")
    case .booting, .selfTest, .idle, .draining, .zeroized: refuse("stop", "nothing to stop", on: &terminal)
    }
  }

  private mutating func requestAbort(on terminal: inout some TerminalPort & ~Copyable) {
    switch state {
    case .acquiring, .exchanging, .draining:
      abort()
      terminal.print("given up\r\n")
    case .booting, .selfTest, .idle, .faulted, .zeroized: refuse("abort", "no session to give up", on: &terminal)
    }
  }

  private mutating func zeroize(on terminal: inout some TerminalPort & ~Copyable) {
    zeroize()
    terminal.print("all keys are erased\r\n")
  }

  func refuse(
    _ place: StaticString, _ reason: StaticString, on terminal: inout some TerminalPort & ~Copyable
  ) {
    var text = Text<160>()
    text.append("error: ")
    text.append(place)
    text.append(": ")
    text.append(reason)
    text.append(" state=")
    text.append(state.name)
    terminal.printLine(text)
  }

  /// Names and sizes of the keys in store, never their bits.
  private func showKeys(on terminal: inout some TerminalPort & ~Copyable) {
    let shown = min(core.keys.count, 16)
    for i in 0..<shown {
      var text = Text<80>()
      text.append("key      ")
      text.append(core.keys.id(at: i))
      text.append("  ")
      text.append(decimal: UInt64(KeyRing.keyBits))
      text.append(" bit")
      terminal.printLine(text)
    }
    var text = Text<120>()
    text.append("keys     in store ")
    text.append(decimal: UInt64(core.keys.count))
    text.append("  delivered ")
    text.append(decimal: core.keys.delivered)
    text.append("  dropped ")
    text.append(decimal: core.keys.dropped)
    terminal.printLine(text)
  }

  private func showVersion(on terminal: inout some TerminalPort & ~Copyable) {
    var text = Text<120>()
    text.append(Program.version)
    text.append("  ")
    text.append(End.role.name)
    text.append("  register map ")
    text.append(decimal: UInt64(FpgaMap.Version.map.extract(from: FpgaMap.version.reset)))
    terminal.printLine(text)
  }
}

extension Role {
  var name: StaticString { self == .alice ? "alice" : "bob" }
}

extension Text {
  /// The name of a key: block and index, both decimal.
  public mutating func append(_ id: KeyId) {
    append(decimal: UInt64(id.block))
    append(".")
    append(decimal: UInt64(id.index))
  }
}
