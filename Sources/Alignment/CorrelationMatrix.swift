import Units

/// How often each detector clicked for each state that was sent: what sifting throws away, and what it keeps.
///
/// States and detectors are numbered H V D A R L, 0...5. Rounds with another axis than the state's carry no key, so
/// that Alice may tell their bits. Rounds of the same axis are key: of those only test rounds may be told, and
/// confirmed blocks tell their error rate.
public struct CorrelationCounts: Sendable {
  private var counts: [36 of UInt64] = .init(repeating: 0)

  public init() {}

  public subscript(state: Int, detector: Int) -> UInt64 {
    get { counts[6 * state + detector] }
    set { counts[6 * state + detector] = newValue }
  }

  /// Adds the counts of another stretch of time.
  public mutating func add(_ other: CorrelationCounts) {
    for i in counts.indices { counts[i] += other.counts[i] }
  }

  /// Rounds of one axis sent and one measured whose bits agree, and whose bits differ.
  func rounds(_ measured: Axis, _ sent: Axis) -> (same: Double, other: Double) {
    let (state, detector) = (Self.first(of: sent), Self.first(of: measured))
    return (
      Double(self[state, detector]) + Double(self[state + 1, detector + 1]),
      Double(self[state, detector + 1]) + Double(self[state + 1, detector])
    )
  }

  /// The state of bit 0 of an axis, H, D or R.
  static func first(of axis: Axis) -> Int {
    switch axis {
    case .z: 0
    case .x: 2
    case .y: 4
    }
  }
}

/// Estimated correlations <b, a> of what Bob measures on axis b with what Alice sent on axis a, and their variances.
///
/// A correlation is (same - other)/(same + other), with the variance (1 - E^2)/N of a binomial share (established). In
/// a channel that turns the frame by R and adds white noise of weight p it is (1 - p) R(b, a), so that it shows all
/// errors that a turn makes (theory.md 3.2). Unequal detectors of an axis change it by the product of their contrast
/// and the contrast of the mean light, second order in both (derived). For the rate only: no key length may rest on it.
public struct CorrelationMatrix: Sendable {
  public internal(set) var values = StokesMatrix()
  /// The variance of each entry; infinite where nothing was counted.
  public internal(set) var variances = StokesMatrix()

  public init(_ counts: CorrelationCounts) {
    for row in correlationAxes.indices {
      for column in correlationAxes.indices {
        let rounds = counts.rounds(correlationAxes[row], correlationAxes[column])
        let all = rounds.same + rounds.other
        let value = all > 0 ? (rounds.same - rounds.other) / all : 0
        values[row, column] = value
        // One count more on each side, so that no entry is ever taken for exact.
        let spread = (all + 2) * (all + 2) - (rounds.same - rounds.other) * (rounds.same - rounds.other)
        variances[row, column] = all > 0 ? spread / ((all + 2) * (all + 2) * all) : .infinity
      }
    }
  }

  /// The trace and its variance from the rounds of equal axes.
  public var countedTrace: TraceEstimate {
    TraceEstimate(value: values.trace, variance: variances.trace)
  }
}

/// The trace of the correlation matrix: three times the mean correlation of sifted bits.
public struct TraceEstimate: Equatable, Sendable {
  public let value: Double
  public let variance: Double

  public init(value: Double, variance: Double) {
    self.value = value
    self.variance = variance
  }

  /// From the errors of confirmed blocks, without a look at any bit: tr T = 3 (1 - 2 Q), for axes of equal weight
  /// (theory.md 1.2; established algebra of the twirl). Nil for more errors than bits, or no bits.
  public init?(errors: UInt64, bits: UInt64) {
    guard bits > 0, errors <= bits else { return nil }
    let share = Double(errors) / Double(bits)
    let wide = (Double(errors) + 1) / (Double(bits) + 2)
    self.init(value: 3 * (1 - 2 * share), variance: 36 * wide * (1 - wide) / Double(bits))
  }
}

let correlationAxes: [3 of Axis] = [.x, .y, .z]
