import CLinux
import Console
import FixedStorage

/// Standard output or standard error, written through at once.
struct StandardStream {
  let descriptor: Int32

  static var output: StandardStream { StandardStream(descriptor: 1) }
  static var error: StandardStream { StandardStream(descriptor: 2) }

  func write(_ bytes: Span<UInt8>) { put(bytes) }

  func print(_ text: StaticString) { put(text.ascii) }

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
