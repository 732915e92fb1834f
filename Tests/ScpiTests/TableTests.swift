import Console
import FixedStorage
import Scpi
import Testing

private func rows() -> [ScpiRow] { scpiTable.indices.map { scpiTable[$0] } }

private func node(_ header: String) -> ScpiNode? {
  let bytes = Array(header.utf8)
  return ScpiNode.named(bytes.span)
}

/// What a row takes, right.
private func right(_ argument: ScpiArgument) -> String {
  switch argument {
  case .none: ""
  case .number: " 0"
  case .name: " some_name"
  case .nameAndNumber: " some_name , 0"
  }
}

/// What a row does not take, with the errors that it must give.
private func wrong(_ argument: ScpiArgument, in unit: ScpiUnit) -> [(String, Int)] {
  let number = [
    ("", -109), (" 1,1", -108), (" ON", -148), (" \"1\"", -158), (" #H1", -168), (" (1)", -178), (" 1x1", -121),
    (" -1", -222), (" 1E33000", -123), (" 99999999999999999999", -222), (" .", -121), (" 1E", -121), (" +", -121),
  ]
  let name = [
    (" 5", -128), (" -a", -128), (" 'a'", -158), (" a.b", -141), (" _a", -141), (" a b", -141),
    (" " + String(repeating: "a", count: 33), -144),
  ]
  switch argument {
  case .none: return [(" 1", -108), (" a", -108), (" ,", -108)]
  case .number: return number + [(" 1 V", unit == .seconds ? -131 : -138)]
  case .name: return name + [("", -109), (" a,b", -108)]
  case .nameAndNumber:
    return name.map { ($0.0 + ",1", $0.1) } + [("", -109), (" a", -109), (" a,1,1", -108), (" a,", -109)]
      + number.dropFirst(2).map { (" a," + $0.0, $0.1) } + [(" ,1", -109), (" a,,1", -109)]
  }
}

@Test func everyNode_isTheOneOfItsRow() {
  for (number, row) in rows().enumerated() {
    #expect(Int(row.node.rawValue) == number && row.node.row.pattern.matches(row.pattern.ascii))
  }
  #expect(ScpiNode(rawValue: UInt8(scpiTable.count)) == nil)
}

/// Short forms follow SCPI-1999 volume 1, chapter 6: four letters, or three if the fourth is a vowel.
@Test func everyPattern_isShortenedAsScpiSays() {
  for row in rows() where !"\(row.pattern)".hasPrefix("*") {
    for word in "\(row.pattern)".split(whereSeparator: { ":[]".contains($0) }) {
      let short = word.filter(\.isUppercase)
      let long = word.uppercased()
      var expected = String(long.prefix(4))
      if long.count > 4, let last = expected.last, "AEIOU".contains(last) { expected.removeLast() }
      #expect(short == expected && word.hasPrefix(short), "\(row.pattern)")
      #expect(word.count <= 12)
    }
  }
}

/// No spelling means two rows, whatever the size of its letters.
@Test func everySpelling_namesItsRowAndNoOther() {
  var seen: [String: ScpiNode] = [:]
  for row in rows() {
    for spelling in spellings(of: "\(row.pattern)") {
      #expect(node(spelling) == row.node && node(spelling.lowercased()) == row.node, "\(spelling)")
      #expect(seen.updateValue(row.node, forKey: spelling.uppercased()) ?? row.node == row.node, "\(spelling)")
    }
  }
  let none = [
    "", ":", "MEAS", "MEAS:", "MEAS:QBER:", "MEAS::QBER", "MEASU:QBER", "MEA:QBER", "*IDNX", "QBER", "[NEXT]",
  ]
  for bad in none {
    #expect(node(bad) == nil, "\(bad)")
  }
}

/// Whether the instrument knows the answer without the module.
private func isAnsweredAlone(_ node: ScpiNode) -> Bool {
  switch node {
  case .clear, .eventEnable, .eventStatus, .complete, .serviceEnable, .statusByte, .wait, .operationCondition,
    .operationEnable, .operationEvent, .operationFall, .operationRise, .questionableCondition, .questionableEnable,
    .questionableEvent, .questionableFall, .questionableRise, .preset, .error, .errorCount, .headers, .version:
    true
  default: false
  }
}

/// Each row is understood in each of its forms with what it takes: one answer to a query, none to a command.
@Test func everyRow_isCarriedOutInEverySpelling() {
  for row in rows() {
    for spelling in spellings(of: "\(row.pattern)") {
      for isQuery in [false, true] where row.form == .both || (row.form == .query) == isQuery {
        var user = Operator()
        let line = spelling + (isQuery ? "?" + right(row.queryArgument) : right(row.argument))
        let answer = user.ask(line)
        let made = user.made
        let errors = user.errors()
        #expect(errors.isEmpty, "\(line) \(errors)")
        #expect(answer.hasSuffix("\n") == isQuery && (isQuery || answer.isEmpty), "\(line)")
        #expect(made.map(\.node) == (isAnsweredAlone(row.node) ? [] : [row.node]), "\(line)")
        #expect(made.allSatisfy { $0.isQuery == isQuery && $0.name == (line.contains("some") ? "some_name" : "") })
      }
    }
  }
}

/// Each wrong argument of each row is told by its error and reaches nobody.
@Test func everyRow_refusesWrongArguments() {
  for row in rows() {
    let header = spellings(of: "\(row.pattern)")[0]
    var cases: [(String, Int)] = []
    if row.form != .query { cases += wrong(row.argument, in: row.unit).map { (header + $0.0, $0.1) } }
    if row.form != .command { cases += wrong(row.queryArgument, in: row.unit).map { (header + "?" + $0.0, $0.1) } }
    if row.form == .query { cases.append((header, -113)) }
    if row.form == .command { cases.append((header + "?", -113)) }
    if row.argument == .number, row.numberMax < .max { cases.append((header + " 999999999999999", -222)) }
    for (line, number) in cases {
      var user = Operator()
      let requests = user.requests(line)
      let errors = user.errors()
      #expect(errors == [number] && requests.isEmpty, "\(line) \(errors)")
    }
  }
}

/// What changes the module is protected by the privilege of its row; every question is free.
@Test func everyRow_obeysItsPrivilege() {
  for row in rows() where row.form != .query {
    var user = Operator()
    user.privilege = .observe
    let line = spellings(of: "\(row.pattern)")[0] + right(row.argument)
    let errors = user.errors(of: line)
    #expect(errors == (row.privilege == .observe ? [] : [-203]), "\(line)")
    user.privilege = .operate
    let allowed = user.errors(of: line)
    #expect(allowed.isEmpty, "\(line)")
  }
  for node in [ScpiNode.recall, .reset, .save, .signal, .field, .apply, .discard, .initiate, .stop, .abort] {
    #expect(node.row.privilege == .operate)
  }
}

/// The list that the instrument tells is a block of exactly the length that it says, with every header.
@Test func headers_areToldAsABlockOfTheTable() {
  var user = Operator()
  let answer = user.ask("SYST:HELP:HEAD?;*OPC?")
  #expect(answer.hasPrefix("#4"))
  let length = Int(answer.dropFirst(2).prefix(4))
  let block = answer.dropFirst(6).prefix(length ?? 0)
  #expect(answer.dropFirst(6 + (length ?? 0)) == ";1\n")
  let lines = block.split(separator: "\n")
  #expect(lines.count == scpiTable.count && block.hasSuffix("\n"))
  #expect(lines.contains("*IDN?/qonly/") && lines.contains(":SYSTem:ERRor[:NEXT]?/qonly/"))
  #expect(lines.contains("*CLS/nquery/") && lines.contains("*ESE/") && lines.contains(":STATus:PRESet/nquery/"))
}
