import Console
import FixedStorage
import Ports
import Units

// How well the module keeps time.
extension Controller where End: ~Copyable, Board: ~Copyable {
  mutating func showTiming(on terminal: inout Screen) {
    timingLine(on: &terminal)
    var text = Line()
    text.append("writes   late ", lateWrites)
    text.append("  least slack ")
    if slackFrames == .max { text.append("none yet") } else { text.append(decimal: UInt64(slackFrames)) }
    if slackFrames != .max { text.append(" frames") }
    terminal.printLine(text)
    guard let report = board.tickReport() else { return terminal.print("tick     the twin keeps time\r\n") }
    terminal.print("step           budget        worst         over\r\n")
    for number in 0..<UInt8(TickStep.count) {
      guard let step = TickStep(rawValue: number) else { continue }
      terminal.printLine(Self.row(step, of: report))
    }
    text.clear()
    text.append("tick     ", report.ticks)
    text.append("  missed ", report.missed)
    text.append("  page faults ", report.faults)
    text.append("  heartbeats withheld ", report.withheld)
    terminal.printLine(text)
    text.clear()
    text.append("lines    interrupts ", report.interrupts)
    text.append("  pulses ", report.pulses)
    text.append("  bus freed ", report.recoveries)
    terminal.printLine(text)
  }

  private static func row(_ step: TickStep, of report: TickReport) -> Line {
    var text = Line()
    text.append(step.name)
    text.pad(to: 15)
    text.append(scaled: step.budgetNs / 100, places: 1)
    text.append(" us")
    text.pad(to: 29)
    text.append(scaled: report.worstNs[Int(step.rawValue)] / 100, places: 1)
    text.append(" us")
    text.pad(to: 43)
    text.append(decimal: report.over[Int(step.rawValue)])
    return text
  }
}
