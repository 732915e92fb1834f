public import FixedStorage

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

/// One row of the command table.
public struct CommandSpec: Sendable {
  public static var argumentsMost: Int { 3 }

  public let verb: Verb
  public let name: StaticString
  /// The arguments in order, up to three.
  private let first: ArgumentKind?
  private let second: ArgumentKind?
  private let third: ArgumentKind?
  /// How many of them have to be there.
  public let argumentsMin: UInt8
  public let privilege: Privilege
  /// What it takes to give the command without arguments, which then only tells.
  public let privilegeAlone: Privilege
  public let summary: StaticString

  init(
    _ verb: Verb, _ name: StaticString, _ first: ArgumentKind? = nil, _ second: ArgumentKind? = nil,
    _ third: ArgumentKind? = nil, least: UInt8 = 0, for privilege: Privilege = .observe, alone: Privilege? = nil,
    summary: StaticString
  ) {
    self.verb = verb
    self.name = name
    self.first = first
    self.second = second
    self.third = third
    argumentsMin = least
    self.privilege = privilege
    privilegeAlone = alone ?? privilege
    self.summary = summary
  }

  public var argumentsMax: UInt8 { third != nil ? 3 : second != nil ? 2 : first != nil ? 1 : 0 }

  /// What may stand in place `index`; nil behind the last.
  public func kind(at index: Int) -> ArgumentKind? {
    switch index {
    case 0: first
    case 1: second
    case 2: third
    default: nil
    }
  }

  /// Whether the command only tells something when it is given nothing, so that `status` may name it.
  public var isSubject: Bool {
    privilegeAlone == .observe && argumentsMin == 0 && verb != .help && verb != .status
  }
}

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
  public let third: Range<Int>

  /// `places` are the words of the line in order.
  private init(_ verb: Verb, _ places: [4 of Range<Int>]) {
    self.verb = verb
    first = places[1]
    second = places[2]
    third = places[3]
  }

  /// A command without arguments.
  public init(alone verb: Verb) { self.init(verb, .init(repeating: 0..<0)) }
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
    var places: [4 of Range<Int>] = .init(repeating: 0..<0)
    var start = 0
    for i in 0...line.count {
      let isSpace = i == line.count || line[i] == 0x20 || line[i] == 0x09
      if isSpace && start < i {
        if words < places.count { places[words] = start..<i }
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
    return Command(verb, places)
  }

  /// Whether a word can be of a kind. Other names are known to who executes the command.
  private static func isPossible(_ kind: ArgumentKind, _ word: Span<UInt8>) -> Bool {
    if let range = kind.range {
      guard let value = number(word) else { return false }
      return range.contains(value)
    }
    if let largest = kind.magnitudeMax {
      guard let value = signedNumber(word) else { return false }
      return value.magnitude <= largest
    }
    guard kind.hasFixedWords else { return true }
    return index(of: word, among: kind) != nil
  }

  /// The place of a word among those of a kind, or of the only one that begins so. What destroys is written in full.
  public static func index(of word: Span<UInt8>, among kind: ArgumentKind) -> Int? {
    var found: Int?
    var index = 0
    while let name = kind.word(index) {
      if name.matches(word) { return index }
      if kind != .now, kind != .run, !word.isEmpty, name.beginsIgnoringCase(word) {
        guard found == nil else { return nil }
        found = index
      }
      index += 1
    }
    return found
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

  /// A number that may have a minus before it.
  public static func signedNumber(_ word: Span<UInt8>) -> Int64? {
    let isNegative = !word.isEmpty && word[0] == 0x2d
    guard let magnitude = number(word.extracting((isNegative ? 1 : 0)..<word.count)) else { return nil }
    guard let value = Int64(exactly: magnitude) else { return nil }
    return isNegative ? -value : value
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
    append("  ")
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
      append(kind.usageName)
      if isOptional { append("]") }
    }
  }
}
