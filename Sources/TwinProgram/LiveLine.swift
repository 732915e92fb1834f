import Foundation
import TwinRun

/// The error rate of the last seconds as a line of bars, redrawn in place at the foot of a terminal.
struct LiveLine {
  private static let bars = Array("▁▂▃▄▅▆▇█")
  private static var count: Int { 40 }
  /// A bar is full at this error rate, or at the largest in view if that is more.
  private static var full: Double { 0.08 }

  /// Whether standard output is a terminal that can redraw a line.
  static var isPossible: Bool {
    isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  /// Takes the line away.
  static var erase: String { "\r\u{1b}[K" }

  /// The last windows; a blank is a window without a sifted bit.
  static func text(_ windows: ArraySlice<Timeline.Window>) -> String {
    let rates = windows.suffix(count).map(\.qber)
    let top = max(full, rates.compactMap { $0 }.max() ?? 0)
    let line = rates.map { rate -> Character in
      guard let rate else { return " " }
      return bars[min(bars.count - 1, Int(rate / top * Double(bars.count)))]
    }
    let now = rates.last.flatMap { $0 }.map { String(format: "%5.2f %%", 100 * $0) } ?? "    - "
    return erase + "        qber \(now)  \(String(line))  0 to \(String(format: "%.0f", 100 * top)) %"
  }
}

/// What a run shows while it works: a line a second, and on a terminal the live line below.
struct RunProgress {
  private let isQuiet: Bool
  let isLive: Bool

  init(isQuiet: Bool) {
    self.isQuiet = isQuiet
    isLive = !isQuiet && LiveLine.isPossible
  }

  /// Called behind every millisecond.
  func show(_ run: borrowing LinkRun, windowEnded: Bool, _ timeline: Timeline?) {
    guard !isQuiet else { return }
    if run.tick % 1000 == 0 { print((isLive ? LiveLine.erase : "") + ProgressLine.text(run.snapshot)) }
    guard isLive, windowEnded, let timeline else { return }
    print(LiveLine.text(timeline.windows[...]), terminator: "")
    fflush(nil)
  }

  func end() {
    if isLive { print(LiveLine.erase, terminator: "") }
  }
}
