public import Units

/// Errors among the clicks of lit slots, whose states are public, with the dark slots as a measure of the noise.
public struct SyncErrors: Equatable, Sendable {
  /// Single clicks in lit slots on the axis of the laser.
  public private(set) var matched: UInt32 = 0
  /// Those on the other detector of the axis.
  public private(set) var wrong: UInt32 = 0
  /// Single clicks in dark slots, on any axis.
  public private(set) var dark: UInt32 = 0

  public init() {}

  /// `detector` is 0...5 for H V D A R L; anything else was not a single click and is not counted.
  mutating func add(slot: Int, detector: UInt8, in pattern: borrowing SyncPattern) {
    guard detector < 6 else { return }
    guard pattern.isLit(slot) else {
      dark += 1
      return
    }
    let laser = pattern.laser(slot)
    guard laser >> 1 == detector >> 1 else { return }
    matched += 1
    if laser != detector { wrong += 1 }
  }

  /// Clicks of noise among the matched: noise falls on lit slots 11/5 times as often, and on one axis of three.
  public var noise: UInt32 { UInt32(truncatingIfNeeded: UInt64(dark) * 11 / 15) }

  /// So much comes in dark slots that the light is another's: enough for any verdict, and no count may run over.
  var isFlooded: Bool { dark > 1 << 20 || matched > 1 << 24 }

  /// Whether there are enough clicks of light for a verdict.
  public var isMeasured: Bool { matched >= 48 + noise }

  /// Whether the error rate of the light is above the limit by more than chance explains, four standard deviations.
  ///
  /// Light: matched - noise clicks, wrong - noise / 2 errors. The variance of their difference to the limit is at most
  /// matched / 4 of the errors and 1/4 (11/15) noise of what is subtracted.
  public func exceeds(_ limit: PartsPerMillion) -> Bool {
    let light = Int64(matched) - Int64(noise)
    let errors = Int64(wrong) - Int64(noise) / 2
    let excess = errors - light * Int64(limit.count) / 1_000_000
    return excess > 0 && excess * excess > 4 * (Int64(matched) + Int64(noise))
  }
}
