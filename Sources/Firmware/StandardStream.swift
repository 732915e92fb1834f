import CLinux
import Console
import FixedStorage
import Ports

/// Standard output or standard error, written through at once.
struct StandardStream: TerminalPort {
  let descriptor: Int32

  static var output: StandardStream { StandardStream(descriptor: 1) }
  static var error: StandardStream { StandardStream(descriptor: 2) }

  mutating func read(into bytes: inout MutableSpan<UInt8>) -> Int { 0 }

  mutating func write(_ bytes: Span<UInt8>) { put(bytes) }

  func writeLine(_ line: StaticString) {
    put(line.ascii)
    endLine()
  }

  func writeLine<let capacity: Int>(_ text: borrowing Text<capacity>) {
    put(text.utf8)
    endLine()
  }

  private func endLine() {
    let newline: StaticString = "\n"
    put(newline.ascii)
  }

  private func put(_ bytes: Span<UInt8>) {
    // The callee reads `count` bytes; an output that is gone cannot be reported anywhere.
    unsafe bytes.withUnsafeBytes { buffer in
      if let start = buffer.baseAddress { _ = unsafe gimbal_write(descriptor, start, buffer.count) }
    }
  }
}
