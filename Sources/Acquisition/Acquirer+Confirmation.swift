import FixedStorage

/// A peak and what later clicks say about it.
struct Confirmation {
  /// The last segment that was placed, and its middle in half frames since the start.
  var path = SegmentPath()
  var middle = 0
  /// Growth of the rate over a frame.
  var growth: Int64 = 0
  var offset = 0
  var segments = 0
  var frames = 0
  /// All clicks, those of light by their power, and those near the arrival of light.
  var taken = 0
  var light: UInt64 = 0
  var clicks = 0
  /// Clicks on lit slots, and errors, one slot before the offset, there, and one slot behind.
  var lit: [3 of Int] = .init(repeating: 0)
  var errors: [3 of SyncErrors] = .init(repeating: SyncErrors())
}

/// Where the pulses were when a peak was confirmed.
public struct SyncFix: Equatable, Sendable {
  /// Half frames since the start of the search.
  public let halfFrames: Int
  /// How late pulses came against the slots, there; whole slots included.
  public let late: SlotSpan
  public let perFrame: SlotSpan
  /// Growth of that over one frame.
  public let growth: SlotSpan
  /// Clicks of light and all others in a frame, in 2^-8.
  public let light: Int64
  public let noise: Int64
}

extension Acquirer {
  /// What was confirmed last.
  public var fix: SyncFix {
    let late = confirmation.path.middle - Int64(confirmation.offset) << 32
    let frames = Int64(max(1, confirmation.frames))
    let light = min(Int64(confirmation.light), Int64(confirmation.taken))
    return SyncFix(
      halfFrames: confirmation.middle, late: SlotSpan(raw: late),
      perFrame: SlotSpan(raw: confirmation.path.perFrame), growth: SlotSpan(raw: confirmation.growth),
      light: light << 8 / frames, noise: (Int64(confirmation.taken) - light) << 8 / frames)
  }

  /// From now on segments are asked about the peak. Those that were searched say nothing new.
  mutating func beginConfirmation() {
    confirmation = Confirmation()
    confirmation.path = paths[searched - 1]
    confirmation.middle = segments[searched - 1].middle
    confirmation.offset = Int(peak.offset)
    fitLast()
    isConfirming = true
    dropSegments(searched)
    searched = 0
  }

  /// Goes back to searching with clicks that come from now on.
  mutating func resumeSearch() {
    isConfirming = false
    dropSegments(segmentCount)
  }

  /// Places the oldest segment by its own phase, next to where the path leads, and counts.
  mutating func confirmSegment(in pattern: borrowing SyncPattern) -> Outcome {
    let segment = segments[0]
    extendPath(over: segment)
    count(segment, in: pattern)
    confirmation.segments += 1
    confirmation.frames += segment.frames
    confirmation.taken += segment.clicks
    dropSegments(1)
    let result = verdict(in: pattern)
    if result.isSignificant {
      let errors = confirmation.errors[Int(result.offset) - confirmation.offset + 1]
      confirmation.offset = Int(result.offset)
      stage = .idle
      return .confirmed(result, errors)
    }
    guard confirmation.segments < Self.confirmationsMax else {
      resumeSearch()
      return .refuted(result)
    }
    return .working
  }

  /// Rate and growth at the last searched segment by the places of the last two or three, which tell them better than
  /// the steps of the rate search do.
  private mutating func fitLast() {
    guard searched > 1 else { return }
    let (last, before) = (searched - 1, searched - 2)
    let late = Int64(segments[last].middle - segments[before].middle)
    let lateRate = (paths[last].middle - paths[before].middle) * 2 / late
    confirmation.path.perFrame = lateRate
    guard searched > 2 else { return }
    let early = Int64(segments[before].middle - segments[searched - 3].middle)
    let earlyRate = (paths[before].middle - paths[searched - 3].middle) * 2 / early
    // Mean rates of two stretches, half their sum apart. Short stretches tell nothing about the growth.
    guard min(early, late) >= 32 else { return }
    confirmation.growth = (lateRate - earlyRate) * 4 / (early + late)
    confirmation.path.perFrame += confirmation.growth * late / 4
  }

  /// Goes on with place, rate and growth to the middle of a segment, and corrects all three by the phase of its light.
  private mutating func extendPath(over segment: Segment) {
    let half = Int64(segment.middle - confirmation.middle)
    let before = confirmation.path
    let prediction = before.middle + before.perFrame * half / 2 + confirmation.growth * half * half / 8
    let perFrame = before.perFrame + confirmation.growth * half / 2
    let nearest = roundedQuotient(Int(perFrame), 1 << 25)
    var (rate, power) = (nearest, UInt16(0))
    for candidate in (nearest - 1)...(nearest + 1) where self.power(of: segment, rate: candidate) > power {
      rate = candidate
      power = self.power(of: segment, rate: candidate)
    }
    let measured = unwrapped(vector(of: segment, perFrame: perFrame).turn, near: prediction)
    // Dim light is believed less: the variance of its phase goes with 1 / power.
    let correction = (measured - prediction) * Int64(power) / (Int64(power) + 3 * 16)
    confirmation.light += light(of: segment, rate: rate)
    confirmation.path = SegmentPath(
      middle: prediction + correction, perFrame: perFrame + correction * 2 / half, rate: rate)
    if half >= 32 { confirmation.growth += correction * 2 / (half * half) }
    confirmation.middle = segment.middle
  }

  private mutating func count(_ segment: Segment, in pattern: borrowing SyncPattern) {
    for i in segment.firstClick..<segment.endClick {
      let time = sixteenths(of: i, in: segment)
      guard let slot = confirmation.path.slot(ofClickAt: time, in: segment) else { continue }
      confirmation.clicks += 1
      let detector = StoredClick(word: memory.clicks[i]).detector
      for side in 0..<3 {
        let place = slot + confirmation.offset + side - 1
        if pattern.isLit(place) { confirmation.lit[side] += 1 }
        confirmation.errors[side].add(slot: place, detector: detector, in: pattern)
      }
    }
  }

  private func verdict(in pattern: borrowing SyncPattern) -> SyncPeak {
    var result = SyncPeak()
    var side = 0
    for candidate in 1..<3 where confirmation.lit[candidate] > confirmation.lit[side] { side = candidate }
    result.offset = Int32(confirmation.offset + side - 1)
    result.clicks = Int32(confirmation.clicks)
    result.lit = Int32(confirmation.lit[side])
    result.threshold = Significance.threshold(cells: 3, looks: Self.confirmationsMax)
    guard confirmation.clicks > 0 else { return result }
    result.bits = Significance.bits(
      lit: Int(result.lit), of: confirmation.clicks,
      share: share(in: pattern, light: confirmation.light, of: confirmation.clicks))
    return result
  }
}
