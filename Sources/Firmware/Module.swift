import CLinux
import Console
import Controller
import FixedStorage
import KeyStore
import LinkControl
import Ports
import Scpi
import Units

/// What surrounds the controller: clock, console and key consumer.
struct ModuleSurroundings: ~Copyable {
  let wire: BoardWire
  var terminal: OperatorTerminal
  var delivery: KeyDelivery
  var telemetry: TelemetrySocket
  var keyPort: KeyPort
  let starts: Bool
  let exitsWhenDone: Bool
  /// What the console may do.
  let privilege: Privilege
  /// Whether the console begins in the machine mode.
  let speaksScpi: Bool
}

/// One module from start-up to its end: the tick loop around the controller.
struct Module<End: OpticalEnd & ~Copyable>: ~Copyable {
  /// Pieces of distillation in one tick beyond those of the controller's turn.
  private static var slicesPerTick: Int { 60 }
  /// Ticks between the end of the session and leaving, for what the peer has still to be told.
  private static var ticksAfterEnd: Int { 50 }

  /// Bytes that are read from the terminal in one tick.
  private static var bytesPerTick: Int { 64 }
  /// The room on the screen that a turn of the machine mode may need.
  private static var answerBytesMax: Int { 1024 }

  private static var prompt: StaticString { Controller<End, WiredBoard>.prompt }

  private var controller: Controller<End, WiredBoard>
  private var around: ModuleSurroundings
  private var editor = LineEditor<ConsoleNames>()
  private var screen: Screen
  private var scpi = ScpiInstrument()
  private var speaksScpi: Bool
  private var isStarted = false
  /// Key clients were hung up on, because all keys were erased.
  private var hasHungUp = false
  /// How the session ended, seen first.
  private var end = SessionEnd.none
  private var ticksLeft = Self.ticksAfterEnd
  /// Ticks that are waited on top for the peer to say that it has the keys.
  private var ticksForKeys = 2000

  init(
    _ controller: consuming Controller<End, WiredBoard>, _ around: consuming ModuleSurroundings,
    screen: consuming Screen
  ) {
    self.controller = controller
    speaksScpi = around.speaksScpi
    self.around = around
    self.screen = screen
  }

  mutating func load(_ secret: Span<UInt8>) throws(PoolFault) { try controller.loadAuthenticationKey(secret) }

  /// Takes up the keys of an earlier run.
  mutating func loadKeys() throws(StoreError) { try controller.loadKeys() }

  /// Turns until the module is done or its board is gone; returns the exit status.
  mutating func run(from start: Instant) -> Int32 {
    if !speaksScpi { screen.print(Self.prompt) }
    let start = around.wire.clock() ?? start
    controller.begin(at: start)
    var next = start + TimeBase.tick
    while true {
      do throws(BusError) {
        let now = try around.wire.sleep(until: next)
        controller.turn(at: now)
        next = now + TimeBase.tick
      } catch {
        StandardStream.error.writeLine("error: board: the server hung up")
        leaveConsole()
        return 1
      }
      startIfAsked()
      serveConsole()
      controller.distil(slicesMax: Self.slicesPerTick)
      deliver()
      sendTelemetry(at: controller.now)
      serveKeyPort()
      if controller.wantsRestart { return restart() }
      if around.exitsWhenDone, isDone() {
        leaveConsole()
        return tellEnd()
      }
    }
  }

  private mutating func startIfAsked() {
    guard around.starts, !isStarted, case .idle = controller.state, controller.hasLink else { return }
    isStarted = true
    controller.start()
  }

  private mutating func serveConsole() {
    guard around.terminal.isThere else { return controller.skipNews() }
    if speaksScpi { controller.skipNews() } else { tellNews() }
    // What the instrument has no room for stays with the terminal.
    if scpi.room >= Self.bytesPerTick { readTerminal() }
    if speaksScpi, Screen.capacityBytes - screen.count >= Self.answerBytesMax { serveScpi() }
    screen.drain(to: &around.terminal)
  }

  private mutating func readTerminal() {
    var bytes: [64 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    let count = around.terminal.read(into: &span)
    for i in 0..<count { takeTyped(bytes[i]) }
  }

  private mutating func takeTyped(_ byte: UInt8) {
    guard !speaksScpi else { return scpi.take(byte) }
    guard editor.take(byte, prompt: Self.prompt, echo: &screen) else { return }
    let verb = controller.execute(line: editor.text, as: around.privilege, on: &screen)
    editor.clear()
    speaksScpi = verb == .scpi
    if !speaksScpi { screen.print(Self.prompt) }
  }

  private mutating func serveScpi() {
    speaksScpi = controller.serve(&scpi, as: around.privilege)
    screen.write(scpi.output)
    scpi.clearOutput()
    guard !speaksScpi else { return }
    // What was typed ahead was meant for the other mode.
    scpi.take(ScpiInstrument.deviceClear)
    screen.print(Self.prompt)
  }

  /// Events stand on lines of their own; the line that is being typed is drawn again behind them.
  private mutating func tellNews() {
    guard controller.hasNews else { return controller.skipNews() }
    screen.print("\r\u{1b}[K")
    controller.tellNews(on: &screen)
    editor.draw(Self.prompt, on: &screen)
  }

  /// Shows what is still to show, as far as the terminal takes it at once.
  private mutating func leaveConsole() {
    if around.terminal.isThere { screen.drain(to: &around.terminal) }
    around.terminal.restore()
  }

  private mutating func sendTelemetry(at now: Instant) {
    let period = Nanoseconds(milliseconds: controller.settings[.telemetryMs])
    guard around.telemetry.isDue(at: now, period: period) else { return }
    var line = controller.telemetryLine()
    line.append("\n")
    around.telemetry.send(line)
  }

  /// Starts the program anew, with the same arguments. What the peer has still to be told was told in this tick.
  private mutating func restart() -> Int32 {
    leaveConsole()
    let error = around.terminal.restartProgram()
    var text = Line()
    text.append("error: reboot: cannot start anew errno=")
    text.append(decimal: UInt64(error.magnitude))
    StandardStream.error.writeLine(text)
    return 1
  }

  /// Takes keys out for the file, makes that durable, and writes them.
  private mutating func deliver() {
    guard around.delivery.isWanted else { return }
    var keys: [64 of UInt64] = .init(repeating: 0)
    var ids: [16 of KeyId] = .init(repeating: KeyId(epoch: 0, block: 0, index: 0))
    var span = keys.mutableSpan
    var count = 0
    while count < KeyDelivery.keysPerTick {
      var key = span._mutatingExtracting((4 * count)..<(4 * count + 4))
      guard let id = controller.takeKey(into: &key) else { break }
      ids[count] = id
      count += 1
    }
    guard count > 0 else { return }
    guard controller.sealKeys() else {
      wipe(&span)
      return controller.loseKeys(count)
    }
    for i in 0..<count {
      var key = span._mutatingExtracting((4 * i)..<(4 * i + 4))
      if !around.delivery.append(ids[i], &key) { controller.loseKeys(1) }
    }
  }

  private mutating func serveKeyPort() {
    // Replies on their way may hold keys. Whoever calls again is told that there are none.
    if case .zeroized = controller.state, !hasHungUp {
      hasHungUp = true
      around.keyPort.hangUp()
    }
    around.keyPort.accept()
    for place in 0..<KeyPort.clientsMax {
      controller.loseKeys(around.keyPort.exchange(place))
      around.keyPort.serve(place, &controller)
      controller.loseKeys(around.keyPort.flush(place))
    }
  }

  private mutating func isDone() -> Bool {
    switch controller.state {
    case .idle, .faulted, .zeroized: break
    case .booting, .selfTest, .acquiring, .exchanging, .draining: return false
    }
    if end == .none { end = controller.lastEnd }
    if case .idle = controller.state, end == .none { return false }
    guard ticksLeft == 0 else {
      ticksLeft -= 1
      return false
    }
    if controller.heldKeyCount > 0, ticksForKeys > 0 {
      ticksForKeys -= 1
      return false
    }
    return !around.delivery.isWanted || controller.keyCount == controller.heldKeyCount
  }

  private func tellEnd() -> Int32 {
    var text = Line()
    switch controller.state {
    case .faulted(let cause):
      text.append("error: fault: ")
      text.append(cause)
    case .zeroized: text.append("error: fault: zeroized")
    case .booting, .selfTest, .idle, .acquiring, .exchanging, .draining:
      guard end != .finished && end != .stopped else {
        text.append("session: ")
        text.append(end)
        StandardStream.output.writeLine(text)
        return 0
      }
      text.append("error: session: ")
      text.append(end)
    }
    StandardStream.error.writeLine(text)
    return 1
  }
}
