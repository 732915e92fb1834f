import Console
import FixedStorage
import HostConsole
import HostStorage
import Testing

/// Line noise: whatever is typed, a line has a bounded length, and parsing it ends in a command or a reason.
@Test(arguments: fuzzSeeds(200)) func console_ofAnyKeys_staysBounded(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var editor = LineEditor<NoNames>()
  var screen = Screen.onHost()
  var lines = 0
  var shown = 0
  var words = 0
  let real = Array("set alice 5\r\u{1b}[A\u{7f}status\rpeek 0x10\r".utf8)
  for _ in 0..<20 {
    for key in random.bent(real, bytesMax: 600) {
      let isWhole = editor.take(key, prompt: "gimbal> ", echo: &screen)
      let length = editor.text.count
      shown += screen.taken().count
      #expect(length <= 256)
      guard isWhole else { continue }
      lines += 1
      do throws(ParseError) { _ = try Command.parse(editor.text) } catch { words += 1 }
      editor.clear()
    }
  }
  #expect(lines >= words && shown >= lines)
}
