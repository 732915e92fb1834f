import Controller
import Optics
import Twin
import Units

/// Counts what became of the bits that were sent, with eyes that no module has.
///
/// A round counts if one detector clicked, behind the common dead time, on the axis that was sent. Clicks of several
/// detectors are left out; the modules give them random bits. So are frames in which wave plates turn.
final class LightWatch {
  /// Of one stretch of time, by axis: X, Y, Z.
  struct Counts {
    var sifted: [3 of UInt64] = .init(repeating: 0)
    var errors: [3 of UInt64] = .init(repeating: 0)
  }

  private var counts = Counts()
  private var latestClick: UInt64?

  init(_ simulation: Simulation) {
    let choices = simulation.choices
    simulation.spectator = { [self] found, settings in
      for detection in found { note(detection, choices, settings) }
    }
  }

  /// What was counted since the last call.
  func take() -> Counts {
    defer { counts = Counts() }
    return counts
  }

  private func note(_ detection: Detection, _ choices: ChoiceSource, _ settings: EmissionSettings) {
    let previous = latestClick
    latestClick = detection.slot
    // With clocks of their own a click may be told behind one of the next slot.
    if let previous, detection.slot <= previous + UInt64(BobEnd<TwinSpi>.deadTimeSlots) { return }
    guard settings.pattern == nil else { return }
    let frame = UInt32(truncatingIfNeeded: detection.slot >> 20)
    guard settings.variant == .perPulse || !TwirlSchedule.isSettling(frame) else { return }
    guard detection.detectors.nonzeroBitCount == 1 else { return }
    let detector = detection.detectors.trailingZeroBitCount
    let state = choices.choice(
      frame: frame, slot: UInt32(detection.slot & 0xf_ffff), settings: settings
    ).state
    guard state / 2 == detector / 2 else { return }
    let axis: Axis = state < 2 ? .z : state < 4 ? .x : .y
    counts.sifted[Int(axis.rawValue)] += 1
    if state != detector { counts.errors[Int(axis.rawValue)] += 1 }
  }
}
