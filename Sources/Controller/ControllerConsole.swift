public import Console
import Distillation
import Drivers
public import FixedStorage
import KeyStore
import LinkControl
import Ports
import RegisterMap
import Units

/// The name and version that the program tells about itself.
public enum Program {
  public static var version: StaticString { "gimbal 0.1.0" }
  /// The part of it that counts.
  static var number: StaticString { "0.1.0" }
}

extension Controller where End: ~Copyable, Board: ~Copyable {
  /// What the module asks with, which tells its role.
  public static var prompt: StaticString { End.role == .alice ? "gimbal-alice> " : "gimbal-bob> " }

  /// Parses one line of the operator and executes it, if the console is trusted with it. An empty line does nothing.
  /// Returns the verb that was carried out.
  @discardableResult
  public mutating func execute(
    line: Span<UInt8>, as privilege: Privilege = .secure, on terminal: inout Screen
  ) -> Verb? {
    do throws(ParseError) {
      let command = try Command.parse(line)
      let spec = command.verb.spec
      let asked = command.first.isEmpty ? spec.privilegeAlone : spec.privilege
      guard asked.rawValue <= privilege.rawValue else {
        var text = Line()
        text.append("error: ")
        text.append(spec.name)
        text.append(": this console may ")
        text.append(privilege.name)
        text.append(", not ")
        text.append(asked.name)
        terminal.printLine(text)
        return nil
      }
      asking = privilege
      execute(command, line: line, on: &terminal)
      asking = .secure
      return command.verb
    } catch {
      tell(error, on: &terminal)
      return nil
    }
  }

  /// What was wrong with a line, and what would be right.
  private func tell(_ error: ParseError, on terminal: inout Screen) {
    var text = Line()
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
      text.append("  usage: ")
      text.appendUsage(verb.spec)
    }
    terminal.printLine(text)
  }

  /// Does what a command asks for; `line` is the line that it was parsed from.
  public mutating func execute(_ command: Command, line: Span<UInt8>, on terminal: inout Screen) {
    let first = line.extracting(command.first)
    let second = line.extracting(command.second)
    switch command.verb {
    case .help: help(first, on: &terminal)
    case .status: status(of: first, on: &terminal)
    case .report, .qber, .link, .rates, .counters, .temperature, .keys, .auth, .acquire, .twirl, .plates,
      .adaptive,
      .config, .changes, .gpio, .watchdog, .timing, .telemetry, .version:
      tell(command.verb, on: &terminal)
    case .start: requestStart(on: &terminal)
    case .stop: requestStop(on: &terminal)
    case .abort: requestAbort(on: &terminal)
    case .selftest: requestSelfTest(on: &terminal)
    case .align: align(first, on: &terminal)
    case .motion: foretell(first, second, line.extracting(command.third), on: &terminal)
    case .intensity: tuneIntensity(first, to: second, on: &terminal)
    case .gate: tuneTiming(of: .bob, delay: first, width: second, on: &terminal)
    case .delay: tuneTiming(of: .alice, delay: first, width: second, on: &terminal)
    case .voa: tuneAttenuator(first, on: &terminal)
    case .pdl: tendLoss(first, on: &terminal)
    case .show: showConfiguration(first, on: &terminal)
    case .set: set(first, to: second, on: &terminal)
    case .apply: applyChanges(on: &terminal)
    case .discard: discardChanges(on: &terminal)
    case .defaults: setDefaults(on: &terminal)
    case .save: save(on: &terminal)
    case .load: load(on: &terminal)
    case .register: showRegisters(first, on: &terminal)
    case .peek: peek(first, on: &terminal)
    case .poke: poke(first, second, on: &terminal)
    case .i2c: showBus(first, on: &terminal)
    case .trace: showTrace(last: Command.number(first) ?? .max, on: &terminal)
    case .log: setLog(first, on: &terminal)
    case .alarm: showAlarms(first, on: &terminal)
    case .clear: clearAlarms(first, on: &terminal)
    case .update: update(first, on: &terminal)
    case .scpi: terminal.print("scpi: SYSTem:CONSole comes back\r\n")
    case .reboot: requestRestart(on: &terminal)
    case .zeroize: zeroize(on: &terminal)
    }
  }

  /// Commands that tell something and take nothing.
  private mutating func tell(_ verb: Verb, on terminal: inout Screen) {
    switch verb {
    case .report: report(on: &terminal)
    case .qber: showErrors(on: &terminal)
    case .link: showLink(on: &terminal)
    case .rates: showRates(on: &terminal)
    case .counters: showCounters(on: &terminal)
    case .temperature: showTemperatures(on: &terminal)
    case .keys: showKeys(on: &terminal)
    case .auth: showReserve(on: &terminal)
    case .acquire: showAcquisition(on: &terminal)
    case .twirl: showTwirl(on: &terminal)
    case .plates: showPlates(on: &terminal)
    case .adaptive: showAdaptation(on: &terminal)
    case .config: showConfigurationState(on: &terminal)
    case .changes: showChanges(on: &terminal)
    case .gpio: showLines(on: &terminal)
    case .watchdog: showWatchdog(on: &terminal)
    case .timing: showTiming(on: &terminal)
    case .telemetry: showTelemetry(on: &terminal)
    case .version: showVersion(on: &terminal)
    case .help, .status, .start, .stop, .abort, .selftest, .align, .motion, .intensity, .gate, .delay, .voa, .pdl,
      .show, .set, .apply, .discard, .defaults, .save, .load, .register, .peek, .poke, .i2c, .trace, .log, .alarm,
      .clear, .scpi, .update, .reboot, .zeroize:
      preconditionFailure("these take arguments or change something")
    }
  }

  /// Everything in short, or what another command tells.
  private mutating func status(of subject: Span<UInt8>, on terminal: inout Screen) {
    guard !subject.isEmpty else { return status(on: &terminal) }
    guard let verb = Command.verb(subject), verb.spec.isSubject else {
      return terminal.print("error: status: no subject, or several, of this name  type status ?\r\n")
    }
    execute(Command(alone: verb), line: subject, on: &terminal)
  }

  private func help(_ name: Span<UInt8>, on terminal: inout Screen) {
    var isFound = false
    for i in commandTable.indices where commandTable[i].name.beginsIgnoringCase(name) {
      isFound = true
      var text = Line()
      text.appendHelp(commandTable[i])
      terminal.printLine(text)
    }
    if !isFound { terminal.print("error: help: unknown command\r\n") }
  }

  private mutating func requestStart(on terminal: inout Screen) {
    guard case .idle = state else { return refuse("start", "module is not idle", on: &terminal) }
    guard linkIsUp else { return refuse("start", "no link to the peer", on: &terminal) }
    guard !isPoked else { return refuse("start", "a register was written by hand: selftest first", on: &terminal) }
    start()
    terminal.print("starting\r\n")
  }

  private mutating func requestStop(on terminal: inout Screen) {
    switch state {
    case .acquiring, .exchanging, .faulted:
      stop()
      terminal.print("stopping\r\n")
    case .booting, .selfTest, .idle, .draining, .zeroized: refuse("stop", "nothing to stop", on: &terminal)
    }
  }

  private mutating func requestAbort(on terminal: inout Screen) {
    switch state {
    case .acquiring, .exchanging, .draining:
      abort()
      terminal.print("given up\r\n")
    case .booting, .selfTest, .idle, .faulted, .zeroized: refuse("abort", "no session to give up", on: &terminal)
    }
  }

  private mutating func requestSelfTest(on terminal: inout Screen) {
    guard case .idle = state else { return refuse("selftest", "module is not idle", on: &terminal) }
    apply(.selfTestRequested)
    if case .faulted(let cause) = state {
      var text = Line()
      text.append("error: selftest: ")
      text.append(cause)
      return terminal.printLine(text)
    }
    terminal.print("self-test passed\r\n")
  }

  private mutating func requestRestart(on terminal: inout Screen) {
    abort()
    wantsRestart = true
    terminal.print("starting anew\r\n")
  }

  private mutating func zeroize(on terminal: inout Screen) {
    zeroize()
    terminal.print(
      eraseFailed
        ? "error: zeroize: keys in memory are erased, a file could not be: destroy the medium\r\n"
        : "all keys are erased\r\n")
  }

  func refuse(
    _ place: StaticString, _ reason: StaticString, on terminal: inout Screen
  ) {
    var text = Line()
    text.append("error: ")
    text.append(place)
    text.append(": ")
    text.append(reason)
    text.append(" state=")
    text.append(state.name)
    terminal.printLine(text)
  }

  /// Names and states of the keys in store, never their bits.
  private func showKeys(on terminal: inout Screen) {
    for i in 0..<min(core.keys.count, 16) {
      guard let key = core.keys.listing(i) else { break }
      var text = Line()
      text.append("key      ")
      text.append(key.id)
      text.append(key.isReleased ? "  released" : "  held")
      terminal.printLine(text)
    }
    let counts = core.keys.counts
    var text = Line()
    text.append("keys     in store ", UInt64(core.keys.count))
    text.append("  held ", UInt64(core.keys.heldCount))
    text.append("  delivered ", counts.delivered)
    text.append("  dropped ", counts.dropped)
    terminal.printLine(text)
    text.clear()
    text.append("erased   unshared ", counts.unshared)
    text.append("  expired ", counts.expired)
    text.append("  lost ", counts.lost)
    text.append("  blocks mismatched ", counts.blocksMismatched)
    if core.keys.vaultFailed { text.append("  the vault failed") }
    terminal.printLine(text)
  }

  private func showVersion(on terminal: inout Screen) {
    var text = Line()
    text.append(Program.version)
    text.append("  ")
    text.append(End.role.name)
    text.append("  register map ")
    text.append(decimal: UInt64(FpgaMap.Version.map.extract(from: FpgaMap.version.reset)))
    text.append("  protocol ", configuration[.protocolVersion])
    terminal.printLine(text)
    guard let identity = parts.identity else { return terminal.print("module   no identity in its EEPROM\r\n") }
    text.clear()
    text.append("module   serial ")
    let serial = identity.serial
    for i in serial.indices where serial[i] != 0 { text.append(serial[i]) }
    text.append("  board revision ", UInt64(identity.boardRevision))
    text.append("  calibrated ")
    text.append(day: identity.calibration.day)
    terminal.printLine(text)
  }
}

extension Text {
  /// The date of a day that is counted from 1 January 1970, as 2026-01-31. Years are counted from March on, so that the
  /// leap day is the last of its year.
  public mutating func append(day: UInt32) {
    let sinceMarch = UInt64(day) + 719_468
    let era = sinceMarch / 146_097
    let dayOfEra = sinceMarch % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    append(decimal: era * 400 + yearOfEra + (month < 10 ? 0 : 1))
    append(twoDigits: month < 10 ? month + 3 : month - 9)
    append(twoDigits: dayOfYear - (153 * month + 2) / 5 + 1)
  }

  private mutating func append(twoDigits value: UInt64) {
    append(value < 10 ? "-0" : "-")
    append(decimal: value)
  }
}

extension Role {
  var name: StaticString { self == .alice ? "alice" : "bob" }
}
