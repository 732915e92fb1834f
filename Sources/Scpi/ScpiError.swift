/// The errors that can be queued, under the numbers of SCPI-1999 volume 2, chapter 21.
public enum ScpiError: Int16, Error {
  case none = 0
  case invalidCharacter = -101
  case syntax = -102
  case parameterNotAllowed = -108
  case missingParameter = -109
  case headerSeparator = -111
  case mnemonicTooLong = -112
  case undefinedHeader = -113
  case invalidCharacterInNumber = -121
  case exponentTooLarge = -123
  case invalidSuffix = -131
  case numericDataNotAllowed = -128
  case suffixNotAllowed = -138
  case invalidCharacterData = -141
  case characterDataTooLong = -144
  case characterDataNotAllowed = -148
  case stringDataNotAllowed = -158
  case blockDataNotAllowed = -168
  case expressionDataNotAllowed = -178
  case commandProtected = -203
  case initIgnored = -213
  case settingsConflict = -221
  case dataOutOfRange = -222
  case tooMuchData = -223
  case illegalParameterValue = -224
  case hardware = -240
  case hardwareMissing = -241
  case massStorage = -250
  case queueOverflow = -350
  case queryUnterminatedAfterIndefiniteResponse = -440

  public var summary: StaticString {
    switch self {
    case .none: "No error"
    case .invalidCharacter: "Invalid character"
    case .syntax: "Syntax error"
    case .parameterNotAllowed: "Parameter not allowed"
    case .missingParameter: "Missing parameter"
    case .headerSeparator: "Header separator error"
    case .mnemonicTooLong: "Program mnemonic too long"
    case .undefinedHeader: "Undefined header"
    case .invalidCharacterInNumber: "Invalid character in number"
    case .exponentTooLarge: "Exponent too large"
    case .numericDataNotAllowed: "Numeric data not allowed"
    case .invalidSuffix: "Invalid suffix"
    case .suffixNotAllowed: "Suffix not allowed"
    case .invalidCharacterData: "Invalid character data"
    case .characterDataTooLong: "Character data too long"
    case .characterDataNotAllowed: "Character data not allowed"
    case .stringDataNotAllowed: "String data not allowed"
    case .blockDataNotAllowed: "Block data not allowed"
    case .expressionDataNotAllowed: "Expression data not allowed"
    case .commandProtected: "Command protected"
    case .initIgnored: "Init ignored"
    case .settingsConflict: "Settings conflict"
    case .dataOutOfRange: "Data out of range"
    case .tooMuchData: "Too much data"
    case .illegalParameterValue: "Illegal parameter value"
    case .hardware: "Hardware error"
    case .hardwareMissing: "Hardware missing"
    case .massStorage: "Mass storage error"
    case .queueOverflow: "Queue overflow"
    case .queryUnterminatedAfterIndefiniteResponse: "Query UNTERMINATED after indefinite response"
    }
  }

  /// The bit of the standard event register that the error sets.
  var event: UInt8 {
    switch rawValue {
    case -199 ... -100: ScpiEvent.command
    case -299 ... -200: ScpiEvent.execution
    case -399 ... -300: ScpiEvent.device
    case -499 ... -400: ScpiEvent.query
    default: 0
    }
  }
}

/// An error with what it is about, which may be empty.
public struct ScpiErrorEntry: Sendable {
  public let error: ScpiError
  public let detail: StaticString
}

/// The first errors that nobody has read yet. When it is full, its last place tells that errors were lost.
struct ScpiErrorQueue: ~Copyable {
  static var capacity: Int { 16 }

  private var entries: [16 of ScpiErrorEntry] = .init(repeating: ScpiErrorEntry(error: .none, detail: ""))
  private var head = 0
  private(set) var count = 0

  /// Queues an error; false if it was lost.
  mutating func push(_ error: ScpiError, _ detail: StaticString) -> Bool {
    guard count < Self.capacity else {
      entries[(head + count - 1) % Self.capacity] = ScpiErrorEntry(error: .queueOverflow, detail: "")
      return false
    }
    entries[(head + count) % Self.capacity] = ScpiErrorEntry(error: error, detail: detail)
    count += 1
    return true
  }

  /// The oldest entry, `none` when nothing waits.
  mutating func pop() -> ScpiErrorEntry {
    guard count > 0 else { return ScpiErrorEntry(error: .none, detail: "") }
    let entry = entries[head]
    head = (head + 1) % Self.capacity
    count -= 1
    return entry
  }

  mutating func clear() {
    head = 0
    count = 0
  }
}

/// All errors that can be queued, for the manual page.
public let scpiErrors: [29 of ScpiError] = [
  .invalidCharacter, .syntax, .parameterNotAllowed, .missingParameter, .headerSeparator, .mnemonicTooLong,
  .undefinedHeader, .invalidCharacterInNumber, .exponentTooLarge, .numericDataNotAllowed, .invalidSuffix,
  .suffixNotAllowed, .invalidCharacterData, .characterDataTooLong, .characterDataNotAllowed, .stringDataNotAllowed,
  .blockDataNotAllowed, .expressionDataNotAllowed, .commandProtected, .initIgnored, .settingsConflict,
  .dataOutOfRange, .tooMuchData, .illegalParameterValue, .hardware, .hardwareMissing, .massStorage, .queueOverflow,
  .queryUnterminatedAfterIndefiniteResponse,
]
