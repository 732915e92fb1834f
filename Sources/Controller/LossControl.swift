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
  /// Plates were sent away in this stretch of frames.
  var hidesFrames = false
  /// Light was last seen on at this instant; nil: not since the start.
  var litAt: Instant?

  mutating func begin(at now: Instant, corrects: Bool) {
    measurement.begin(at: now)
    self.corrects = corrects
    hasMeasured = true
    wasInVain = false
    if corrects { isWatching = true }
  }

  /// Light begins: contrasts are counted from here.
  mutating func beginLight() {
    watch.restart()
    hasMeasured = false
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

  /// Whether contrasts ask for a measurement in this session.
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
