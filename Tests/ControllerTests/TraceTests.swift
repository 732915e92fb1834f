import Controller
import Distillation
import Drivers
import FixedStorage
import Foundation
import Health
import HostStorage
import LinkControl
import Testing
import Twin
import TwinRun
import Units

/// A session leaves its states in order, with the reason of each, and what came of it.
@Test func trace_tellsASessionInOrder() {
  var link = LinkRun(plan(frames: 60))
  _ = link.startExchange()
  _ = link.runUntilIdle()
  link.run(ticksMax: 2)
  let shown = answer("trace", of: &link.alice)
  let expected = [
    "start 1", "state selftest, was booting: gateware is configured", "state idle, was selftest: self-test passed",
    "state acquiring, was idle: start was asked for", "state exchanging, was acquiring: frames agreed on",
    "state draining, was exchanging: last frame is over", "state idle, was draining: last block is done",
    "block 0 gave key", "session finished",
  ]
  var rest = shown[...]
  for line in expected.prefix(7) {
    guard let place = rest.range(of: line) else {
      Issue.record("\(line) in \(shown)")
      return
    }
    rest = rest[place.upperBound...]
  }
  #expect(expected.allSatisfy { shown.contains($0) }, "\(shown)")
  let rows = shown.split(separator: "\r\n")
  let last = answer("trace 2", of: &link.alice).split(separator: "\r\n")
  #expect(last.count == 3 && Array(last[..<2]) == Array(rows.suffix(3)[..<(rows.endIndex - 1)]))
}

/// A fault is noted with its evidence, and so is a tamper edge.
@Test func trace_tellsFaultsWithTheirEvidence() {
  var plan = plan()
  plan.bobFaults = FaultPlan([.wrongIdentity(0x4749_4d43)])
  var link = LinkRun(plan)
  link.run(ticksMax: 100)
  let shown = answer("trace", of: &link.bob)
  #expect(shown.contains("fault wrong_identity: ") && shown.contains("expected=0x47494d42"))
  #expect(shown.contains("state faulted, was selftest: fault"))
  link.simulation.fpga(of: .alice).isTampered = true
  link.run(ticksMax: 5)
  let tampered = answer("trace", of: &link.alice)
  #expect(tampered.contains("state zeroized, was idle: zeroize was asked for"))
}

/// Memory that a ring leaves behind, for the next one.
@safe
private final class Remains {
  let start = UnsafeMutablePointer<UInt64>.allocate(capacity: TraceRing.storageWords)
  init() { unsafe start.initialize(repeating: 0, count: TraceRing.storageWords) }
  deinit { unsafe start.deallocate() }
  /// Used by one ring at a time.
  func block() -> Block<UInt64> { unsafe Block(unsafeStart: start, count: TraceRing.storageWords) }
}

@Test func traceRing_countsRepeatsAndForgetsTheOldest() {
  var ring = TraceRing(storage: .onHost(count: TraceRing.storageWords))
  for time in 0..<UInt64(10) { ring.note(.late, at: time) }
  let repeated = ring.entry(0)
  let kept = ring.kept
  #expect(kept == 0..<1 && repeated?.times == 10 && repeated?.nanoseconds == 0 && repeated?.event == .late)
  for number in 0..<UInt32(200) { ring.note(.block(number, refusal: nil), at: UInt64(number)) }
  let (all, oldest, newest) = (ring.kept, ring.entry(73), ring.entry(200))
  #expect(all == 73..<201 && oldest?.event == .block(72, refusal: nil) && newest?.event == .block(199, refusal: nil))
}

private let everyEvent: [TraceEvent] = [
  .started(.max), .moved(from: .idle, to: .zeroized, on: .selfTestRequested),
  .fault(FaultCause(.wavePlates, address: .max, expected: .max, found: 7)), .session(.finished),
  .session(.configurationDiffers(.reconciliation, own: .max, peer: 3)), .session(.configurationUnusable(.adBlock)),
  .block(.max, refusal: nil), .block(3, refusal: .rowLeft), .applied(.max), .saved, .late, .repeated,
  .lateWrite(LateWrite(slot: 1 << 51, slotsLate: 3 << 20)),
  .alarm(.wireRetries, isActive: true), .alarm(.fault, isActive: false), .cleared, .aligned(delayPs: nil),
  .aligned(delayPs: 4000), .tuned(.keyTtlS, .max), .poked(.max, .max),
  .updated(status: -1, isInstalled: false), .updated(status: 0, isInstalled: true),
]

/// What one run notes the next one finds, word for word, and counts on behind it.
@Test func traceRing_ofAnEarlierRun_isContinued() {
  let remains = Remains()
  var first = TraceRing(storage: remains.block())
  for (place, event) in everyEvent.enumerated() { first.note(event, at: UInt64(place)) }
  var second = TraceRing(storage: remains.block())
  let (starts, kept) = (second.starts, second.kept)
  #expect(starts == 2 && kept == 0..<UInt32(everyEvent.count))
  for (place, event) in everyEvent.enumerated() {
    let entry = second.entry(UInt32(place))
    #expect(entry?.event == event && entry?.nanoseconds == UInt64(place) && entry?.times == 1)
  }
  second.note(.saved, at: 99)
  let last = second.entry(UInt32(everyEvent.count))
  #expect(last?.event == .saved && last?.nanoseconds == 99)
}

/// A record that was torn costs itself; memory that is no trace counts as new.
@Test(arguments: fuzzSeeds(100)) func traceRing_ofBentMemory_isReadOrNew(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let remains = Remains()
  var first = TraceRing(storage: remains.block())
  for number in 0..<UInt32.random(in: 0...300, using: &random) { first.note(.block(number, refusal: nil), at: 1) }
  let bends = Int.random(in: 1...6, using: &random)
  for _ in 0..<bends {
    let place = Int.random(in: 0..<TraceRing.storageWords, using: &random)
    unsafe remains.start[place] ^= 1 << UInt64.random(in: 0..<64, using: &random)
  }
  var second = TraceRing(storage: remains.block())
  var torn = 0
  let kept = second.kept
  for number in kept {
    guard let entry = second.entry(number) else {
      torn += 1
      continue
    }
    guard case .block = entry.event else {
      Issue.record("seed \(seed): \(entry.event)")
      return
    }
  }
  #expect(torn <= bends && kept.count <= TraceRing.capacity, "seed \(seed)")
  second.note(.saved, at: 5)
  let newest = second.entry(second.kept.upperBound - 1)
  #expect(newest?.event == .saved)
}
