import Optics

/// Whose slots Bob counts.
public enum Clocks: String, CaseIterable, Sendable {
  /// One clock for both, and pulses that arrive as the scenario says alignment leaves them.
  case common
  /// Each module has its own, and nothing has aligned them.
  case own
}

/// Bob where his count is not Alice's.
extension Simulation {
  /// How late the middle of the pulses comes in the slot of Bob's count that has Alice's number, in picoseconds; nil
  /// while clocks are common. For those who look on: no module can know it.
  public var arrivalPs: Double? {
    guard let receiver = alignedReceiver else { return nil }
    return receiver.ahead(at: slot) * GateWindow.slotPs + timing(of: sentSettings).centre * GateWindow.slotPs
  }

  /// When pulses come in Alice's slots. Between clocks of their own nothing is late but by the clocks.
  func timing(of settings: EmissionSettings) -> PulseTiming {
    PulseTiming(
      pulses: settings, latePs: clocks == .common ? channel.arrivalPs : 0, jitterPs: scenario.receiver.jitterPs)
  }

  /// The next slot in which something happens by Bob's count, after all that has happened.
  var nextBobFrame: UInt64? { alignedReceiver.map { max($0.nextFrameSlot, slot) } }

  /// Begins Bob's frames whose time has come: commits take effect and markers are written at his own count.
  func passBobFrames() {
    while let receiver = alignedReceiver, receiver.nextFrameSlot <= slot {
      settle()
      release(before: slot)
      let isCommitted = bob.beginFrame(UInt32(truncatingIfNeeded: receiver.frame + 1))
      alignedReceiver?.beginFrame(isCommitted ? bob.alignment : nil)
      _ = bob.checkWatchdog()
    }
  }

  /// With a common clock Bob's frames are Alice's, until he is told to count otherwise.
  func beginBobFrame(_ number: UInt64) {
    _ = bob.beginFrame(UInt32(truncatingIfNeeded: number))
    guard bob.alignment != .none else { return }
    var receiver = AlignedReceiver(deadSlots: scenario.receiver.deadSlots)
    receiver.start(at: number, bob.alignment)
    alignedReceiver = receiver
  }

  /// Lets arrivals in and delivers what they make.
  func release(before end: UInt64) {
    clicks.removeAll()
    alignedReceiver?.release(
      before: end, gate: bob.freeGate, enabled: bob.enabledDetectors, isRunning: bob.isOpen, into: &clicks)
    for detector in 0..<Analyser.detectorCount { frontEnd.count(clicks.counts[detector], detector: detector) }
    guard !clicks.seen.isEmpty else { return }
    note(clicks.seen)
    bob.receive(clicks.told, readings: clicks.readings)
  }
}
