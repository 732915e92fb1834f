import Console
import FixedStorage
import Ports
import Testing

private func parse(_ text: String) throws(ParseError) -> Verb {
  let bytes = Array(text.utf8)
  return try Command.parse(bytes.span).verb
}

private struct Screen: TerminalPort, ~Copyable {
  var shown: [UInt8] = []

  mutating func read(into bytes: inout MutableSpan<UInt8>) -> Int { 0 }
  mutating func write(_ bytes: Span<UInt8>) {
    for i in bytes.indices { shown.append(bytes[i]) }
  }
}

private func string(_ editor: borrowing LineEditor) -> String {
  let text = editor.text
  var bytes: [UInt8] = []
  for i in text.indices { bytes.append(text[i]) }
  return String(decoding: bytes, as: UTF8.self)
}

/// Types a string; every finished line is returned, and one unfinished one at the end.
private func type(_ keys: [UInt8]) -> (lines: [String], screen: String) {
  var editor = LineEditor()
  var screen = Screen()
  var lines: [String] = []
  for key in keys where editor.take(key, echo: &screen) {
    lines.append(string(editor))
    editor.clear()
  }
  return (lines, String(decoding: screen.shown, as: UTF8.self))
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

/// Each row parses under its name, and with one argument too many it does not.
@Test func everyRow_parsesAndChecksItsArguments() throws {
  for i in commandTable.indices {
    let spec = commandTable[i]
    let name = "\(spec.name)"
    #expect(try parse(name) == spec.verb)
    let tooMany = name + String(repeating: " a", count: Int(spec.argumentsMax) + 1)
    #expect(throws: ParseError.wrongArgumentCount(spec.verb)) { try parse(tooMany) }
  }
}

@Test func parse_findsTheArgumentAmongBlanks() throws {
  let bytes = Array("  help \t status ".utf8)
  let command = try Command.parse(bytes.span)
  #expect(command.verb == .help && command.argument == 9..<15)
  #expect(throws: ParseError.unknownCommand) { try parse("statu") }
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

@Test func editor_survivesNoiseAndOverlongLines() {
  let noise = (0..<400).map { UInt8(truncatingIfNeeded: $0 * 37) }.filter { $0 != 13 && $0 != 10 && $0 != 3 }
  let typed = type(noise + [0x15] + Array(repeating: 0x61, count: 500) + [13] + Array("status\r".utf8))
  #expect(typed.lines.first?.count == LineEditor.lineBytesMax && typed.lines.last == "status")
}
