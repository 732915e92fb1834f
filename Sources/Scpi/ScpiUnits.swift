/// Where the parts of a header stand in a line.
struct ScpiHeader {
  static var mnemonicBytesMax: Int { 12 }

  let words: Range<Int>
  let isQuery: Bool
  let isCommon: Bool
  /// Begins at the root, whatever stood before.
  let isAbsolute: Bool
  /// Behind the header and its question mark.
  let end: Int

  /// Reads the header of a unit, which is not empty and begins with no blank.
  init(_ unit: Range<Int>, of line: Span<UInt8>) throws(ScpiError) {
    isCommon = line[unit.lowerBound] == 0x2a
    isAbsolute = line[unit.lowerBound] == 0x3a
    let start = unit.lowerBound + (isAbsolute ? 1 : 0)
    var stop = start + (isCommon ? 1 : 0)
    var letters = 0
    while stop < unit.upperBound, line[stop] != 0x3f, !ScpiText.isBlank(line[stop]) {
      let byte = line[stop]
      let isWord = ScpiText.isLetter(byte) || ScpiText.isDigit(byte) || byte == 0x5f
      guard isWord || (byte == 0x3a && letters > 0) else { throw .syntax }
      letters = byte == 0x3a ? 0 : letters + 1
      guard letters <= Self.mnemonicBytesMax else { throw .mnemonicTooLong }
      stop += 1
    }
    guard letters > 0 else { throw .syntax }
    words = start..<stop
    isQuery = stop < unit.upperBound && line[stop] == 0x3f
    end = isQuery ? stop + 1 : stop
    guard end == unit.upperBound || ScpiText.isBlank(line[end]) else { throw .headerSeparator }
  }
}

/// The arguments of a unit, checked against its row.
struct ScpiArguments {
  static var nameBytesMax: Int { 32 }

  private(set) var number: UInt64 = 0
  private(set) var name = 0..<0

  init(_ kind: ScpiArgument, of row: ScpiRow, in rest: Range<Int>, of line: Span<UInt8>) throws(ScpiError) {
    let wanted = kind == .none ? 0 : kind == .nameAndNumber ? 2 : 1
    var places: [2 of Range<Int>] = .init(repeating: 0..<0)
    var found = 0
    let all = ScpiText.trimmed(rest, of: line)
    var start = all.lowerBound
    while start < all.upperBound || (found > 0 && start == all.upperBound) {
      var end = start
      while end < all.upperBound, line[end] != 0x2c { end += 1 }
      guard found < wanted else { throw .parameterNotAllowed }
      places[found] = ScpiText.trimmed(start..<end, of: line)
      guard !places[found].isEmpty else { throw .missingParameter }
      found += 1
      guard end < all.upperBound else { break }
      start = end + 1
    }
    guard found == wanted else { throw .missingParameter }
    switch kind {
    case .none: break
    case .number: number = try Self.number(line.extracting(places[0]), row)
    case .name, .nameAndNumber:
      try Self.checkName(line.extracting(places[0]))
      name = places[0]
      if kind == .nameAndNumber { number = try Self.number(line.extracting(places[1]), row) }
    }
  }

  private static func number(_ word: Span<UInt8>, _ row: ScpiRow) throws(ScpiError) -> UInt64 {
    try checkKind(word)
    guard !ScpiText.isLetter(word[0]) else { throw .characterDataNotAllowed }
    let steps = try ScpiNumber.steps(word, in: row.unit)
    guard steps <= UInt64(row.numberMax) || row.numberMax == .max else { throw .dataOutOfRange }
    return steps
  }

  private static func checkName(_ word: Span<UInt8>) throws(ScpiError) {
    try checkKind(word)
    let first = word[0]
    guard !ScpiText.isDigit(first), first != 0x2b, first != 0x2d, first != 0x2e else { throw .numericDataNotAllowed }
    for i in word.indices {
      let isInside = ScpiText.isLetter(word[i]) || ScpiText.isDigit(word[i]) || word[i] == 0x5f
      guard isInside, i > 0 || ScpiText.isLetter(first) else { throw .invalidCharacterData }
    }
    guard word.count <= nameBytesMax else { throw .characterDataTooLong }
  }

  /// Kinds of arguments that no row takes.
  private static func checkKind(_ word: Span<UInt8>) throws(ScpiError) {
    switch word[0] {
    case 0x22, 0x27: throw .stringDataNotAllowed
    case 0x23: throw .blockDataNotAllowed
    case 0x28: throw .expressionDataNotAllowed
    default: return
    }
  }
}
