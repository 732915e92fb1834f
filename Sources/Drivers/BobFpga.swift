public import Ports
import RegisterMap
public import Units

/// The gateware of the receiver.
public typealias BobFpga<Bus: SpiBus & ~Copyable> = Fpga<BobSide, Bus>

extension Fpga where Side == BobSide, Bus: ~Copyable {
  /// Rounds down to the steps of `OpticalTiming`, whose limits hold.
  public mutating func setGate(width: Picoseconds, delay: Picoseconds) throws(DriverFault) {
    let widthSteps = OpticalTiming.steps(of: width, each: OpticalTiming.widthStep)
    let delaySteps = OpticalTiming.steps(of: delay, each: OpticalTiming.delayStep)
    let word = FpgaMap.Gate.width.insert(widthSteps, into: 0)
    try bus.write(FpgaMap.Gate.delay.insert(delaySteps, into: word), to: FpgaMap.gate)
  }

  /// What is added to the slot clock: whole slots, 2^-32 slot, and 2^-26 slot for each frame that goes by.
  public mutating func setAlignment(slots: Int32, fraction: UInt32, rate: Int32) throws(DriverFault) {
    try bus.write(UInt32(bitPattern: slots), to: FpgaMap.alignSlots)
    try bus.write(fraction, to: FpgaMap.alignFraction)
    try bus.write(UInt32(bitPattern: rate), to: FpgaMap.alignRate)
  }

  /// One bit a detector: H, V, D, A, R, L from bit 0.
  public mutating func enableDetectors(_ mask: UInt8) throws(DriverFault) {
    try bus.write(FpgaMap.DetectorEnable.detectors.insert(UInt32(mask), into: 0), to: FpgaMap.detectorEnable)
  }

  /// Common dead time: a click counts only if no detector clicked in so many slots before it.
  public mutating func setDeadTime(slots: UInt8) throws(DriverFault) {
    try bus.write(FpgaMap.DeadTime.slots.insert(UInt32(slots), into: 0), to: FpgaMap.deadTime)
  }

  /// Takes the oldest events and markers from the FIFO, as words of `FpgaMap.Fifo`; at most
  /// `SpiProtocol.burstWordsMax` in one call. No event is lost or handed out twice when transfers are damaged.
  public mutating func readEvents(into words: inout MutableSpan<UInt32>) throws(DriverFault) -> BurstCount {
    try bus.readBurst(from: FpgaMap.fifo, into: &words)
  }

  /// Words that wait in the FIFO.
  public mutating func fifoLevel() throws(DriverFault) -> UInt32 { try bus.read(FpgaMap.fifoLevel) }

  /// Events that found the FIFO full, modulo 2^32.
  public mutating func fifoLost() throws(DriverFault) -> UInt32 { try bus.read(FpgaMap.fifoLost) }

  /// Clicks inside the common dead time, modulo 2^32.
  public mutating func discarded() throws(DriverFault) -> UInt32 { try bus.read(FpgaMap.discarded) }

  /// Clears the latch of a FIFO that has overflowed.
  public mutating func clearOverflow() throws(DriverFault) {
    try clear(FpgaMap.Clear.overflow, latch: FpgaMap.Status.fifoOverflow)
  }
}
