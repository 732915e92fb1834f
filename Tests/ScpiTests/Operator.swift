import Console
import FixedStorage
import Scpi

/// A request that reached the module.
struct Made: Equatable {
  let node: ScpiNode
  let isQuery: Bool
  var number: UInt64 = 0
  var name = ""

  static func query(_ node: ScpiNode) -> Made { Made(node: node, isQuery: true) }
  static func command(_ node: ScpiNode) -> Made { Made(node: node, isQuery: false) }
}

private func bytes(_ span: Span<UInt8>) -> [UInt8] { span.indices.map { span[$0] } }

/// Someone at the line of an instrument, and a module behind it that answers every query with 7.
struct Operator: ~Copyable {
  var instrument = ScpiInstrument()
  var conditions = ScpiConditions(isBusy: false)
  var privilege = Privilege.secure
  /// How the module refuses whatever it is asked for, if it does.
  var refusal: ScpiError?
  private(set) var made: [Made] = []
  private(set) var sent: [UInt8] = []

  /// Lets the instrument work as long as it does something.
  mutating func turn() {
    while true {
      var didWork = false
      while let request = instrument.next(under: conditions, as: privilege) {
        carryOut(request)
        didWork = true
      }
      let output = bytes(instrument.output)
      sent += output
      instrument.clearOutput()
      guard didWork || !output.isEmpty else { return }
    }
  }

  private mutating func carryOut(_ request: ScpiRequest) {
    let name = String(decoding: bytes(instrument.name(of: request)), as: UTF8.self)
    made.append(Made(node: request.node, isQuery: request.isQuery, number: request.number, name: name))
    if let refusal { return instrument.refuse(refusal) }
    if request.node == .initiate {
      conditions.isBusy = true
      instrument.begin()
    }
    if request.isQuery { instrument.answer(decimal: 7) }
  }

  mutating func type(_ bytes: [UInt8]) {
    for byte in bytes {
      if instrument.room == 0 { turn() }
      if instrument.room > 0 { instrument.take(byte) }
    }
    turn()
  }

  /// Sends lines and returns what came back.
  mutating func ask(_ line: String) -> String {
    sent = []
    type(Array((line + "\n").utf8))
    return String(decoding: sent, as: UTF8.self)
  }

  /// Sends a line and returns the requests that it made.
  mutating func requests(_ line: String) -> [Made] {
    made = []
    _ = ask(line)
    return made
  }

  /// The numbers of all errors that wait, oldest first.
  mutating func errors() -> [Int] {
    var numbers: [Int] = []
    while true {
      let answer = ask(":SYST:ERR?")
      guard let number = Int(answer.prefix { $0 != "," }), number != 0 else { return numbers }
      numbers.append(number)
    }
  }

  /// The errors of one line.
  mutating func errors(of line: String) -> [Int] {
    _ = ask(line)
    return errors()
  }
}

/// Every spelling of a pattern: short and long words, with and without what may be left out.
func spellings(of pattern: String) -> [String] {
  var found = [""]
  var rest = pattern[...]
  while !rest.isEmpty {
    let isOptional = rest.hasPrefix("[")
    let piece = isOptional ? rest.dropFirst().prefix { $0 != "]" } : rest.prefix { $0 != "[" && $0 != ":" }
    rest = rest.dropFirst(piece.count + (isOptional ? 2 : 0))
    var separator = ""
    if !isOptional, rest.hasPrefix(":") {
      separator = ":"
      rest = rest.dropFirst()
    }
    let word = piece.filter { $0 != ":" }
    let short = word.filter { !$0.isLowercase }
    let before = piece.hasPrefix(":") ? ":" : ""
    let after = piece.hasSuffix(":") ? ":" : separator
    let choices = Array(Set([word, short]).map { before + $0 + after }) + (isOptional ? [""] : [])
    found = found.flatMap { head in choices.map { head + $0 } }
  }
  return found
}
