public import Acquisition
import FixedStorage
import Units

/// How Bob's slots stand to the light, for whoever asks.
public struct SlotAlignment: Equatable, Sendable {
  public let state: SyncState
  /// The lock has proved itself, so that frames carry key.
  public let isSettled: Bool
  public let totals: SyncTotals
  /// The latest alignment that the gateware was told.
  public let alignment: Alignment
  /// The latest evidence: clicks on lit slots, and errors of the public states.
  public let peak: SyncPeak
  public let errors: SyncErrors
  /// Alignments that reached the gateware when their frame had begun.
  public let late: UInt64
}

/// The recovery of Bob's slot clock: what clicks say, what the gateware was told, what the peer was asked for.
///
/// What the gateware was told is what the synchroniser reckons with, or it is counted as late.
struct Aligner: ~Copyable {
  /// The sixteenth at whose start light arrives: the middle of the slot, where no edge of it is near.
  static var arrival: UInt8 { 8 }
  /// Wrong slots give half of all bits wrong. A frame that is rolled by 40 degrees, beyond which nothing gives key,
  /// gives 41 %; so this tells them apart (Documentation/Acquisition.md).
  static var qberMax: PartsPerMillion { PartsPerMillion(420_000) }
  /// A peer that hears nothing for five seconds takes the module for gone.
  static var askAgain: Nanoseconds { Nanoseconds(milliseconds: 1_000) }
  /// For a peer that says nothing of the pattern: a link may be slow, but not for so long.
  static var answerTimeout: Nanoseconds { Nanoseconds(milliseconds: 15_000) }
  /// A gap of more frames than these, 3 s, tells nothing of the slots behind it.
  static var gapMax: UInt32 { 300 }

  private let inPlace = InPlace()
  private var synchroniser: Synchroniser
  private var seed: UInt64 = 1
  /// The slot clock follows the light; else both modules have one clock.
  var isOn = false
  /// The frame whose clicks come next, once the search has begun.
  private var frame: UInt32?
  /// The first frame that carries the pattern, by the peer's answer.
  private var patternFrame: UInt32?
  /// Slots at the start of a frame without key, by the low bits of its number.
  private var masked: [4 of UInt32] = .init(repeating: TimeBase.slotsPerFrame)
  private(set) var gate = SyncCommand.Gate.closed
  /// What the gateware was told last, and from which frame on.
  private var told = Alignment.zero
  private var toldFrame: UInt32 = 0
  private(set) var late: UInt64 = 0
  private var wanted = SyncSchedule.everyFrame
  private var asked: SyncSchedule?
  /// When Bob first asked for the pattern, until the search began.
  private var askedFirst: Instant?
  /// A late command has to be told anew, whatever it is; no frame is believed until it was.
  private var mustTell = false
  private var hasToldFailure = false
  /// How the peer moves, as far as somebody has told it, and what of it is in the alignments.
  private(set) var motion: PeerMotion?
  private var hasNews = false
  private var predicted: PredictedMotion?
  /// The same motion from the frame behind a jump on, which begins at another time.
  private var predictedBehind: PredictedMotion?
  private var askedAt = Instant(ns: 0)

  init(pattern words: consuming Block<UInt64>, memory: consuming SearchMemory) {
    var limits = SyncLimits()
    limits.qberMax = Self.qberMax
    synchroniser = Synchroniser(
      pattern: SyncPattern(seed: seed, words: words), memory: memory, arrival: Self.arrival, limits: limits)
  }

  /// Takes the seed that the modules share; it costs a quarter of a million steps if it is another one.
  mutating func use(seed: UInt64) {
    guard seed != self.seed else { return }
    self.seed = seed
    synchroniser.reseed(seed)
  }

  var report: SlotAlignment {
    SlotAlignment(
      state: synchroniser.state, isSettled: synchroniser.isSettled, totals: synchroniser.totals, alignment: told,
      peak: synchroniser.latestPeak, errors: synchroniser.latestErrors, late: late)
  }

  /// Why the slots were given up; told once. A peer that does not answer is a search in vain.
  mutating func takeFailure(at now: Instant) -> SyncFailure? {
    guard !hasToldFailure else { return nil }
    var failure: SyncFailure?
    if case .failed(let reason) = synchroniser.state { failure = reason }
    if let askedFirst, frame == nil, now >= askedFirst + Self.answerTimeout { failure = .noPeak }
    hasToldFailure = failure != nil
    return failure
  }

  // MARK: A session

  /// Begins a session; the search waits for the peer's answer.
  mutating func prepare(at now: Instant) {
    synchroniser.stop(at: now)
    frame = nil
    patternFrame = nil
    masked = .init(repeating: TimeBase.slotsPerFrame)
    wanted = .everyFrame
    asked = nil
    late = 0
    askedFirst = nil
    mustTell = false
    hasToldFailure = false
    predicted = nil
    predictedBehind = nil
    hasNews = motion != nil
  }

  /// Takes a foretold motion; nil for a peer of which nothing is known.
  mutating func foretell(_ motion: PeerMotion?) {
    self.motion = motion
    hasNews = true
  }

  /// Gates are open with clocks as they are until something is known.
  mutating func noteOpened() {
    gate = .open
    told = .zero
  }
  /// Gates are shut: there is no light to follow. What was counted stays to be told.
  mutating func noteClosed() {
    gate = .closed
    synchroniser.stop(at: Instant(ns: 0))
    frame = nil
  }

  mutating func work(slices: Int, at now: Instant) {
    guard frame != nil else { return }
    synchroniser.work(slices: slices, at: now)
  }

  /// Takes a click and says whether it may be key.
  mutating func take(_ click: SyncClick, in running: UInt32) -> Bool {
    guard frame == running else { return false }
    synchroniser.take(click)
    return synchroniser.isKey(click.phase) && click.slot >= masked[Int(running & 3)]
  }

  /// A frame begins: those before it are over. What has to be told to the gateware, if anything.
  mutating func begin(_ marked: UInt32, at now: Instant) -> SyncCommand? {
    guard let first = frame else {
      guard let patternFrame, marked >= patternFrame else { return nil }
      if hasNews {
        // The search begins when the gateware moves with the peer.
        takeMotion(from: marked &+ 1, at: now)
        self.patternFrame = marked &+ 1
        return SyncCommand(
          frame: marked &+ 1, alignment: moved(.zero, in: marked &+ 1), gate: .open, schedule: wanted, maskedSlots: 0)
      }
      synchroniser.start(.zero, at: marked, now: now)
      frame = marked
      askedFirst = nil
      return nil
    }
    guard marked > first else { return nil }
    guard marked &- first <= Self.gapMax else {
      searchAnew(from: marked, at: now)
      return nil
    }
    takeMotion(from: marked &+ 1, at: now)
    guard frame != nil else { return nil }
    var latest: SyncCommand?
    for _ in first..<marked {
      let command = synchroniser.closeFrame(at: now)
      masked[Int(command.frame & 3)] = mustTell ? TimeBase.slotsPerFrame : command.maskedSlots
      latest = command
    }
    frame = marked
    guard var latest else { return nil }
    wanted = latest.schedule
    latest.alignment = moved(latest.alignment, in: latest.frame)
    let isNew = latest.gate != gate || latest.alignment != continued(to: latest.frame)
    return isNew || mustTell ? latest : nil
  }

  /// The gateware was told, while `running` was its frame. Too late, the line that it had goes on for a frame, and the
  /// new one begins a frame behind where it was meant to, unless the next comes in time: neither is key.
  mutating func noteTold(_ command: SyncCommand, in running: UInt32) {
    if running >= command.frame { noteLate(command.frame, in: running) } else { mustTell = false }
    shiftMotion(by: command.alignment.offset.raw - continued(to: command.frame).offset.raw, in: command.frame)
    gate = command.gate
    told = command.alignment
    toldFrame = command.frame
  }

  /// Everything from the beginning: where the light is can no longer be told from where it was.
  private mutating func searchAnew(from marked: UInt32, at now: Instant) {
    synchroniser.stop(at: now)
    frame = nil
    patternFrame = marked &+ 1
    wanted = .everyFrame
    hasNews = true
  }

  /// Goes over to the motion that was told last. One that goes on from the former moves the slots from now on; any
  /// other begins the search anew, or, where light is followed, is taken out of what is followed: the slots stay.
  private mutating func takeMotion(from frame: UInt32, at now: Instant) {
    straighten(in: frame)
    guard hasNews else { return }
    let isTracking = synchroniser.state == .tracking || synchroniser.state.stateName == .coasting
    // Between a lock and its first frame nothing moves.
    guard !isTracking || synchroniser.isFollowed else { return }
    let old = motion(in: frame)
    let start = now + Nanoseconds(TimeBase.frameNs)
    let isSearch = self.frame == nil
    let new =
      motion?.prediction(from: frame, at: start, offset: isSearch ? nil : old.offset)
      ?? PredictedMotion(
        frame: frame, offset: isSearch ? .zero : old.offset, perFrame: .zero, perFrameGrowth: .zero)
    let change = PredictedMotion(
      frame: frame, offset: .zero, perFrame: old.perFrame - new.perFrame,
      perFrameGrowth: old.perFrameGrowth - new.perFrameGrowth)
    if !isSearch, !change.goesOn {
      guard isTracking else { return searchAnew(from: frame &- 1, at: now) }
      synchroniser.absorb(change)
    }
    hasNews = false
    predicted = new
    predictedBehind = nil
  }

  /// An old acceleration is not believed any more.
  private mutating func straighten(in frame: UInt32) {
    guard let predicted, predicted.perFrameGrowth != .zero,
      Int32(bitPattern: frame &- predicted.frame) > PeerMotion.validFrames
    else { return }
    let now = motion(in: frame)
    self.predicted = PredictedMotion(
      frame: frame, offset: now.offset, perFrame: now.perFrame, perFrameGrowth: .zero)
    predictedBehind = nil
  }

  /// The motion in the alignments, told from the start of a frame.
  private func motion(in frame: UInt32) -> PredictedMotion {
    validMotion(in: frame)?.seen(from: frame)
      ?? PredictedMotion(frame: frame, offset: .zero, perFrame: .zero, perFrameGrowth: .zero)
  }

  private func validMotion(in frame: UInt32) -> PredictedMotion? {
    if let predictedBehind, Int32(bitPattern: frame &- predictedBehind.frame) >= 0 { return predictedBehind }
    return predicted
  }

  /// A frame in which the count jumps forward is shorter by the jump, so that all frames behind it begin earlier, and
  /// what was foretold for them has to be told for then: 4 ns for 0.2 ms of jump at 7 km/s.
  private mutating func shiftMotion(by jump: Int64, in frame: UInt32) {
    guard let predicted = predictedBehind ?? predicted, SlotSpan(raw: jump).magnitude > SlotSpan(slots: 1) else {
      return
    }
    let here = predicted.seen(from: frame)
    let (rate, growth) = (here.perFrame.raw, here.perFrameGrowth.raw)
    // Length of the frame, in 2^-20 of another.
    let length = Int64(TimeBase.slotsPerFrame) - jump >> 32
    self.predicted = predicted
    predictedBehind = PredictedMotion(
      frame: frame &+ 1,
      offset: SlotSpan(raw: here.offset.raw + (rate >> 20) * length + ((growth >> 20) * length) / 2),
      perFrame: SlotSpan(raw: rate + (growth >> 20) * length), perFrameGrowth: predicted.perFrameGrowth)
  }

  private func moved(_ alignment: Alignment, in frame: UInt32) -> Alignment {
    guard let motion = validMotion(in: frame)?.alignment(in: frame) else { return alignment }
    return Alignment(
      offset: alignment.offset + motion.offset, perFrame: alignment.perFrame + motion.perFrame)
  }

  mutating func noteLate(_ frame: UInt32, in running: UInt32) {
    late += 1
    mustTell = true
    masked[Int(frame & 3)] = TimeBase.slotsPerFrame
    masked[Int((running &+ 1) & 3)] = TimeBase.slotsPerFrame
  }

  /// The line that the gateware was told, at the start of a frame.
  func continued(to frame: UInt32) -> Alignment {
    let frames = Int64(Int32(bitPattern: frame &- toldFrame))
    return Alignment(
      offset: SlotSpan(raw: told.offset.raw + told.perFrame.raw * frames), perFrame: told.perFrame)
  }

  // MARK: The peer

  /// The schedule that the peer has to be asked for now; it counts as asked.
  mutating func question(at now: Instant) -> SyncSchedule? {
    let isSettled = synchroniser.state == .tracking && synchroniser.isSettled
    guard wanted != asked || (!isSettled && now >= askedAt + Self.askAgain) else { return nil }
    asked = wanted
    askedAt = now
    if frame == nil, patternFrame == nil { askedFirst = askedFirst ?? now }
    return wanted
  }

  /// The peer sends the pattern from a frame on.
  mutating func noteAnswer(_ spacing: UInt8, from first: UInt32) {
    guard frame == nil, spacing == SyncSchedule.everyFrame.spacing else { return }
    patternFrame = first
  }
}

extension LinkConfiguration {
  /// The seed of the public pattern, another one for every link; no secret. The factor is odd, so that only one link
  /// would have the seed zero, which has no light.
  var patternSeed: UInt64 { max(1, (linkId &+ 1) &* 0x9e37_79b9_7f4a_7c15) }
}
