public import Units

/// What flows a second: over the last whole second, and on average since a session began to deliver.
///
/// Given the running sums once a tick; reads no clock.
public struct RateMeter: Sendable {
  /// Sums that only grow within a session.
  public struct Sums: Equatable, Sendable {
    public var detections: UInt64 = 0
    public var siftedBits: UInt64 = 0
    public var secretBits: UInt64 = 0
    public var retries: UInt64 = 0
    public var lateTicks: UInt64 = 0

    public init() {}

    /// What was added since; a sum that fell began anew.
    func since(_ earlier: Sums) -> Sums {
      var grown = Sums()
      grown.detections = detections &- min(earlier.detections, detections)
      grown.siftedBits = siftedBits &- min(earlier.siftedBits, siftedBits)
      grown.secretBits = secretBits &- min(earlier.secretBits, secretBits)
      grown.retries = retries &- min(earlier.retries, retries)
      grown.lateTicks = lateTicks &- min(earlier.lateTicks, lateTicks)
      return grown
    }
  }

  private static var period: Nanoseconds { Nanoseconds(milliseconds: 1000) }

  private var begun: (sums: Sums, at: Instant)
  private var latest: (sums: Sums, at: Instant)
  /// What was added in the last whole second.
  public private(set) var lastSecond = Sums()

  public init(at now: Instant) {
    begun = (Sums(), now)
    latest = (Sums(), now)
  }

  /// Takes the sums of this tick; true once a second.
  public mutating func take(_ sums: Sums, at now: Instant) -> Bool {
    guard now >= latest.at + Self.period else { return false }
    lastSecond = sums.since(latest.sums)
    latest = (sums, now)
    return true
  }

  /// Begins the average anew.
  public mutating func restart(_ sums: Sums, at now: Instant) { begun = (sums, now) }

  /// Bits a second since `restart`, up to the last whole second.
  public var average: (detections: UInt64, siftedBits: UInt64, secretBits: UInt64) {
    let grown = latest.sums.since(begun.sums)
    let milliseconds = latest.at > begun.at ? (latest.at - begun.at).count / 1_000_000 : 0
    guard milliseconds > 0 else { return (0, 0, 0) }
    return (
      Self.perSecond(grown.detections, milliseconds), Self.perSecond(grown.siftedBits, milliseconds),
      Self.perSecond(grown.secretBits, milliseconds)
    )
  }

  private static func perSecond(_ sum: UInt64, _ milliseconds: UInt64) -> UInt64 {
    let (product, isWide) = sum.multipliedReportingOverflow(by: 1000)
    return isWide ? sum / milliseconds * 1000 : product / milliseconds
  }
}
