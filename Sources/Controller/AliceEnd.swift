import Acquisition
import Distillation
public import Drivers
public import FixedStorage
public import Ports
public import RegisterMap
import Sifting
public import Units
public import Wire

/// Alice's optics: sets the lasers, looks up what was sent where Bob detected, and announces all but the bits.
public struct AliceEnd<Bus: SpiBus & ~Copyable>: OpticalEnd, ~Copyable {
  public static var role: Role { .alice }

  private var fpga: AliceFpga<Bus>
  /// Own bit and intensity of every event in flight, as `AnnouncedNotes` has it.
  var notes: Block<UInt8>
  private var slots: Block<UInt32>
  private var choices: Block<UInt32>
  private var window = ExchangeWindow(start: 0, stop: 0)
  var batches = BatchWindow()
  /// The first frame and slot that may still be announced; a slot is looked up once.
  private var nextFrame: UInt32 = 0
  private var nextSlot: UInt32 = 0
  /// The pattern goes out in some frames.
  private var sendsPattern = false
  public var mask = FrameMask(.perPulse)
  public private(set) var eventsMasked: UInt64 = 0

  public init(
    fpga: consuming AliceFpga<Bus>, notes: consuming Block<UInt8>, slots: consuming Block<UInt32>,
    choices: consuming Block<UInt32>
  ) {
    precondition(notes.count == SiftingBatch.noteBytes)
    precondition(slots.count == SiftingBatch.eventsMax && choices.count >= SiftingBatch.eventsMax)
    self.fpga = fpga
    self.notes = notes
    self.slots = slots
    self.choices = choices
  }

  public var wireCounters: WireCounters { fpga.counters }

  public mutating func bringUp(_ configuration: LinkConfiguration, _ settings: ModuleSettings) throws(DriverFault) {
    _ = try fpga.identify()
    try fpga.checkScratch()
    try fpga.setRunning(false)
    try fpga.setWatchdog(milliseconds: 100)
    try fpga.setVariant(configuration.variant)
    try fpga.setPulse(width: settings.picoseconds(.pulseWidthPs), delay: settings.picoseconds(.pulseDelayPs))
    try fpga.enableVcsels(0x3f)
    try setLight(configuration)
  }

  public mutating func setLight(_ configuration: LinkConfiguration) throws(DriverFault) {
    try fpga.setIntensities(
      signal: configuration.means[0], decoy: configuration.means[1], vacuum: configuration.means[2],
      signalShare: configuration.shareSignal, decoyShare: configuration.shareDecoy)
    try fpga.setPatternSeed(configuration.patternSeed)
    try fpga.setPattern(spacing: nil)
    try fpga.commit()
    mask = FrameMask(configuration.variant)
  }

  public mutating func setTiming(_ settings: ModuleSettings) throws(DriverFault) {
    try fpga.setPulse(width: settings.picoseconds(.pulseWidthPs), delay: settings.picoseconds(.pulseDelayPs))
    try fpga.commit()
  }

  public mutating func poke(_ word: UInt32, into register: Register) throws(DriverFault) {
    try fpga.write(word, to: register)
    if register.isShadow { try fpga.commit() }
  }

  public mutating func read(_ register: Register) throws(DriverFault) -> UInt32 { try fpga.read(register) }
  public mutating func status() throws(DriverFault) -> FpgaStatus { try fpga.status() }
  public mutating func clearWatchdog() throws(DriverFault) { try fpga.clearWatchdog() }
  public mutating func frame() throws(DriverFault) -> UInt32 { try fpga.frame() }

  public mutating func open(_ window: ExchangeWindow) throws(DriverFault) {
    self.window = window
    try fpga.setWindow(start: window.start, stop: window.stop)
    try fpga.setRunning(true)
    try fpga.commit()
  }

  public mutating func close() throws(DriverFault) {
    try fpga.setRunning(false)
    if sendsPattern { try fpga.setPattern(spacing: nil) }
    try fpga.commit()
    sendsPattern = false
  }

  public var slotAlignment: SlotAlignment? { nil }
  public var motion: PeerMotion? { nil }
  public mutating func foretell(_ motion: PeerMotion?) {}

  public mutating func takePattern(
    _ type: MessageType, _ payload: Span<UInt8>, _ core: inout LinkCore
  ) throws(SiftingFault) {
    guard type == .pattern else { throw .protocolBroken }
    let spacing: UInt8
    do throws(PayloadError) {
      var reader = ByteReader()
      spacing = try reader.take(from: payload)
      try reader.finish(payload)
      guard spacing < 16 else { throw .outOfRange }
    } catch {
      throw .protocolBroken
    }
    let first = try sendPattern(spacing: spacing)
    core.payload.clear()
    core.payload.put(spacing)
    core.payload.put32(first)
    core.sendSession(.patternSet)
  }

  /// From the frame on that is returned, at the latest.
  private mutating func sendPattern(spacing: UInt8) throws(SiftingFault) -> UInt32 {
    do throws(DriverFault) {
      try fpga.setPattern(spacing: spacing)
      try fpga.commit()
      sendsPattern = true
      return try fpga.frame() + 1
    } catch {
      throw .driver(error)
    }
  }

  public mutating func prepare(at now: Instant) {
    batches.reset()
    notes.wipe()
    nextFrame = window.start
    nextSlot = 0
    mask.reset()
    eventsMasked = 0
  }

  public mutating func forget() {
    notes.wipe()
    choices.wipe()
    fpga.wipeBuffers()
  }

  public mutating func isOver() throws(DriverFault) -> Bool {
    try fpga.frame() >= window.stop
  }

  /// Alice's tick has nothing of its own: she answers.
  public mutating func sift(
    _ core: inout LinkCore, _ board: inout some ModuleBoard & ~Copyable, blockBits: Int, at now: Instant
  ) throws(SiftingFault) {}

  public mutating func receive(
    _ header: FrameHeader, _ payload: Span<UInt8>, _ core: inout LinkCore,
    _ board: inout some ModuleBoard & ~Copyable
  ) throws(SiftingFault) {
    var batch: DetectedBatch?
    if header.type == .detections {
      // Read before anything is spent on it: a message without sense opens no block.
      batch = try readDetections(payload, block: header.block)
      if core.channel.half(of: header.block) == nil {
        guard header.block >= core.nextBlock, header.block - core.nextBlock <= SessionTiming.blockSkipMax,
          let half = core.freeHalf
        else { throw .protocolBroken }
        try Self.openBlock(header.block, in: half, &core, &board)
      }
    }
    guard let half = core.channel.half(of: header.block), half != core.distilling else { throw .protocolBroken }
    core.channel.heard(header, payload: payload, in: half)
    if let batch {
      try announce(batch, in: half, &core)
    } else {
      guard header.type == .sifted else { throw .protocolBroken }
      try takeSifted(payload, block: header.block, half, &core)
    }
  }
}

/// A batch of detections as Bob named it.
private struct DetectedBatch {
  let frame: UInt32
  let number: UInt32
  let events: Int
}

extension AliceEnd where Bus: ~Copyable {
  /// Reads frame, batch number and slots. Slots must rise strictly through the whole session.
  private mutating func readDetections(
    _ payload: Span<UInt8>, block: UInt32
  ) throws(SiftingFault) -> DetectedBatch {
    do throws(PayloadError) {
      var reader = ByteReader()
      // The nonce only makes the request unpredictable; the tag covers it.
      _ = try reader.take64(from: payload)
      let frame = try reader.take32(from: payload)
      let number = try reader.take32(from: payload)
      let events = Int(try reader.take16(from: payload))
      guard events > 0, events <= SiftingBatch.eventsMax, frame >= nextFrame, frame >= window.start,
        number == batches.next, !batches.isFull
      else { throw .outOfRange }
      let start = frame == nextFrame ? nextSlot : 0
      var room = slots.mutableSpan
      let slot = try reader.takeRises(
        events, from: payload, start: start, below: TimeBase.slotsPerFrame, into: &room)
      try reader.finish(payload)
      _ = batches.open(block: block, events: events)
      nextFrame = frame
      nextSlot = slot
      return DetectedBatch(frame: frame, number: number, events: events)
    } catch {
      throw .protocolBroken
    }
  }

  /// Looks the slots up, keeps the bits and tells the rest.
  private mutating func announce(
    _ batch: DetectedBatch, in half: Half, _ core: inout LinkCore
  ) throws(SiftingFault) {
    // Frames behind an end that was moved forward had no light; Bob may have heard of it too late.
    let isMasked = mask.hides(batch.frame)
    if isMasked { eventsMasked += UInt64(batch.events) }
    let isTold = batch.frame < window.stop && !isMasked
    if isTold { try lookUp(batch) }
    core.payload.clear()
    core.payload.put32(batch.number)
    core.payload.put16(UInt16(batch.events))
    let offset = BatchWindow.noteOffset(batch.number)
    if isTold {
      Self.tell(choices, noting: offset..<(offset + batch.events), of: &notes, in: &core.payload)
    } else {
      for i in 0..<batch.events {
        notes[offset + i] = AnnouncedNotes.unusable
        core.payload.put(Announcement.nothing)
      }
    }
    choices.wipe(0..<batch.events)
    core.send(.choices, in: half, discloses: .nothing)
    core.totals.detections += UInt64(batch.events)
    core.totals.batches += 1
  }

  /// Puts what is told of each choice into the payload, and notes the rest.
  private static func tell(
    _ choices: borrowing Block<UInt32>, noting range: Range<Int>, of notes: inout Block<UInt8>,
    in payload: inout PayloadBuffer
  ) {
    let choices = choices.span.extracting(first: range.count)
    var noted = notes.mutableSpan
    var notes = noted._mutatingExtracting(range)
    var told = payload.free
    for i in choices.indices {
      if let announcement = announcement(of: choices[i]) {
        let bit = UInt8(truncatingIfNeeded: FpgaMap.Lookup.bit.extract(from: choices[i]))
        notes[i] = AnnouncedNotes.note(bit: bit, announcement.intensity)
        told[i] = announcement.byte
      } else {
        notes[i] = AnnouncedNotes.unusable
        told[i] = Announcement.nothing
      }
    }
    payload.grow(by: choices.count)
  }

  private mutating func lookUp(_ batch: DetectedBatch) throws(SiftingFault) {
    do throws(DriverFault) {
      try Self.lookUp(batch, through: &fpga, slots, into: &choices)
    } catch {
      throw .driver(error)
    }
  }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func lookUp(
    _ batch: DetectedBatch, through fpga: inout AliceFpga<Bus>, _ slots: borrowing Block<UInt32>,
    into choices: inout Block<UInt32>
  ) throws(DriverFault) {
    var words = choices.mutableSpan
    try fpga.choices(frame: batch.frame, slots: slots.span.extracting(first: batch.events), into: &words)
  }

  private static func announcement(of word: UInt32) -> Announcement? {
    typealias Word = FpgaMap.Lookup
    guard Word.valid.isSet(in: word),
      let twirl = Twirl(index: UInt8(truncatingIfNeeded: Word.twirl.extract(from: word))),
      let axis = Axis(rawValue: UInt8(truncatingIfNeeded: Word.axis.extract(from: word))),
      let intensity = Intensity(rawValue: UInt8(truncatingIfNeeded: Word.intensity.extract(from: word)))
    else { return nil }
    return Announcement(twirl: twirl, axis: axis, intensity: intensity)
  }

  /// Moves the bits that Bob kept into the sifted key.
  private mutating func takeSifted(
    _ payload: Span<UInt8>, block: UInt32, _ half: Half, _ core: inout LinkCore
  ) throws(SiftingFault) {
    do throws(PayloadError) {
      var reader = ByteReader()
      let number = try reader.take32(from: payload)
      guard let events = batches.events(ofOldest: number, block: block) else { throw .outOfRange }
      let offset = BatchWindow.noteOffset(number)
      let kept = try reader.take((events + 7) / 8, from: payload)
      for first in stride(from: 0, to: events, by: 64) {
        var mask: UInt64 = 0
        for i in 0..<min(8, kept.count - first / 8) { mask |= UInt64(kept[first / 8 + i]) << UInt64(8 * i) }
        guard mask >> UInt64(min(64, events - first)) == 0,
          let planes = AnnouncedNotes.planes(of: notes.span, from: offset + first, kept: mask),
          core.store.append(planes, to: half)
        else { throw .outOfRange }
        core.totals.siftedNow += UInt64(mask.nonzeroBitCount)
      }
      let wantsTold = try Self.wantsTold(&reader, payload, core.binding)
      try reader.finish(payload)
      if wantsTold { tellDropped(number, events: events, kept: kept, half, &core) }
      notes.wipe(offset..<(offset + events))
      batches.closeOldest()
    } catch {
      throw .protocolBroken
    }
  }
}
