public import Acquisition
import Console
public import Distillation
import Drivers
import FixedStorage
public import Health
public import LinkControl
import Units

/// What a module remembers of what it did, for whoever asks why.
public enum TraceEvent: Equatable, Sendable {
  /// The program began; how often it has since the memory of the ring was new.
  case started(UInt32)
  /// The state changed on this event.
  case moved(from: StateName, to: StateName, on: EventName)
  case fault(FaultCause)
  case session(SessionEnd)
  /// A block came to an end, with key if it was not refused.
  case block(UInt32, refusal: BlockRefusal?)
  /// A configuration with this hash was put into force.
  case applied(UInt32)
  case saved
  /// A tick began more than one tick late.
  case late
  /// A transfer with the gateware was repeated.
  case repeated
  /// The cause of an alarm came or went.
  case alarm(AlarmName, isActive: Bool)
  /// Alarms were cleared by the operator.
  case cleared
  /// A scan of the gate ended with this delay, or in vain with none.
  case aligned(delayPs: UInt32?)
  /// A setting of the optics was changed by the operator: its number and value.
  case tuned(ModuleSetting, UInt64)
  /// The self-test of a new program ended with this status, -1 if it did not end; it is in place if it passed at rest.
  case updated(status: Int32, isInstalled: Bool)
  /// A register was written by the operator.
  case poked(UInt8, UInt32)
  /// The bounds of the window reached the gateware when the frame that they open with had begun.
  case lateWrite(LateWrite)
  /// The recovery of the slot clock came to another state.
  case clock(SyncStateName)
}

/// A register write that came too late to take effect when it was meant to.
public struct LateWrite: Equatable, Sendable {
  /// Slots since the gateware's reset, of the boundary that was missed.
  public let slot: UInt64
  /// Slots from the boundary to the start of the frame that was running behind the write: zero or more.
  public let slotsLate: UInt64

  /// The frame that the write was for, and the one that was running when it had been made.
  init(frame: UInt32, running: UInt32) {
    precondition(running >= frame)
    slot = UInt64(frame) * UInt64(TimeBase.slotsPerFrame)
    slotsLate = UInt64(running - frame) * UInt64(TimeBase.slotsPerFrame)
  }

  public init(slot: UInt64, slotsLate: UInt64) {
    self.slot = slot
    self.slotsLate = slotsLate
  }
}

/// An event as the words that the ring keeps, so that another run of the program can read them.
struct TraceWords: Equatable {
  var kind: UInt8 = 0
  var details: [3 of UInt8] = .init(repeating: 0)
  var first: UInt64 = 0
  var second: UInt64 = 0

  static func == (a: TraceWords, b: TraceWords) -> Bool {
    a.kind == b.kind && a.details[0] == b.details[0] && a.details[1] == b.details[1] && a.details[2] == b.details[2]
      && a.first == b.first && a.second == b.second
  }
}

extension TraceEvent {
  var words: TraceWords {
    switch self {
    case .started(let times): TraceWords(kind: 0, first: UInt64(times))
    case .moved(let from, let to, let on):
      TraceWords(kind: 1, details: [from.rawValue, to.rawValue, on.rawValue])
    case .fault(let cause):
      TraceWords(
        kind: 2, details: [cause.kind.rawValue, 0, 0], first: UInt64(cause.address) << 32 | UInt64(cause.expected),
        second: UInt64(cause.found))
    case .session(let end):
      TraceWords(kind: 3, details: [end.number, end.field?.rawValue ?? 0, 0], first: end.own, second: end.peer)
    case .block(let number, let refusal):
      TraceWords(kind: 4, details: [refusal.map { $0.rawValue + 1 } ?? 0, 0, 0], first: UInt64(number))
    case .applied(let hash): TraceWords(kind: 5, first: UInt64(hash))
    case .saved: TraceWords(kind: 6)
    case .late: TraceWords(kind: 7)
    case .repeated: TraceWords(kind: 8)
    case .alarm(let name, let isActive): TraceWords(kind: 9, details: [name.rawValue, isActive ? 1 : 0, 0])
    case .cleared: TraceWords(kind: 10)
    case .aligned(let delay): TraceWords(kind: 11, details: [delay == nil ? 0 : 1, 0, 0], first: UInt64(delay ?? 0))
    case .tuned(let setting, let value): TraceWords(kind: 12, details: [setting.rawValue, 0, 0], first: value)
    case .updated(let status, let isInstalled):
      TraceWords(kind: 14, details: [isInstalled ? 1 : 0, 0, 0], first: UInt64(UInt32(bitPattern: status)))
    case .poked(let address, let value): TraceWords(kind: 13, details: [address, 0, 0], first: UInt64(value))
    case .lateWrite(let write): TraceWords(kind: 15, first: write.slot, second: write.slotsLate)
    case .clock(let name): TraceWords(kind: 16, details: [name.rawValue, 0, 0])
    }
  }

  /// Nil for words that this program does not write.
  init?(_ words: TraceWords) {
    let first = UInt32(truncatingIfNeeded: words.first)
    let detail = words.details[0]
    switch words.kind {
    case 0: self = .started(first)
    case 1:
      guard let from = StateName(rawValue: detail), let to = StateName(rawValue: words.details[1]),
        let on = EventName(rawValue: words.details[2])
      else { return nil }
      self = .moved(from: from, to: to, on: on)
    case 2:
      guard let kind = FaultKind(rawValue: detail) else { return nil }
      let address = UInt16(truncatingIfNeeded: words.first >> 32)
      self = .fault(
        FaultCause(kind, address: address, expected: first, found: UInt32(truncatingIfNeeded: words.second)))
    case 3:
      let field = ConfigurationField(rawValue: words.details[1])
      guard let end = SessionEnd(number: detail, field: field, own: words.first, peer: words.second) else {
        return nil
      }
      self = .session(end)
    case 4:
      let refusal = detail == 0 ? nil : BlockRefusal(rawValue: detail - 1)
      guard detail == 0 || refusal != nil else { return nil }
      self = .block(first, refusal: refusal)
    case 5: self = .applied(first)
    case 6: self = .saved
    case 7: self = .late
    case 8: self = .repeated
    case 9:
      guard let name = AlarmName(rawValue: detail) else { return nil }
      self = .alarm(name, isActive: words.details[1] != 0)
    case 10: self = .cleared
    case 11: self = .aligned(delayPs: detail == 0 ? nil : first)
    case 12:
      guard let setting = ModuleSetting(rawValue: detail) else { return nil }
      self = .tuned(setting, words.first)
    case 13: self = .poked(detail, first)
    case 14: self = .updated(status: Int32(bitPattern: first), isInstalled: detail != 0)
    case 15: self = .lateWrite(LateWrite(slot: words.first, slotsLate: words.second))
    case 16:
      guard let name = SyncStateName(rawValue: detail) else { return nil }
      self = .clock(name)
    default: return nil
    }
  }
}

/// What of the trace is told on the console as it happens. Each level includes those before it.
public enum LogLevel: UInt8, Sendable, Comparable {
  case off, error, warning, notice, debug

  public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }
}

extension TraceEvent {
  /// The level from which on the event is told.
  public var level: LogLevel {
    switch self {
    case .fault: .error
    case .alarm(let name, let isActive):
      !isActive ? .notice : name.severity >= .major ? .error : .warning
    case .block(_, let refusal): refusal == nil ? .notice : .warning
    case .session(let end): end == .finished || end == .stopped ? .notice : .warning
    case .updated(_, let isInstalled): isInstalled ? .notice : .error
    case .started, .moved, .applied, .saved, .cleared, .aligned, .tuned, .poked: .notice
    case .lateWrite: .warning
    case .clock(let name): name == .reacquiring || name == .failed ? .warning : .notice
    case .late, .repeated: .debug
    }
  }
}

extension SessionEnd {
  var field: ConfigurationField? {
    switch self {
    case .configurationDiffers(let field, _, _), .configurationUnusable(let field): field
    case .none, .finished, .sameRole, .peerRefused, .peerSilent, .linkLost, .keysExhausted, .protocolBroken, .stopped,
      .notAligned:
      nil
    }
  }
  var own: UInt64 {
    switch self {
    case .configurationDiffers(_, let own, _): own
    case .notAligned(let failure): UInt64(failure.rawValue)
    case .none, .finished, .configurationUnusable, .sameRole, .peerRefused, .peerSilent, .linkLost, .keysExhausted,
      .protocolBroken, .stopped:
      0
    }
  }
  var peer: UInt64 { if case .configurationDiffers(_, _, let peer) = self { peer } else { 0 } }

  var number: UInt8 {
    switch self {
    case .none: 0
    case .finished: 1
    case .configurationDiffers: 2
    case .configurationUnusable: 3
    case .sameRole: 4
    case .peerRefused: 5
    case .peerSilent: 6
    case .linkLost: 7
    case .keysExhausted: 8
    case .protocolBroken: 9
    case .stopped: 10
    case .notAligned: 11
    }
  }

  init?(number: UInt8, field: ConfigurationField?, own: UInt64, peer: UInt64) {
    switch number {
    case 0: self = .none
    case 1: self = .finished
    case 2:
      guard let field else { return nil }
      self = .configurationDiffers(field, own: own, peer: peer)
    case 3:
      guard let field else { return nil }
      self = .configurationUnusable(field)
    case 4: self = .sameRole
    case 5: self = .peerRefused
    case 6: self = .peerSilent
    case 7: self = .linkLost
    case 8: self = .keysExhausted
    case 9: self = .protocolBroken
    case 10: self = .stopped
    case 11:
      guard let failure = SyncFailure(rawValue: UInt8(truncatingIfNeeded: own)) else { return nil }
      self = .notAligned(failure)
    default: return nil
    }
  }
}
