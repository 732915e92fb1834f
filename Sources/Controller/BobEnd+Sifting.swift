import KeyStore
import Distillation
import Drivers
import FixedStorage
import Ports
import RegisterMap
import Sifting
public import Units
public import Wire

extension BobEnd where Bus: ~Copyable {
  public mutating func sift(
    _ core: inout LinkCore, _ board: inout some ModuleBoard & ~Copyable, blockBits: Int, at now: Instant
  ) throws(SiftingFault) {
    if aligner.isOn { try align(&core, at: now) }
    try sealIfComplete(&core, &board, blockBits: blockBits)
    for _ in 0..<Self.burstsPerTickMax where !fifoIsDone {
      if wordsTaken == wordsRead, try !readBurst(&board) { break }
      try takeWords(&core, &board, at: now)
      // Words that found no room wait for the next tick, and the FIFO behind them.
      if wordsTaken < wordsRead { break }
    }
    try sealIfComplete(&core, &board, blockBits: blockBits)
  }

  /// Reads what waits in the FIFO, at most one burst; false when there was nothing.
  private mutating func readBurst(_ board: inout some ModuleBoard & ~Copyable) throws(SiftingFault) -> Bool {
    let words: Int
    do throws(DriverFault) {
      // An empty FIFO is asked for its level only: a burst costs the bus its length even if nothing comes.
      if wordsWaiting == 0 { wordsWaiting = Int(try fpga.fifoLevel()) }
      wordsTaken = 0
      wordsRead = 0
      guard wordsWaiting > 0 else {
        // The last marker can be lost with an overflow; then the frame counter says that nothing more will come.
        if try fpga.frame() > window.stop { fifoIsDone = true }
        return false
      }
      let burst = try Self.readEvents(min(wordsWaiting, SiftingBatch.burstWords), from: &fpga, into: &storage.words)
      words = burst.words
      wordsWaiting = burst.waiting
    } catch {
      throw .driver(error)
    }
    wordsRead = try thinned(words, &board)
    return words > 0
  }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func readEvents(
    _ count: Int, from fpga: inout BobFpga<Bus>, into words: inout Block<UInt32>
  ) throws(DriverFault) -> BurstCount {
    var span = words.mutableSpan
    var part = span._mutatingExtracting(..<count)
    return try fpga.readEvents(into: &part)
  }

  /// Takes words as long as there is room for the batch that the next one may complete. A clock that is recovered from
  /// the clicks does not wait for room: what would be key goes by.
  private mutating func takeWords(
    _ core: inout LinkCore, _ board: inout some ModuleBoard & ~Copyable, at now: Instant
  ) throws(SiftingFault) {
    while wordsTaken < wordsRead, !fifoIsDone, aligner.isOn || hasRoom(core) {
      if !aligner.isOn { takeSingleClicks(core.filling) }
      guard wordsTaken < wordsRead else { return }
      let word = storage.words[wordsTaken]
      if FpgaMap.Fifo.detectors.extract(from: word) == 0 {
        try takeMarker(word, &core, &board, at: now)
      } else if try !takeEvent(word, &core, &board) {
        return
      }
      wordsTaken += 1
    }
  }

  private func hasRoom(_ core: borrowing LinkCore) -> Bool {
    core.channel.hasRoom(forFrames: 2) && batches.hasRoom(for: 2) && core.hasSiftingRoom
  }

  /// Takes the run of plain events at the front: single clicks of the running frame, in rising slots, up to the last
  /// but one of a batch. Whatever is special goes event by event.
  private mutating func takeSingleClicks(_ filling: Half?) {
    guard filling != nil, let frame = runningFrame, frame >= window.start, !mask.hides(frame) else { return }
    var run = SingleClickRun(
      frameLow: frame & 3, lowestSlot: lowestSlot, word: wordsTaken, words: wordsRead, events: collected)
    Self.take(&run, &storage)
    lowestSlot = run.lowestSlot
    wordsTaken = run.word
    collected = run.events
  }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func take(_ run: inout SingleClickRun, _ storage: inout Storage) {
    run.take(from: storage.words, into: &storage.slots, &storage.batchNotes)
  }

  private mutating func takeMarker(
    _ word: UInt32, _ core: inout LinkCore, _ board: inout some ModuleBoard & ~Copyable, at now: Instant
  ) throws(SiftingFault) {
    let marked = unwrapped(FpgaMap.Fifo.slot.extract(from: word), near: markedFrame)
    // A recovered clock does not wait for room.
    if aligner.isOn, !hasRoom(core) { forgetCollected() }
    try flush(&core, &board, untilEndOfFrame: runningFrame.map { marked > $0 } ?? false)
    // The gateware repeats the marker of a running frame behind a gap; frames never go back.
    if let frame = runningFrame, marked < frame { return }
    if aligner.isOn { try follow(marked, at: now) }
    if runningFrame != marked {
      lowestSlot = 0
      binStart = 0
    }
    runningFrame = marked
    markedFrame = marked
    if marked >= window.stop { fifoIsDone = true }
  }

  /// Collects an event; false when there is no block that it could belong to yet.
  private mutating func takeEvent(
    _ word: UInt32, _ core: inout LinkCore, _ board: inout some ModuleBoard & ~Copyable
  ) throws(SiftingFault) -> Bool {
    let slot = FpgaMap.Fifo.slot.extract(from: word)
    guard let frame = runningFrame, frame >= window.start, slot >= lowestSlot,
      FpgaMap.Fifo.frameLow.extract(from: word) == frame & 3
    else {
      // A marker is missing: nothing counts until the next one, and nothing that has not been announced.
      runningFrame = nil
      forgetCollected()
      eventsMasked += 1
      return true
    }
    if aligner.isOn, !isKey(word, in: frame) { return true }
    guard !mask.hides(frame), !aligner.isOn || (hasRoom(core) && (core.filling ?? core.freeHalf) != nil) else {
      eventsMasked += 1
      return true
    }
    if core.filling == nil {
      guard let half = core.freeHalf else { return false }
      guard let number = core.pool.nextUsableBlock(from: core.nextBlock) else {
        throw .keysExhausted(block: core.nextBlock)
      }
      try Self.openBlock(number, in: half, &core, &board)
    }
    let clicks = FpgaMap.Fifo.detectors.extract(from: word)
    let measurement = Measurement(
      clicks: UInt8(truncatingIfNeeded: clicks), random: try random(for: clicks, &board))
    storage.slots[collected] = slot
    storage.batchNotes[collected] = measurement.note
    lowestSlot = slot + 1
    collected += 1
    if collected == SiftingBatch.eventsMax { try flush(&core, &board) }
    return true
  }

  /// Events whose frame can no longer be named: the batch that they would join is another frame's.
  private mutating func forgetCollected() {
    eventsMasked += UInt64(collected)
    storage.batchNotes.wipe(0..<collected)
    collected = 0
  }

  /// Fresh bits for the patterns that need them; a single click has nothing to draw.
  private func random(
    for clicks: UInt32, _ board: inout some ModuleBoard & ~Copyable
  ) throws(SiftingFault) -> UInt32 {
    guard clicks.nonzeroBitCount > 1 else { return 0 }
    return UInt32(truncatingIfNeeded: try drawWord(&board))
  }

  private func drawWord(_ board: inout some ModuleBoard & ~Copyable) throws(SiftingFault) -> UInt64 {
    var bytes: [8 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    do { try board.fill(&span) } catch { throw .entropy }
    var word: UInt64 = 0
    for i in 0..<8 { word = word << 8 | UInt64(bytes[i]) }
    return word
  }

  /// Announces the collected events, with a fresh nonce: nobody can have asked for these choices before the clicks.
  private mutating func flush(
    _ core: inout LinkCore, _ board: inout some ModuleBoard & ~Copyable, untilEndOfFrame: Bool = false
  ) throws(SiftingFault) {
    guard collected > 0, let frame = runningFrame, let half = core.filling, let block = core.channel.number(half) else {
      return
    }
    guard keepsBin(of: block, in: frame, untilEndOfFrame: untilEndOfFrame) else {
      core.totals.eventsDropped += UInt64(collected)
      storage.batchNotes.wipe(0..<collected)
      collected = 0
      return
    }
    let nonce = try drawWord(&board)
    let number = batches.open(block: block, events: collected)
    core.follower.noteAnnounced(number, in: frame)
    let offset = BatchWindow.noteOffset(number)
    let firstSlot = frame == announcedFrame ? nextSlot : 0
    core.payload.clear()
    core.payload.put64(nonce)
    core.payload.put32(frame)
    core.payload.put32(number)
    core.payload.put16(UInt16(collected))
    for i in 0..<collected { storage.notes[offset + i] = storage.batchNotes[i] }
    core.payload.putRises(storage.slots.span.extracting(first: collected), from: firstSlot)
    core.send(.detections, in: half, discloses: .nothing)
    announcedFrame = frame
    nextSlot = storage.slots[collected - 1] + 1
    core.totals.detections += UInt64(collected)
    core.totals.batches += 1
    storage.batchNotes.wipe(0..<collected)
    collected = 0
  }

  /// Ends the bin of the collected events and says whether it is announced. The first of a block always is, since Alice
  /// opens the block when she hears of it, and one in a while, since a peer that says nothing is taken for gone.
  private mutating func keepsBin(of block: UInt32, in frame: UInt32, untilEndOfFrame: Bool) -> Bool {
    let last = storage.slots[collected - 1] &+ 1
    let end = untilEndOfFrame ? TimeBase.slotsPerFrame : last
    let slots = end > binStart ? end - binStart : 1
    binStart = last
    guard
      selection.keeps(events: collected, slots: slots) || announcedBlock != block
        || frame &- announcedFrame >= Self.silentFramesMax
    else { return false }
    announcedBlock = block
    return true
  }

  /// A full block, or the last one, takes no new batches, and is sealed when its last batch is answered.
  private mutating func sealIfComplete(
    _ core: inout LinkCore, _ board: inout some ModuleBoard & ~Copyable, blockBits: Int
  ) throws(SiftingFault) {
    if closing == nil, let half = core.filling, core.store.count(half) >= blockBits || fifoIsDone,
      core.channel.hasRoom(), batches.hasRoom(for: 1)
    {
      try flush(&core, &board)
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
    if header.type == .told { return try takeTold(header, payload, &core) }
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
      guard payload.count >= reader.offset + events else { throw .tooShort }
      board.eventsSifted(
        header.block, announcements: payload.extracting(reader.offset..<(reader.offset + events)),
        notes: storage.notes.span.extracting(offset..<(offset + events)))
      try keepSifted(offset..<(offset + events), payload, &reader, half, &core)
      try reader.finish(payload)
      if core.follower.asks { core.payload.put(TellingRequest.told) }
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
    let told = try reader.take(noted.count, from: payload)
    for first in stride(from: 0, to: noted.count, by: 64) {
      let count = min(64, noted.count - first)
      // The notes of a batch have room for whole words behind its events.
      let notes = storage.notes.span.extracting(noted.lowerBound..<(noted.lowerBound + SiftingBatch.eventsMax))
      guard let planes = table.sift(told, with: notes, from: first, count: count) else { throw .outOfRange }
      guard core.store.append(planes, to: half) else { throw .tooLong }
      core.totals.siftedNow += UInt64(planes.sifted.kept.nonzeroBitCount)
      for byte in 0..<(count + 7) / 8 {
        core.payload.put(UInt8(truncatingIfNeeded: planes.sifted.kept >> UInt64(8 * byte)))
      }
    }
    if core.follower.asks {
      leaveDropped(told, from: noted.lowerBound)
    } else {
      storage.notes.wipe(noted)
    }
  }
}
