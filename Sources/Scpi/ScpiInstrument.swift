public import Console
import FixedStorage

/// What the module is asked for by one unit of a line.
public struct ScpiRequest: Equatable, Sendable {
  public let node: ScpiNode
  public let isQuery: Bool
  /// The number in steps of the row's unit; zero where the row takes none.
  public let number: UInt64
  /// Where the name stands in the line; empty where the row takes none.
  let name: Range<Int>
}

/// The machine mode of the console: an instrument of IEEE 488.2 and SCPI-1999 on a line without echo and prompt.
///
/// Bytes go in by `take`. `next` turns them into requests one by one, and does itself what needs nothing of the module:
/// status, errors, waiting. The caller carries a request out and calls `answer`, `refuse`, `postpone` or `begin`; what
/// is to be sent stands in `output`.
///
/// A line is dropped whole when it is too long or has a character that no line may have. Otherwise its units are
/// carried out one by one, and the first one that fails ends the line: what stands before it is done, what stands
/// behind it is not. One unit does everything or nothing.
public struct ScpiInstrument: ~Copyable {
  public static var lineBytesMax: Int { 256 }
  static var inputBytesMax: Int { 512 }
  /// Bytes, units and rows of help that one call of `next` works off.
  static var stepsMax: Int { 1024 }
  /// The byte that clears the device, as Ctrl-C does.
  public static var deviceClear: UInt8 { 0x03 }

  /// What the rest of the line waits for.
  enum Hold: Equatable {
    case none
    /// `*WAI` goes on, and `*OPC?` answers, when no operation is pending.
    case wait(answers: Bool)
    /// A request is made again when the module is not busy.
    case request(ScpiRequest)
    /// The next row of the help is to be told.
    case help(Int)
  }

  private var input = Ring<512, UInt8>(filler: 0)
  private var line: [256 of UInt8] = .init(repeating: 0)
  private var count = 0
  private var lineFault = ScpiError.none
  /// Where the next unit begins; nil while a line is collected.
  private var place: Int?
  private var path: [64 of UInt8] = .init(repeating: 0)
  private var pathCount = 0
  var hold = Hold.none
  // What one unit answers fits behind what `next` lets stand there.
  var text = Text<1000>()
  /// Whether this line answered already, and whether with something that may be anything.
  var hasAnswered = false
  private var isIndefinite = false
  var isOperationPending = false
  var isCompletionAsked = false
  var status = ScpiStatus()
  var errors = ScpiErrorQueue()

  public init() {}

  /// How many bytes can be taken.
  public var room: Int { Self.inputBytesMax - input.count }

  /// Takes one byte from the terminal. There has to be room for it.
  @inline(never)
  public mutating func take(_ byte: UInt8) {
    guard byte != Self.deviceClear else { return clearDevice() }
    let isTaken = input.push(byte)
    precondition(isTaken)
  }

  /// What is to be sent, until `clearOutput`.
  // Not optimised for the reason that `Text.utf8` tells.
  @_optimize(none)
  public var output: Span<UInt8> { @_lifetime(borrow self) borrowing get { text.utf8 } }
  public mutating func clearOutput() { text.clear() }

  /// The next request to the module; nil when there is none now, or when `output` has to be sent first.
  @inline(never)
  public mutating func next(under conditions: ScpiConditions, as privilege: Privilege) -> ScpiRequest? {
    status.update(conditions)
    if isOperationPending, !conditions.isBusy { completeOperation() }
    for _ in 0..<Self.stepsMax {
      guard text.count <= 384 else { return nil }
      switch hold {
      case .none: break
      case .wait(let answers):
        guard !isOperationPending else { return nil }
        hold = .none
        if answers { answer(decimal: 1) }
      case .request(let request):
        guard !conditions.isBusy else { return nil }
        hold = .none
        return request
      case .help(let row):
        appendHelp(row)
        continue
      }
      guard let start = place else {
        guard collect() else { return nil }
        continue
      }
      if start > count {
        endLine()
      } else if let request = takeUnit(privilege) {
        return request
      }
    }
    return nil
  }

  /// The name of a request, while it is the last one.
  // Not optimised for the reason that `Text.utf8` tells.
  @_optimize(none)
  @_lifetime(borrow self)
  public borrowing func name(of request: ScpiRequest) -> Span<UInt8> { line.span.extracting(request.name) }

  /// Says that a request cannot be carried out; the rest of its line is dropped.
  @inline(never)
  public mutating func refuse(_ error: ScpiError, _ detail: StaticString = "") {
    if !errors.push(error, detail) { status.events |= ScpiError.queueOverflow.event }
    status.events |= error.event
    if place != nil { place = count + 1 }
  }

  /// Asks for the same again when the module is not busy; the rest of the line waits.
  public mutating func postpone(_ request: ScpiRequest) { hold = .request(request) }

  /// Says that an operation has begun, which is over as soon as the module is not busy.
  public mutating func begin() { isOperationPending = true }

  private mutating func completeOperation() {
    isOperationPending = false
    if isCompletionAsked { status.events |= ScpiEvent.complete }
    isCompletionAsked = false
  }

  // MARK: Lines

  /// Empties input and output and stops waiting. Status, errors and the module stay as they are.
  private mutating func clearDevice() {
    input.removeAll()
    text.clear()
    isCompletionAsked = false
    startLine()
  }

  private mutating func startLine() {
    count = 0
    place = nil
    lineFault = .none
    hold = .none
    hasAnswered = false
    isIndefinite = false
    pathCount = 0
  }

  private mutating func endLine() {
    if hasAnswered { text.append("\n") }
    startLine()
  }

  /// Takes one byte of input into the line; false when there is none.
  private mutating func collect() -> Bool {
    guard let byte = input.pop() else { return false }
    // A terminal's Enter sends CR alone. Behind CR, LF ends an empty line, which asks nothing.
    guard byte != 0x0a, byte != 0x0d else {
      if lineFault != .none { refuse(lineFault) }
      // A line that is dropped whole has no unit.
      place = lineFault == .none ? 0 : count + 1
      return true
    }
    let isPrintable = byte >= 0x20 && byte < 0x7f
    if !isPrintable && !ScpiText.isBlank(byte), lineFault == .none { lineFault = .invalidCharacter }
    guard count < Self.lineBytesMax else {
      lineFault = .tooMuchData
      return true
    }
    line[count] = byte
    count += 1
    return true
  }

  // MARK: Units

  /// Carries the next unit of the line out, or makes a request of it.
  private mutating func takeUnit(_ privilege: Privilege) -> ScpiRequest? {
    guard let start = place else { return nil }
    var end = start
    while end < count, line[end] != 0x3b { end += 1 }
    place = end + 1
    let unit = ScpiText.trimmed(start..<end, of: line.span)
    guard !unit.isEmpty else { return nil }
    do throws(ScpiError) {
      let request = try parse(unit, privilege)
      return perform(request) ? nil : request
    } catch {
      refuse(error)
      return nil
    }
  }

  private mutating func parse(_ unit: Range<Int>, _ privilege: Privilege) throws(ScpiError) -> ScpiRequest {
    let header = try ScpiHeader(unit, of: line.span)
    let node = try node(header)
    let row = node.row
    guard row.form == .both || (row.form == .query) == header.isQuery else { throw .undefinedHeader }
    guard header.isQuery || row.privilege.rawValue <= privilege.rawValue else { throw .commandProtected }
    if header.isQuery, isIndefinite { throw .queryUnterminatedAfterIndefiniteResponse }
    let kind = header.isQuery ? row.queryArgument : row.argument
    let arguments = try ScpiArguments(kind, of: row, in: header.end..<unit.upperBound, of: line.span)
    isIndefinite = isIndefinite || node == .identity
    return ScpiRequest(node: node, isQuery: header.isQuery, number: arguments.number, name: arguments.name)
  }

  /// Finds the node of a header and moves the path to it: a header that begins with no colon continues where the last
  /// one ended. Common commands have no part in that.
  private mutating func node(_ header: ScpiHeader) throws(ScpiError) -> ScpiNode {
    let words = line.span.extracting(header.words)
    guard !header.isCommon else {
      guard let node = ScpiNode.named(words) else { throw .undefinedHeader }
      return node
    }
    var full: [64 of UInt8] = .init(repeating: 0)
    var length = header.isAbsolute ? 0 : pathCount
    // No header of the table is that long.
    guard length + words.count < full.count else { throw .undefinedHeader }
    for i in 0..<length { full[i] = path[i] }
    for i in words.indices { full[length + i] = words[i] }
    length += words.count
    guard let node = ScpiNode.named(full.span.extracting(first: length)) else { throw .undefinedHeader }
    pathCount = 0
    for i in 0..<length where full[i] == 0x3a { pathCount = i + 1 }
    path = full
    return node
  }

  // MARK: Help

  /// Appends the head of the block, a row of it, or what ends it.
  private mutating func appendHelp(_ row: Int) {
    guard row < scpiTable.count else {
      hold = .none
      return
    }
    if row == 0 {
      var bytes: UInt64 = 0
      for i in scpiTable.indices { bytes += UInt64(scpiTable[i].helpBytes) }
      precondition(bytes >= 1_000 && bytes < 10_000)
      // A definite-length block: how many digits the length has, and the length.
      answer("#4")
      text.append(decimal: bytes)
    }
    appendLine(of: scpiTable[row])
    hold = .help(row + 1)
  }

  /// A line of `SYSTem:HELP:HEADers?` as SCPI-1999 writes it in the chapter on SYSTem of volume 2.
  private mutating func appendLine(of row: ScpiRow) {
    text.append(row.helpStart)
    text.append(row.pattern)
    text.append(row.helpEnd)
  }
}

extension ScpiRow {
  fileprivate var helpStart: StaticString { pattern.ascii[0] == 0x2a ? "" : ":" }

  fileprivate var helpEnd: StaticString {
    switch form {
    case .query: "?/qonly/\n"
    case .command: "/nquery/\n"
    case .both: "/\n"
    }
  }

  fileprivate var helpBytes: Int {
    helpStart.utf8CodeUnitCount + pattern.utf8CodeUnitCount + helpEnd.utf8CodeUnitCount
  }
}
