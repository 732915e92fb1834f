import FixedStorage
import RegisterMap
import Sifting

/// A run of plain events at the front of a burst: single clicks of one frame, in rising slots.
///
/// Nearly every word is one. Markers, several clicks at once, other frames and the last event of a batch end the run;
/// they are taken one by one, with all that hangs on them.
struct SingleClickRun {
  /// The two bits by which events name their frame.
  let frameLow: UInt32
  /// The lowest slot that the next event may have.
  var lowestSlot: UInt32
  /// Words of the burst that are taken, and all of them.
  var word: Int
  let words: Int
  /// Events of the batch.
  var events: Int

  /// Takes the run into a batch, slot and note of each event.
  mutating func take(
    from burst: borrowing Block<UInt32>, into slots: inout Block<UInt32>, _ notes: inout Block<UInt8>
  ) {
    var noteOfDetector: UInt64 = 0
    for detector in UInt8(0)..<6 {
      let note = Measurement(clicks: 1 << detector, random: 0).note
      noteOfDetector |= UInt64(note) << UInt64(8 * detector)
    }
    let source = burst.span
    var slotOf = slots.mutableSpan
    var noteOf = notes.mutableSpan
    while word < words, events < SiftingBatch.eventsMax - 1 {
      let event = source[word]
      let clicks = FpgaMap.Fifo.detectors.extract(from: event)
      let slot = FpgaMap.Fifo.slot.extract(from: event)
      guard clicks != 0, clicks & (clicks &- 1) == 0, FpgaMap.Fifo.frameLow.extract(from: event) == frameLow,
        slot >= lowestSlot
      else { return }
      slotOf[events] = slot
      noteOf[events] = UInt8(truncatingIfNeeded: noteOfDetector &>> UInt64(8 &* clicks.trailingZeroBitCount))
      lowestSlot = slot &+ 1
      word += 1
      events += 1
    }
  }
}
