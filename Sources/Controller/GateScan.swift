public import Units

/// Moves the gate through the slot, counts detections at each place, and finds where the light arrives. Pure: told of
/// time and counts, it says where to put the gate next.
///
/// The light itself is the reference, so that the result holds whatever delays cables and electronics have.
public struct GateScan: Sendable {
  /// Places of the gate, 250 ps apart, over the first 8 ns of the slot.
  public static var placeCount: Int { 32 }
  public static var stepPs: UInt32 { 250 }
  /// A commit takes effect within a frame of 10.5 ms.
  static var settleTime: Nanoseconds { Nanoseconds(milliseconds: 24) }
  static var countTime: Nanoseconds { Nanoseconds(milliseconds: 76) }

  public enum Phase: Equatable, Sendable {
    case resting
    /// The gate is on its way to a place.
    case settling(place: Int, until: Instant)
    /// Detections are counted; `before` is their sum when it began.
    case counting(place: Int, before: UInt64, until: Instant)
    case done
  }

  public enum Step: Equatable, Sendable {
    case none
    /// Put the gate there.
    case move(delayPs: UInt32)
    /// Tell the sum of all detections so far by `take(_:at:)`.
    case count
    case finished
  }

  public private(set) var phase = Phase.resting
  public private(set) var counts: [32 of UInt64] = .init(repeating: 0)

  public init() {}

  public var isRunning: Bool {
    switch phase {
    case .settling, .counting: true
    case .resting, .done: false
    }
  }

  public mutating func begin(at now: Instant) -> Step {
    counts = .init(repeating: 0)
    phase = .settling(place: 0, until: now + Self.settleTime)
    return .move(delayPs: 0)
  }

  /// Gives a scan up; one that is done stays.
  public mutating func stop() {
    if isRunning { phase = .resting }
  }

  /// What has to be done now.
  public func step(at now: Instant) -> Step {
    switch phase {
    case .resting, .done: .none
    case .settling(_, let until), .counting(_, _, let until): now >= until ? .count : .none
    }
  }

  /// Takes the sum of all detections that `count` asked for.
  public mutating func take(_ sum: UInt64, at now: Instant) -> Step {
    switch phase {
    case .resting, .done: return .none
    case .settling(let place, _):
      phase = .counting(place: place, before: sum, until: now + Self.countTime)
      return .none
    case .counting(let place, let before, _):
      counts[place] = sum >= before ? sum - before : 0
      guard place + 1 < Self.placeCount else {
        phase = .done
        return .finished
      }
      phase = .settling(place: place + 1, until: now + Self.settleTime)
      return .move(delayPs: UInt32(place + 1) * Self.stepPs)
    }
  }

  /// Where the gate should open: the middle of the places with more than half of the way from the least count to the
  /// largest. Nil when no place stands out by five standard deviations of a Poisson count.
  public var best: UInt32? {
    guard case .done = phase else { return nil }
    var least = counts[0]
    var most = counts[0]
    for i in counts.indices {
      least = min(least, counts[i])
      most = max(most, counts[i])
    }
    // most - least > 5 sqrt(most + least), without a root; the differences are far below 2^32.
    let excess = most - least
    guard excess > 0, excess * excess > 25 * (most + least) else { return nil }
    var weight: UInt64 = 0
    var moment: UInt64 = 0
    for i in counts.indices where counts[i] - least > excess / 2 {
      weight += 1
      moment += UInt64(i)
    }
    let twice = (2 * moment * UInt64(Self.stepPs) + weight) / weight
    return UInt32(twice / 2 / 10 * 10)
  }
}
