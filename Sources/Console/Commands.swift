public import FixedStorage

/// Everything that the operator can ask for.
/// Numbered from zero without gaps: `CaseIterable` would bring in an array.
public enum Verb: UInt8, Sendable {
  case help, status, report, start, stop, abort, qber, link, counters, keys
  case show, set, changes, apply, discard, defaults, save, load, register, peek, trace, zeroize, version
}

/// What a command may do, and what a console is trusted with. Each level includes those before it.
public enum Privilege: UInt8, Sendable {
  /// Look, and change nothing.
  case observe
  /// Run sessions and set the configuration.
  case operate
  /// Destroy what cannot be made again.
  case secure

  public var name: StaticString {
    switch self {
    case .observe: "observe"
    case .operate: "operate"
    case .secure: "secure"
    }
  }
}

/// What may stand in the place of an argument.
public enum ArgumentKind: UInt8, Sendable {
  /// The name of a command.
  case command
  /// The name of a field of the configuration, or what only one of them begins with.
  case field
  /// The name of a register of the gateware, or what only one of them begins with.
  case register
  /// An unsigned number, decimal or hexadecimal behind 0x.
  case number
  /// The word `now`, so that nothing is destroyed by a slip.
  case now

  public var placeholder: StaticString {
    switch self {
    case .command: "COMMAND"
    case .field: "FIELD"
    case .register: "REGISTER"
    case .number: "NUMBER"
    case .now: "now"
    }
  }

  /// What is wanted, for whoever typed something else.
  public var wanted: StaticString {
    switch self {
    case .command: "the name of a command"
    case .field: "the name of a field"
    case .register: "the name of a register"
    case .number: "a number below 2^64, as 30000 or 0x7530"
    case .now: "the word now, because this cannot be undone"
    }
  }
}

/// One row of the command table.
public struct CommandSpec: Sendable {
  public let verb: Verb
  public let name: StaticString
  /// The arguments in order, up to two.
  public let first: ArgumentKind?
  public let second: ArgumentKind?
  /// How many of them have to be there.
  public let argumentsMin: UInt8
  public let privilege: Privilege
  public let summary: StaticString

  init(
    _ verb: Verb, _ name: StaticString, _ arguments: (ArgumentKind?, ArgumentKind?) = (nil, nil), least: UInt8 = 0,
    for privilege: Privilege = .observe, summary: StaticString
  ) {
    self.verb = verb
    self.name = name
    (first, second) = arguments
    argumentsMin = least
    self.privilege = privilege
    self.summary = summary
  }

  public var argumentsMax: UInt8 { second != nil ? 2 : first != nil ? 1 : 0 }

  /// What may stand in place `index`; nil behind the last.
  public func kind(at index: Int) -> ArgumentKind? { index == 0 ? first : index == 1 ? second : nil }
}

/// The command table. Parsing, completion, help, the manual page and the checks of arguments are derived from it.
public let commandTable: [23 of CommandSpec] = [
  CommandSpec(.help, "help", (.command, nil), summary: "describe the commands"),
  CommandSpec(.status, "status", summary: "state, link, policy, blocks, QBER, faults"),
  CommandSpec(.report, "report", summary: "the facts of status as key=value"),
  CommandSpec(.start, "start", for: .operate, summary: "agree with the peer and exchange"),
  CommandSpec(.stop, "stop", for: .operate, summary: "end the exchange, or leave the fault state"),
  CommandSpec(
    .abort, "abort", (.now, nil), least: 1, for: .operate, summary: "give the session and its open blocks up"),
  CommandSpec(.qber, "qber", summary: "error rate, bounds, efficiency, bits told"),
  CommandSpec(.link, "link", summary: "the peer, the frames, bytes, last end"),
  CommandSpec(.counters, "counters", summary: "detector counts, bias, temperature"),
  CommandSpec(.keys, "keys", summary: "names and sizes of the keys in store"),
  CommandSpec(.show, "show", (.field, nil), summary: "the configuration in force, as lines to paste back"),
  CommandSpec(.set, "set", (.field, .number), least: 2, for: .operate, summary: "note a value for the next apply"),
  CommandSpec(.changes, "changes", summary: "what was set and is not in force"),
  CommandSpec(.apply, "apply", for: .operate, summary: "put what was set into force, as a whole"),
  CommandSpec(.discard, "discard", for: .operate, summary: "forget what was set"),
  CommandSpec(.defaults, "defaults", for: .operate, summary: "set every field to the program's default"),
  CommandSpec(.save, "save", for: .operate, summary: "keep what is in force for the next start"),
  CommandSpec(.load, "load", for: .operate, summary: "set every field to what was saved"),
  CommandSpec(.register, "register", (.register, nil), summary: "registers of the gateware, or the fields of one"),
  CommandSpec(.peek, "peek", (.register, nil), least: 1, summary: "read a register and its fields"),
  CommandSpec(.trace, "trace", summary: "what the module did, and why"),
  CommandSpec(
    .zeroize, "zeroize", (.now, nil), least: 1, for: .secure, summary: "erase all keys; only new ones revive it"),
  CommandSpec(.version, "version", summary: "program, role and register map"),
]

public enum ParseError: Error, Equatable, Sendable {
  case empty
  case unknownCommand
  /// Several commands begin so, this one and others.
  case ambiguousCommand(Verb)
  /// The command exists; its row tells the usage.
  case wrongArgumentCount(Verb)
  /// The argument of this number, from zero, is none of its kind.
  case wrongArgument(Verb, UInt8)
}

/// A verb and where its arguments stand in the line; ranges of arguments that are not there are empty.
public struct Command: Equatable, Sendable {
  public let verb: Verb
  public let first: Range<Int>
  public let second: Range<Int>
}

extension Verb {
  public var spec: CommandSpec {
    for i in commandTable.indices where commandTable[i].verb == self { return commandTable[i] }
    preconditionFailure("every verb has a row")
  }
}

extension Command {
  /// Reads the verb and checks number and kinds of the arguments; words are separated by spaces or tabs. A line that
  /// begins with # says nothing.
  public static func parse(_ line: Span<UInt8>) throws(ParseError) -> Command {
    var words = 0
    var places: [3 of Range<Int>] = .init(repeating: 0..<0)
    var start = 0
    for i in 0...line.count {
      let isSpace = i == line.count || line[i] == 0x20 || line[i] == 0x09
      if isSpace && start < i {
        if words < 3 { places[words] = start..<i }
        words += 1
      }
      if isSpace { start = i + 1 }
    }
    guard words > 0, line[places[0].lowerBound] != 0x23 else { throw .empty }
    let name = line.extracting(places[0])
    guard let verb = verb(name) else {
      for i in commandTable.indices where commandTable[i].name.beginsIgnoringCase(name) {
        throw .ambiguousCommand(commandTable[i].verb)
      }
      throw .unknownCommand
    }
    let spec = verb.spec
    guard words - 1 >= spec.argumentsMin, words - 1 <= spec.argumentsMax else {
      throw .wrongArgumentCount(verb)
    }
    for i in 1..<max(words, 1) {
      guard let kind = spec.kind(at: i - 1), isPossible(kind, line.extracting(places[i])) else {
        throw .wrongArgument(verb, UInt8(i - 1))
      }
    }
    return Command(verb: verb, first: places[1], second: places[2])
  }

  /// Whether a word can be of a kind. Names of fields are known to who executes the command.
  private static func isPossible(_ kind: ArgumentKind, _ word: Span<UInt8>) -> Bool {
    switch kind {
    case .command, .field, .register: true
    case .number: number(word) != nil
    case .now: ArgumentKind.now.placeholder.matches(word)
    }
  }

  /// An unsigned number, decimal or hexadecimal behind 0x; nil for anything else and from 2^64 on.
  public static func number(_ word: Span<UInt8>) -> UInt64? {
    let isHexadecimal = word.count > 2 && word[0] == 0x30 && word[1] == 0x78
    let base: UInt64 = isHexadecimal ? 16 : 10
    guard word.count > 0 else { return nil }
    var value: UInt64 = 0
    for i in (isHexadecimal ? 2 : 0)..<word.count {
      let digit: UInt8
      switch word[i] {
      case 0x30...0x39: digit = word[i] - 0x30
      case 0x61...0x66 where isHexadecimal: digit = word[i] - 0x61 + 10
      case 0x41...0x46 where isHexadecimal: digit = word[i] - 0x41 + 10
      default: return nil
      }
      let (product, isWide) = value.multipliedReportingOverflow(by: base)
      let (sum, isWider) = product.addingReportingOverflow(UInt64(digit))
      guard !isWide, !isWider else { return nil }
      value = sum
    }
    return value
  }

  /// The verb of this name, or the only one whose name begins so; nil for none, for several, and for an empty word.
  public static func verb(_ word: Span<UInt8>) -> Verb? {
    var found: Verb?
    for i in commandTable.indices where !word.isEmpty && commandTable[i].name.beginsIgnoringCase(word) {
      if commandTable[i].name.utf8CodeUnitCount == word.count { return commandTable[i].verb }
      guard found == nil else { return exact(word) }
      found = commandTable[i].verb
    }
    return found
  }

  private static func exact(_ word: Span<UInt8>) -> Verb? {
    for i in commandTable.indices
    where commandTable[i].name.utf8CodeUnitCount == word.count && commandTable[i].name.beginsIgnoringCase(word) {
      return commandTable[i].verb
    }
    return nil
  }
}

extension Text {
  /// A row of help: the usage, and what the command does.
  public mutating func appendHelp(_ spec: CommandSpec) {
    appendUsage(spec)
    pad(to: 22)
    append(spec.summary)
  }

  /// The command with its arguments; those that may be left out stand in brackets.
  public mutating func appendUsage(_ spec: CommandSpec) {
    append(spec.name)
    for i in 0..<Int(spec.argumentsMax) {
      guard let kind = spec.kind(at: i) else { return }
      let isOptional = i >= Int(spec.argumentsMin)
      append(isOptional ? " [" : " ")
      append(kind.placeholder)
      if isOptional { append("]") }
    }
  }
}
