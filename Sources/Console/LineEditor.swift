import FixedStorage

/// The names that Tab may complete besides commands: what the module behind the console knows.
public protocol ArgumentNames {
  /// The names of a kind of argument by their number, nil behind the last.
  static func name(_ kind: ArgumentKind, _ index: Int) -> StaticString?
}

/// No names at all.
public enum NoNames: ArgumentNames {
  public static func name(_ kind: ArgumentKind, _ index: Int) -> StaticString? { nil }
}

/// Collects what the operator types into lines, on any terminal that knows carriage return, backspace and three escape
/// sequences (ESC [ K, ESC [ n D, and for Ctrl-L ESC [ H ESC [ 2 J); a script that only sends lines sees its echo.
///
/// Printable ASCII is inserted at the cursor. Left, right, home, end and delete as their keys or as Ctrl-B F A E D;
/// Ctrl-K cuts to the end, Ctrl-U to the start, Ctrl-W the word before the cursor; up and down, or Ctrl-P N, go through
/// the last lines; Ctrl-L draws a clean screen; Ctrl-C abandons the line. Tab completes a name and lists several;
/// `?` explains. Anything else is ignored, and a line that is too long takes no more.
public struct LineEditor<Names: ArgumentNames>: ~Copyable {
  public static var lineBytesMax: Int { 128 }
  static var historyLines: Int { 8 }

  private enum Escape { case none, begun, parameters(UInt8) }

  private var line: [128 of UInt8] = .init(repeating: 0)
  private var count = 0
  private var cursor = 0
  private var escape = Escape.none
  private var lastWasReturn = false
  /// The last lines, newest before `historyNext`, and how far back the operator has gone.
  private var history: [1024 of UInt8] = .init(repeating: 0)
  private var historyCounts: [8 of UInt8] = .init(repeating: 0)
  private var historyNext = 0
  private var historyCount = 0
  private var historyPlace = 0

  public init() {}

  /// The characters typed so far; the whole line after `take` returned true.
  // Not optimised for the reason that `Text.utf8` tells.
  @_optimize(none)
  public var text: Span<UInt8> {
    @_lifetime(borrow self) borrowing get { line.span.extracting(first: count) }
  }

  /// Begins a new line.
  public mutating func clear() {
    count = 0
    cursor = 0
    historyPlace = 0
  }

  /// Takes one byte; true when it ended a line, which then stays until `clear()`. `prompt` is what stands before it.
  public mutating func take(
    _ byte: UInt8, prompt: StaticString, echo terminal: inout Screen
  ) -> Bool {
    // A terminal may send CR LF for one key press.
    let isPairedNewline = byte == 0x0a && lastWasReturn
    lastWasReturn = byte == 0x0d
    guard !isPairedNewline else { return false }
    if byte == 0x0d || byte == 0x0a {
      escape = .none
      remember()
      terminal.print("\r\n")
      return true
    }
    switch escape {
    case .none: break
    case .begun:
      // Both ways in which terminals introduce a key: ESC [ and ESC O.
      escape = byte == 0x5b || byte == 0x4f ? .parameters(0) : .none
      return false
    case .parameters(let number):
      takeParameter(byte, number, prompt, &terminal)
      return false
    }
    return takeKey(byte, prompt, &terminal)
  }

  private mutating func takeParameter(
    _ byte: UInt8, _ number: UInt8, _ prompt: StaticString, _ terminal: inout Screen
  ) {
    switch byte {
    case 0x30...0x39: escape = .parameters(number &* 10 &+ (byte - 0x30))
    case 0x20...0x3f: break
    default:
      escape = .none
      switch (byte, number) {
      case (0x41, _): recall(older: true, prompt, &terminal)
      case (0x42, _): recall(older: false, prompt, &terminal)
      case (0x43, _): move(to: cursor + 1, prompt, &terminal)
      case (0x44, _): move(to: cursor - 1, prompt, &terminal)
      case (0x48, _), (0x7e, 1), (0x7e, 7): move(to: 0, prompt, &terminal)
      case (0x46, _), (0x7e, 4), (0x7e, 8): move(to: count, prompt, &terminal)
      case (0x7e, 3): remove(cursor..<min(count, cursor + 1), prompt, &terminal)
      default: break
      }
    }
  }

  private mutating func takeKey(
    _ byte: UInt8, _ prompt: StaticString, _ terminal: inout Screen
  ) -> Bool {
    switch byte {
    case 0x1b: escape = .begun
    case 0x01: move(to: 0, prompt, &terminal)
    case 0x02: move(to: cursor - 1, prompt, &terminal)
    case 0x03:
      clear()
      terminal.print("^C\r\n")
      return true
    case 0x04: remove(cursor..<min(count, cursor + 1), prompt, &terminal)
    case 0x05: move(to: count, prompt, &terminal)
    case 0x06: move(to: cursor + 1, prompt, &terminal)
    case 0x08, 0x7f: remove(max(0, cursor - 1)..<cursor, prompt, &terminal)
    case 0x09: complete(prompt, &terminal)
    case 0x0b: remove(cursor..<count, prompt, &terminal)
    case 0x0c:
      terminal.print("\u{1b}[H\u{1b}[2J")
      draw(prompt, on: &terminal)
    case 0x0e: recall(older: false, prompt, &terminal)
    case 0x10: recall(older: true, prompt, &terminal)
    case 0x15: remove(0..<cursor, prompt, &terminal)
    case 0x17: remove(wordStart..<cursor, prompt, &terminal)
    case 0x3f: explain(prompt, &terminal)
    case 0x20...0x7e: insert(byte, prompt, &terminal)
    default: break
    }
    return false
  }

  // MARK: Editing

  private mutating func insert(
    _ byte: UInt8, _ prompt: StaticString, _ terminal: inout Screen
  ) {
    guard count < Self.lineBytesMax else { return }
    var place = count
    while place > cursor {
      line[place] = line[place - 1]
      place -= 1
    }
    line[cursor] = byte
    count += 1
    cursor += 1
    // At the end the character itself is enough, which is also what a script wants to see.
    guard cursor < count || count >= Self.columns(behind: prompt) else {
      let echo: [1 of UInt8] = [byte]
      return terminal.write(echo.span)
    }
    draw(prompt, on: &terminal)
  }

  private mutating func remove(
    _ range: Range<Int>, _ prompt: StaticString, _ terminal: inout Screen
  ) {
    guard !range.isEmpty else { return }
    let wasEnd = range.upperBound == count && cursor == count
    let fitted = count < Self.columns(behind: prompt)
    for i in range.upperBound..<count { line[i - range.count] = line[i] }
    count -= range.count
    cursor = range.lowerBound
    guard wasEnd && fitted && range.count == 1 else { return draw(prompt, on: &terminal) }
    terminal.print("\u{8} \u{8}")
  }

  private mutating func move(
    to place: Int, _ prompt: StaticString, _ terminal: inout Screen
  ) {
    guard place >= 0, place <= count, place != cursor else { return }
    cursor = place
    draw(prompt, on: &terminal)
  }

  /// Where the word before the cursor begins.
  private var wordStart: Int {
    var place = cursor
    while place > 0, line[place - 1] == 0x20 { place -= 1 }
    while place > 0, line[place - 1] != 0x20 { place -= 1 }
    return place
  }

  // MARK: Drawing

  /// Columns for the line on a terminal of 80; the last stays free, so that none wraps.
  private static func columns(behind prompt: StaticString) -> Int { max(8, 79 - prompt.utf8CodeUnitCount) }

  /// Draws prompt and line anew, on the row of the cursor: the part around the cursor where the line is longer.
  public func draw(_ prompt: StaticString, on terminal: inout Screen) {
    let columns = Self.columns(behind: prompt)
    let first = max(0, cursor - columns + 1)
    let end = min(count, first + columns)
    terminal.print("\r")
    terminal.print(prompt)
    var shown: [80 of UInt8] = .init(repeating: 0)
    for i in first..<end { shown[i - first] = line[i] }
    terminal.write(shown.span.extracting(first: end - first))
    terminal.print("\u{1b}[K")
    guard end > cursor else { return }
    var back = Text<8>()
    back.append("\u{1b}[")
    back.append(decimal: UInt64(end - cursor))
    back.append("D")
    terminal.write(back.utf8)
  }

  // MARK: Lines before

  /// Keeps a line that says something and is not the one before again.
  private mutating func remember() {
    guard count > 0, !isLine(at: 1) else { return }
    for i in 0..<count { history[historyNext * Self.lineBytesMax + i] = line[i] }
    historyCounts[historyNext] = UInt8(truncatingIfNeeded: count)
    historyNext = (historyNext + 1) % Self.historyLines
    historyCount = min(historyCount + 1, Self.historyLines)
  }

  /// The slot of the line so many back.
  private func slot(_ back: Int) -> Int { (historyNext + Self.historyLines - back) % Self.historyLines }

  private func isLine(at back: Int) -> Bool {
    guard back <= historyCount, Int(historyCounts[slot(back)]) == count else { return false }
    for i in 0..<count where history[slot(back) * Self.lineBytesMax + i] != line[i] { return false }
    return true
  }

  private mutating func recall(
    older: Bool, _ prompt: StaticString, _ terminal: inout Screen
  ) {
    let place = historyPlace + (older ? 1 : -1)
    guard place >= 0, place <= historyCount else { return }
    historyPlace = place
    count = place == 0 ? 0 : Int(historyCounts[slot(place)])
    for i in 0..<count { line[i] = history[slot(place) * Self.lineBytesMax + i] }
    cursor = count
    draw(prompt, on: &terminal)
  }

  // MARK: Help while typing

  /// The word that ends at the cursor, the command of the line, and what may stand in the place of the word.
  private func place() -> (word: Range<Int>, verb: Verb?, kind: ArgumentKind?) {
    var start = cursor
    while start > 0, line[start - 1] != 0x20 { start -= 1 }
    var words = 0
    var verb: Verb?
    var at = 0
    while at < start {
      let first = at
      while at < start, line[at] != 0x20 { at += 1 }
      if first < at {
        if words == 0 { verb = Command.verb(text.extracting(first..<at)) }
        words += 1
      }
      at += 1
    }
    return (start..<cursor, verb, words == 0 ? .command : verb?.spec.kind(at: words - 1))
  }

  private func name(_ kind: ArgumentKind, _ index: Int) -> StaticString? {
    switch kind {
    case .command: index < commandTable.count ? commandTable[index].name : nil
    case .subject: Self.subject(index)
    case .intensity, .level, .loss, .run, .now: kind.word(index)
    case .field, .value, .register, .alarm: Names.name(kind, index)
    case .number, .picoseconds, .decibels, .millionths, .address, .count, .millimetres, .speed, .acceleration: nil
    }
  }

  private static func subject(_ index: Int) -> StaticString? {
    var left = index
    for i in commandTable.indices where commandTable[i].isSubject {
      if left == 0 { return commandTable[i].name }
      left -= 1
    }
    return nil
  }

  /// Completes the word at the cursor as far as it is certain; a second name that begins alike lists them all.
  private mutating func complete(_ prompt: StaticString, _ terminal: inout Screen) {
    let (word, _, kind) = place()
    // The word that destroys is typed by hand.
    guard let kind, kind != .now, cursor == count else { return }
    let found = namesBeginning(with: word, kind)
    guard let first = found.first else { return }
    let added = found.common - word.count
    for i in 0..<added { insert(first.ascii[word.count + i], prompt, &terminal) }
    if found.count == 1 {
      insert(0x20, prompt, &terminal)
    } else if added == 0 {
      terminal.print("\r\n")
      list(word, kind, &terminal)
      draw(prompt, on: &terminal)
    }
  }

  /// The names that begin like a word, several in a row of the terminal.
  private func list(
    _ word: Range<Int>, _ kind: ArgumentKind, _ terminal: inout Screen
  ) {
    var index = 0
    var column = 0
    while let name = name(kind, index) {
      index += 1
      guard name.beginsIgnoringCase(text.extracting(word)) else { continue }
      let width = name.utf8CodeUnitCount + 2
      if column + width > 79 {
        terminal.print("\r\n")
        column = 0
      }
      terminal.print(name)
      terminal.print("  ")
      column += width
    }
    if column > 0 { terminal.print("\r\n") }
  }

  /// How many names begin like a word, the first of them, and the length of what all of them begin with.
  private func namesBeginning(
    with word: Range<Int>, _ kind: ArgumentKind
  ) -> (count: Int, first: StaticString?, common: Int) {
    var found = (count: 0, first: StaticString?.none, common: 0)
    var index = 0
    while let name = name(kind, index) {
      index += 1
      guard name.beginsIgnoringCase(text.extracting(word)) else { continue }
      found.count += 1
      guard let first = found.first else {
        found.first = name
        found.common = name.utf8CodeUnitCount
        continue
      }
      var common = 0
      while common < min(found.common, name.ascii.count), first.ascii[common] == name.ascii[common] { common += 1 }
      found.common = common
    }
    return found
  }

  /// Tells what may stand at the cursor: commands that begin so, or the usage of the command and what is wanted.
  private func explain(_ prompt: StaticString, _ terminal: inout Screen) {
    let (word, verb, kind) = place()
    terminal.print("?\r\n")
    var isFound = false
    for i in commandTable.indices
    where kind == .command
      ? commandTable[i].name.beginsIgnoringCase(text.extracting(word)) : commandTable[i].verb == verb
    {
      isFound = true
      var row = Line()
      row.appendHelp(commandTable[i])
      terminal.printLine(row)
    }
    if !isFound { terminal.print("no command begins so\r\n") }
    if let kind, kind != .command {
      var wanted = Line()
      wanted.append(kind.usageName)
      wanted.append(": ")
      wanted.append(kind.wanted)
      terminal.printLine(wanted)
      list(word, kind, &terminal)
    }
    draw(prompt, on: &terminal)
  }
}
