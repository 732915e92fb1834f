import FixedStorage
import Distillation
import Drivers
import Ports
import RegisterMap
import Sifting
import Units
public import Wire

extension BobEnd where Bus: ~Copyable {
  public mutating func sift(
    _ core: inout LinkCore, _ board: inout some ModuleBoard & ~Copyable, blockBits: Int
  ) throws(SiftingFault) {
    sealIfComplete(&core, blockBits: blockBits)
    for _ in 0..<Self.burstsPerTick {
      guard !fifoIsDone, core.channel.hasRoom(forFrames: 4), batches.hasRoom(for: 4) else { break }
      if core.filling == nil {
        // Both halves taken: events wait in the FIFO, and what overflows is counted there.
        guard let half = core.freeHalf else { break }
        try Self.openBlock(in: half, &core, &board)
      }
      guard let half = core.filling else { break }
      if try !readBurst(half, &core, &board) { break }
    }
    sealIfComplete(&core, blockBits: blockBits)
  }

  /// Reads one burst; false when the FIFO had no more.
  private mutating func readBurst(
    _ half: Half, _ core: inout LinkCore, _ board: inout some ModuleBoard & ~Copyable
  ) throws(SiftingFault) -> Bool {
    let burst: BurstCount
    do throws(DriverFault) {
      burst = try Self.readEvents(from: &fpga, into: &storage.words)
      if burst.words == 0, try fpga.frame() > window.stop + 1 { fifoIsDone = true }
    } catch {
      throw .driver(error)
    }
    for i in 0..<burst.words where !fifoIsDone {
      try take(storage.words[i], half, &core, &board)
    }
    if fifoIsDone { flush(half, &core) }
    return burst.waiting > 0
  }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func readEvents(
    from fpga: inout BobFpga<Bus>, into words: inout Block<UInt32>
  ) throws(DriverFault) -> BurstCount {
    var span = words.mutableSpan
    return try fpga.readEvents(into: &span)
  }

  private mutating func take(
    _ word: UInt32, _ half: Half, _ core: inout LinkCore, _ board: inout some ModuleBoard & ~Copyable
  ) throws(SiftingFault) {
    let clicks = FpgaMap.Fifo.detectors.extract(from: word)
    let slot = FpgaMap.Fifo.slot.extract(from: word)
    guard clicks != 0 else {
      flush(half, &core)
      let marked = unwrapped(slot, near: runningFrame ?? window.start)
      runningFrame = marked
      if marked >= window.stop { fifoIsDone = true }
      return
    }
    // After an overflow a marker may be missing: such events name another frame and are let go.
    guard let frame = runningFrame, frame >= window.start, FpgaMap.Fifo.frameLow.extract(from: word) == frame & 3 else {
      eventsMasked += 1
      return
    }
    let measurement = Measurement(
      clicks: UInt8(truncatingIfNeeded: clicks), random: try random(for: clicks, &board))
    storage.slots[collected] = slot
    storage.batchNotes[collected] = measurement.note
    collected += 1
    if collected == SiftingBatch.eventsMax { flush(half, &core) }
  }

  /// Fresh bits for the patterns that need them; a single click has nothing to draw.
  private func random(
    for clicks: UInt32, _ board: inout some ModuleBoard & ~Copyable
  ) throws(SiftingFault) -> UInt32 {
    guard clicks.nonzeroBitCount > 1 else { return 0 }
    var bytes: [4 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    do { try board.fill(&span) } catch { throw .entropy }
    return UInt32(bytes[0]) << 24 | UInt32(bytes[1]) << 16 | UInt32(bytes[2]) << 8 | UInt32(bytes[3])
  }

  /// Announces the collected events.
  private mutating func flush(_ half: Half, _ core: inout LinkCore) {
    guard collected > 0, let frame = runningFrame, let block = core.channel.number(half) else { return }
    let number = batches.open(block: block, events: collected)
    let offset = BatchWindow.noteOffset(number)
    var slot = frame == announcedFrame ? nextSlot : 0
    core.payload.clear()
    core.payload.put32(frame)
    core.payload.put32(number)
    core.payload.put16(UInt16(collected))
    for i in 0..<collected {
      storage.notes[offset + i] = storage.batchNotes[i]
      core.payload.putVariable(storage.slots[i] - slot)
      slot = storage.slots[i] + 1
    }
    core.send(.detections, in: half, discloses: .nothing)
    announcedFrame = frame
    nextSlot = slot
    core.totals.detections += UInt64(collected)
    core.totals.batches += 1
    collected = 0
  }

  /// A full block, or the last one, takes no new batches, and is sealed when its last batch is answered.
  private mutating func sealIfComplete(_ core: inout LinkCore, blockBits: Int) {
    if closing == nil, let half = core.filling, collected == 0,
      core.store.count(half) >= blockBits || fifoIsDone
    {
      closing = half
      core.filling = nil
    }
    guard let half = closing, core.sealed == nil, let block = core.channel.number(half),
      batches.inFlight(of: block) == 0
    else { return }
    core.sealed = half
    closing = nil
  }

  /// The frame with these low twenty bits that is nearest to `near`.
  private func unwrapped(_ low: UInt32, near: UInt32) -> UInt32 {
    let span: UInt32 = 1 << 20
    let difference = (low &- near) & (span - 1)
    return difference < span / 2 ? near &+ difference : near &- (span - difference)
  }

  public mutating func receive(
    _ header: FrameHeader, _ payload: Span<UInt8>, _ core: inout LinkCore,
    _ board: inout some ModuleBoard & ~Copyable
  ) throws(SiftingFault) {
    guard header.type == .choices, let half = core.channel.half(of: header.block) else { throw .protocolBroken }
    core.channel.heard(header, payload: payload, in: half)
    do throws(PayloadError) {
      var reader = ByteReader()
      let number = try reader.take32(from: payload)
      guard let events = batches.events(ofOldest: number, block: header.block),
        Int(try reader.take16(from: payload)) == events
      else { throw .outOfRange }
      core.payload.clear()
      core.payload.put32(number)
      let offset = BatchWindow.noteOffset(number)
      try keepSifted(offset..<(offset + events), payload, &reader, half, &core)
      try reader.finish(payload)
      core.send(.sifted, in: half, discloses: .nothing)
      batches.closeOldest()
    } catch {
      throw .protocolBroken
    }
  }

  /// Fills the sifted key from the noted events and composes the map of what was kept.
  private mutating func keepSifted(
    _ noted: Range<Int>, _ payload: Span<UInt8>, _ reader: inout ByteReader, _ half: Half, _ core: inout LinkCore
  ) throws(PayloadError) {
    var kept: UInt8 = 0
    for i in 0..<noted.count {
      let byte = try reader.take(from: payload)
      guard let measurement = Measurement(note: storage.notes[noted.lowerBound + i]) else { throw .outOfRange }
      if byte != Announcement.nothing {
        guard let announcement = Announcement(byte: byte) else { throw .outOfRange }
        if let bit = measurement.siftedBit(announcement) {
          if measurement.isCross {
            core.store.countCross(announcement.intensity, in: half)
          } else {
            guard core.store.append(bit, announcement.intensity, to: half) else { throw .tooLong }
            core.store.countAxis(measurement.axis, in: half)
            kept |= 1 << UInt8(i & 7)
            core.totals.siftedNow += 1
          }
        }
      }
      if i & 7 == 7 || i == noted.count - 1 {
        core.payload.put(kept)
        kept = 0
      }
    }
    storage.notes.wipe(noted)
  }
}

extension Measurement {
  /// One byte for the events in flight.
  var note: UInt8 { axis.rawValue | outcome << 2 | (isCross ? 8 : 0) }

  init?(note: UInt8) {
    guard let axis = Axis(rawValue: note & 3) else { return nil }
    self.init(axis: axis, outcome: note >> 2 & 1, isCross: note & 8 != 0)
  }
}
