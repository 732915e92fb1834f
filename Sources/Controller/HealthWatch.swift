import Distillation

/// What the alarms need to remember between looks. Holds no clock and no device.
struct HealthWatch: Sendable {
  /// The last 20 blocks, newest in bit 0, one for refused; and how many there were.
  private var refusals: UInt32 = 0
  private var blocks: UInt32 = 0
  /// Counts of the detectors a second ago, if there was light from then until now.
  private var countsBefore: [6 of UInt32]?
  /// Clicks of each detector since light began.
  private(set) var clicks: [6 of UInt64] = .init(repeating: 0)
  private var countsLast: [6 of UInt32] = .init(repeating: 0)
  private(set) var isSilent = false
  private(set) var isSkewed = false
  /// Keys without room that an alarm was raised for.
  var keysDroppedSeen: UInt64 = 0
  /// Blocks of other keys at the peer that an alarm was raised for.
  var keysDifferSeen: UInt64 = 0

  private static var blocksMax: UInt32 { 20 }

  mutating func noteBlock(isRefused: Bool) {
    refusals = (refusals << 1 | (isRefused ? 1 : 0)) & (1 << Self.blocksMax - 1)
    blocks = min(blocks + 1, Self.blocksMax)
  }

  /// More than one in ten of the last blocks.
  var hasManyRefusals: Bool { refusals.nonzeroBitCount * 10 > Int(blocks) }

  mutating func beginLight(_ counts: [6 of UInt32]) {
    clicks = .init(repeating: 0)
    countsLast = counts
    countsBefore = nil
  }

  /// Takes new counts, which run modulo 2^32, while light is on.
  mutating func take(_ counts: [6 of UInt32]) {
    for i in counts.indices { clicks[i] += UInt64(counts[i] &- countsLast[i]) }
    countsLast = counts
  }

  /// Looks at the last second: which is only judged if light was on all the time.
  mutating func judgeSecond(_ counts: [6 of UInt32], isLit: Bool) {
    isSilent = false
    isSkewed = false
    guard isLit else {
      countsBefore = nil
      return
    }
    if let before = countsBefore { judge(counts, since: before) }
    countsBefore = counts
  }

  // Six detectors share the clicks evenly; 3000 clicks make half of a sixth improbable by nine standard deviations.
  private mutating func judge(_ counts: [6 of UInt32], since before: [6 of UInt32]) {
    var total: UInt64 = 0
    for i in counts.indices { total += UInt64(counts[i] &- before[i]) }
    for i in counts.indices {
      let own = UInt64(counts[i] &- before[i])
      if own == 0 { isSilent = true }
      if total >= 3000, own * 12 < total || own * 4 > total { isSkewed = true }
    }
  }
}
