import Foundation
import HostStorage
import Units

/// One slot in which at least one detector clicked.
public struct Detection: Equatable, Sendable {
  /// Slots since the common epoch.
  public let slot: UInt64
  /// Bit d for detector H V D A R L.
  public let detectors: UInt8
  /// Arrival in sixteenths of a slot, 0...15.
  public let phase: UInt8

  public init(slot: UInt64, detectors: UInt8, phase: UInt8) {
    self.slot = slot
    self.detectors = detectors
    self.phase = phase
  }
}

/// Draws the slots with clicks directly, without visiting the empty ones.
///
/// Exactness. Without dead time, slot n has a choice c (a function of seed and n) and, given c, a click mask whose
/// six bits are independent; slots are independent. Let p(c) be the probability of a non-empty mask and
/// P >= p(c) for all c. Give each slot an independent uniform u_n in 0 ..< 1 and say that it has a click if
/// u_n < p(c): this is the slot's law. (1) Slots with u_n < P are a Bernoulli process of rate P that does not depend
/// on the choices, so the gaps between them are geometric, floor(log(v)/log(1 - P)) for v uniform in (0, 1]; only they
/// need a choice. (2) There u_n is uniform in 0 ..< P, and it is accepted if it is below p(c). (3) An accepted u_n is
/// uniform in 0 ..< p(c), so comparing it with the probabilities of "a detector below d clicks" picks the lowest
/// clicking detector with its exact conditional law; the detectors above it are untouched by that condition and are
/// drawn with their own probabilities. (4) A dead detector ignores what would have been its click, which neither
/// extends its dead time nor touches the others, so striking its bits from the mask afterwards is exact as well.
/// (5) The gaps are memoryless: they may be drawn anew wherever the probabilities change.
public struct DetectionSampler {
  let choices: ChoiceSource
  private let deadSlots: UInt64
  var random = SeededRandom(seed: 0)
  var position: UInt64 = 0
  /// The next slots with u_n < P and their rows of the table. Drawn some at a time, so that the processor works on
  /// several choices at once; they survive a pause, so a run does not depend on how it is cut.
  private var slots: [16 of UInt64] = .init(repeating: 0)
  private var rows: [16 of Int] = .init(repeating: 0)
  /// How many of them were used; all at first.
  private var used = 16
  /// With Eve, the next slot with u_n < P, once drawn.
  var candidate: UInt64?
  /// First slot in which each detector is sensitive again.
  private var sensitiveFrom: [6 of UInt64] = .init(repeating: 0)

  public init(choices: ChoiceSource, deadSlots: UInt64) {
    self.choices = choices
    self.deadSlots = deadSlots
  }

  /// Starts a stretch of slots with its own random stream.
  public mutating func restart(at slot: UInt64, seed: UInt64) {
    random = SeededRandom(seed: seed)
    begin(at: slot)
  }

  /// Starts a stretch with other probabilities on the present random stream.
  public mutating func begin(at slot: UInt64) {
    position = slot
    used = slots.count
    candidate = nil
  }

  /// The next detection before the slot `end`, nil if there is none. The table must be the same until the next call of
  /// `begin` or `restart`; detectors outside `enabled` stay silent.
  public mutating func next(
    before end: UInt64, table: ClickTable, settings: EmissionSettings, enabled: UInt8
  ) -> Detection? {
    while let (slot, row, all) = nextClicks(before: end, table: table, settings: settings) {
      let live = strikeDead(all & enabled, at: slot)
      guard live != 0 else { continue }
      let detector = live.trailingZeroBitCount
      let isNoise = random.unit() < table.noiseShare(row: row, detector: detector)
      // The mixture by mean counts is the law of the detector's first count up to terms of order lambda.
      let phase = table.arrivals.phase(isNoise: isNoise, draw: random.unit())
      return Detection(slot: slot, detectors: live, phase: phase)
    }
    return nil
  }

  /// The next slot before `end` that has a click in it, the row of its choice, and the clicks, whether or not the
  /// detectors are enabled or dead.
  @inline(__always)
  mutating func nextClicks(
    before end: UInt64, table: ClickTable, settings: EmissionSettings
  ) -> (slot: UInt64, row: Int, clicks: UInt8)? {
    guard table.clickMax > 0 else { return nil }
    while true {
      if used == slots.count { drawCandidates(table, settings) }
      let slot = slots[used]
      guard slot < end else { return nil }
      let row = rows[used]
      used += 1
      guard let lowest = table.lowestClick(row: row, draw: random.unit() * table.clickMax) else { continue }
      return (slot, row, mask(row: row, lowest: lowest, table: table))
    }
  }

  /// Appends all detections before the slot `end`, as `next` gives them one by one.
  public mutating func collect(
    into found: inout [Detection], before end: UInt64, table: ClickTable, settings: EmissionSettings,
    enabled: UInt8
  ) {
    while let next = next(before: end, table: table, settings: settings, enabled: enabled) {
      found.append(next)
    }
  }

  private mutating func drawCandidates(_ table: ClickTable, _ settings: EmissionSettings) {
    for i in slots.indices {
      let gap = log(1 - random.unit()) / table.logNoCandidate
      // Beyond 2^53 slots (three years) the exact number does not matter.
      slots[i] = position + UInt64(min(gap, 0x1p53))
      position = slots[i] + 1
    }
    for i in slots.indices {
      let choice = choices.choice(
        frame: UInt32(truncatingIfNeeded: slots[i] >> 20), slot: UInt32(slots[i] & 0xf_ffff), settings: settings)
      rows[i] = ClickTable.row(state: choice.state, intensity: choice.intensity)
    }
    used = 0
  }

  private mutating func mask(row: Int, lowest: Int, table: ClickTable) -> UInt8 {
    var clicks = UInt8(1) << UInt8(lowest)
    var last = lowest
    while let next = table.nextClick(row: row, after: last, draw: random.unit()) {
      clicks |= 1 << UInt8(next)
      last = next
    }
    return clicks
  }

  mutating func strikeDead(_ clicks: UInt8, at slot: UInt64) -> UInt8 {
    var live: UInt8 = 0
    var rest = clicks
    while rest != 0 {
      let detector = rest.trailingZeroBitCount
      rest &= rest &- 1
      guard slot >= sensitiveFrom[detector] else { continue }
      live |= 1 << UInt8(detector)
      sensitiveFrom[detector] = slot + 1 + deadSlots
    }
    return live
  }
}
