import HostStorage
import Sifting
import Testing
import Units

typealias Event = (axis: Axis, outcome: UInt8, isCross: Bool)

func announced(twirl: UInt8, _ axis: Axis, _ intensity: Intensity) -> UInt8 {
  Announcement(twirl: Twirl(index: twirl)!, axis: axis, intensity: intensity).byte
}

/// Sifts at most 64 events in a table of their own.
func planes(_ events: [Event], told: [UInt8], variant: TwirlVariant = .perPulse) -> BobPlanes? {
  let table = SiftTable(variant)
  var notes = events.map { Measurement(axis: $0.axis, outcome: $0.outcome, isCross: $0.isCross).note }
  notes += [UInt8](repeating: 0, count: 8)
  return table.sift(told.span, with: notes.span, from: 0, count: events.count)
}

/// One event after the other, from the definitions.
private struct NaiveSifting {
  var bits: [[UInt8]] = [[], [], []]
  var axes: [UInt64] = [0, 0, 0]
  var cross: [UInt64] = [0, 0, 0]
  var kept: UInt64 = 0

  init(_ events: [Event], told: [UInt8]) {
    for (i, event) in events.enumerated() {
      guard let announcement = Announcement(byte: told[i]) else { continue }
      let seen = Measurement(axis: event.axis, outcome: event.outcome, isCross: event.isCross)
      guard let bit = seen.siftedBit(announcement) else { continue }
      let intensity = Int(announcement.intensity.rawValue)
      if event.isCross {
        cross[intensity] += 1
      } else {
        bits[intensity].append(bit)
        axes[Int(event.axis.rawValue)] += 1
        kept |= 1 << UInt64(i)
      }
    }
  }
}

private func randomEvents(_ count: Int, _ random: inout SeededRandom) -> ([Event], told: [UInt8]) {
  var events: [Event] = []
  var told: [UInt8] = []
  for _ in 0..<count {
    let draw = random.next()
    events.append((Axis(rawValue: UInt8(draw % 3))!, UInt8(draw >> 8 & 1), draw >> 16 & 7 == 0))
    let intensity = Intensity(rawValue: UInt8((draw >> 24) % 3))!
    let axis = Axis(rawValue: UInt8((draw >> 32) % 3))!
    told.append(
      draw >> 56 & 15 == 0 ? Announcement.nothing : announced(twirl: UInt8((draw >> 40) % 12), axis, intensity))
  }
  return (events, told)
}

/// Every count of events, several groups behind each other: bits, axes and cross clicks as by the definitions.
@Test(arguments: 1...64) func sift_equalsTheDefinitionEventByEvent(count: Int) {
  var random = SeededRandom(seed: UInt64(count))
  var bob = store()
  var alice = store()
  var expected: [[UInt8]] = [[], [], []]
  for _ in 0..<5 {
    let (events, told) = randomEvents(count, &random)
    let naive = NaiveSifting(events, told: told)
    let found = planes(events, told: told)!
    let kept = found.sifted.kept
    let before = bob.axes(.first)
    let crossBefore = bob.cross(.first)
    let taken = bob.append(found, to: .first)
    #expect(taken && kept == naive.kept)
    let axes = bob.axes(.first)
    let cross = bob.cross(.first)
    #expect([axes.x - before.x, axes.y - before.y, axes.z - before.z] == naive.axes)
    #expect(
      [cross.signal - crossBefore.signal, cross.decoy - crossBefore.decoy, cross.vacuum - crossBefore.vacuum]
        == naive.cross)
    // Alice holds the bits of her own and the intensities; here she sent what Bob reads.
    var notes = [UInt8](repeating: AnnouncedNotes.unusable, count: 64)
    for i in events.indices {
      guard let announcement = Announcement(byte: told[i]) else { continue }
      let seen = Measurement(axis: events[i].axis, outcome: events[i].outcome, isCross: events[i].isCross)
      notes[i] = AnnouncedNotes.note(bit: seen.siftedBit(announcement) ?? 1, announcement.intensity)
    }
    let own = AnnouncedNotes.planes(of: notes.span, from: 0, kept: kept)!
    let takenToo = alice.append(own, to: .first)
    #expect(takenToo)
    for intensity in 0..<3 { expected[intensity] += naive.bits[intensity] }
  }
  let bobs = string(of: bob, .first)
  let alices = string(of: alice, .first)
  #expect(bobs == expected.flatMap { $0 } && alices == bobs)
}

/// Each of the 256 bytes, in each place of a group: refused if and only if it is no announcement.
@Test(arguments: [TwirlVariant.perPulse, .perBlock]) func sift_refusesBytesThatAreNoAnnouncement(variant: TwirlVariant)
{
  for byte in UInt8.min...UInt8.max {
    let isPossible = Announcement(byte: byte)?.isPossible(in: variant) ?? (byte == Announcement.nothing)
    for place in [0, 7, 8, 12] {
      var told = [UInt8](repeating: Announcement.nothing, count: 13)
      told[place] = byte
      let events = [Event](repeating: (.x, 0, false), count: 13)
      let isTaken = planes(events, told: told, variant: variant) != nil
      #expect(isTaken == isPossible)
    }
  }
}

@Test func planes_ofAnUnusableEvent_areRefusedOnlyIfBobKeptIt() {
  var notes = [UInt8](repeating: AnnouncedNotes.note(bit: 1, .decoy), count: 64)
  notes[37] = AnnouncedNotes.unusable
  let with = AnnouncedNotes.planes(of: notes.span, from: 0, kept: 1 << 37 | 1)
  let without = AnnouncedNotes.planes(of: notes.span, from: 0, kept: ~(1 << 37))
  #expect(with == nil && without?.kept(.decoy).nonzeroBitCount == 63)
}
