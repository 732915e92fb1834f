import Alignment
import Drivers
import Units

/// What a module knows of loss that depends on polarisation, and of detectors that differ. Holds no clock, no device.
struct LossControl: Sendable {
  var measurement = LossMeasurement()
  var darks = DarkCounts()
  var watch = ContrastWatch()
  /// The last measurement that came to an end with enough light, when that was, and whether one ended with too little.
  private(set) var finding: LossFinding?
  private(set) var foundAt = Instant(ns: 0)
  private(set) var wasInVain = false
  /// What waits for the time between sessions.
  private(set) var waiting: LossSettings?
  /// The module measures again by itself when contrasts leave what was found; from `pdl run` on, until `pdl undo`.
  var isWatching = false
  /// The measurement under way, or the last, is one whose outcome is put into force.
  private var corrects = false
  /// One measurement by itself a session.
  private var hasMeasured = false
  /// When what is in force was set in this run of the program; nil if it was there before.
  private(set) var since: Instant?
  /// Why the tilted plates did not take their set-point.
  var tiltFault: DriverFault?
  /// Frames have been hidden since this instant; nil while they carry key.
  private(set) var hiddenSince: Instant?
  /// The light of the session was first seen then.
  private var lightBegan: Instant?
  /// Light was last seen on at this instant; nil: not since the start.
  var litAt: Instant?

  mutating func begin(at now: Instant, corrects: Bool) {
    measurement.begin(at: now)
    self.corrects = corrects
    hasMeasured = true
    wasInVain = false
    if corrects { isWatching = true }
  }

  /// A session begins with all frames shown; contrasts are counted from here.
  mutating func beginLight() {
    watch.restart()
    hasMeasured = false
    hiddenSince = nil
    lightBegan = nil
  }

  var hidesFrames: Bool { hiddenSince != nil }

  mutating func noteHidden(at now: Instant) { hiddenSince = now }

  mutating func noteShown() {
    hiddenSince = nil
    watch.pause()
  }

  /// Takes counts that were latched at `now`, if all that was counted since frames were hidden is of hidden frames.
  ///
  /// Whatever is decided by counts is decided by these alone. The frame that runs when frames are hidden may have given
  /// key, so the first counts are those of two frames later.
  mutating func take(_ counts: [6 of UInt32], at now: Instant) {
    guard let hiddenSince, now >= hiddenSince + Nanoseconds(2 * TimeBase.frameNs) else { return }
    if measurement.isRunning {
      measurement.take(counts, at: now, darks: darks)
    } else {
      watch.take(counts, at: now, darks: darks)
    }
  }

  /// Whether frames shall be hidden for the watch in light that is seen at `now`.
  mutating func wantsWindow(at now: Instant, recoversClock: Bool) -> Bool {
    let began = lightBegan ?? now
    lightBegan = began
    guard isWatching, !hasMeasured, waiting == nil, darks.areEnough else { return false }
    return WatchSchedule.isOpen(now - began, recoversClock: recoversClock)
  }

  /// The plates are back from a measurement: what it found, if it found anything.
  mutating func settle(at now: Instant, inForce: LossSettings) {
    guard let estimate = measurement.estimate else {
      wasInVain = true
      return
    }
    let found = LossFinding(estimate, inForce: inForce)
    finding = found
    foundAt = now
    if corrects, found.settings != inForce { waiting = found.settings }
    watch.expect(found)
    watch.restart()
  }

  /// What waits is in force.
  mutating func noteSet(at now: Instant) {
    waiting = nil
    since = now
  }

  /// Whether contrasts of the windows ask for a measurement, one a session.
  var asksForMeasurement: Bool {
    isWatching && !hasMeasured && waiting == nil && !measurement.isRunning && watch.differs
  }

  /// What was found elsewhere, or is wanted by hand.
  mutating func set(_ settings: LossSettings) { waiting = settings }

  mutating func undo() {
    measurement.stop()
    finding = nil
    isWatching = false
    corrects = false
    wasInVain = false
    waiting = LossSettings()
  }
}

/// When frames are hidden so that contrasts can be looked at: one second in 64, by the clock alone.
enum WatchSchedule {
  static var period: Nanoseconds { Nanoseconds(milliseconds: 64_000) }
  static var window: Nanoseconds { Nanoseconds(milliseconds: 1000) }

  /// Whether a window is open at this age of the light. The first second is one; where slots are found by the light
  /// it comes half a period later, since the states of hidden frames do not help to find them.
  static func isOpen(_ age: Nanoseconds, recoversClock: Bool) -> Bool {
    let shift = recoversClock ? period.count / 2 : 0
    return (age.count + shift) % period.count < window.count
  }
}
