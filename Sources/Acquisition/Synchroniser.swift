import FixedStorage
public import Units

/// What the gateware and the peer have to do from a frame on.
public struct SyncCommand: Equatable, Sendable {
  public enum Gate: UInt8, Sendable {
    case closed
    /// The whole slot: nothing is known about the arrival.
    case open
    /// Eight sixteenths about the arrival; the four in the middle are key.
    case narrow
  }

  /// First frame in which the alignment is in effect; it is two frames ahead, time enough for a commit.
  public var frame: UInt32
  public var alignment: Alignment
  public var gate: Gate
  /// Which frames the peer should send with the pattern.
  public var schedule: SyncSchedule
  /// Slots at the start of the frame whose events belong to no slot for certain; 2^20 for all.
  public var maskedSlots: UInt32

  public init(frame: UInt32, alignment: Alignment, gate: Gate, schedule: SyncSchedule, maskedSlots: UInt32) {
    self.frame = frame
    self.alignment = alignment
    self.gate = gate
    self.schedule = schedule
    self.maskedSlots = maskedSlots
  }
}

/// Totals since the start, for status.
public struct SyncTotals: Equatable, Sendable {
  public var searches: UInt64 = 0
  public var locks: UInt64 = 0
  public var fades: UInt64 = 0
  public var refuted: UInt64 = 0
  public var errorAlarms: UInt64 = 0
  public var framesTracked: UInt64 = 0
  public var maskedSlots: UInt64 = 0
  /// Clicks of frames with the pattern, which carry no key.
  public var patternClicks: UInt64 = 0

  public init() {}
}

/// Aligns Bob's slots with the arriving pulses: search, confirmation, tracking and what follows a fade.
///
/// The caller tells every click of a frame and then that the frame is over, in order, and lets it work between. What it
/// answers is in effect two frames later; until then the last answer holds.
public struct Synchroniser: ~Copyable {
  /// Frames between the end of a frame and the one that its clicks can act on.
  static var lead: UInt32 { 2 }
  /// Frames without key behind a lock, at least and at most, while the loop settles and the pattern is asked again.
  static var settlingFrames: Int { 64 }
  static var settlingFramesMax: Int { 512 }
  /// Clicks of light that are enough to settle, in 2^-8.
  static var settlingLight: Int64 { 1024 << 8 }
  /// -log2 of the chance that a wrong slot passes that test, in 2^-16 bit.
  static var settledBits: Int64 { 10 << 16 }
  /// Clicks that it looks at, at most: more bright light tells nothing more.
  static var settledPeakMax: Int32 { 1 << 19 }
  /// Clicks of light that the error rate is judged by before key counts.
  static var settledClicks: Int64 { 128 }
  /// Slots without key where the alignment moves by a slot.
  static var slipGuard: UInt32 { 2 }

  private let inPlace = InPlace()
  public private(set) var pattern: SyncPattern
  private var acquirer: Acquirer
  private var tracker: Tracker
  private let arrival: UInt8
  private let limits: SyncLimits
  public private(set) var state = SyncState.idle
  public private(set) var totals = SyncTotals()
  /// The latest evidence, for status and trace.
  public private(set) var latestPeak = SyncPeak()
  public private(set) var latestErrors = SyncErrors()
  /// Alignments in effect, by the low bits of their frame.
  private var history: [4 of Alignment] = .init(repeating: .zero)
  private var frame: UInt32 = 0
  private var searchStart: UInt32 = 0
  private var darkSince: UInt32 = 0
  /// The first frame that the loop follows: the one behind that in which the alignment of the latest lock takes effect.
  private var lockFrame: UInt32 = 0
  private var lockAlignment = Alignment.zero
  /// Frames since then, until the lock has proved itself.
  private var settling = 0
  public private(set) var isSettled = false
  private var settledPeak = SyncPeak()
  /// Frames after which a lock that has not settled is given up.
  private var settlingLimit = 0
  private var errors = SyncErrors()

  /// `arrival` is the sixteenth of a slot at whose start light is to come, in the middle of Bob's gate.
  public init(
    pattern: consuming SyncPattern, memory: consuming SearchMemory, arrival: UInt8, limits: SyncLimits = SyncLimits()
  ) {
    precondition(arrival < 16)
    self.pattern = pattern
    self.arrival = arrival
    self.limits = limits
    acquirer = Acquirer(memory: memory)
    tracker = Tracker(arrival: arrival)
  }

  /// What somebody else adds to the alignment has become less by `change`, also for the frames on their way: what is
  /// followed makes up for it. Only while light is followed.
  public mutating func absorb(_ change: PredictedMotion) {
    for i in UInt32(0)..<4 {
      let late = frame &- 1 &+ i
      let part = change.alignment(in: late)
      let slot = Int(late & 3)
      history[slot] = Alignment(
        offset: history[slot].offset + part.offset, perFrame: history[slot].perFrame + part.perFrame)
    }
    tracker.absorb(change)
  }

  /// Whether the running frame and those on their way are under a lock.
  public var isFollowed: Bool { isFollowing && Int32(bitPattern: frame &- lockFrame) > 1 }

  /// Takes another pattern; the search that runs is given up.
  public mutating func reseed(_ seed: UInt64) {
    act(on: .stopRequested, at: Instant(ns: 0))
    pattern.fill(from: seed)
  }

  /// Begins to look for the pulses with `frame`, whose clicks come next.
  public mutating func start(_ alignment: Alignment, at frame: UInt32, now: Instant) {
    self.frame = frame
    for i in UInt32(0)..<4 { history[Int((frame &+ i) & 3)] = extended(alignment, by: i) }
    act(on: .startRequested, at: now)
  }

  public mutating func stop(at now: Instant) { act(on: .stopRequested, at: now) }

  /// Takes a click of the running frame.
  public mutating func take(_ click: SyncClick) {
    switch state {
    case .idle, .failed: break
    case .searching, .confirming, .reacquiring, .reconfirming: acquirer.take(click)
    case .tracking, .coasting:
      guard isAligned else { return }
      tracker.take(phase: click.phase)
      // Until the lock has settled the peer sends the pattern in every frame.
      guard !isSettled || SyncSchedule.tracking.carries(frame) else { return }
      totals.patternClicks += 1
      if tracker.isInside(click.phase) { countPattern(click) }
    }
  }

  private mutating func countPattern(_ click: SyncClick) {
    errors.add(slot: Int(click.slot), detector: UInt8(truncatingIfNeeded: click.detector), in: pattern)
    guard !isSettled, settledPeak.clicks < Self.settledPeakMax else { return }
    settledPeak.clicks += 1
    if pattern.isLit(Int(click.slot)) { settledPeak.lit += 1 }
  }

  /// Whether an event of the running frame may be key, if its slot is not masked.
  public func isKey(_ phase: UInt8) -> Bool {
    state == .tracking && isSettled && !SyncSchedule.tracking.carries(frame) && tracker.isInside(phase)
  }

  /// Ends the running frame and says what holds from two frames later on.
  public mutating func closeFrame(at now: Instant) -> SyncCommand {
    let wasAligned = isAligned
    let closed = frame
    frame &+= 1
    switch state {
    case .idle, .failed: break
    case .searching, .confirming: acquirer.closeFrame()
    case .reacquiring, .reconfirming:
      acquirer.closeFrame()
      if doubt.wholeSlots >= 64 * Int64(nearWindow.offsetWords) { act(on: .doubtExceeded(doubt), at: now) }
    case .tracking, .coasting: if wasAligned { closeTracked(closed, at: now) }
    }
    act(on: .tick, at: now)
    return command()
  }

  /// Works on a search, at most so many slices; see Documentation/Acquisition.md for their time.
  public mutating func work(slices: Int, at now: Instant) {
    for _ in 0..<slices {
      switch acquirer.work(in: pattern) {
      case .waiting: return
      case .working: break
      case .missed(let peak): latestPeak = peak
      case .found(let peak):
        latestPeak = peak
        act(on: .found(peak), at: now)
      case .confirmed(let peak, let errors):
        latestPeak = peak
        latestErrors = errors
        act(on: .confirmed(peak, errors), at: now)
        return
      case .refuted(let peak):
        latestPeak = peak
        act(on: .refuted(peak), at: now)
      case .exhausted: act(on: .exhausted, at: now)
      }
    }
  }

  // MARK: Tracking

  /// Whether the loop follows the running frame.
  private var isAligned: Bool { Int32(bitPattern: frame &- lockFrame) >= 0 }

  private mutating func closeTracked(_ closed: UInt32, at now: Instant) {
    let wasSeen = tracker.unseen
    tracker.closeFrame(under: history[Int(closed & 3)])
    totals.framesTracked += 1
    let isSeen = tracker.unseen.frames == 0
    switch state {
    case .tracking:
      if tracker.isDark {
        darkSince = frame &- UInt32(truncatingIfNeeded: tracker.unseen.frames)
        act(on: .lightLost(tracker.unseen), at: now)
      }
      checkErrors(at: now)
      if !isSettled { settle(at: now) }
      renewErrors()
    case .coasting:
      if isSeen {
        act(on: .lightSeen(wasSeen), at: now)
      } else if doubt.raw > SlotSpan(sixteenths: 2).raw {
        act(on: .doubtExceeded(doubt), at: now)
      }
    case .idle, .searching, .confirming, .reacquiring, .reconfirming, .failed: break
    }
  }

  /// The lock is given up when the public states come with too many errors: the slots are wrong, or the light is.
  private mutating func checkErrors(at now: Instant) {
    guard errors.isMeasured || errors.isFlooded else { return }
    latestErrors = errors
    if errors.exceeds(limits.qberMax) || !errors.isMeasured {
      totals.errorAlarms += 1
      act(on: .errorsExceeded(errors), at: now)
    }
  }

  /// Errors are counted anew when enough have told, but not before the lock was asked about them: bright light brings
  /// as many in a frame.
  private mutating func renewErrors() {
    guard errors.isMeasured || errors.isFlooded else { return }
    let isEnough = Int64(errors.matched) - Int64(errors.noise) >= 1024 || errors.isFlooded
    if isEnough || state != .tracking { errors = SyncErrors() }
  }

  /// A lock proves itself once more under its own alignment: the loop may have been drawn into the next slot.
  private mutating func settle(at now: Instant) {
    guard state == .tracking else { return }
    settling += 1
    let clicks = Int(settledPeak.clicks)
    settledPeak.threshold = Self.settledBits
    if clicks > 0 {
      settledPeak.bits = Significance.bits(
        lit: Int(settledPeak.lit), of: clicks, share: UInt64(pattern.litSlots) / 4)
    }
    let light = Int64(errors.matched) - Int64(errors.noise)
    if settling >= Self.settlingFrames, settledPeak.isSignificant, light >= Self.settledClicks {
      isSettled = true
    } else if settling >= settlingLimit {
      darkSince = frame
      act(on: .unsettled(settledPeak), at: now)
    }
  }

  /// How far the pulses may have gone from the estimate since light was seen last.
  private var doubt: SlotSpan { doubt(after: Int64(frame &- darkSince)) }

  /// a t^2 / 2, and 0.3 m/s of doubt about the speed.
  private func doubt(after frames: Int64) -> SlotSpan {
    // 1 m/s^2 in (10.48576 ms)^2 is 3.6675e-5 of the 2.998 m that light goes in a slot: 157 519 of 2^-32.
    let growth = 157_519 * Int64(limits.accelerationMax) / 1000
    return SlotSpan(raw: growth * frames * frames / 2 + 4_500_000 * frames)
  }

  /// What the light may have done until the search for it must end.
  private var nearWindow: SearchWindow {
    let frames = Int64(limits.reacquireTimeout.count / TimeBase.frameNs) + 64
    // 1 m/s^2 changes the rate by 0.0047 of 2^-27 a frame.
    let rates = Int(frames * Int64(limits.accelerationMax) / 212_000) + 8
    return SearchWindow(
      rates: min(rates, RateSearch.halfWidthMax), offsetWords: Int(doubt(after: frames).wholeSlots / 64) + 1,
      segmentFrames: 16, growth: 12, powerEnough: 24 * 16)
  }

  // MARK: Transitions

  private mutating func act(on event: SyncEvent, at now: Instant) {
    let step = state.next(on: event, at: now, within: limits)
    state = step.state
    switch step.action {
    case .none, .confirm: break
    case .search: beginSearch(.whole)
    case .searchNear: beginSearch(nearWindow)
    case .track: lock(on: event)
    case .coast: totals.fades += 1
    case .release: acquirer.stop()
    }
    if case .refuted = event { totals.refuted += 1 }
  }

  private mutating func beginSearch(_ window: SearchWindow) {
    totals.searches += 1
    searchStart = frame
    acquirer.begin(window)
  }

  /// A confirmed peak sets the loop; light behind a short fade finds it as it is.
  private mutating func lock(on event: SyncEvent) {
    guard case .confirmed = event else { return }
    let fix = acquirer.fix
    let base = history[Int(frame & 3)]
    let start = frame &+ Self.lead
    // The alignment has gone on in a line since the search began, so its value at the fix follows from now.
    let half = Int64(fix.halfFrames) - 2 * Int64(frame &- searchStart)
    let late = fix.late - SlotSpan(sixteenths: Int64(arrival))
    let growth = -fix.growth.raw
    let there = base.offset.raw + base.perFrame.raw * half / 2 - late.raw
    let ahead = 2 * Int64(Self.lead) - half
    let perFrame = base.perFrame.raw - fix.perFrame.raw
    lockAlignment = Alignment(
      offset: SlotSpan(raw: there + perFrame * ahead / 2 + growth * ahead * ahead / 8),
      perFrame: SlotSpan(raw: perFrame + growth * ahead / 2))
    // The frame begins where the clock was under the former alignment, so it is shorter by what the count jumps ahead:
    // at 2 ppm and 1 ms the alignment of the next frame differs by 2 ns.
    let jump = (lockAlignment.offset - history[Int((start &- 1) & 3)].end).wholeSlots
    let missing = lockAlignment.perFrame.raw * jump / Int64(TimeBase.slotsPerFrame)
    lockFrame = start &+ 1
    tracker.begin(
      Alignment(
        offset: SlotSpan(raw: lockAlignment.end.raw + growth / 2 - missing),
        perFrame: SlotSpan(raw: lockAlignment.perFrame.raw + growth)),
      after: fix, at: lockFrame)
    settling = 0
    isSettled = false
    settledPeak = SyncPeak()
    let enough = Self.settlingLight / max(1, fix.light)
    settlingLimit = min(max(Int(enough), 2 * Self.settlingFrames), Self.settlingFramesMax)
    errors = SyncErrors()
    totals.locks += 1
  }

  /// What holds from the frame behind the running one on.
  private mutating func command() -> SyncCommand {
    let target = frame &+ Self.lead - 1
    let before = history[Int((target &- 1) & 3)]
    let alignment = isFollowing ? followed(in: target) : extended(before, by: 1)
    history[Int(target & 3)] = alignment
    let masked = maskedSlots(from: before, to: alignment)
    if state == .tracking { totals.maskedSlots += UInt64(masked) }
    return SyncCommand(
      frame: target, alignment: alignment, gate: gate,
      schedule: state == .tracking && isSettled ? .tracking : .everyFrame, maskedSlots: masked)
  }

  private func followed(in target: UInt32) -> Alignment {
    target == lockFrame &- 1 ? lockAlignment : tracker.alignment(for: target)
  }

  private var isFollowing: Bool { state == .tracking || state.stateName == .coasting }

  private var gate: SyncCommand.Gate {
    switch state {
    case .idle, .failed: .closed
    case .tracking, .coasting: tracker.isPullingIn ? .open : .narrow
    case .searching, .confirming, .reacquiring, .reconfirming: .open
    }
  }

  /// All slots without a settled lock; else those that a jump of the alignment reaches, and the slots where its whole
  /// part changes.
  private func maskedSlots(from before: Alignment, to next: Alignment) -> UInt32 {
    let all = TimeBase.slotsPerFrame
    guard state == .tracking, isSettled else { return all }
    let jump = (next.offset - before.end).magnitude
    if jump > SlotSpan(sixteenths: 1) { return UInt32(min(jump.wholeSlots + 1 + Int64(Self.slipGuard), Int64(all))) }
    return next.offset.wholeSlots == before.offset.wholeSlots ? 0 : Self.slipGuard
  }

  private func extended(_ alignment: Alignment, by frames: UInt32) -> Alignment {
    Alignment(
      offset: SlotSpan(raw: alignment.offset.raw + alignment.perFrame.raw * Int64(frames)),
      perFrame: alignment.perFrame)
  }
}
