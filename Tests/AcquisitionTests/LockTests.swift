import Foundation
import HostStorage
import Testing
import Units

@testable import Acquisition

/// Seconds to the lock of each seed, 99 without one; whoever locks stands within a nanosecond afterwards.
private func lockTimes(
  _ seeds: Range<UInt64>, lossDb: Double, efficiency: Double, secondsMax: Double
) -> [Double] {
  seeds.map { seed in
    var link = movingLink(seed: seed, lossDb: lossDb)
    link.efficiency = efficiency
    var bench = SyncBench(link)
    guard let time = bench.runUntilLocked(secondsMax: secondsMax) else { return 99 }
    // The right slot: a wrong one is off by 10 ns at least. The dimmest link needs a while for its nanosecond.
    for _ in 0..<4 { bench.step() }
    #expect(bench.errorNs < 3, "seed \(seed) at \(lossDb) dB: \(bench.errorNs) ns")
    return time
  }.sorted()
}

private func tell(_ name: String, _ times: [Double]) {
  let rows = [times[0], times[times.count / 2], times[times.count - 1]].map { String(format: "%.2f", $0) }
  print("lock \(name): seeds=\(times.count) min=\(rows[0]) median=\(rows[1]) max=\(rows[2]) s")
}

/// 40 dB of channel, then detectors of 50 %, six times 500 dark counts a second.
@Test func lock_at40dB_comesWithinTwoSeconds() {
  let times = lockTimes(0..<40, lossDb: 40, efficiency: 0.5, secondsMax: 4)
  tell("40 dB", times)
  #expect(times.last! < 2)
}

@Test func lock_at50dBWithDetectors_comesWithinTenSeconds() {
  let times = lockTimes(0..<40, lossDb: 50, efficiency: 1, secondsMax: 10)
  tell("50 dB with detectors", times)
  #expect(times.last! < 10)
}

/// 50 dB of channel, and detectors of 50 % on top: 172 clicks of light a second among 3000. Not every lock is in time.
@Test func lock_at50dBOfChannel_mostlyComesWithinTenSeconds() {
  let times = lockTimes(0..<40, lossDb: 50, efficiency: 0.5, secondsMax: 20)
  tell("50 dB and detectors", times)
  print("lock 50 dB and detectors: within_10_s=\(times.count { $0 < 10 }) of \(times.count)")
  #expect(times.count { $0 < 10 } >= 36)
}

@Test(arguments: UInt64(0)..<20) func lock_ofADroneInFullTurn_comesWithinTwoSeconds(seed: UInt64) {
  var bench = SyncBench(movingLink(seed: seed, lossDb: 40) { 90 * sin($0 / 3 + Double(seed)) })
  let time = bench.runUntilLocked(secondsMax: 4)
  // From where key may count.
  for _ in 0..<200 where !bench.sync.isSettled { bench.step() }
  let isSettled = bench.sync.isSettled
  #expect(time ?? 99 < 2 && isSettled && bench.seconds < 2.5 && bench.errorNs < 1, "\(bench.errorNs) ns")
}

/// Ten thousand searches of noise alone through the very offset search. None reaches the threshold of a lock, and lower
/// thresholds are exceeded no more often than their union bound says: the bound holds where it can be measured.
@Test(arguments: UInt64(0)..<20) func searches_ofNoise_keepToTheUnionBound(part: UInt64) {
  var random = SeededRandom(seed: 1_000 + part)
  let pattern = syncPattern()
  let share = UInt64(pattern.litSlots) / 4
  let words = SearchWindow.whole.offsetWords
  let cells = Double(SearchWindow.whole.offsetsCount)
  var exceeded = [Int](repeating: 0, count: 4)
  let searches = 500
  for _ in 0..<searches {
    let count = Int.random(in: 40...90, using: &random)
    let positions = (0..<count).map { _ in UInt32(random.next() & 0x3ffff) }
    var lit = 0
    for word in -words..<words {
      lit = max(lit, OffsetSearch.best(of: positions.span, from: 64 * word, in: pattern).lit)
    }
    let bits = Double(Significance.bits(lit: lit, of: count, share: share)) / 65_536 - log2(cells)
    for (i, level) in [2.0, 4, 6, 20].enumerated() where bits >= level { exceeded[i] += 1 }
  }
  for (i, level) in [2.0, 4, 6].enumerated() {
    let bound = Double(searches) * exp2(-level)
    #expect(Double(exceeded[i]) <= bound + 4 * bound.squareRoot(), "level 2^-\(level): \(exceeded[i])")
  }
  #expect(exceeded[3] == 0)
}

/// The whole way with nothing but dark counts: many looks each, at one, two and four times the usual rate.
@Test(arguments: UInt64(0)..<12) func noiseAlone_isNeverLockedTo(seed: UInt64) {
  var link = movingLink(seed: seed, lossDb: 40)
  link.visibility = { _ in 0 }
  link.darkHz = [500, 1_000, 2_000][Int(seed % 3)]
  var bench = SyncBench(link)
  #expect(bench.runUntilLocked(secondsMax: 20) == nil)
  #expect(bench.sync.totals.locks == 0)
}

/// Light without the pattern has rate and phase, and no place.
@Test(arguments: [(30.0, UInt64(0)), (30, 1), (40, 2), (40, 3), (50, 4)])
func lightWithoutThePattern_isNeverLockedTo(lossDb: Double, seed: UInt64) {
  var link = movingLink(seed: seed, lossDb: lossDb)
  link.sendsPattern = false
  var bench = SyncBench(link)
  #expect(bench.runUntilLocked(secondsMax: 12) == nil)
}

/// A clock that is further off than the window: bright light must not be matched to a side peak of the pattern.
@Test(arguments: UInt64(0)..<6) func placesBeyondTheWindow_areNeverLockedTo(seed: UInt64) {
  var link = movingLink(seed: seed, lossDb: 33)
  link.needed = { 115_000 + 0.7 * $0 }
  var bench = SyncBench(link)
  #expect(bench.runUntilLocked(secondsMax: 8) == nil)
}

/// Pulses with the right times and the wrong states: the lock is given up for its errors before any key counts.
@Test(arguments: UInt64(0)..<4) func lockWithTooManyErrors_isRefused(seed: UInt64) {
  var link = movingLink(seed: seed, lossDb: 36)
  link.qber = 0.5
  var bench = SyncBench(link)
  for _ in 0..<400 {
    bench.step()
    let isKey = bench.sync.isKey(3)
    #expect(!isKey)
  }
  #expect(bench.sync.totals.errorAlarms > 0 || bench.sync.state == .failed(.errorsTooHigh))
}

/// Light so bright that a frame has more clicks than are taken: rate and place are right at once, and the lock settles
/// though each frame tells more than enough of its errors.
@Test(arguments: UInt64(0)..<12) func brightLight_locksOnceAndSettles(seed: UInt64) {
  var bench = SyncBench(movingLink(seed: seed, lossDb: seed % 2 == 0 ? 8 : 14))
  let first = bench.runUntilLocked(secondsMax: 1)
  for _ in 0..<90 { bench.step() }
  let (isSettled, locks) = (bench.sync.isSettled, bench.sync.totals.locks)
  #expect(first != nil && isSettled && locks == 1 && bench.errorNs < 0.3, "\(locks) locks, \(bench.errorNs) ns")
}
