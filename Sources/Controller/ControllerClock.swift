import Acquisition
import Console
import Drivers
import FixedStorage
import LinkControl
import Units

// The recovery of Bob's slot clock, for the operator.
extension Controller where End: ~Copyable, Board: ~Copyable {
  /// In short, for `status` too; nothing where both modules have one clock.
  func slotLine(on terminal: inout Screen) {
    guard let slots = end.slotAlignment else { return }
    let totals = slots.totals
    var text = Line()
    text.append("slots    ")
    text.append(slots.state.stateName.name)
    if slots.state == .tracking { text.append(slots.isSettled ? ", settled" : ", settling") }
    text.append("  locks ", totals.locks)
    text.append("  fades ", totals.fades)
    text.append("  searches ", totals.searches)
    text.append("  refuted ", totals.refuted)
    text.append("  late writes ", slots.late)
    terminal.printLine(text)
  }

  /// All of it; nothing for Alice.
  func slotLines(on terminal: inout Screen) {
    guard let slots = end.slotAlignment else {
      if End.role == .bob { terminal.print("slots    of the clock that both modules have: clock is common\r\n") }
      return
    }
    slotLine(on: &terminal)
    let totals = slots.totals
    var text = Line()
    text.append("offset   ")
    text.append(signed: slots.alignment.offset.thousandths, places: 3)
    text.append(" slots  rate ")
    // 10^-12 over a thousand, with three places: millionths.
    text.append(signed: slots.alignment.perFrame.trillionthsPerSlot / 1000, places: 3)
    text.append(" ppm  masked slots ", totals.maskedSlots)
    terminal.printLine(text)
    text.clear()
    text.append("pattern  lit ", UInt64(max(0, slots.peak.lit)))
    text.append(" of ", UInt64(max(0, slots.peak.clicks)))
    text.append("  bits ", UInt64(max(0, slots.peak.bits)) >> 16)
    text.append(" of ", UInt64(max(0, slots.peak.threshold)) >> 16)
    text.append("  wrong ", UInt64(slots.errors.wrong))
    text.append(" of ", UInt64(slots.errors.matched))
    terminal.printLine(text)
  }

  /// How the peer moves, as far as it was told; takes what an ephemeris or a flight computer says of now.
  mutating func foretell(
    _ range: Span<UInt8>, _ speed: Span<UInt8>, _ acceleration: Span<UInt8>, on terminal: inout Screen
  ) {
    guard End.role == .bob else { return refuse("motion", "alice sends, and her slots are what counts", on: &terminal) }
    if let range = Command.signedNumber(range) {
      end.foretell(
        PeerMotion(
          rangeMm: range, speedMmPerS: Command.signedNumber(speed) ?? 0,
          accelerationMmPerS2: Command.signedNumber(acceleration) ?? 0, told: now))
    }
    var text = Line()
    text.append("motion   ")
    guard let motion = end.motion else {
      text.append("not told")
      return terminal.printLine(text)
    }
    text.append("range ")
    text.append(signed: motion.rangeMm, places: 3)
    text.append(" m  speed ")
    text.append(signed: motion.speedMmPerS, places: 3)
    text.append(" m/s  acceleration ")
    text.append(signed: motion.accelerationMmPerS2, places: 3)
    text.append(" m/s^2  told ")
    text.append(scaled: (now - motion.told).count / 1_000_000, places: 3)
    text.append(" s ago")
    terminal.printLine(text)
    if end.slotAlignment == nil { terminal.print("         not used: clock is common\r\n") }
  }

  /// The place of the light was lost since light began, or is not found after two seconds.
  var slotsAreLost: Bool {
    guard let slots = end.slotAlignment, case .exchanging = state, fpgaStatus.isRunning else { return false }
    switch slots.state {
    case .tracking: return false
    case .coasting, .reacquiring, .reconfirming: return true
    case .idle, .searching, .confirming, .failed:
      return slots.totals.locks > locksBefore || now >= lightSince + Nanoseconds(milliseconds: 2_000)
    }
  }
}

extension SlotSpan {
  /// Thousandths of a slot, towards zero.
  fileprivate var thousandths: Int64 { wholeSlots * 1000 + ((raw & 0xffff_ffff) * 1000) >> 32 }
  /// Of a growth over one frame, in 10^-12 slots a slot: a frame has 2^20 slots, and 5^12 2^12 is 10^12.
  fileprivate var trillionthsPerSlot: Int64 { ((raw >> 8) * 244_140_625) >> 32 }
}

extension Text {
  /// With its sign, in thousandths if `places` is 3.
  fileprivate mutating func append(signed value: Int64, places: Int) {
    append(value < 0 ? "-" : "+")
    append(scaled: value.magnitude, places: places)
  }
}
