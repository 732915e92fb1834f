/// What the light of one of Alice's slots does to detectors that no gate closes and that are never dead.
public struct Arrival: Equatable, Sendable {
  /// Alice's slot.
  public let slot: UInt64
  /// Slots after its start.
  public let later: Double
  /// Bit d for detector H V D A R L.
  public let detectors: UInt8

  public init(slot: UInt64, later: Double, detectors: UInt8) {
    self.slot = slot
    self.later = later
    self.detectors = detectors
  }

  /// How much later it comes than the start of a slot, in slots.
  @inline(__always)
  public func since(_ slot: UInt64) -> Double { Double(Int64(self.slot) - Int64(slot)) + later }
}

/// When light arrives in Alice's slots: a Gaussian about the middle of the pulse.
public struct PulseTiming: Equatable, Sendable {
  /// In slots.
  public let centre: Double
  public let spread: Double

  /// For the pulses of `settings` that come `latePs` late at detectors of this jitter.
  public init(pulses settings: EmissionSettings, latePs: Double = 0, jitterPs: Double) {
    let gate = GateWindow(opensAtPs: 0, widthPs: 0, pulses: settings, latePs: latePs, jitterPs: jitterPs)
    centre = gate.offsetPs / GateWindow.slotPs
    spread = gate.spreadPs / GateWindow.slotPs
  }

  /// No arrival is further from its slot than this: a pulse of 25.5 ns may be 41 ns late, beyond four of its sigmas.
  public static var reachSlots: UInt64 { 8 }
}

extension DetectionSampler {
  /// Appends what happens in the slots before `end`, with a time for each. The table is that of a gate as wide as a
  /// slot. Noise comes at any time of the slot; of several clicks in a slot the lowest detector's time counts for all,
  /// where each would have one of its own.
  public mutating func collect(
    into found: inout [Arrival], before end: UInt64, table: ClickTable, settings: EmissionSettings,
    timing: PulseTiming
  ) {
    while let next = nextClicks(before: end, table: table, settings: settings) {
      let isNoise = random.unit() < table.noiseShare(row: next.row, detector: next.clicks.trailingZeroBitCount)
      found.append(arrival(in: next.slot, next.clicks, isNoise: isNoise, timing))
    }
  }

  /// The same when Eve acts on the light.
  public mutating func collect(
    into found: inout [Arrival], before end: UInt64, table: EveClickTable, settings: EmissionSettings,
    timing: PulseTiming
  ) {
    while let next = nextClicks(before: end, table: table, settings: settings) {
      let isNoise = random.unit() < table.noiseShare(row: next.row, detector: next.clicks.trailingZeroBitCount)
      found.append(arrival(in: next.slot, next.clicks, isNoise: isNoise, timing))
    }
  }

  private mutating func arrival(
    in slot: UInt64, _ clicks: UInt8, isNoise: Bool, _ timing: PulseTiming
  ) -> Arrival {
    let reach = Double(PulseTiming.reachSlots)
    let later = isNoise ? random.unit() : timing.centre + timing.spread * random.gaussian()
    return Arrival(slot: slot, later: min(max(later, -reach), reach), detectors: clicks)
  }
}
