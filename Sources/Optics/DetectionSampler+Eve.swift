import Foundation

extension DetectionSampler {
  /// The next detection before the slot `end` when Eve acts on the light; otherwise as without her.
  ///
  /// Exactness. Eve's draws e_n are a function of her seed and of n, independent of Alice's choices and of u_n, so the
  /// argument above holds with the pair (c, e) in place of the choice c: given the pair the masks are independent, and
  /// P >= p(c, e) for all pairs. (1) and (2) are unchanged. For (3), an accepted u_n is uniform in 0 ..< p(c, e), so
  /// comparing it with the running sum of the probabilities of all masks of the row picks the whole mask with its
  /// conditional law; detectors need not be independent. (4) and (5) do not speak of the choice.
  ///
  /// Measuring the photons of a pulse one by one on an axis that is not theirs leaves each in one of two opposite
  /// states, evenly and independently: to Bob the pulse has the same photon number and no polarisation. On their own
  /// axis it leaves them as they were.
  public mutating func next(
    before end: UInt64, table: EveClickTable, settings: EmissionSettings, enabled: UInt8
  ) -> Detection? {
    while let (slot, row, all) = nextClicks(before: end, table: table, settings: settings) {
      let live = strikeDead(all & enabled, at: slot)
      guard live != 0 else { continue }
      let isNoise = random.unit() < table.noiseShare(row: row, detector: live.trailingZeroBitCount)
      let phase = table.arrivals.phase(isNoise: isNoise, draw: random.unit())
      return Detection(slot: slot, detectors: live, phase: phase)
    }
    return nil
  }

  /// The next slot before `end` that has a click in it, its row, and the clicks, whether or not the detectors are
  /// enabled or dead.
  mutating func nextClicks(
    before end: UInt64, table: EveClickTable, settings: EmissionSettings
  ) -> (slot: UInt64, row: Int, clicks: UInt8)? {
    guard table.clickMax > 0 else { return nil }
    while let slot = nextCandidate(before: end, logNoCandidate: table.logNoCandidate) {
      let hers = table.source.draw(slot: slot)
      let draw = random.unit() * table.clickMax
      guard table.mayClick(hers, draw: draw) else { continue }
      let choice = choices.choice(
        frame: UInt32(truncatingIfNeeded: slot >> 20), slot: UInt32(slot & 0xf_ffff), settings: settings)
      let row = table.row(of: choice, hers)
      let clicks = table.clicks(row: row, draw: draw)
      if clicks != 0 { return (slot, row, clicks) }
    }
    return nil
  }

  /// Appends all detections before the slot `end`, as `next` gives them one by one.
  public mutating func collect(
    into found: inout [Detection], before end: UInt64, table: EveClickTable, settings: EmissionSettings,
    enabled: UInt8
  ) {
    while let next = next(before: end, table: table, settings: settings, enabled: enabled) { found.append(next) }
  }

  /// The next slot with u_n < P, if it lies before `end`.
  private mutating func nextCandidate(before end: UInt64, logNoCandidate: Double) -> UInt64? {
    var slot = position
    if let candidate {
      slot = candidate
    } else {
      // Beyond 2^53 slots (three years) the exact number does not matter.
      slot += UInt64(min(log(1 - random.unit()) / logNoCandidate, 0x1p53))
    }
    guard slot < end else {
      candidate = slot
      return nil
    }
    candidate = nil
    position = slot + 1
    return slot
  }
}
