/// Bits of the standard event register.
enum ScpiEvent {
  static var complete: UInt8 { 1 << 0 }
  static var query: UInt8 { 1 << 2 }
  static var device: UInt8 { 1 << 3 }
  static var execution: UInt8 { 1 << 4 }
  static var command: UInt8 { 1 << 5 }
  static var powerOn: UInt8 { 1 << 7 }
}

/// Bits of the status byte.
enum ScpiSummary {
  static var errors: UInt8 { 1 << 2 }
  static var questionable: UInt8 { 1 << 3 }
  static var answer: UInt8 { 1 << 4 }
  static var event: UInt8 { 1 << 5 }
  static var master: UInt8 { 1 << 6 }
  static var operation: UInt8 { 1 << 7 }
}

/// Bits of the operation register, numbered as in the register.
public enum ScpiOperation: UInt16, Sendable {
  /// Light is on and detections are exchanged.
  case exchanging = 4
  case acquiring = 8
  case draining = 9
  /// A block is being distilled.
  case distilling = 10
  /// Booting, or in the self-test.
  case starting = 11
}

/// Bits of the questionable register, numbered as in the register.
public enum ScpiQuestion: UInt16, Sendable {
  /// A detector is too warm.
  case temperature = 4
  /// A bound on the errors is above what the operator wants to be told of.
  case qberHigh = 9
  case linkDown = 10
  case fault = 11
  /// The pool of authentication keys is almost empty.
  case keysLow = 12
}

/// What the module is like at this moment.
public struct ScpiConditions: Equatable, Sendable {
  public private(set) var operation: UInt16 = 0
  public private(set) var questionable: UInt16 = 0
  /// Whether a session or a self-test is under way.
  public var isBusy: Bool

  public init(isBusy: Bool) { self.isBusy = isBusy }

  public mutating func set(_ bit: ScpiOperation, if holds: Bool) { if holds { operation |= 1 << bit.rawValue } }
  public mutating func set(_ bit: ScpiQuestion, if holds: Bool) { if holds { questionable |= 1 << bit.rawValue } }
}

/// A condition register with its transition filters, events and enable mask. Bit 15 is never used.
struct ScpiRegister: Sendable {
  static var used: UInt16 { 0x7fff }

  private(set) var condition: UInt16 = 0
  var events: UInt16 = 0
  var enable: UInt16 = 0 { didSet { enable &= Self.used } }
  /// Conditions whose beginning is an event, and those whose end is.
  var rise: UInt16 = Self.used { didSet { rise &= Self.used } }
  var fall: UInt16 = 0 { didSet { fall &= Self.used } }

  mutating func update(_ new: UInt16) {
    events |= (new & ~condition & rise) | (condition & ~new & fall)
    condition = new
  }

  mutating func takeEvents() -> UInt16 {
    let taken = events
    events = 0
    return taken
  }

  mutating func preset() {
    enable = 0
    rise = Self.used
    fall = 0
  }

  var isSummarised: Bool { events & enable != 0 }
}

/// The status registers of an instrument.
struct ScpiStatus: Sendable {
  /// Standard events.
  var events = ScpiEvent.powerOn
  var eventEnable: UInt8 = 0
  /// Bit 6 cannot be enabled: it is what the others sum up to.
  var serviceEnable: UInt8 = 0 { didSet { serviceEnable &= ~ScpiSummary.master } }
  var operation = ScpiRegister()
  var questionable = ScpiRegister()

  mutating func update(_ conditions: ScpiConditions) {
    operation.update(conditions.operation)
    questionable.update(conditions.questionable)
  }

  mutating func takeEvents() -> UInt8 {
    let taken = events
    events = 0
    return taken
  }

  mutating func clear() {
    events = 0
    operation.events = 0
    questionable.events = 0
  }

  func byte(hasErrors: Bool, hasAnswer: Bool) -> UInt8 {
    var byte: UInt8 = 0
    if hasErrors { byte |= ScpiSummary.errors }
    if questionable.isSummarised { byte |= ScpiSummary.questionable }
    if hasAnswer { byte |= ScpiSummary.answer }
    if events & eventEnable != 0 { byte |= ScpiSummary.event }
    if operation.isSummarised { byte |= ScpiSummary.operation }
    if byte & serviceEnable != 0 { byte |= ScpiSummary.master }
    return byte
  }
}
