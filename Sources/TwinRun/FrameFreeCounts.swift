import Alignment
import Sifting
import Units

/// What the frame-independent protocol counts: the key on R/L, which a roll leaves alone, and windows of correlations
/// of the plane that turns.
struct FrameFreeCounts {
  private(set) var key = MethodCounts()
  private let windowMs: Int
  private var elapsedMs = 0
  private var counts = CorrelationCounts()
  private var weight = 0.0
  private var sum = 0.0

  init(windowMs: Int) { self.windowMs = windowMs }

  mutating func note(_ round: Round) {
    guard !round.measurement.isCross else { return key.noteCross(round) }
    if round.axis == .y, round.measurement.axis == .y { key.noteSifted(round) }
    let pair =
      switch round.measurement.axis {
      case .z: 0
      case .x: 1
      case .y: 2
      }
    counts[round.state, 2 * pair + Int(round.measurement.outcome)] += 1
  }

  /// A millisecond is over; the sum of squares of a window counts as much as its rounds of the plane.
  mutating func pass() {
    elapsedMs += 1
    guard elapsedMs == windowMs else { return }
    elapsedMs = 0
    if let rate = FrameIndependentRate(CorrelationMatrix(counts), stable: .y) {
      let rounds = (0..<4).reduce(UInt64(0)) { sum, state in
        sum + (0..<4).reduce(UInt64(0)) { $0 + counts[state, $1] }
      }
      sum += Double(rounds) * rate.c
      weight += Double(rounds)
    }
    counts = CorrelationCounts()
  }

  /// The mean sum of squared correlations; zero if no window was complete.
  var c: Double { weight > 0 ? sum / weight : 0 }
}
