import Console
import FixedStorage
import HostConsole
import Testing

private func parse(_ text: String) throws(ParseError) -> Verb {
  let bytes = Array(text.utf8)
  return try Command.parse(bytes.span).verb
}

private func string(_ editor: borrowing LineEditor<NoNames>) -> String {
  let text = editor.text
  var bytes: [UInt8] = []
  for i in text.indices { bytes.append(text[i]) }
  return String(decoding: bytes, as: UTF8.self)
}

/// Types a string; every finished line is returned, and one unfinished one at the end.
private func type(_ keys: [UInt8]) -> (lines: [String], screen: String) {
  var editor = LineEditor<NoNames>()
  var screen = Screen.onHost()
  var lines: [String] = []
  for key in keys where editor.take(key, prompt: "> ", echo: &screen) {
    lines.append(string(editor))
    editor.clear()
  }
  return (lines, String(decoding: screen.taken(), as: UTF8.self))
}

@Test func everyVerb_hasExactlyOneRow() {
  for number in 0..<UInt8(commandTable.count) {
    let verb = Verb(rawValue: number)
    var rows = 0
    for i in commandTable.indices where commandTable[i].verb == verb { rows += 1 }
    #expect(rows == 1)
  }
  #expect(Verb(rawValue: UInt8(commandTable.count)) == nil)
}

/// A word of a kind, and one that is none, if there is such a word.
private func sample(_ kind: ArgumentKind) -> (right: String, wrong: String?) {
  switch kind {
  case .command: ("help", nil)
  case .field: ("ad_block", nil)
  case .register: ("IDENT", nil)
  case .subject: ("link", nil)
  case .value: ("5", nil)
  case .number: ("0x1F", "-5")
  case .picoseconds: ("40950", "40951")
  case .decibels: ("4000", "4001")
  case .millionths: ("0", "1048576")
  case .intensity: ("dec", "bright")
  case .address: ("0x77", "0x78")
  case .count: ("1", "0")
  case .millimetres: ("10000000000", "10000000001")
  case .speed: ("-9000000", "9000001")
  case .acceleration: ("-100000", "100001")
  case .level: ("warning", "loud")
  case .alarm: ("fault", nil)
  case .loss: ("measure", "measures")
  case .run: ("run", "ru")
  case .now: ("now", "no")
  }
}

/// Each row parses under its name with every number of arguments that it may have, and with no other; an argument of
/// another kind is told with its place.
@Test func everyRow_parsesAndChecksItsArguments() throws {
  for i in commandTable.indices {
    let spec = commandTable[i]
    let kinds = (0..<Int(spec.argumentsMax)).map { spec.kind(at: $0)! }
    let right = kinds.map { sample($0).right }
    for count in 0...Int(spec.argumentsMax) {
      let line = (["\(spec.name)"] + right.prefix(count)).joined(separator: " ")
      if count >= Int(spec.argumentsMin) {
        #expect(try parse(line) == spec.verb)
      } else {
        #expect(throws: ParseError.wrongArgumentCount(spec.verb)) { try parse(line) }
      }
    }
    let tooMany = (["\(spec.name)"] + right + ["more"]).joined(separator: " ")
    #expect(throws: ParseError.wrongArgumentCount(spec.verb)) { try parse(tooMany) }
    for (place, kind) in kinds.enumerated() {
      guard let wrong = sample(kind).wrong else { continue }
      var words = right
      words[place] = wrong
      let line = (["\(spec.name)"] + words).joined(separator: " ")
      #expect(throws: ParseError.wrongArgument(spec.verb, UInt8(place))) { try parse(line) }
    }
  }
}

@Test func signedNumbers_areReadWithOneMinusAtMost() {
  func number(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    return Command.signedNumber(bytes.span)
  }
  #expect(number("-17") == -17 && number("17") == 17 && number("-0x10") == -16)
  #expect(number("9223372036854775807") == .max && number("9223372036854775808") == nil)
  #expect(number("") == nil && number("-") == nil && number("--1") == nil && number("+1") == nil)
}

/// What destroys wants the word that says so.
@Test func commandsThatDestroy_needTheWordAndAPrivilege() {
  for verb in [Verb.abort, .reboot, .zeroize] {
    #expect(verb.spec.kind(at: 0) == .now && verb.spec.argumentsMin == 1 && verb.spec.privilege != .observe)
  }
  #expect(Verb.zeroize.spec.privilege == .secure)
}

@Test func numbers_areReadInBothNotations() {
  func number(_ text: String) -> UInt64? {
    let bytes = Array(text.utf8)
    return Command.number(bytes.span)
  }
  #expect(number("0") == 0 && number("18446744073709551615") == .max && number("0xFfffFFFFffffffff") == .max)
  #expect(number("0x10") == 16 && number("010") == 10)
  for bad in ["", "-1", "+1", "0x", "1 ", "18446744073709551616", "0x10000000000000000", "ff", "1.5", "1e3"] {
    #expect(number(bad) == nil, "\(bad)")
  }
}

@Test func parse_passesCommentsOver() throws {
  #expect(throws: ParseError.empty) { try parse("# set ad_block 5") }
  #expect(throws: ParseError.empty) { try parse("  #") }
  #expect(throws: ParseError.unknownCommand) { try parse("a#") }
}

@Test func parse_findsTheArgumentAmongBlanks() throws {
  let bytes = Array("  help \t status ".utf8)
  let command = try Command.parse(bytes.span)
  #expect(command.verb == .help && command.first == 9..<15 && command.second.isEmpty)
  #expect(throws: ParseError.unknownCommand) { try parse("statue") }
  #expect(throws: ParseError.empty) { try parse("   ") }
}

@Test func editor_endsLinesOnAnyNewlineAndEchoes() {
  let typed = type(Array("start\r\nstop\rkeys\n".utf8))
  #expect(typed.lines == ["start", "stop", "keys"])
  #expect(typed.screen == "start\r\nstop\r\nkeys\r\n")
}

@Test func editor_rubsOutClearsAndAbandons() {
  #expect(type(Array("stax\u{7f}tus\r".utf8)).lines == ["status"])
  #expect(type(Array("junk".utf8) + [0x15] + Array("keys\r".utf8)).lines == ["keys"])
  #expect(type(Array("junk".utf8) + [0x03]).lines == [""])
}

/// What a terminal of 80 columns shows on its last row: the sequences that the editor uses, and nothing else.
private func row(_ screen: String) -> (text: String, column: Int) {
  var cells: [Character] = []
  var column = 0
  var rest = Array(screen)[...]
  while let next = rest.popFirst() {
    switch next {
    case "\r\n":
      cells = []
      column = 0
    case "\r": column = 0
    case "\u{8}": column -= 1
    case "\u{1b}":
      let sequence = rest.prefix { !$0.isLetter } + rest.drop { !$0.isLetter }.prefix(1)
      rest = rest.dropFirst(sequence.count)
      if sequence.last == "K" { cells = Array(cells.prefix(column)) }
      if sequence.last == "D" { column -= Int(String(sequence.dropFirst().dropLast())) ?? 0 }
      if sequence.last == "J" || sequence.last == "H" {
        cells = []
        column = 0
      }
    default:
      while cells.count <= column { cells.append(" ") }
      cells[column] = next
      column += 1
    }
  }
  return (String(cells), column)
}

/// After every key the row shows prompt and line, and the cursor stands where the next character goes.
private func edited(_ keys: String) -> (text: String, column: Int) {
  row("> " + type(Array(keys.utf8)).screen)
}

@Test func editor_movesAndInserts() {
  let left = "\u{1b}[D"
  let home = "\u{1b}[H"
  let end = "\u{1b}OF"
  #expect(edited("sttus" + left + left + left + "a") == ("> status", 5))
  #expect(edited("elp" + home + "h" + end + "!") == ("> help!", 7))
  #expect(edited("xhelp\u{1}\u{4}") == ("> help", 2))
  #expect(edited("helpx" + left + "\u{1b}[3~") == ("> help", 6))
  #expect(edited("one two\u{17}") == ("> one ", 6))
  #expect(edited("one two\u{2}\u{2}\u{b}") == ("> one t", 7))
  #expect(edited("one two\u{2}\u{2}\u{15}") == ("> wo", 2))
  #expect(edited("one\u{c}") == ("> one", 5))
}

@Test func editor_recallsLinesAndComesBack() {
  let up = "\u{1b}[A"
  let down = "\u{1b}[B"
  #expect(type(Array("status\rkeys\r\(up)\(up)\r".utf8)).lines == ["status", "keys", "status"])
  #expect(type(Array("status\rkeys\r\(up)\(up)\(down)\r".utf8)).lines.last == "keys")
  #expect(type(Array("status\r\(up)\(down)x\r".utf8)).lines.last == "x")
  let many = (0..<20).map { "line\($0)\r" }.joined()
  #expect(type(Array((many + String(repeating: up, count: 30) + "\r").utf8)).lines.last == "line12")
}

/// A sequence may come in pieces, be unknown, or never end; the line stays what was typed.
@Test func editor_takesSplitAndUnknownSequences() {
  #expect(type(Array("stats\u{1b}[1;5D\u{1b}[99~\u{1b}xu\u{1b}\r".utf8)).lines == ["status"])
  #expect(type([0x61, 0x1b, 0x5b, 0x32, 0x0d]).lines == ["a"])
}

@Test func editor_completesWhatIsCertain() {
  #expect(edited("he\t") == ("> help ", 7))
  #expect(edited("st\t") == ("> st", 4))
  #expect(edited("stat\t") == ("> status ", 9))
  #expect(edited("help ver\t") == ("> help version ", 15))
  #expect(edited("status ver\t") == ("> status version ", 17))
  #expect(edited("start ver\t") == ("> start ver", 11))
  #expect(edited("nothing\t") == ("> nothing", 9))
  let listed = type(Array("st\t\t".utf8)).screen
  for name in ["status", "start", "stop"] { #expect(listed.contains(name + "  ")) }
}

private enum ThreeFields: ArgumentNames {
  static func name(_ kind: ArgumentKind, _ index: Int) -> StaticString? {
    let fields: [StaticString] = ["mean_signal", "mean_decoy", "ad_block"]
    return kind == .field && index < fields.count ? fields[index] : nil
  }
}

/// Arguments complete as commands do, from what the module knows.
@Test func editor_completesArguments() {
  func screen(_ keys: String) -> String {
    var editor = LineEditor<ThreeFields>()
    var screen = Screen.onHost()
    for key in keys.utf8 { _ = editor.take(key, prompt: "> ", echo: &screen) }
    return String(decoding: screen.taken(), as: UTF8.self)
  }
  #expect(row("> " + screen("set a\t")).text == "> set ad_block ")
  #expect(row("> " + screen("set me\t")).text == "> set mean_")
  #expect(screen("set mean_\t").contains("mean_signal  mean_decoy"))
  #expect(row("> " + screen("set ad_block 5\t")).text == "> set ad_block 5")
  #expect(
    row("> " + screen("zeroize \t")).text == "> zeroize " && row("> " + screen("align \t")).text == "> align run ")
  let explained = screen("set ad_block ?")
  #expect(explained.contains("set FIELD VALUE") && explained.contains("VALUE: a number"))
  #expect(screen("set ?").contains("FIELD: the name of a field"))
  #expect(screen("status x\t") == "status x")
}

@Test func editor_explainsWhatMayStandThere() {
  let all = type(Array("?".utf8)).screen
  for i in commandTable.indices { #expect(all.contains("\(commandTable[i].summary)")) }
  let some = type(Array("ke?".utf8)).screen
  #expect(some.contains("names and states") && !some.contains("agree with the peer"))
  #expect(type(Array("help ?".utf8)).screen.contains("names and states"))
  #expect(type(Array("status ?".utf8)).screen.contains("state, link, policy"))
  #expect(type(Array("zzz?".utf8)).screen.contains("no command begins so"))
  #expect(edited("ke?") == ("> ke", 4))
}

@Test func help_everyRow_keepsTheUsageApartAndFitsARow() {
  let rows = type(Array("?".utf8)).screen.split(separator: "\r\n")
  for i in commandTable.indices {
    let row = rows.first { $0.hasSuffix("  \(commandTable[i].summary)") }
    #expect(row?.hasPrefix("\(commandTable[i].name) ") == true && (row?.count ?? 0) <= 100)
  }
}

/// A line longer than the row is shown around the cursor, and never wraps.
@Test func editor_showsAPartOfALongLine() {
  let long = String(repeating: "a", count: 60) + String(repeating: "b", count: 60)
  let shown = edited(long)
  #expect(shown.text.count <= 80 && shown.text.hasPrefix("> a") && shown.text.hasSuffix("b"))
  #expect(edited(long + "\u{1}").column == 2)
  let lengths = (1...120).map { row("> " + type(Array(long.prefix($0).utf8)).screen).text.count }
  #expect(lengths.allSatisfy { $0 <= 80 })
}

@Test func parse_takesUniqueBeginnings() throws {
  #expect(try parse("he") == .help && parse("HELP") == .help && parse("ver") == .version && parse("report") == .report)
  #expect(throws: ParseError.self) { try parse("st") }
  let bytes = Array("st".utf8)
  #expect(throws: ParseError.ambiguousCommand(.status)) { try Command.parse(bytes.span) }
}

@Test func editor_survivesNoiseAndOverlongLines() {
  let noise = (0..<400).map { UInt8(truncatingIfNeeded: $0 * 37) }.filter { $0 != 13 && $0 != 10 && $0 != 3 }
  let typed = type(noise + [0x15] + Array(repeating: 0x61, count: 500) + [13] + Array("status\r".utf8))
  #expect(typed.lines.first?.count == LineEditor<NoNames>.lineBytesMax && typed.lines.last == "status")
}
