import CLinux
import Console
import Controller
import FixedStorage
import KeyStore
import Ports
import Units

/// The program of the module: reads its options, takes its memory and does what it is told.
@main
struct Main {
  /// Exit status after a mistake in the options.
  private static var misused: Int32 { 2 }

  static func main() {
    let options = Options()
    if let fault = options.fault {
      Options.complain(fault)
      gimbal_exit(misused)
    }
    let output = StandardStream.output
    switch options.task {
    case .version: return output.writeLine(Program.version)
    case .help: return Options.printHelp(on: output)
    case .selfTest: gimbal_exit(runSelfTest() ? 0 : 1)
    case .bench(let kind): gimbal_exit(runBench(kind) ? 0 : 1)
    case .timing(let seconds): leave(runTiming(seconds, options.board))
    case .run: leave(start(options))
    }
  }

  /// Ends the program in order; what traps or is killed leaves the watchdog of the board running.
  private static func leave(_ status: Int32) -> Never {
    gimbal_watchdog_rest()
    gimbal_exit(status)
  }

  /// Opens everything that the module needs; whatever cannot be opened is told by its option.
  private static func start(_ options: Options) -> Int32 {
    guard let role = options.role, let place = options.board, let plan = options.link, let psk = options.psk,
      let journal = options.journal
    else { preconditionFailure("the options were checked") }
    gimbal_keep_memory()
    do throws(StartFault) {
      let secret = try MappedSecret(psk)
      let link = try open(plan)
      var arena = Arena(trace: try TraceFile(options.trace))
      let (wire, random) = try open(place)
      let around = try openSurroundings(options, wire, &arena)
      let (boardRole, now) = try greet(wire)
      if let boardRole, boardRole != role { throw StartFault("--board", "the board is the other role's", 0) }
      let configuration = try startConfiguration(options)
      let files = ModuleFiles(
        journal: FileJournal(journal), saved: ConfigurationFile(options.saved), keys: try openKeys(options),
        program: ProgramFile(options.update))
      let board = WiredBoard(wire: wire, random: random, link: link, files: files)
      let session = SessionMemory(role: role, configuration: configuration.link, from: &arena)
      let spi = WiredSpi(wire: wire)
      let screen = Screen(storage: arena.screen())
      switch role {
      case .alice:
        let controller = Controller(
          configuration: configuration.link, settings: configuration.own, end: AliceEnd(bus: spi, from: &arena),
          board: board, session: session, now: now)
        return try run(Module(controller, around, screen: screen), secret, from: now)
      case .bob:
        let controller = Controller(
          configuration: configuration.link, settings: configuration.own, end: BobEnd(bus: spi, from: &arena),
          board: board, session: session, now: now)
        return try run(Module(controller, around, screen: screen), secret, from: now)
      }
    } catch {
      error.complain()
      return misused
    }
  }

  /// What was saved, if anything was, with the options on top. A module does not start with what it cannot read: it
  /// would not be the one that its operator left.
  private static func startConfiguration(_ options: Options) throws(StartFault) -> ModuleConfiguration {
    guard options.saved != nil else { return options.configuration }
    var bytes: [1536 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    var file = ConfigurationFile(options.saved)
    var configuration = ModuleConfiguration()
    var count = 0
    do throws(StoreError) { count = try file.load(into: &span) } catch {
      switch error {
      case .absent, .empty: break
      case .system(let number): throw StartFault("--configuration", "cannot be read", number)
      }
    }
    if count > 0 {
      do throws(SavedConfigurationFault) {
        configuration = try SavedConfiguration.read(bytes.span.extracting(first: count))
      } catch {
        throw StartFault("--configuration", error)
      }
    }
    Options.applySets(to: &configuration)
    if let field = configuration.link.unusableField() { throw StartFault("--set", field.condition, 0) }
    return configuration
  }

  private static func run<End: OpticalEnd & ~Copyable>(
    _ module: consuming Module<End>, _ secret: consuming MappedSecret, from now: Instant
  ) throws(StartFault) -> Int32 {
    do throws(PoolFault) {
      try module.load(secret.bytes)
    } catch {
      throw StartFault("--journal", "the authentication index cannot be read", error.errorNumber)
    }
    secret.close()
    do throws(StoreError) {
      try module.loadKeys()
    } catch {
      throw StartFault("--keys", "cannot be read", error.errorNumber)
    }
    gimbal_seal_allocator()
    return module.run(from: now)
  }

  private static func open(_ plan: LinkPlan) throws(StartFault) -> TcpLink {
    do throws(LinkError) {
      let link = try TcpLink(plan)
      if case .listen = plan {
        var text = Line()
        text.append("link: listening on port ")
        text.append(decimal: UInt64(link.boundPort))
        StandardStream.output.writeLine(text)
      }
      return link
    } catch {
      throw StartFault("--link", "cannot listen", error.errorNumber)
    }
  }

  /// Connects to the twin, or opens the devices and starts the thread that serves them.
  private static func open(_ place: BoardPlan) throws(StartFault) -> (BoardWire, HardwareRandom) {
    switch place {
    case .socket(let path):
      do throws(BusError) { return (.socket(try BoardSocket(path)), HardwareRandom()) } catch {
        throw StartFault("--board", "cannot connect", error.errorNumber)
      }
    case .devices(let folder):
      var plan = ControlPlan()
      plan.devices = BoardDevices(in: folder)
      plan.devices.complain()
      let error = startControl(plan)
      guard error == 0 else { throw StartFault("--board", "cannot lock memory and keep time", error) }
      // Where there is no processor to spare the program stays where Linux puts it.
      if ControlPlan.otherProcessor >= 0 { _ = gimbal_bind_to_processor(ControlPlan.otherProcessor) }
      return (.desk(DeviceDesk()), HardwareRandom(plan.devices.random))
    }
  }

  private static func openKeys(_ options: Options) throws(StartFault) -> KeyFile {
    do throws(StoreError) { return try KeyFile(options.keys) } catch {
      throw StartFault("--keys", "cannot be opened", error.errorNumber)
    }
  }

  private static func openPort(_ options: Options, _ arena: inout Arena) throws(StartFault) -> KeyPort {
    do throws(StoreError) { return try KeyPort(options.keyPort, user: options.keyUser, from: &arena) } catch {
      throw StartFault("--key-port", "cannot be opened", error.errorNumber)
    }
  }

  private static func openSurroundings(
    _ options: Options, _ wire: BoardWire, _ arena: inout Arena
  ) throws(StartFault) -> ModuleSurroundings {
    let delivery: KeyDelivery
    do throws(DeliveryFault) { delivery = try KeyDelivery(options.deliver) } catch {
      switch error {
      case .system(let number): throw StartFault("--deliver", "cannot open", number)
      }
    }
    let telemetry = try TelemetrySocket(options.telemetry)
    let port = try openPort(options, &arena)
    do throws(LinkError) {
      return ModuleSurroundings(
        wire: wire, terminal: try OperatorTerminal(options.console, baud: options.baud), delivery: delivery,
        telemetry: telemetry, keyPort: port, starts: options.starts, exitsWhenDone: options.exitsWhenDone,
        privilege: options.privilege, speaksScpi: options.speaksScpi)
    } catch {
      throw StartFault("--console", "cannot open the terminal", error.errorNumber)
    }
  }

  private static func greet(_ wire: BoardWire) throws(StartFault) -> (role: Role?, now: Instant) {
    do throws(BusError) {
      return try wire.greet()
    } catch {
      throw StartFault("--board", "the server does not speak this protocol", error.errorNumber)
    }
  }
}

/// What kept the program from starting: the option, what is wrong, and Linux's error number if there is one.
struct StartFault: Error {
  let option: StaticString
  let reason: StaticString
  let errorNumber: Int32
  var saved: SavedConfigurationFault?

  init(_ option: StaticString, _ saved: SavedConfigurationFault) {
    self.init(option, "", 0)
    self.saved = saved
  }

  init(_ option: StaticString, _ reason: StaticString, _ errorNumber: Int32) {
    self.option = option
    self.reason = reason
    self.errorNumber = errorNumber
  }

  func complain() {
    var text = Line()
    text.append("error: ")
    text.append(option)
    text.append(": ")
    text.append(reason)
    if let saved { text.append(saved) }
    if errorNumber != 0 {
      text.append(" errno=")
      text.append(decimal: UInt64(errorNumber.magnitude))
    }
    StandardStream.error.writeLine(text)
  }
}

/// The pre-shared key as the file holds it, mapped and not copied.
struct MappedSecret: ~Copyable {
  private let block: Block<UInt8>

  init(_ path: Argument) throws(StartFault) {
    var count = 0
    var error: Int32 = 0
    // The path is zero-ended; both results are written before the call returns.
    let start = unsafe gimbal_map_file(path.path, &count, &error)
    guard let start = unsafe start else { throw StartFault("--psk", "cannot read the key file", error) }
    guard count >= AuthenticationPool.bytesPerBlock, count <= AuthenticationPool.capacityBytes else {
      throw StartFault("--psk", "the key file must hold 64 to 65536 bytes", 0)
    }
    // The pages are `count` bytes long, read only through `bytes`, and stay mapped until `close`.
    let bytes = unsafe UnsafeMutableRawPointer(mutating: start).bindMemory(to: UInt8.self, capacity: count)
    block = unsafe Block(unsafeStart: bytes, count: count)
  }

  var bytes: Span<UInt8> { @_lifetime(borrow self) borrowing get { block.span } }

  consuming func close() {
    let count = block.count
    // The callee unmaps the pages that `init` mapped, and nothing refers to them afterwards.
    unsafe block.span.withUnsafeBytes { buffer in
      if let start = buffer.baseAddress { unsafe gimbal_unmap(start, count) }
    }
  }
}

extension BusError {
  var errorNumber: Int32 {
    switch self {
    case .notAcknowledged, .timedOut: 0
    case .system(let number): number
    }
  }
}

extension LinkError {
  var errorNumber: Int32 {
    switch self {
    case .notConnected, .closedByPeer: 0
    case .system(let number): number
    }
  }
}

extension StoreError {
  var errorNumber: Int32 {
    switch self {
    case .absent, .empty: 0
    case .system(let number): number
    }
  }
}

extension PoolFault {
  var errorNumber: Int32 {
    switch self {
    case .journal(.system(let number)): number
    case .exhausted, .spent, .journal(.corrupt): 0
    }
  }
}
