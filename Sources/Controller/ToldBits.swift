import Distillation
import Drivers
import FixedStorage
import Ports
import Sifting
import Units
import Wire

// Alice tells her bits of events that gave no key, when Bob asks for them with what he kept. They are told after the
// events are announced and settled, so they are bits of no key and of no pulse that still flies.

/// What may stand behind the map of a `sifted` message.
enum TellingRequest {
  /// Bob asks for the bits of the events that he did not keep.
  static var told: UInt8 { 1 }
}

extension AliceEnd where Bus: ~Copyable {
  /// Whether Bob asks. In `perBlock` he has no use for them.
  static func wantsTold(
    _ reader: inout ByteReader, _ payload: Span<UInt8>, _ binding: SessionBinding
  ) throws(PayloadError) -> Bool {
    guard reader.offset < payload.count else { return false }
    let variant = binding.configuration[Int(ConfigurationField.variant.rawValue)]
    guard try reader.take(from: payload) == TellingRequest.told, variant == UInt64(TwirlVariant.perPulse.rawValue)
    else { throw .outOfRange }
    return true
  }

  /// Tells the bits of all events of a batch but the kept and the unusable ones. `kept` is the map as it was taken: the
  /// bits that went into the sifted key are those that are not told. Bits are in the order of the events.
  func tellDropped(_ number: UInt32, events: Int, kept: Span<UInt8>, _ half: Half, _ core: inout LinkCore) {
    core.payload.clear()
    core.payload.put32(number)
    let offset = BatchWindow.noteOffset(number)
    var writer = BitWriter()
    for first in stride(from: 0, to: events, by: 32) {
      var mask: UInt64 = 0
      for i in 0..<min(4, kept.count - first / 8) { mask |= UInt64(kept[first / 8 + i]) << UInt64(8 * i) }
      let dropped = AnnouncedNotes.dropped(
        of: notes.span, from: offset + first, count: min(32, events - first), kept: mask)
      if dropped.count > 0 { writer.put(dropped.bits, bits: dropped.count, into: &core.payload) }
    }
    writer.finish(into: &core.payload)
    core.send(.told, in: half, discloses: .nothing)
  }
}

extension BobEnd where Bus: ~Copyable {
  /// Keeps of a sifted batch what the bits of its dropped events will be compared with.
  mutating func leaveDropped(_ announcements: Span<UInt8>, from offset: Int) {
    Self.leaveDropped(announcements, table, from: offset, in: &storage.notes)
  }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func leaveDropped(
    _ announcements: Span<UInt8>, _ table: borrowing SiftTable, from offset: Int, in notes: inout Block<UInt8>
  ) {
    var all = notes.mutableSpan
    var batch = all._mutatingExtracting(offset..<(offset + SiftingBatch.eventsMax))
    table.leaveDropped(announcements, in: &batch)
  }

  /// Takes the bits of the events of a batch that gave no key. Nothing waits for them: if another batch has taken the
  /// place meanwhile they are passed over.
  mutating func takeTold(
    _ header: FrameHeader, _ payload: Span<UInt8>, _ core: inout LinkCore
  ) throws(SiftingFault) {
    // A block that came to nothing has no transcript any more.
    guard let half = core.channel.half(of: header.block) else { return }
    core.channel.heard(header, payload: payload, in: half)
    do throws(PayloadError) {
      var reader = ByteReader()
      let number = try reader.take32(from: payload)
      // Only of batches that were sifted: the notes of others are no notes of dropped events.
      guard core.follower.isOn, batches.oldest &- number &- 1 < UInt32.max / 2 else { throw .outOfRange }
      guard batches.next &- number <= UInt32(SiftingBatch.inFlightMax) else { return }
      core.follower.begin(batch: number, of: header.block)
      let offset = BatchWindow.noteOffset(number)
      var bits = BitReader(at: reader.offset)
      for place in offset..<(offset + SiftingBatch.eventsMax) {
        guard let note = DroppedNote(byte: storage.notes[place]) else { continue }
        core.follower.note(note, told: UInt8(try bits.take(bits: 1, from: payload)))
        core.totals.bitsTold += 1
      }
      try bits.finish(payload)
      storage.notes.wipe(offset..<(offset + SiftingBatch.eventsMax))
    } catch {
      throw .protocolBroken
    }
  }
}
