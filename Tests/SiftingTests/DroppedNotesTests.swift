import HostStorage
import Sifting
import Testing
import Units

/// A batch of random events with what Alice announces of them and her bits.
private struct Batch {
  var events: [Event] = []
  var told: [UInt8] = []
  var bits: [UInt8] = []

  init(_ count: Int, seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<count {
      let draw = random.next()
      events.append((Axis(rawValue: UInt8(draw % 3))!, UInt8(draw >> 8 & 1), draw >> 16 & 7 == 0))
      let axis = Axis(rawValue: UInt8((draw >> 32) % 3))!
      let intensity = Intensity(rawValue: UInt8((draw >> 24) % 3))!
      told.append(
        draw >> 56 & 15 == 0 ? Announcement.nothing : announced(twirl: UInt8((draw >> 40) % 12), axis, intensity))
      bits.append(UInt8(draw >> 48 & 1))
    }
  }

  var notes: [UInt8] { events.map { Measurement(axis: $0.axis, outcome: $0.outcome, isCross: $0.isCross).note } }

  /// Whether Bob keeps event `i`, from the definitions.
  func isKept(_ i: Int) -> Bool {
    guard let announcement = Announcement(byte: told[i]), !events[i].isCross else { return false }
    return announcement.twirl.image(of: announcement.axis).axis == events[i].axis
  }
}

/// Of kept events, of events without a choice and behind the batch nothing is left; of the others what was measured.
@Test(arguments: [1, 63, 64, 65, 512]) func leaveDropped_keepsWhatIsNoKey(count: Int) throws {
  let batch = Batch(count, seed: UInt64(count))
  var notes = batch.notes + [UInt8](repeating: 0xff, count: 512 - count)
  var span = notes.mutableSpan
  SiftTable(.perPulse).leaveDropped(batch.told.span, in: &span)
  var dropped = 0
  for i in 0..<512 {
    guard i < count, let announcement = Announcement(byte: batch.told[i]), !batch.isKept(i) else {
      #expect(notes[i] == 0)
      continue
    }
    dropped += 1
    let note = try #require(DroppedNote(byte: notes[i]))
    let image = announcement.twirl.image(of: announcement.axis)
    #expect(note.measured == batch.events[i].axis && note.sent == image.axis)
    #expect(note.outcome == batch.events[i].outcome && note.isCross == batch.events[i].isCross)
    #expect(note.sentBit(told: 1) == (image.flips ? 0 : 1) && note.sentBit(told: 0) == (image.flips ? 1 : 0))
  }
  #expect(count == 1 || dropped > count / 3)
}

/// Alice tells the bits of the same events, in order, and of no others.
@Test(arguments: [1, 31, 32, 64]) func dropped_ofAlice_areThoseOfBob(count: Int) {
  for seed in UInt64(1)...20 {
    let batch = Batch(count, seed: seed)
    var kept: UInt64 = 0
    var own: [UInt8] = []
    var expected: [UInt8] = []
    for i in 0..<count {
      if batch.isKept(i) { kept |= 1 << UInt64(i) }
      guard let announcement = Announcement(byte: batch.told[i]) else {
        own.append(AnnouncedNotes.unusable)
        continue
      }
      own.append(AnnouncedNotes.note(bit: batch.bits[i], announcement.intensity))
      if !batch.isKept(i) { expected.append(batch.bits[i]) }
    }
    let told = AnnouncedNotes.dropped(of: own.span, from: 0, count: count, kept: kept)
    #expect(told.count == expected.count)
    for (i, bit) in expected.enumerated() { #expect(UInt8(told.bits >> UInt64(i) & 1) == bit) }
    #expect(told.count == 64 || told.bits >> UInt64(told.count) == 0)
  }
}

@Test func droppedNote_ofAnythingElse_isNone() {
  for byte in UInt8.min...UInt8.max {
    let isOne = byte & 0x80 != 0 && byte & 3 != 3 && byte >> 2 & 3 != 3
    #expect((DroppedNote(byte: byte) != nil) == isOne)
  }
}
