import Optics
import Units

/// Bob's detectors and slot counter where clocks are not common: takes arrivals at times of their own, lets in what
/// comes while the gate is open by his count, and tells slots and phases by it.
struct AlignedReceiver {
  /// What became of arrivals: for the gateware, for who looks on, and for the front-end.
  struct Clicks {
    /// As the gateware tells them.
    var told: [Detection] = []
    /// What Bob's clock read for each of them, in whole slots; unlike the count it never jumps.
    var readings: [Int64] = []
    /// In Alice's slots: all that the gates let in, in the order of their times.
    var seen: [Detection] = []
    /// Clicks of each detector, in the gates and outside of them.
    var counts: [8 of UInt64] = .init(repeating: 0)

    mutating func removeAll() {
      told.removeAll(keepingCapacity: true)
      readings.removeAll(keepingCapacity: true)
      seen.removeAll(keepingCapacity: true)
      counts = .init(repeating: 0)
    }

    fileprivate mutating func count(_ detectors: UInt8) {
      var rest = detectors
      while rest != 0 {
        counts[rest.trailingZeroBitCount] += 1
        rest &= rest &- 1
      }
    }
  }

  /// The gate in a slot of Bob's count, both in slots. It closes at `opensAt + width` of this slot or of the next.
  struct Gate: Equatable {
    var opensAt: Double
    var width: Double

    func isOpen(at phase: Double) -> Bool {
      let since = phase - opensAt
      return since - since.rounded(.down) < width
    }
  }

  /// Clocks of the present millisecond.
  var clocks = ClockState.common
  private(set) var counter = AlignedClock()
  /// The frame that is running by Bob's count.
  private(set) var frame: UInt64 = 0
  /// Arrivals in the order of their times that are not let in yet: earlier ones may follow, or a frame begins first.
  private var waiting: [Arrival] = []
  private let deadSlots: UInt64
  /// What the clock must read before each detector is sensitive again, in whole slots.
  private var sensitiveFrom: [6 of Int64] = .init(repeating: .min)

  init(deadSlots: UInt64) { self.deadSlots = deadSlots }

  // MARK: Frames

  /// The slot of Alice from which on the next frame may begin: when Bob's count has reached it and no earlier arrival
  /// can follow.
  var nextFrameSlot: UInt64 {
    let first = (frame + 1) << 20
    // With u what the clock reads, less that slot: v + ahead(first + v) = u.
    let u = counter.reading(atStartOf: frame + 1)
    let v = (u - clocks.ahead(at: first)) / (1 + clocks.growth)
    let place = Double(first) + v.rounded(.up) + Double(PulseTiming.reachSlots)
    return UInt64(max(0, place))
  }

  /// The next frame begins, with another alignment if a commit brought one.
  mutating func beginFrame(_ alignment: Alignment?) {
    frame += 1
    if let alignment { counter.align(at: frame, to: alignment) }
  }

  /// Bob's clock begins to be looked at where a frame begins by it.
  mutating func start(at frame: UInt64, _ alignment: Alignment) {
    self.frame = frame
    counter.align(at: frame, to: alignment)
  }

  /// What Bob's count is ahead of Alice's slots at the start of one of them.
  func ahead(at slot: UInt64) -> Double {
    let ahead = clocks.ahead(at: slot)
    return ahead + counter.alignment(at: slot, later: ahead)
  }

  // MARK: Arrivals

  /// Takes arrivals of slots that are not before those taken already.
  mutating func take(_ arrivals: [Arrival]) {
    for arrival in arrivals {
      var place = waiting.count
      // Jitter reaches over few slots, so that hardly one is passed.
      while place > 0, waiting[place - 1].since(arrival.slot) > arrival.later { place -= 1 }
      waiting.insert(arrival, at: place)
    }
  }

  /// Lets in what has come in the present frame when all slots before `end` have been sent. `isRunning` says whether
  /// gates open at all, `enabled` for which detectors.
  mutating func release(before end: UInt64, gate: Gate, enabled: UInt8, isRunning: Bool, into clicks: inout Clicks) {
    let reach = Double(PulseTiming.reachSlots)
    var count = 0
    for arrival in waiting {
      guard arrival.since(end) < -reach else { break }
      let ahead = clocks.ahead(at: arrival.slot, later: arrival.later)
      let later = arrival.later + ahead
      let shift = later + counter.alignment(at: arrival.slot, later: later)
      // The place in the frame by Bob's count.
      let place = Double(Int64(arrival.slot) - Int64(frame << 20)) + shift
      guard place < 0x1p20 else { break }
      count += 1
      let phase = place - place.rounded(.down)
      let inGate = isRunning && gate.isOpen(at: phase) ? arrival.detectors & enabled : 0
      clicks.count(arrival.detectors & ~inGate)
      let reading = Int64(arrival.slot) + Int64(later.rounded(.down))
      let live = strikeDead(inGate, at: reading)
      guard live != 0 else { continue }
      clicks.count(live)
      let sixteenth = UInt8(min(15, phase * 16))
      clicks.seen.append(Detection(slot: arrival.slot, detectors: live, phase: sixteenth))
      // The count has jumped back: until it is at the start of the frame again nothing is told.
      guard place >= 0 else { continue }
      clicks.told.append(Detection(slot: frame << 20 + UInt64(place), detectors: live, phase: sixteenth))
      clicks.readings.append(reading)
    }
    waiting.removeFirst(count)
  }

  private mutating func strikeDead(_ clicks: UInt8, at reading: Int64) -> UInt8 {
    var live: UInt8 = 0
    for detector in sensitiveFrom.indices where clicks >> UInt8(detector) & 1 == 1 {
      guard reading >= sensitiveFrom[detector] else { continue }
      live |= 1 << UInt8(detector)
      sensitiveFrom[detector] = reading + 1 + Int64(deadSlots)
    }
    return live
  }
}
