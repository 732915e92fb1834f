import FixedStorage

/// What a client of the key port asks for. Documentation/KeyPort.md has the lines.
public enum KeyRequest: Equatable, Sendable {
  case status
  /// So many keys that this module hands out without a name.
  case get(count: Int)
  case getId(KeyId)
  case push(PushMode)
  case quit

  /// Keys that one request may ask for.
  public static var keysMax: Int { 16 }

  /// Reads a line without its end: words with one space between them, in small letters.
  public static func parse(_ line: Span<UInt8>) throws(KeyRequestFault) -> KeyRequest {
    var end = 0
    while end < line.count, line[end] != 0x20 { end += 1 }
    let verb = line.extracting(first: end)
    // A line that ends behind the verb has no argument; one that ends with a space has an empty one.
    let argument = line.extracting(min(end + 1, line.count)..<line.count)
    let isBare = end == line.count
    if isBare, matches("status", verb) { return .status }
    if isBare, matches("quit", verb) { return .quit }
    if matches("get", verb) {
      if isBare { return .get(count: 1) }
      guard let count = count(argument) else { throw .badCount }
      return .get(count: count)
    }
    if !isBare, matches("get-id", verb) {
      guard let id = KeyId(argument) else { throw .badId }
      return .getId(id)
    }
    if !isBare, matches("push", verb), let mode = mode(argument) { return .push(mode) }
    throw .unknownRequest
  }

  private static func mode(_ word: Span<UInt8>) -> PushMode? {
    if matches("off", word) { return .off }
    if matches("on", word) { return .own }
    return matches("all", word) ? .all : nil
  }

  private static func matches(_ text: StaticString, _ word: Span<UInt8>) -> Bool { text.matches(word) }

  /// A decimal number from 1 to `keysMax`, without zeros in front.
  private static func count(_ digits: Span<UInt8>) -> Int? {
    guard digits.count >= 1, digits.count <= 2, digits[0] != 0x30 else { return nil }
    var value = 0
    for i in digits.indices {
      guard digits[i] >= 0x30, digits[i] <= 0x39 else { return nil }
      value = 10 * value + Int(digits[i] - 0x30)
    }
    return value <= keysMax ? value : nil
  }
}

/// What a client wants to be sent without asking.
public enum PushMode: Equatable, Sendable {
  case off
  /// Keys that this module hands out without a name.
  case own
  /// Every released key: with it at both ends both clients are sent the same keys.
  case all
}

public enum KeyRequestFault: Error, Equatable, Sendable {
  case unknownRequest
  case badCount
  case badId
  /// The line is longer than any request.
  case lineTooLong
}
