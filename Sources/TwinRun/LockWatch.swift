package import Acquisition
import Controller

/// How Bob's module found the slots of the light, as only who looks on can tell.
package struct LockWatch: Sendable {
  /// Milliseconds from the first light to the first lock, and until key counted; nil if that never came.
  package private(set) var lockMs: UInt64?
  package private(set) var keyMs: UInt64?
  /// Milliseconds in which key counted, and those of them with the arrival within a nanosecond of its place.
  package private(set) var keyTicks: UInt64 = 0
  package private(set) var ticksWithin: UInt64 = 0
  /// The largest error of the arrival while key counted, in picoseconds.
  package private(set) var errorPsMax = 0.0
  package private(set) var totals = SyncTotals()
  private var lightTick: UInt64?

  package init() {}

  /// `arrivalPs` is where light truly came in Bob's slot; its place is the middle.
  mutating func note(_ slots: SlotAlignment, arrivalPs: Double, isLit: Bool, at tick: UInt64) {
    totals = slots.totals
    guard let light = lightTick else {
      if isLit { lightTick = tick }
      return
    }
    guard isLit, slots.state == .tracking else { return }
    if lockMs == nil { lockMs = tick - light }
    guard slots.isSettled else { return }
    if keyMs == nil { keyMs = tick - light }
    let error = abs(arrivalPs - 5_000)
    keyTicks += 1
    if error <= 1_000 { ticksWithin += 1 }
    errorPsMax = max(errorPsMax, error)
  }
}
