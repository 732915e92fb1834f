import FixedStorage

/// Everything that the operator can ask for.
/// Numbered from zero without gaps: `CaseIterable` would bring in an array.
public enum Verb: UInt8, Sendable { case help, status, report, start, stop, counters, keys, version }

/// One row of the command table.
public struct CommandSpec: Sendable {
  public let verb: Verb
  public let name: StaticString
  public let usage: StaticString
  public let summary: StaticString
  public let argumentsMin: UInt8
  public let argumentsMax: UInt8
}

/// The command table. Parsing, help and argument checks are all derived from it.
public let commandTable: [8 of CommandSpec] = [
  CommandSpec(
    verb: .help, name: "help", usage: "[COMMAND]", summary: "describe the commands", argumentsMin: 0, argumentsMax: 1),
  CommandSpec(
    verb: .status, name: "status", usage: "", summary: "state, link, rates, QBER, faults", argumentsMin: 0,
    argumentsMax: 0),
  CommandSpec(
    verb: .report, name: "report", usage: "", summary: "the facts of status as key=value", argumentsMin: 0,
    argumentsMax: 0),
  CommandSpec(
    verb: .start, name: "start", usage: "", summary: "agree with the peer and exchange", argumentsMin: 0,
    argumentsMax: 0),
  CommandSpec(
    verb: .stop, name: "stop", usage: "", summary: "end the exchange, or leave the fault state", argumentsMin: 0,
    argumentsMax: 0),
  CommandSpec(
    verb: .counters, name: "counters", usage: "", summary: "detector counts, bias, temperature", argumentsMin: 0,
    argumentsMax: 0),
  CommandSpec(
    verb: .keys, name: "keys", usage: "", summary: "names and sizes of the keys in store", argumentsMin: 0,
    argumentsMax: 0),
  CommandSpec(
    verb: .version, name: "version", usage: "", summary: "program, role and register map", argumentsMin: 0,
    argumentsMax: 0),
]

public enum ParseError: Error, Equatable, Sendable {
  case empty
  case unknownCommand
  /// Several commands begin so, this one and others.
  case ambiguousCommand(Verb)
  /// The command exists; its row tells the usage.
  case wrongArgumentCount(Verb)
}

/// A verb and where its first argument stands in the line.
public struct Command: Equatable, Sendable {
  public let verb: Verb
  public let argument: Range<Int>
}

extension Verb {
  public var spec: CommandSpec {
    for i in commandTable.indices where commandTable[i].verb == self { return commandTable[i] }
    preconditionFailure("every verb has a row")
  }
}

extension Command {
  /// Reads the verb and counts the arguments; words are separated by spaces or tabs.
  public static func parse(_ line: Span<UInt8>) throws(ParseError) -> Command {
    var words = 0
    var name = 0..<0
    var argument = 0..<0
    var start = 0
    for i in 0...line.count {
      let isSpace = i == line.count || line[i] == 0x20 || line[i] == 0x09
      if isSpace && start < i {
        words += 1
        if words == 1 { name = start..<i }
        if words == 2 { argument = start..<i }
      }
      if isSpace { start = i + 1 }
    }
    guard words > 0 else { throw .empty }
    guard let verb = verb(line.extracting(name)) else {
      for i in commandTable.indices where commandTable[i].name.begins(with: line.extracting(name)) {
        throw .ambiguousCommand(commandTable[i].verb)
      }
      throw .unknownCommand
    }
    let spec = verb.spec
    guard words - 1 >= spec.argumentsMin, words - 1 <= spec.argumentsMax else {
      throw .wrongArgumentCount(verb)
    }
    return Command(verb: verb, argument: argument)
  }

  /// The verb of this name, or the only one whose name begins so; nil for none, for several, and for an empty word.
  public static func verb(_ word: Span<UInt8>) -> Verb? {
    var found: Verb?
    for i in commandTable.indices where !word.isEmpty && commandTable[i].name.begins(with: word) {
      if commandTable[i].name.utf8CodeUnitCount == word.count { return commandTable[i].verb }
      guard found == nil else { return exact(word) }
      found = commandTable[i].verb
    }
    return found
  }

  private static func exact(_ word: Span<UInt8>) -> Verb? {
    for i in commandTable.indices where commandTable[i].name.matches(word) { return commandTable[i].verb }
    return nil
  }
}
