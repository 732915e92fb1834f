import Checksum
import Console
public import FixedStorage
import Ports

/// Why a saved configuration is not taken.
public enum SavedConfigurationFault: Error, Equatable, Sendable {
  /// The first line is not that of a configuration.
  case notOurs
  /// A newer program wrote it; what its fields mean is not known here.
  case newer(UInt64)
  /// The last line is missing or has another checksum: a torn or an edited file.
  case damaged(computed: UInt32)
  /// This line, counted from one, cannot be used.
  case line(Int)
  /// All lines can be used, together they cannot.
  case unusable(ConfigurationField, UInt64)
}

/// Why nothing can be loaded: it cannot be read, or not be used.
enum LoadFault: Error {
  case store(StoreError)
  case saved(SavedConfigurationFault)
}

/// A configuration as text that survives power loss and can be pasted at a console: a line that names the format, the
/// lines of `show`, and a line with the CRC-32 of everything before it.
///
/// Fields that are not there keep the program's default. So a file of version 1, which has no settings of the module,
/// is taken as it is; a version counts up when a program that does not know it would misread it.
public enum SavedConfiguration {
  public static var version: UInt64 { 2 }
  public static var bytesMax: Int { 1536 }
  private static var head: StaticString { "# gimbal configuration " }
  private static var tail: StaticString { "# crc32 " }

  public static func text(of configuration: ModuleConfiguration) -> Text<1536> {
    var text = Text<1536>()
    text.append(head)
    text.append(decimal: version)
    text.append("\n")
    for number in 0..<SettingName.count {
      text.appendSetting(.numbered(number), of: configuration)
      text.append("\n")
    }
    let crc = Checksum.crc32(text.utf8)
    text.append(tail)
    text.append(hexadecimal: UInt64(crc), digits: 8)
    text.append("\n")
    precondition(!text.overflowed)
    return text
  }

  public static func read(_ bytes: Span<UInt8>) throws(SavedConfigurationFault) -> ModuleConfiguration {
    let firstEnd = lineEnd(bytes, from: 0)
    let versionStart = head.utf8CodeUnitCount
    guard firstEnd > versionStart, head.matches(bytes.extracting(first: versionStart)),
      let found = Command.number(bytes.extracting(versionStart..<firstEnd))
    else { throw .notOurs }
    guard found >= 1, found <= version else { throw .newer(found) }
    let end = try checkedEnd(bytes)
    var configuration = ModuleConfiguration()
    var line = 1
    var start = firstEnd + 1
    while start < end {
      line += 1
      let stop = lineEnd(bytes, from: start)
      guard take(bytes.extracting(start..<stop), into: &configuration) else { throw .line(line) }
      start = stop + 1
    }
    if let field = configuration.link.unusableField() { throw .unusable(field, configuration.link[field]) }
    return configuration
  }

  /// Where the last line begins, if it is the one that what stands before it asks for.
  private static func checkedEnd(_ bytes: Span<UInt8>) throws(SavedConfigurationFault) -> Int {
    let start = max(0, bytes.count - tail.utf8CodeUnitCount - 9)
    let computed = Checksum.crc32(bytes.extracting(first: start))
    var wanted = Text<24>()
    wanted.append(tail)
    wanted.append(hexadecimal: UInt64(computed), digits: 8)
    wanted.append("\n")
    var isIntact = bytes.count - start == wanted.count
    for i in 0..<min(wanted.count, bytes.count - start) {
      let byte = wanted.utf8[i]
      isIntact = isIntact && bytes[start + i] == byte
    }
    guard isIntact else { throw .damaged(computed: computed) }
    return start
  }

  private static func lineEnd(_ bytes: Span<UInt8>, from start: Int) -> Int {
    var end = start
    while end < bytes.count, bytes[end] != 0x0a { end += 1 }
    return end
  }

  /// Executes a `set` line, or passes a comment over; false for anything else.
  private static func take(_ line: Span<UInt8>, into configuration: inout ModuleConfiguration) -> Bool {
    do throws(ParseError) {
      let command = try Command.parse(line)
      guard command.verb == .set, let field = SettingName.named(line.extracting(command.first)),
        let value = field.value(of: line.extracting(command.second))
      else { return false }
      return configuration.set(field, to: value)
    } catch {
      return error == .empty
    }
  }
}

extension Text {
  /// A field as a line that sets it; a comment where it is set with others: the version is the program's, and a row of
  /// the policy brings its own fields.
  mutating func appendSetting(_ name: SettingName, of configuration: ModuleConfiguration) {
    var isSetWithOthers = false
    if case .shared(let field) = name {
      let followsRow = configuration.link.policyRow != LinkConfiguration.manualRow
      isSetWithOthers = field == .protocolVersion || (field.belongsToPolicy && followsRow)
    }
    append(isSetWithOthers ? "# " : "set ")
    append(name.name)
    append(" ", configuration[name])
  }
}

extension Controller where End: ~Copyable, Board: ~Copyable {
  /// Writes what is in force to where the module finds it at its next start.
  mutating func save(on terminal: inout Screen) {
    do throws(StoreError) {
      try saveRunning()
      terminal.print("saved\r\n")
    } catch {
      tell(error, of: "save", on: &terminal)
    }
  }

  mutating func saveRunning() throws(StoreError) {
    try Self.save(SavedConfiguration.text(of: running), to: &board)
    savedConfiguration = running
    trace(.saved)
  }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func save(_ text: borrowing Text<1536>, to board: inout Board) throws(StoreError) {
    try board.save(text.utf8)
  }

  /// Reads what was saved into the candidate.
  mutating func load(on terminal: inout Screen) {
    do throws(LoadFault) {
      candidate = try readSaved()
      showChanges(on: &terminal)
    } catch {
      switch error {
      case .store(let error): tell(error, of: "load", on: &terminal)
      case .saved(let fault):
        var text = Line()
        text.append("error: load: ")
        text.append(fault)
        terminal.printLine(text)
      }
    }
  }

  /// What was saved.
  mutating func readSaved() throws(LoadFault) -> ModuleConfiguration {
    var bytes: [1536 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    let count: Int
    do throws(StoreError) { count = try board.load(into: &span) } catch { throw .store(error) }
    do throws(SavedConfigurationFault) {
      let saved = try SavedConfiguration.read(bytes.span.extracting(first: count))
      savedConfiguration = saved
      return saved
    } catch {
      throw .saved(error)
    }
  }

  private func tell(
    _ error: StoreError, of command: StaticString, on terminal: inout Screen
  ) {
    var text = Line()
    text.append("error: ")
    text.append(command)
    switch error {
    case .absent: text.append(": the program was started without --configuration FILE")
    case .empty: text.append(": nothing was saved yet")
    case .system(let number): text.append(": the file cannot be used errno=", UInt64(number.magnitude))
    }
    terminal.printLine(text)
  }
}

extension Text {
  /// What is wrong with a saved configuration, and where.
  public mutating func append(_ fault: SavedConfigurationFault) {
    switch fault {
    case .notOurs: append("not a saved configuration")
    case .newer(let version): append("written by a newer program version=", version)
    case .damaged(let computed):
      append("damaged or edited: its last line is not that of crc32=")
      append(hexadecimal: UInt64(computed), digits: 8)
    case .line(let line): append("cannot be used line=", UInt64(line))
    case .unusable(let field, let value):
      append("cannot be used ")
      append(field.name)
      append("=", value)
      append("  ")
      append(field.condition)
    }
  }
}
