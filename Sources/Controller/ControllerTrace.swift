import Acquisition
public import Console
import Distillation
import Drivers
import FixedStorage
import Health
import LinkControl
import Ports
import Units

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
    let sync = end.slotAlignment?.state.stateName
    if sync != tracedSync {
      tracedSync = sync
      if let sync { trace(.clock(sync)) }
    }
    guard let last = core.last, last.number != tracedBlock else { return }
    tracedBlock = last.number
    watch.noteBlock(isRefused: last.refusal != nil)
    trace(.block(last.number, refusal: last.refusal))
  }

  /// The last events, with their times since the start of the program that noted them.
  func showTrace(last: UInt64, on terminal: inout Screen) {
    let kept = traced.kept
    let shown = UInt32(min(last, UInt64(kept.count)))
    for number in (kept.upperBound - shown)..<kept.upperBound { terminal.printLine(row(number)) }
    var text = Line()
    text.append("trace    shown ", UInt64(shown))
    text.append("  kept ", UInt64(kept.count))
    text.append("  older ones gone ", UInt64(kept.lowerBound))
    text.append("  starts ", UInt64(traced.starts))
    terminal.printLine(text)
  }

  private func row(_ number: UInt32) -> Line {
    var text = Line()
    guard let (event, nanoseconds, times) = traced.entry(number) else {
      text.append("                an event that was not noted to its end")
      return text
    }
    text.append(scaled: nanoseconds / 1000, places: 6)
    text.append(" s")
    text.pad(to: 16)
    text.append(event)
    if times > 1 { text.append("  times ", UInt64(times)) }
    return text
  }

  /// Which level of events is told as they happen; sets it at once.
  mutating func setLog(_ word: Span<UInt8>, on terminal: inout Screen) {
    if let level = Command.index(of: word, among: .level) {
      tune(.logLevel, to: UInt64(level))
    }
    var text = Line()
    text.append("log      ")
    text.append(ArgumentKind.level.word(Int(settings[.logLevel])) ?? "")
    terminal.printLine(text)
  }

  /// Whether events wait that the console should tell.
  public var hasNews: Bool {
    for number in max(logged, traced.kept.lowerBound)..<traced.kept.upperBound where isTold(number) { return true }
    return false
  }

  private func isTold(_ number: UInt32) -> Bool {
    guard let level = LogLevel(rawValue: UInt8(settings[.logLevel])), let entry = traced.entry(number) else {
      return false
    }
    return entry.event.level <= level
  }

  /// Tells the events that came since the last call, as far as the level asks for them.
  public mutating func tellNews(on terminal: inout Screen) {
    for number in max(logged, traced.kept.lowerBound)..<traced.kept.upperBound where isTold(number) {
      terminal.printLine(row(number))
    }
    logged = traced.kept.upperBound
  }

  /// Passes over what happened, for a console that nobody reads.
  public mutating func skipNews() { logged = traced.kept.upperBound }
}

extension Text {
  fileprivate mutating func append(_ event: TraceEvent) {
    switch event {
    case .started(let times): append("start ", UInt64(times))
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
    case .applied(let hash):
      append("configuration applied  hash ")
      append(hexadecimal: UInt64(hash), digits: 8)
    case .saved: append("configuration saved")
    case .late: append("tick late")
    case .repeated: append("transfer with the gateware repeated")
    case .alarm(let name, let isActive):
      append(isActive ? "alarm " : "alarm over ")
      append(name.name)
      append("  ")
      append(name.severity.name)
    case .cleared: append("alarms cleared")
    case .aligned(let delay):
      append(delay == nil ? "gate not aligned: no place stands out" : "gate aligned  gate_delay_ps ")
      if let delay { append(decimal: UInt64(delay)) }
    case .tuned(let setting, let value):
      append(setting.name)
      append(" ", value)
    case .updated(let status, let isInstalled):
      append(isInstalled ? "new program installed" : "new program refused")
      append(status < 0 ? "  its self-test did not end" : "  self-test status ")
      if status >= 0 { append(decimal: UInt64(status)) }
    case .poked(let address, let value):
      append("register written  address 0x")
      append(hexadecimal: UInt64(address), digits: 2)
      append(" value 0x")
      append(hexadecimal: UInt64(value), digits: 8)
    case .lateWrite(let write):
      append("register written too late  slot ", write.slot)
      append("  slack -", write.slotsLate)
      append(" slots")
    case .clock(let state):
      append("slot clock ")
      append(state.name)
    }
  }
}
