import CLinux
import FixedStorage
import Units

/// Sends lines of telemetry to a datagram socket of the file system, one line a datagram, whether somebody listens or
/// not.
struct TelemetrySocket: ~Copyable {
  private let path: Argument?
  private var descriptor: Int32 = -1
  private var next = Instant(ns: 0)

  init(_ path: Argument?) throws(StartFault) {
    self.path = path
    guard path != nil else { return }
    // The result is written before the call returns.
    let error = unsafe gimbal_datagram_socket(&descriptor)
    guard error == 0 else { throw StartFault("--telemetry", "cannot open a socket", error) }
  }

  /// Whether a line is due; the next one is a period later.
  mutating func isDue(at now: Instant, period: Nanoseconds) -> Bool {
    guard path != nil, now >= next else { return false }
    next = now + period
    return true
  }

  func send(_ line: borrowing Text<1024>) {
    guard let path else { return }
    let descriptor = descriptor
    // The callee reads the zero-ended path and exactly the bytes of the span.
    unsafe line.utf8.withUnsafeBytes { buffer in
      if let start = buffer.baseAddress { unsafe gimbal_datagram_send(descriptor, path.path, start, buffer.count) }
    }
  }
}
