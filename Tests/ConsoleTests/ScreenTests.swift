import Console
import FixedStorage
import HostConsole
import HostStorage
import Ports
import Testing

/// A terminal that takes at most so many bytes a call, as a serial line does.
private struct SlowTerminal: TerminalPort, ~Copyable {
  var bytesPerCall: Int
  var shown: [UInt8] = []

  mutating func read(into bytes: inout MutableSpan<UInt8>) -> Int { 0 }
  mutating func write(_ bytes: Span<UInt8>) -> Int {
    let count = min(bytes.count, bytesPerCall)
    for i in 0..<count { shown.append(bytes[i]) }
    return count
  }
}

/// Whatever the terminal's pace, what is shown is what was printed, in order.
@Test(arguments: 0..<UInt64(40)) func screen_onASlowTerminal_showsEverythingInOrder(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var screen = Screen.onHost()
  var terminal = SlowTerminal(bytesPerCall: 11)
  var printed: [UInt8] = []
  for _ in 0..<3000 {
    if screen.count < 15_000, Bool.random(using: &random) {
      let bytes = (0..<Int.random(in: 0..<900, using: &random)).map { _ in UInt8.random(in: 1...255, using: &random) }
      screen.write(bytes.span)
      printed += bytes
    }
    terminal.bytesPerCall = Int.random(in: 0..<700, using: &random)
    screen.drain(to: &terminal)
  }
  terminal.bytesPerCall = .max
  screen.drain(to: &terminal)
  let (shown, left, lost) = (terminal.shown, screen.count, screen.lost)
  #expect(shown == printed && left == 0 && lost == 0, "seed \(seed)")
}

/// A terminal that nobody reads costs the newest bytes and no time; the loss is told once it reads again.
@Test func screen_thatNobodyReads_losesAndTells() {
  var screen = Screen.onHost()
  let bytes = [UInt8](repeating: 0x61, count: 1000)
  for _ in 0..<20 { screen.write(bytes.span) }
  let (held, lost) = (screen.count, screen.lost)
  #expect(held == Screen.capacityBytes && lost == UInt64(20_000 - Screen.capacityBytes))
  var terminal = SlowTerminal(bytesPerCall: .max)
  screen.drain(to: &terminal)
  screen.drain(to: &terminal)
  screen.print("now\r\n")
  screen.drain(to: &terminal)
  let text = String(decoding: terminal.shown, as: UTF8.self)
  #expect(text.hasPrefix("aaa") && text.hasSuffix("a[3616 bytes were lost]\r\nnow\r\n"))
}

/// Events that are told while somebody types stand on their own lines, and the line is drawn again with its cursor.
@Test func editor_interruptedByLines_keepsTheLine() {
  var editor = LineEditor<NoNames>()
  var screen = Screen.onHost()
  for key in Array("stat\u{1b}[D".utf8) { _ = editor.take(key, prompt: "> ", echo: &screen) }
  _ = screen.taken()
  screen.print("\r\u{1b}[K")
  screen.print("12.3 s  state idle\r\n")
  editor.draw("> ", on: &screen)
  let shown = String(decoding: screen.taken(), as: UTF8.self)
  #expect(shown == "\r\u{1b}[K12.3 s  state idle\r\n\r> stat\u{1b}[K\u{1b}[1D")
  let isWhole = editor.take(0x0d, prompt: "> ", echo: &screen)
  let text = editor.text
  #expect(isWhole && text.count == 4)
}
