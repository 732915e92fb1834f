import Units

/// How fast simulated time passes beside the wall clock.
public enum Pace: Equatable, Sendable {
  /// As fast as the computer can.
  case free
  /// Never ahead of the wall clock, of which a second is this many simulated seconds; more than 0.
  case rate(Double)

  public static var realTime: Pace { .rate(1) }
}

/// Grants simulated time to modules with a clock of their own, as wall time passes.
///
/// What a computer was too slow to simulate is not made up for: a burst of simulated time would be to them as if they
/// themselves had stood still.
struct PaceCredit {
  /// What waits for being spent, at most.
  static var max: Nanoseconds { Nanoseconds(milliseconds: 2) }

  private let rate: Double
  private var latest: Duration?
  /// Simulated nanoseconds that may pass now.
  private var available = 0.0

  init(rate: Double) { self.rate = rate }

  /// Notes the wall time, measured from anywhere, and returns the simulated time that may pass. A wall time before the
  /// last one adds nothing.
  mutating func grant(at wall: Duration) -> Nanoseconds {
    let passed = Swift.max(.zero, wall - (latest ?? wall))
    available = min(available + seconds(passed) * rate * 1e9, Double(Self.max.count))
    latest = Swift.max(wall, latest ?? wall)
    return Nanoseconds(UInt64(available))
  }

  mutating func spend(_ time: Nanoseconds) { available -= Double(time.count) }

  /// Wall milliseconds until `time` is granted, rounded up.
  func milliseconds(until time: Nanoseconds) -> Int32 {
    Int32(clamping: Int(((Double(time.count) - available) / rate * 1e-6).rounded(.up)))
  }

  private func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}
