public import Ports
import RegisterMap
public import Units

/// The gateware of the transmitter.
public typealias AliceFpga<Bus: SpiBus & ~Copyable> = Fpga<AliceSide, Bus>

extension Fpga where Side == AliceSide, Bus: ~Copyable {
  /// Mean photon numbers of the three levels and how often the first two are drawn; the rest is vacuum. Mean photon
  /// numbers reach 1.048575, the shares together 65 536.
  public mutating func setIntensities(
    signal: MeanPhotonNumber, decoy: MeanPhotonNumber, vacuum: MeanPhotonNumber, signalShare: Share, decoyShare: Share
  ) throws(DriverFault) {
    precondition(signalShare.count + decoyShare.count <= 65_536)
    try bus.write(FpgaMap.MeanSignal.millionths.insert(signal.millionths, into: 0), to: FpgaMap.meanSignal)
    try bus.write(FpgaMap.MeanDecoy.millionths.insert(decoy.millionths, into: 0), to: FpgaMap.meanDecoy)
    try bus.write(FpgaMap.MeanVacuum.millionths.insert(vacuum.millionths, into: 0), to: FpgaMap.meanVacuum)
    try bus.write(FpgaMap.ShareSignal.count.insert(signalShare.count, into: 0), to: FpgaMap.shareSignal)
    try bus.write(FpgaMap.ShareDecoy.count.insert(decoyShare.count, into: 0), to: FpgaMap.shareDecoy)
  }

  /// Rounds down to the steps of `OpticalTiming`, whose limits hold.
  public mutating func setPulse(width: Picoseconds, delay: Picoseconds) throws(DriverFault) {
    let widthSteps = OpticalTiming.steps(of: width, each: OpticalTiming.widthStep)
    let delaySteps = OpticalTiming.steps(of: delay, each: OpticalTiming.delayStep)
    let word = FpgaMap.Pulse.width.insert(widthSteps, into: 0)
    try bus.write(FpgaMap.Pulse.delay.insert(delaySteps, into: word), to: FpgaMap.pulse)
  }

  /// One bit a laser: H, V, D, A, R, L from bit 0.
  public mutating func enableVcsels(_ mask: UInt8) throws(DriverFault) {
    try bus.write(FpgaMap.VcselEnable.lasers.insert(UInt32(mask), into: 0), to: FpgaMap.vcselEnable)
  }

  /// The seed of the public synchronisation pattern; zero gives no light.
  public mutating func setPatternSeed(_ seed: UInt64) throws(DriverFault) {
    try bus.write(UInt32(truncatingIfNeeded: seed), to: FpgaMap.syncSeedLow)
    try bus.write(UInt32(truncatingIfNeeded: seed >> 32), to: FpgaMap.syncSeedHigh)
  }

  /// Sends the pattern in place of key in frames whose number is a multiple of two to the power of `spacing`, 0...15;
  /// nil sends none.
  public mutating func setPattern(spacing: UInt8?) throws(DriverFault) {
    typealias Schedule = FpgaMap.SyncSchedule
    let word = spacing.map { Schedule.enable.insert(true, into: Schedule.spacing.insert(UInt32($0), into: 0)) } ?? 0
    try bus.write(word, to: FpgaMap.syncSchedule)
  }

  /// What was sent in these slots of one frame, as words of `FpgaMap.Lookup` in the same order. A word whose `valid`
  /// is zero belongs to a slot without a pulse or to a frame that is no longer remembered.
  ///
  /// `words` has at least as many places as there are slots; more slots than fit in one burst take several.
  public mutating func choices(
    frame: UInt32, slots: Span<UInt32>, into words: inout MutableSpan<UInt32>
  ) throws(DriverFault) {
    precondition(words.count >= slots.count)
    guard slots.count > 0 else { return }
    try bus.write(frame, to: FpgaMap.lookupFrame)
    for start in stride(from: 0, to: slots.count, by: SpiProtocol.burstWordsMax) {
      let part = start..<min(start + SpiProtocol.burstWordsMax, slots.count)
      var answers = words._mutatingExtracting(part)
      try bus.lookUp(slots.extracting(part), through: FpgaMap.lookup, into: &answers)
    }
  }

  /// The oldest frame that `choices` can still answer for.
  public mutating func oldestFrameWithChoices() throws(DriverFault) -> UInt32 { try bus.read(FpgaMap.choicesOldest) }
}
