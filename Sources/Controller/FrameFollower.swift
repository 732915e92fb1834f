import Alignment
import Drivers
import Sifting
import Units

/// Follows the turn of the polarisation frame: counts what Alice tells of events that gave no key, and says where Bob's
/// wave plates should stand.
///
/// Counts belong to one setting of the plates: batches of frames that began before the plates were read back in place
/// are passed over. So what the counts show is left to undo, however late they come, and whoever undoes at most what
/// is there does not oscillate. Every two frames, 21 ms, the counts are looked at. If they show a turn that is
/// significant and worth it the plates are sent to undo it and counting begins anew; else counting goes on, and from 64
/// frames on half is forgotten. Large turns are seen in two frames, small ones, which are slow or cost little, in 64.
/// On a dim link the same takes as long as it takes until the error bar is small.
///
/// Nothing here is secret, and nothing of it enters a key length (Documentation/Security.md).
struct FrameFollower {
  enum Motion: Equatable {
    case resting
    /// The plates have not been told yet.
    case wanted
    /// On the way; looked at from `nextLook` on, given up after `deadline`.
    case turning(nextLook: Instant, deadline: Instant)
    /// They do not do what they are told: nothing follows for the rest of the session.
    case failed
  }

  /// Frames from look to look.
  static var lookFrames: UInt32 { 2 }
  /// Looks from which on counts fade, and on a dim link at the latest.
  static var looksKept: UInt32 { 32 }
  static var looksKeptMax: UInt32 { 512 }
  /// Sum of the variances of a turn, in square radians, above which nothing is decided: three times 2.6 degrees
  /// squared, which turn a bit of key in a thousand.
  static var varianceMax: Double { 0.006 }
  /// Below it counts may fade: 0.6 degrees, so that what chance makes of them is not worth a correction.
  static var varianceFine: Double { 0.0003 }
  /// Error rate that a correction must promise to take off: 0.05 %, a roll of 1.6 degrees.
  static var gainMin: Double { 0.0005 }
  /// The same of its part across the roll, which may turn all plates far.
  static var tiltGainMin: Double { 0.0005 }

  /// The session began with the wish to follow.
  private(set) var isOn = false
  private(set) var motion = Motion.resting
  /// Where the plates were sent, and the turn that they make there.
  private(set) var setting = PlateSetting.identity
  private var plates = Rotation.identity
  /// What was estimated last; nil before the first look of a session.
  private(set) var estimate: RotationEstimate?
  /// Whether it was told from none.
  private(set) var turnIsSeen = false
  private(set) var shrink = ShrinkEstimate(expectedQber: 0)
  /// Corrections of the session.
  private(set) var moves: UInt64 = 0
  /// Told events of the session that were counted.
  private(set) var eventsCounted: UInt64 = 0

  /// The frames of the batches in flight.
  private var frames: [32 of UInt32] = .init(repeating: 0)
  private var window = CorrelationCounts()
  private var slice = CorrelationCounts()
  private var looks: UInt32 = 0
  private var sliceStart: UInt32?
  /// Frames up to this one may have seen the plates turn.
  private var settledFrame: UInt32 = 0
  private var isCounting = false
  private var trace = BlockTrace()

  // MARK: Session

  /// A session begins. The plates are sent anew wherever they stand: to what undid the turn of the last session, or
  /// home if nothing shall follow. True if they have to be brought up.
  mutating func begin(isOn: Bool, expectedQber: Double) -> Bool {
    let mustTurn = isOn || setting != .identity
    if !isOn {
      setting = .identity
      plates = .identity
    }
    self.isOn = isOn
    motion = mustTurn ? .wanted : .resting
    estimate = nil
    shrink = ShrinkEstimate(expectedQber: expectedQber)
    moves = 0
    eventsCounted = 0
    trace = BlockTrace()
    restart()
    return mustTurn
  }

  /// Nothing follows any more until the next session. Bits that were asked for still come.
  mutating func giveUp() { motion = .failed }

  /// Whether Bob asks for bits of dropped events.
  var asks: Bool { isOn && motion != .failed }

  mutating func noteAnnounced(_ batch: UInt32, in frame: UInt32) {
    frames[Int(batch) % SiftingBatch.inFlightMax] = frame
  }

  // MARK: Counting

  /// The bits of a batch follow.
  mutating func begin(batch: UInt32, of block: UInt32) {
    let frame = frames[Int(batch) % SiftingBatch.inFlightMax]
    isCounting = motion == .resting && frame > settledFrame
    guard isCounting else { return }
    trace.begin(block)
    if let start = sliceStart, frame >= start + Self.lookFrames { look() }
    // The look may have asked for another setting.
    isCounting = motion == .resting
    if isCounting, sliceStart == nil { sliceStart = frame }
  }

  /// One event that gave no key, and Alice's logical bit of it.
  mutating func note(_ note: DroppedNote, told: UInt8) {
    guard isCounting, !note.isCross, note.sent != note.measured else { return }
    slice[Self.place(note.sent, note.sentBit(told: told)), Self.place(note.measured, note.outcome)] += 1
    eventsCounted += 1
  }

  /// States and detectors are numbered H V D A R L.
  private static func place(_ axis: Axis, _ bit: UInt8) -> Int {
    let pair =
      switch axis {
      case .z: 0
      case .x: 2
      case .y: 4
      }
    return pair + Int(bit)
  }

  // MARK: Plates

  /// The plates were told where to go; they may need `way` for the longest way, and as long again twice.
  mutating func noteTold(at now: Instant, way: Nanoseconds) {
    motion = .turning(nextLook: now + way, deadline: now + PlateDrive.settleTimeout)
  }

  mutating func lookAgain(at instant: Instant) {
    if case .turning(_, let deadline) = motion { motion = .turning(nextLook: instant, deadline: deadline) }
  }

  /// They were read back in place; the last frame that had begun by then is `frame`.
  mutating func noteSettled(in frame: UInt32) {
    motion = .resting
    settledFrame = frame
    restart()
  }

  // MARK: Estimates

  /// A block was confirmed with so many errors.
  mutating func noteErrors(_ errors: UInt64, of bits: UInt64, in block: UInt32) {
    guard let meanTrace = trace.mean(of: block),
      let found = ShrinkEstimate(errors: errors, bits: bits, meanTrace: meanTrace)
    else { return }
    shrink = found
  }

  private mutating func restart() {
    window.clear()
    slice.clear()
    looks = 0
    sliceStart = nil
  }

  private mutating func look() {
    if let sine = CorrelationMatrix(slice).sineSquared(shrink) { trace.add(sine, weight: Double(slice.total)) }
    window.add(slice)
    slice.clear()
    sliceStart = nil
    looks += 1
    let matrix = CorrelationMatrix(window)
    guard let found = matrix.rotation(shrink: shrink) else { return }
    estimate = found
    turnIsSeen = matrix.showsTurn
    let variance = matrix.countingVariance(shrink)
    guard variance <= Self.varianceMax else { return age(variance) }
    let part = Self.worthUndoing(found)
    // What chance adds to every turn is not gained.
    let gain = found.gain(of: part) - shrink.value / 6 * variance
    guard turnIsSeen, gain >= Self.gainMin else { return age(variance) }
    plates = part.inverse.after(plates)
    setting = plates.plates(near: setting)
    motion = .wanted
    moves += 1
  }

  /// The roll alone where nothing else is certain: the plates undo a roll by small turns, and anything else by turning
  /// all three of them to where it points.
  private static func worthUndoing(_ found: RotationEstimate) -> Rotation {
    found.tiltIsSignificant && found.tiltGain >= tiltGainMin ? found.rotation : found.roll
  }

  private mutating func age(_ variance: Double) {
    let isFine = looks >= Self.looksKept && variance <= Self.varianceFine
    guard isFine || looks >= Self.looksKeptMax else { return }
    window.halve()
    looks /= 2
  }
}

/// The mean of (1 + 2 cos(turn))/3 over each open block: how much of the shrinking in its errors was the turn.
private struct BlockTrace {
  private var block: UInt32?
  private var sum = 0.0
  private var weight = 0.0
  /// The block before.
  private var last: UInt32?
  private var lastMean = 1.0

  mutating func begin(_ number: UInt32) {
    guard number != block else { return }
    if let block, weight > 0 {
      last = block
      lastMean = sum / weight
    }
    block = number
    sum = 0
    weight = 0
  }

  /// Adds what was seen with this square of the sine of the turn, which noise may have made negative.
  mutating func add(_ sineSquared: Double, weight: Double) {
    let lost = sineSquared > 0 ? 1 - (1 - min(1, sineSquared)).squareRoot() : sineSquared / 2
    sum += weight * (1 - 2 * lost / 3)
    self.weight += weight
  }

  func mean(of number: UInt32) -> Double? {
    if number == last { return min(1, lastMean) }
    return number == block && weight > 0 ? min(1, sum / weight) : nil
  }
}
