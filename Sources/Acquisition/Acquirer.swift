import FixedStorage

/// Finds rate, phase and place of the pulses from clicks alone, in slices of bounded work.
///
/// Clicks are summed for their rate as they come (`RateSearch`), in segments that end when the light is clear or after
/// 64 frames. Behind each segment a search goes over the last ten: the straight line through the rates of all segments
/// with the most power (`path search`) says where each pulse lies in its slot, and among 204 800 offsets the one with
/// the most clicks on lit slots is the peak (`OffsetSearch`). The lines never look at the pattern, so that only the
/// offsets count as cells. A peak is confirmed on clicks that came later.
///
/// Offsets here are where the pulses are against the slots as they are counted: positive if pulses come late.
public struct Acquirer: ~Copyable {
  public static var segmentsMax: Int { 10 }
  /// Searches of one acquisition; the threshold pays for all of them.
  public static var looksMax: Int { 64 }
  /// Segments of one confirmation.
  public static var confirmationsMax: Int { 8 }
  /// Clicks that are taken of a frame: bright light needs no more. A quarter of them may come at any time, the others
  /// evenly: clicks from the starts of frames alone are as many at rates that differ by a slot a frame.
  public static var clicksPerFrameMax: Int { 128 }
  /// How often a segment is asked whether it is long enough, in frames.
  static var checkFrames: Int { 8 }

  public enum Outcome: Equatable, Sendable {
    /// Nothing is left to do before more clicks come.
    case waiting
    case working
    case found(SyncPeak)
    /// No peak in this look; later ones see more clicks.
    case missed(SyncPeak)
    case confirmed(SyncPeak, SyncErrors)
    case refuted(SyncPeak)
    /// All looks are used.
    case exhausted
  }

  enum Stage: Equatable {
    case idle
    case collecting
    /// Scoring the lines through the rates of all segments, one slope after the other.
    case lines(slope: Int)
    /// Summing the phases of a segment's clicks along the line.
    case phases(segment: Int)
    /// Placing the clicks of a segment, the last segment first.
    case places(segment: Int)
    case offsets(word: Int)
  }

  let inPlace = InPlace()
  var memory: SearchMemory
  var rates = RateSearch()
  var window = SearchWindow.whole
  var stage = Stage.idle
  var isConfirming = false
  /// Segments that are complete; the search looks at the first `searched` of them.
  var segments: [10 of Segment] = .init(repeating: Segment())
  var paths: [10 of SegmentPath] = .init(repeating: SegmentPath())
  /// Sums of the clicks' directions at the middle of each segment, along its path.
  var vectors: [10 of Vector] = .init(repeating: Vector())
  var segmentCount = 0
  var searched = 0
  /// The segment that fills.
  var filling = Segment()
  var clicksInFrame = 0
  /// Frames since the start of the search.
  public internal(set) var framesTaken = 0
  var looks = 0
  var line = LineScore()
  var positions = 0
  /// Clicks of light among those that were summed, by their power.
  var lightClicks: UInt64 = 0
  var peak = SyncPeak()
  var confirmation = Confirmation()
  /// Clicks that found no room, and frames that came while there was none for their segment.
  public internal(set) var clicksPassedOver: UInt64 = 0

  public init(memory: consuming SearchMemory) { self.memory = memory }

  /// Forgets everything and looks for the pulses from the next frame on.
  public mutating func begin(_ window: SearchWindow) {
    precondition(window.segmentFrames <= RateSearch.segmentFramesMax && window.segmentFrames > 0)
    precondition(window.offsetWords > 0 && 64 * window.offsetWords < SyncPattern.periodSlots / 2)
    self.window = window
    stage = .collecting
    isConfirming = false
    segmentCount = 0
    searched = 0
    framesTaken = 0
    looks = 0
    clicksInFrame = 0
    filling = Segment()
    rates.begin(halfWidth: window.rates)
  }

  public mutating func stop() { stage = .idle }

  /// Takes a click of the running frame.
  public mutating func take(_ click: SyncClick) {
    let share = Self.clicksPerFrameMax / 4
    let allowed = share + (3 * share * Int(click.slot)) >> 20
    guard stage != .idle, clicksInFrame < allowed, filling.endClick < SearchMemory.clicksMax else {
      clicksPassedOver += 1
      return
    }
    clicksInFrame += 1
    let frame = filling.frames
    memory.clicks[filling.endClick] = StoredClick(click, frame: frame).word
    filling.endClick += 1
    if frame < 32 { filling.middleClick = filling.endClick }
    rates.add(slot: UInt32(truncatingIfNeeded: frame) &<< 20 | click.slot, phase: click.phase)
  }

  /// Ends the running frame; a segment that is complete waits for `work`.
  public mutating func closeFrame() {
    guard stage != .idle else { return }
    clicksInFrame = 0
    framesTaken += 1
    filling.frames += 1
    let isFull = filling.endClick == SearchMemory.clicksMax
    let isLongest = filling.frames >= window.segmentFrames || isFull
    guard isLongest || filling.frames % Self.checkFrames == 0 && rates.peakPower() >= window.powerEnough else { return }
    closeSegment()
  }

  private mutating func closeSegment() {
    // While a search runs its clicks stay where they are; without room for another segment the new one is given up.
    if stage == .collecting { makeRoom() }
    if segmentCount < Self.segmentsMax, filling.clicks > 0 {
      filling.row = segmentCount == 0 ? 0 : (segments[segmentCount - 1].row + 1) % Self.segmentsMax
      for rate in -window.rates...window.rates {
        memory.powers[filling.row * RateSearch.cellsMax + RateSearch.halfWidthMax + rate] = rates.power(rate)
      }
      segments[segmentCount] = filling
      segmentCount += 1
    } else {
      clicksPassedOver += UInt64(filling.clicks)
      filling.endClick = filling.firstClick
    }
    let start = segmentCount == 0 ? 0 : segments[segmentCount - 1].endClick
    filling = Segment(firstFrame: framesTaken, firstClick: start, middleClick: start, endClick: start)
    rates.begin(halfWidth: window.rates)
    if stage == .collecting, !isConfirming { beginSearch() }
  }

  /// Gives up the oldest segment when there is no place for another, or no room for as many clicks as the last had.
  private mutating func makeRoom() {
    while segmentCount > 0 {
      let room = SearchMemory.clicksMax - filling.endClick
      guard segmentCount == Self.segmentsMax || room < max(1024, filling.clicks + filling.clicks / 4) else { return }
      dropSegments(1)
    }
  }

  mutating func dropSegments(_ count: Int) {
    guard count > 0 else { return }
    let start = count < segmentCount ? segments[count].firstClick : filling.firstClick
    memory.clicks.move(start..<filling.endClick, to: 0)
    for i in count..<max(count, segmentCount) { segments[i - count] = segments[i].moved(by: start) }
    filling = filling.moved(by: start)
    segmentCount -= count
  }
}

extension Segment {
  fileprivate func moved(by clicks: Int) -> Segment {
    var result = self
    result.firstClick -= clicks
    result.middleClick -= clicks
    result.endClick -= clicks
    return result
  }
}
