import Console
import Controller
import FixedStorage
import Ports
import Units

/// One row of the option table: parsing and help are derived from it.
struct OptionSpec {
  let option: Option
  let name: StaticString
  /// What has to follow, empty for a switch.
  let value: StaticString
  let summary: StaticString
}

enum Option: UInt8 {
  case role, board, link, psk, journal, configuration, console, baud, scpi, privilege, trace, telemetry, update,
    deliver, keys,
    keyPort, keyUser, set, start, exitWhenDone, selftest, bench, timing, version, help
}

let optionTable: [25 of OptionSpec] = [
  OptionSpec(option: .role, name: "--role", value: "alice|bob", summary: "which end of the link this module is"),
  OptionSpec(
    option: .board, name: "--board", value: "linux:FOLDER|unix:PATH",
    summary: "folder with the devices spi, i2c and gpio; or socket of the twin's board server"),
  OptionSpec(
    option: .link, name: "--link", value: "listen:HOST:PORT|connect:HOST:PORT",
    summary: "classical link over TCP; HOST is an IPv4 address, port 0 to listen on a free one"),
  OptionSpec(
    option: .psk, name: "--psk", value: "FILE",
    summary: "pre-shared authentication key, 64 to 65536 bytes, the same on both"),
  OptionSpec(
    option: .journal, name: "--journal", value: "FILE", summary: "where this module keeps its authentication index"),
  OptionSpec(
    option: .configuration, name: "--configuration", value: "FILE",
    summary: "where save keeps the configuration; read at the start, --set goes on top of it"),
  OptionSpec(
    option: .console, name: "--console", value: "pty|stdio|tty:PATH|none",
    summary: "where the operator types; none if not given"),
  OptionSpec(
    option: .baud, name: "--baud", value: "BAUD", summary: "speed of the console tty:PATH, 115200 if not given"),
  OptionSpec(option: .scpi, name: "--scpi", value: "", summary: "let the console begin with SCPI, for programs"),
  OptionSpec(
    option: .privilege, name: "--privilege", value: "observe|operate|secure",
    summary: "what the console may do; secure, which is everything, if not given"),
  OptionSpec(
    option: .trace, name: "--trace", value: "FILE",
    summary: "where the trace outlives the program; on /run or /dev/shm, which outlive it too"),
  OptionSpec(
    option: .telemetry, name: "--telemetry", value: "unix:PATH",
    summary: "send a line of key=value once a period to the datagram socket PATH"),
  OptionSpec(
    option: .update, name: "--update", value: "FILE",
    summary: "where a new program is put, for the command update"),
  OptionSpec(
    option: .deliver, name: "--deliver", value: "FILE",
    summary: "append finished keys to FILE, one line BLOCK.INDEX HEX a key"),
  OptionSpec(
    option: .keys, name: "--keys", value: "FILE", summary: "keep finished keys over a restart; in memory if not given"),
  OptionSpec(
    option: .keyPort, name: "--key-port", value: "unix:PATH|tty:PATH",
    summary: "hand keys out on a socket or a serial line, see Documentation/KeyPort.md"),
  OptionSpec(
    option: .keyUser, name: "--key-user", value: "UID",
    summary: "who may use the socket besides root and the user of this program"),
  OptionSpec(
    option: .set, name: "--set", value: "FIELD=VALUE", summary: "set a field of the configuration; may be repeated"),
  OptionSpec(option: .start, name: "--start", value: "", summary: "begin a session as soon as the link stands"),
  OptionSpec(
    option: .exitWhenDone, name: "--exit-when-done", value: "",
    summary: "leave when a session has ended; status 0 if it finished"),
  OptionSpec(option: .selftest, name: "--selftest", value: "", summary: "test this program and leave"),
  OptionSpec(
    option: .bench, name: "--bench", value: "cascade|ldpc|pairs",
    summary: "take a block through both ends here, tell the time of each stage, and leave"),
  OptionSpec(
    option: .timing, name: "--timing", value: "SECONDS",
    summary: "keep time for so long while blocks are distilled, tell how well, and leave; --board may be given"),
  OptionSpec(option: .version, name: "--version", value: "", summary: "print the version and leave"),
  OptionSpec(option: .help, name: "--help", value: "", summary: "print this text and leave"),
]

enum LinkPlan {
  case listen(Endpoint)
  case connect(Endpoint)
}

/// An IPv4 address and a port, both in host order.
struct Endpoint: Equatable {
  let address: UInt32
  let port: UInt16

  init(address: UInt32, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// Reads `A.B.C.D:PORT`.
  init?(_ bytes: Span<UInt8>) {
    var address: UInt64 = 0
    var parts = 0
    var start = 0
    for i in bytes.indices {
      guard bytes[i] == (parts == 3 ? 0x3a : 0x2e) else { continue }
      guard let part = decimal(bytes.extracting(start..<i), max: 255) else { return nil }
      address = address << 8 | part
      parts += 1
      start = i + 1
      if parts == 4 { break }
    }
    guard parts == 4, let port = decimal(bytes.extracting(start..<bytes.count), max: 65_535) else { return nil }
    self.init(address: UInt32(address), port: UInt16(port))
  }
}

/// Where the operator types.
enum ConsoleKind {
  case pty, stdio, none
  /// A serial device.
  case serial(Argument)
}

/// What the program is asked to do. The first mistake is kept and nothing is done.
struct Options {
  /// Why the arguments cannot be used.
  enum Fault {
    case unknownOption(Argument)
    case missingValue(StaticString)
    case badValue(StaticString, Argument)
    case missingOption(StaticString)
    case unusableField(ConfigurationField, UInt64)
  }

  /// What else than running a module is wanted.
  enum Task { case run, selfTest, bench(BenchKind), timing(seconds: UInt64), version, help }

  var task = Task.run
  var role: Role?
  var board: BoardPlan?
  var link: LinkPlan?
  var psk: Argument?
  var journal: Argument?
  var saved: Argument?
  var console = ConsoleKind.none
  var baud: UInt32 = 115_200
  var speaksScpi = false
  var privilege = Privilege.secure
  var trace: Argument?
  var telemetry: Argument?
  var update: Argument?
  var deliver: Argument?
  var keys: Argument?
  var keyPort: KeyPortPlan?
  var keyUser: UInt32?
  var starts = false
  var exitsWhenDone = false
  var configuration = ModuleConfiguration()
  private(set) var fault: Fault?

  /// Reads all arguments.
  init() {
    var index = 1
    while fault == nil, let argument = Argument(index) {
      index += 1
      guard let spec = Self.row(argument) else {
        fault = .unknownOption(argument)
        return
      }
      guard spec.value.utf8CodeUnitCount > 0 else {
        take(spec.option)
        continue
      }
      guard let value = Argument(index) else {
        fault = .missingValue(spec.name)
        return
      }
      index += 1
      if !take(spec.option, value) { fault = .badValue(spec.name, value) }
    }
    if fault == nil, case .run = task { checkRun() }
  }

  private static func row(_ argument: Argument) -> OptionSpec? {
    for i in optionTable.indices where argument.matches(optionTable[i].name) { return optionTable[i] }
    return nil
  }

  private mutating func take(_ option: Option) {
    switch option {
    case .scpi: speaksScpi = true
    case .start: starts = true
    case .exitWhenDone: exitsWhenDone = true
    case .selftest: task = .selfTest
    case .version: task = .version
    case .help: task = .help
    case .role, .board, .link, .psk, .journal, .configuration, .console, .baud, .privilege, .trace, .telemetry,
      .update, .deliver, .keys, .keyPort, .keyUser, .set, .bench, .timing:
      preconditionFailure("these take a value")
    }
  }

  private mutating func take(_ option: Option, _ value: Argument) -> Bool {
    switch option {
    case .role: role = value.matches("alice") ? .alice : value.matches("bob") ? .bob : nil
    case .board: board = BoardPlan(value)
    case .link: link = Self.linkPlan(value)
    case .psk: psk = value
    case .journal: journal = value
    case .configuration: saved = value
    case .console: return takeConsole(value)
    case .baud:
      guard let number = decimal(value.bytes, max: 4_000_000) else { return false }
      baud = UInt32(number)
    case .privilege: return takePrivilege(value)
    case .trace: trace = value
    case .telemetry:
      telemetry = value.after("unix:")
      return telemetry != nil
    case .update: update = value
    case .deliver: deliver = value
    case .keys: keys = value
    case .keyPort:
      keyPort = KeyPortPlan(value)
      return keyPort != nil
    case .keyUser:
      keyUser = decimal(value.bytes, max: UInt64(UInt32.max)).map { UInt32($0) }
      return keyUser != nil
    case .set: return Self.set(value, in: &configuration)
    case .bench: return takeBench(value)
    case .timing:
      guard let seconds = decimal(value.bytes, max: 86_400), seconds > 0 else { return false }
      task = .timing(seconds: seconds)
    case .scpi, .start, .exitWhenDone, .selftest, .version, .help: preconditionFailure("these take no value")
    }
    return option == .role ? role != nil : option == .board ? board != nil : option == .link ? link != nil : true
  }

  private static func linkPlan(_ value: Argument) -> LinkPlan? {
    if let rest = value.after("listen:") { return Endpoint(rest.bytes).map { .listen($0) } }
    if let rest = value.after("connect:") {
      guard let endpoint = Endpoint(rest.bytes), endpoint.port != 0 else { return nil }
      return .connect(endpoint)
    }
    return nil
  }

  private mutating func takeConsole(_ value: Argument) -> Bool {
    if value.matches("pty") { console = .pty } else if value.matches("stdio") { console = .stdio }
    if value.matches("none") { console = .none }
    if let path = value.after("tty:") {
      console = .serial(path)
      return path.count > 0
    }
    return value.matches("pty") || value.matches("stdio") || value.matches("none")
  }

  private mutating func takePrivilege(_ value: Argument) -> Bool {
    for number in UInt8(0)...2 {
      guard let level = Privilege(rawValue: number), value.matches(level.name) else { continue }
      privilege = level
      return true
    }
    return false
  }

  private mutating func takeBench(_ value: Argument) -> Bool {
    guard let kind = BenchKind(value) else { return false }
    task = .bench(kind)
    return true
  }

  private static func set(_ value: Argument, in configuration: inout ModuleConfiguration) -> Bool {
    let bytes = value.bytes
    for i in bytes.indices where bytes[i] == 0x3d {
      guard let field = Self.field(bytes.extracting(first: i)),
        let number = field.value(of: bytes.extracting((i + 1)..<bytes.count))
      else { return false }
      return configuration.set(field, to: number)
    }
    return false
  }

  /// Sets on top of `configuration` what the options set; they were checked.
  static func applySets(to configuration: inout ModuleConfiguration) {
    var index = 1
    while let argument = Argument(index) {
      index += 1
      guard let spec = row(argument), spec.value.utf8CodeUnitCount > 0, let value = Argument(index) else { continue }
      index += 1
      if spec.option == .set { _ = set(value, in: &configuration) }
    }
  }

  private static func field(_ name: Span<UInt8>) -> SettingName? {
    for number in 0..<SettingName.count where SettingName.numbered(number).name.matches(name) {
      return .numbered(number)
    }
    return nil
  }

  private mutating func checkRun() {
    if role == nil {
      fault = .missingOption("--role")
      return
    }
    if board == nil {
      fault = .missingOption("--board")
      return
    }
    if link == nil {
      fault = .missingOption("--link")
      return
    }
    if psk == nil {
      fault = .missingOption("--psk")
      return
    }
    if journal == nil {
      fault = .missingOption("--journal")
      return
    }
    if saved == nil, let field = configuration.link.unusableField() {
      fault = .unusableField(field, configuration.link[field])
    }
  }
}

extension Options {
  static func printHelp(on output: StandardStream) {
    var text = Line()
    text.append("usage: gimbal --role alice|bob --board BOARD --link LINK --psk FILE --journal FILE [OPTION ...]\n")
    output.write(text.utf8)
    for i in optionTable.indices {
      text.clear()
      text.append("  ")
      text.append(optionTable[i].name)
      text.append(" ")
      text.append(optionTable[i].value)
      text.pad(to: 32)
      text.append("  ")
      text.append(optionTable[i].summary)
      text.append("\n")
      output.write(text.utf8)
    }
    output.print("fields of --set:")
    for number in 0..<SettingName.count where SettingName.numbered(number) != .shared(.protocolVersion) {
      let field = SettingName.numbered(number)
      text.clear()
      text.append(" ")
      text.append(field.name)
      output.write(text.utf8)
    }
    output.print("\n")
  }

  /// One line that says what is wrong.
  static func complain(_ fault: Fault) {
    var text = Line()
    text.append("error: options: ")
    switch fault {
    case .unknownOption(let argument):
      text.append("unknown option ")
      text.append(argument.bytes)
    case .missingValue(let name):
      text.append("missing value of ")
      text.append(name)
    case .badValue(let name, let value):
      text.append("bad value of ")
      text.append(name)
      text.append(" value=")
      text.append(value.bytes)
    case .missingOption(let name):
      text.append("missing option ")
      text.append(name)
    case .unusableField(let field, let value):
      text.append("unusable configuration field=")
      text.append(field.name)
      text.append(" value=")
      text.append(decimal: value)
    }
    StandardStream.error.writeLine(text)
  }
}
