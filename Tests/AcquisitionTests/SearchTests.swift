import FixedStorage
import Foundation
import HostStorage
import Testing

@testable import Acquisition

/// Every offset counted click by click: a second way, slot by slot.
private func naiveCounts(
  of positions: [UInt32], from first: Int, _ pattern: borrowing SyncPattern
) -> [Int] {
  let period = SyncPattern.periodSlots
  let lit = (0..<period).map { pattern.isLit($0) }
  return (0..<64).map { lane in
    positions.count { lit[(Int($0) + first + lane + 2 * period) % period] }
  }
}

@Test(arguments: [0, 1, 6, 7, 8, 13, 14, 500, 4_095, 4_096])
func offsets_areCountedAsClickByClick(count: Int) {
  var random = SeededRandom(seed: UInt64(count))
  let pattern = syncPattern()
  for first in [-102_400, -64, 0, 64 * 700] {
    let positions = (0..<count).map { _ in UInt32(random.next() & 0x3ffff) }
    let naive = naiveCounts(of: positions, from: first, pattern)
    let best = OffsetSearch.best(of: positions.span, from: first, in: pattern)
    let most = naive.max() ?? -1
    #expect(best.lit == most && best.offset - first == naive.firstIndex(of: most))
  }
}

/// Clicks on lit slots alone count fully at their own offset, up to the largest number.
@Test func offsets_ofLightAloneReachEveryClick() {
  var random = SeededRandom(seed: 9)
  let pattern = syncPattern()
  var positions: [UInt32] = []
  while positions.count < 4_096 {
    let slot = Int(random.next() & 0x3ffff)
    if pattern.isLit(slot) { positions.append(UInt32((slot + 1_000) & 0x3ffff)) }
  }
  let best = OffsetSearch.best(of: positions.span, from: -1_024, in: pattern)
  #expect(best.offset == -1_000 && best.lit == 4_096)
}

/// The sums of directions in floating point, from the definition.
private func naivePower(_ clicks: [(slot: UInt32, phase: UInt8)], rate: Int) -> (power: Double, turn: Double) {
  var x = 0.0
  var y = 0.0
  for click in clicks {
    let turn = (Double(click.phase) + 0.5) / 16 - Double(click.slot) * Double(rate) * 0x1p-27
    x += cos(2 * .pi * turn)
    y += sin(2 * .pi * turn)
  }
  return ((x * x + y * y) / Double(clicks.count), atan2(y, x) / (2 * .pi))
}

@Test(arguments: UInt64(0)..<6) func rates_haveThePowerOfTheDefinition(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let trueRate = Double.random(in: -290...290, using: &random)
  var clicks: [(slot: UInt32, phase: UInt8)] = []
  var search = RateSearch()
  search.begin(halfWidth: 300)
  for i in 0..<1_500 {
    let slot = UInt32(random.next() & 0x3ff_ffff)
    let light = Double(slot) * trueRate * 0x1p-27 + 0.3 + random.gaussian() * 0.03
    let phase = i < 500 ? UInt8(Int((light * 16).rounded(.down)) & 15) : UInt8(random.next() & 15)
    clicks.append((slot, phase))
    search.add(slot: slot, phase: phase)
  }
  var best = -300
  // The table's steps of 1/64 turn are wrong by 0.028 rad rms, at random: 2 sqrt(P) 0.028, and some deviations of it.
  for rate in -300...300 {
    let naive = naivePower(clicks, rate: rate)
    let found = Double(search.power(rate)) / 16
    #expect(abs(found - naive.power) < 0.1 + 0.2 * naive.power.squareRoot(), "rate \(rate)")
    if search.power(rate) > search.power(best) { best = rate }
  }
  #expect(abs(Double(best) - trueRate) <= 1)
  #expect(search.peakPower() == search.power(best))
}

/// Unwrapping goes to the nearest, and the place of a click follows from the path.
@Test func paths_giveTheSlotOfEveryClickOfLight() {
  var random = SeededRandom(seed: 6)
  #expect(unwrapped(1 << 30, near: 5 << 32) == 5 << 32 + 1 << 30)
  #expect(unwrapped(3 << 30, near: 5 << 32) == 5 << 32 - 1 << 30)
  #expect(unwrapped(1 << 30, near: -7 << 32 - 1 << 29) == -7 << 32 + 1 << 30)
  let segment = Segment(firstFrame: 100, frames: 64)
  for _ in 0..<500 {
    let late = Double.random(in: -3...3, using: &random)
    let perFrame = Double.random(in: -2.2...2.2, using: &random)
    let path = SegmentPath(middle: Int64(late * 0x1p32), perFrame: Int64(perFrame * 0x1p32))
    let slot = Int.random(in: 1_000..<67_000_000, using: &random)
    let time = Double(slot) + late + perFrame * (Double(slot) / 1_048_576 - 32)
    let sixteenths = Int64((time * 16).rounded(.down))
    #expect(path.slot(ofClickAt: sixteenths, in: segment) == slot)
    #expect(path.slot(ofClickAt: sixteenths + 3, in: segment) == nil)
    #expect(path.slot(ofClickAt: sixteenths - 3, in: segment) == nil)
  }
}

/// Seconds of this thread on a core, so that what else the machine does is left out.
private func threadSeconds(_ body: () -> Void) -> Double {
  func now() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
  let start = now()
  body()
  return now() - start
}

/// Tells what the pieces of work take on the machine at hand; nothing depends on it.
@Test func work_ofAClickAndOfASlice_isTold() {
  var random = SeededRandom(seed: 12)
  var rates = RateSearch()
  rates.begin(halfWidth: RateSearch.halfWidthMax)
  let summing = threadSeconds {
    for _ in 0..<4_000 { rates.add(slot: UInt32(random.next() & 0x3ff_ffff), phase: UInt8(random.next() & 15)) }
  }
  #expect(rates.clicks == 4_000)
  let pattern = syncPattern()
  let positions = (0..<4_096).map { _ in UInt32(random.next() & 0x3ffff) }
  var lit = 0
  let counting = threadSeconds {
    for word in 0..<400 { lit = max(lit, OffsetSearch.best(of: positions.span, from: 64 * word, in: pattern).lit) }
  }
  #expect(lit > 2_816)
  let perClick = summing / 4_000 * 1e9
  let perWord = counting / (400 * 4_096) * 1e9
  let bytes = MemoryLayout<Synchroniser>.size
  print(String(format: "work: click_ns=%.0f click_for_64_offsets_ns=%.2f state_bytes=%d", perClick, perWord, bytes))
}
