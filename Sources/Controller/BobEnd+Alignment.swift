import Acquisition
import Distillation
import Drivers
import Ports
import RegisterMap
import Units
public import Wire

// Bob's slots follow the light: clicks to the synchroniser, alignments to the gateware, wishes to the peer.
extension BobEnd where Bus: ~Copyable {
  /// Slices of search in a tick; one takes some 22 us on a development machine (Documentation/Acquisition.md).
  static var searchSlices: Int { 4 }

  public var slotAlignment: SlotAlignment? { aligner.isOn ? aligner.report : nil }

  /// Once a tick of an exchange.
  mutating func align(_ core: inout LinkCore, at now: Instant) throws(SiftingFault) {
    guard !fifoIsDone else { return }
    aligner.work(slices: Self.searchSlices, at: now)
    // Giving up is told to the peer too.
    guard core.channel.hasRoom() else { return }
    if let failure = aligner.takeFailure(at: now) { throw .notAligned(failure) }
    guard let schedule = aligner.question(at: now) else { return }
    core.payload.clear()
    core.payload.put(schedule.spacing)
    core.sendSession(.pattern)
  }

  /// Whether an event of the running frame may be key. Where plates are turned, the states of the pattern say nothing.
  mutating func isKey(_ word: UInt32, in frame: UInt32) -> Bool {
    let detectors = mask.hides(frame) ? 0 : FpgaMap.Fifo.detectors.extract(from: word)
    let click = SyncClick(
      slot: FpgaMap.Fifo.slot.extract(from: word),
      phase: UInt8(truncatingIfNeeded: FpgaMap.Fifo.phase.extract(from: word)),
      detectors: UInt8(truncatingIfNeeded: detectors))
    return aligner.take(click, in: frame)
  }

  /// Closes the frames before a marker, and tells the gateware what follows from them.
  mutating func follow(_ marked: UInt32, at now: Instant) throws(SiftingFault) {
    guard let command = aligner.begin(marked, at: now), marked < window.stop else { return }
    do throws(DriverFault) {
      try place(command.alignment, command.gate)
      aligner.noteTold(command, in: try fpga.frame())
    } catch {
      throw .driver(error)
    }
  }

  /// Opens the gates for a session whose light may come at any time.
  mutating func openAligned() throws(DriverFault) {
    guard aligner.gate == .closed else { return }
    try place(.zero, .open)
    aligner.noteOpened()
  }

  /// A commit begins the line of the alignment anew, whatever it is for: one within a session brings it along.
  mutating func commitAligned() throws(DriverFault) {
    let next = try fpga.frame() &+ 1
    try write(aligner.continued(to: next))
    try fpga.commit()
    let running = try fpga.frame()
    if running >= next { aligner.noteLate(next, in: running) }
  }

  private mutating func place(_ alignment: Alignment, _ gate: SyncCommand.Gate) throws(DriverFault) {
    try write(alignment)
    switch gate {
    case .closed: break
    case .open: try fpga.setGate(width: Self.slotWidth, delay: Picoseconds(0))
    // Eight sixteenths about the middle of the slot.
    case .narrow: try fpga.setGate(width: Picoseconds(5_000), delay: Picoseconds(2_500))
    }
    try fpga.commit()
  }

  private mutating func write(_ alignment: Alignment) throws(DriverFault) {
    // A motion that was foretold minutes ago may leave the registers; the light is lost then in any case.
    let slots = Int32(clamping: alignment.offset.wholeSlots)
    let rate = Int32(clamping: alignment.perFrame.raw >> 6)
    try fpga.setAlignment(slots: slots, fraction: UInt32(truncatingIfNeeded: alignment.offset.raw), rate: rate)
  }

  /// Frames between Bob's last marker and the one that Alice's answer names: 10 s.
  private static var answerFramesMax: UInt32 { 1_000 }
  private static var slotWidth: Picoseconds { Picoseconds(10_000) }

  public var motion: PeerMotion? { aligner.motion }
  public mutating func foretell(_ motion: PeerMotion?) { aligner.foretell(motion) }

  public mutating func takePattern(
    _ type: MessageType, _ payload: Span<UInt8>, _ core: inout LinkCore
  ) throws(SiftingFault) {
    guard type == .patternSet else { throw .protocolBroken }
    do throws(PayloadError) {
      var reader = ByteReader()
      let spacing = try reader.take(from: payload)
      let frame = try reader.take32(from: payload)
      try reader.finish(payload)
      // Alice's frames and Bob's are the same within a millisecond, or what his FIFO lags behind.
      let ahead = Int32(bitPattern: frame &- markedFrame)
      guard ahead.magnitude <= Self.answerFramesMax else { throw .outOfRange }
      aligner.noteAnswer(spacing, from: frame)
    } catch {
      throw .protocolBroken
    }
  }
}
