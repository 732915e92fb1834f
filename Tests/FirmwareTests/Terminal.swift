import Foundation
import HostSockets
import Testing

/// The operator's end of a pseudo terminal.
final class Terminal {
  private let handle: FileHandle
  private var pending = ""

  init(_ path: String) throws {
    handle = try #require(FileHandle(forUpdatingAtPath: path))
  }

  /// What is shown up to and with `text`; nil when it does not come within a minute.
  func read(until text: String) -> String? {
    let deadline = Date(timeIntervalSinceNow: 60)
    while Date() < deadline {
      if let range = pending.range(of: text) {
        let shown = String(pending[..<range.upperBound])
        pending = String(pending[range.upperBound...])
        return shown
      }
      guard !waitForInput([handle.fileDescriptor], milliseconds: 1_000).isEmpty else { continue }
      let more = handle.availableData
      guard !more.isEmpty else { return nil }
      pending += String(decoding: more, as: UTF8.self)
    }
    return nil
  }

  /// Types a line and returns what is shown until the next prompt, the echo included.
  func ask(_ line: String) -> String? {
    handle.write(Data((line + "\r").utf8))
    return read(until: "> ")
  }

  /// Sends a line as programs do and returns what comes up to and with `end`.
  func asks(_ line: String, until end: String = "\n") -> String? {
    handle.write(Data((line + "\n").utf8))
    return read(until: end)
  }

  /// Types a line again and again until the answer holds `text`.
  func repeats(_ line: String, until text: String) -> Bool {
    let deadline = Date(timeIntervalSinceNow: 120)
    while Date() < deadline {
      guard let answer = ask(line) else { return false }
      if answer.contains(text) { return true }
    }
    return false
  }
}
