import Console
public import Distillation
import Drivers
import FixedStorage
public import LinkControl
import Ports
import Units

/// What a module remembers of what it did, for whoever asks why.
public enum TraceEvent: Equatable, Sendable {
  /// The state changed on this event.
  case moved(from: StateName, to: StateName, on: EventName)
  case fault(FaultCause)
  case session(SessionEnd)
  /// A block came to an end, with key if it was not refused.
  case block(UInt32, refusal: BlockRefusal?)
  case applied
  case saved
  /// A tick began more than one tick late.
  case late
  /// A transfer with the gateware was repeated.
  case repeated
}

/// The last events, oldest first. What happens again at once is counted and takes no place.
public struct TraceRing: ~Copyable {
  public static var capacity: Int { 64 }

  private let inPlace = InPlace()
  private var events: [64 of TraceEvent] = .init(repeating: .applied)
  private var times: [64 of UInt64] = .init(repeating: 0)
  private var counts: [64 of UInt32] = .init(repeating: 0)
  private var first = 0
  public private(set) var count = 0
  /// Events that had to make room.
  public private(set) var dropped: UInt64 = 0

  public init() {}

  /// Notes an event at a time in nanoseconds; of one that repeats, the time of the first and how often.
  public mutating func note(_ event: TraceEvent, at nanoseconds: UInt64) {
    let last = (first + count + Self.capacity - 1) % Self.capacity
    if count > 0, events[last] == event {
      counts[last] &+= 1
      return
    }
    if count == Self.capacity {
      first = (first + 1) % Self.capacity
      count -= 1
      dropped += 1
    }
    let place = (first + count) % Self.capacity
    events[place] = event
    times[place] = nanoseconds
    counts[place] = 1
    count += 1
  }

  /// The event so many behind the oldest.
  public func entry(_ offset: Int) -> (event: TraceEvent, nanoseconds: UInt64, times: UInt32) {
    precondition(offset >= 0 && offset < count)
    let place = (first + offset) % Self.capacity
    return (events[place], times[place], counts[place])
  }
}

extension Controller where End: ~Copyable, Board: ~Copyable {
  mutating func trace(_ event: TraceEvent) { traced.note(event, at: (now - started).count) }

  /// Notes what became different since the last tick.
  mutating func traceChanges() {
    if lastEnd != tracedEnd {
      tracedEnd = lastEnd
      if lastEnd != .none { trace(.session(lastEnd)) }
    }
    let retries = end.wireCounters.retries
    for _ in 0..<min(retries - tracedRetries, 1000) { trace(.repeated) }
    tracedRetries = retries
    guard let last = core.last, last.number != tracedBlock else { return }
    tracedBlock = last.number
    trace(.block(last.number, refusal: last.refusal))
  }

  /// The events with their times since the start of the module.
  func showTrace(on terminal: inout some TerminalPort & ~Copyable) {
    for offset in 0..<traced.count {
      let (event, nanoseconds, times) = traced.entry(offset)
      var text = Text<200>()
      text.append(scaled: nanoseconds / 1000, places: 6)
      text.append(" s")
      text.pad(to: 16)
      text.append(event)
      if times > 1 { text.append("  times ", UInt64(times)) }
      terminal.printLine(text)
    }
    var text = Text<80>()
    text.append("trace    events ", UInt64(traced.count))
    text.append("  older ones dropped ", traced.dropped)
    terminal.printLine(text)
  }
}

extension Text {
  fileprivate mutating func append(_ event: TraceEvent) {
    switch event {
    case .moved(let from, let to, let on):
      append("state ")
      append(to.name)
      append(", was ")
      append(from.name)
      append(": ")
      append(on.name)
    case .fault(let cause):
      append("fault ")
      append(cause)
    case .session(let end):
      append("session ")
      append(end)
    case .block(let number, let refusal):
      append("block ", UInt64(number))
      append(refusal == nil ? " gave key" : " refused: ")
      if let refusal { append(refusal.name) }
    case .applied: append("configuration applied")
    case .saved: append("configuration saved")
    case .late: append("tick late")
    case .repeated: append("transfer with the gateware repeated")
    }
  }
}
