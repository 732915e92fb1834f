import Acquisition
import HostStorage
import Testing

/// The generator and the table bit by bit, written a second time.
private func naivePattern(seed: UInt64) -> [Bool] {
  var state = seed
  return (0..<SyncPattern.periodSlots).map { _ in
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state >> 60 <= 10
  }
}

@Test func pattern_equalsItsGeneratorSlotBySlot() {
  let naive = naivePattern(seed: 77)
  let pattern = syncPattern(seed: 77)
  #expect(pattern.litSlots == naive.count { $0 })
  // Eleven sixteenths, within five standard deviations of a draw.
  #expect(abs(pattern.litSlots - 180_224) < 1_187)
  let period = SyncPattern.periodSlots
  for slot in [0, 1, 63, 64, 65, 4_095, 131_071, period - 64, period - 63, period - 1, -1, -200] {
    let word = pattern.lit(from: slot)
    for bit in 0..<64 {
      #expect(word >> UInt64(bit) & 1 == (naive[(slot + bit + period) % period] ? 1 : 0), "slot \(slot) bit \(bit)")
    }
  }
}

@Test func lasers_areParitiesOfTheSlotsBefore() {
  let naive = naivePattern(seed: 77)
  let pattern = syncPattern(seed: 77)
  var counts = [Int](repeating: 0, count: 4)
  for slot in 8..<40_000 {
    let axis = naive[(slot - 8)..<(slot - 4)].count { $0 } % 2
    let bit = naive[(slot - 4)..<slot].count { $0 } % 2
    #expect(pattern.laser(slot) == UInt8(2 * axis + bit))
    counts[Int(pattern.laser(slot))] += 1
  }
  #expect(counts.allSatisfy { abs($0 - 9_998) < 800 }, "\(counts)")
}

/// What `Acquirer.share` allows for: at no other place does the pattern agree with itself by more than 360 / 65 536
/// over its share of lit slots. Every place, and the seeds that the tests use.
@Test(arguments: [0x9d2c_5680_1a2b_3c4d, 1, 77, 0xffff_ffff_ffff_ffff] as [UInt64])
func pattern_agreesWithItselfAtOnePlaceOnly(seed: UInt64) {
  let pattern = syncPattern(seed: seed)
  let words = (0..<SyncPattern.wordCount).map { pattern.lit(from: 64 * $0) }
  var largest = 0
  // The agreement at a distance and at its negative are the same.
  for distance in 1...(SyncPattern.periodSlots / 2) {
    var both = 0
    for (i, word) in words.enumerated() { both += (word & pattern.lit(from: 64 * i + distance)).nonzeroBitCount }
    largest = max(largest, both)
  }
  let share = Double(pattern.litSlots) / Double(SyncPattern.periodSlots)
  let excess = Double(largest) / Double(pattern.litSlots) - share
  #expect(excess > 0 && excess < 360.0 / 65_536, "\(excess)")
}

@Test func schedules_carryOneFrameOfAPowerOfTwo() {
  #expect((UInt32(0)..<1024).count { SyncSchedule.everyFrame.carries($0) } == 1024)
  #expect((UInt32(0)..<1024).count { SyncSchedule.tracking.carries($0) } == 32)
  #expect(SyncSchedule.tracking.carries(0x8000_0020) && !SyncSchedule.tracking.carries(0x8000_0021))
}
