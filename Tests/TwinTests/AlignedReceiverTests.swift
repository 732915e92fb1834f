import HostStorage
import Optics
import Testing

@testable import Twin

/// A clock that is ahead by a line, arrivals that lie close, and alignments that take effect at frames.
private struct Case {
  let clocks: ClockState
  var arrivals: [Arrival] = []
  /// By frame.
  var alignments: [UInt64: Alignment] = [:]
  let gate: AlignedReceiver.Gate

  init(seed: UInt64, jumps: Double, gate: AlignedReceiver.Gate) {
    var random = SeededRandom(seed: seed)
    func even(_ bound: Double) -> Double { Double.random(in: -bound...bound, using: &random) }
    clocks = ClockState(start: 0, offset: even(1e5), growth: even(4e-6))
    self.gate = gate
    // Pairs in neighbouring slots, which jitter may turn round. Neighbours meet different detectors: one that has
    // clicked in a slot does not click there again.
    let slots = (0..<2_000).map { _ in UInt64.random(in: 0..<6 << 20, using: &random) }.flatMap { [$0, $0 + 1] }
    for (i, slot) in slots.sorted().enumerated() {
      arrivals.append(Arrival(slot: slot, later: 0.5 + even(1), detectors: 1 << UInt8(i % 6)))
    }
    for frame in UInt64(1)..<5 where frame != 3 {
      var alignment = Alignment.none
      alignment.offset = -clocks.offset + even(jumps)
      alignment.rate = even(3e-6)
      alignments[frame] = alignment
    }
  }

  struct Told: Equatable {
    let frame: UInt64
    let slot: UInt64
    let phase: UInt8
    let detectors: UInt8
  }

  /// What the receiver tells when slots come in stretches of any length.
  func told(stretches seed: UInt64) -> [Told] {
    var random = SeededRandom(seed: seed)
    var receiver = AlignedReceiver(deadSlots: 0)
    receiver.clocks = clocks
    var clicks = AlignedReceiver.Clicks()
    var told: [Told] = []
    var slot: UInt64 = 0
    var next = 0
    func release(_ receiver: inout AlignedReceiver, before end: UInt64) {
      clicks.removeAll()
      receiver.release(before: end, gate: gate, enabled: 63, isRunning: true, into: &clicks)
      told += clicks.told.map {
        Told(frame: $0.slot >> 20, slot: $0.slot & 0xf_ffff, phase: $0.phase, detectors: $0.detectors)
      }
    }
    while slot < 6 << 20 {
      let end = min(slot + UInt64.random(in: 1..<200_000, using: &random), max(receiver.nextFrameSlot, slot + 1))
      let first = next
      while next < arrivals.count, arrivals[next].slot < end { next += 1 }
      receiver.take(Array(arrivals[first..<next]))
      slot = end
      release(&receiver, before: slot)
      while receiver.nextFrameSlot <= slot {
        release(&receiver, before: slot)
        receiver.beginFrame(alignments[receiver.frame + 1])
      }
    }
    return told
  }

  /// The same by absolute times and a search for each frame's start; knows of no queue and no stretch.
  func naive() -> [Told] {
    func reading(_ time: Double) -> Double { time + clocks.offset + clocks.growth * time }
    let times = arrivals.map { (Double($0.slot) + $0.later, $0.detectors) }.sorted { $0.0 < $1.0 }
    var told: [Told] = []
    var (alignment, since) = (Alignment.none, 0.0)
    func count(_ time: Double) -> Double { reading(time) + alignment.offset + alignment.rate * (reading(time) - since) }
    var from = -1e9
    for frame in UInt64(0)..<8 {
      var (low, high) = (from, 1e8)
      for _ in 0..<200 {
        let middle = (low + high) / 2
        if count(middle) < Double((frame + 1) << 20) { low = middle } else { high = middle }
      }
      for (time, detectors) in times where time >= from && time < high {
        let place = count(time) - Double(frame << 20)
        let phase = place - place.rounded(.down)
        let since = phase - gate.opensAt < 0 ? phase - gate.opensAt + 1 : phase - gate.opensAt
        guard place >= 0, since < gate.width else { continue }
        told.append(
          Told(frame: frame, slot: UInt64(place), phase: UInt8(phase * 16), detectors: detectors))
      }
      if let next = alignments[frame + 1] { (alignment, since) = (next, reading(high)) }
      from = high
    }
    return told
  }
}

@Suite struct AlignedReceiverTests {
  /// Whatever a commit does to the count, in either direction: slots, phases and frames are those of the naive count.
  @Test(arguments: UInt64(0)..<12, [0.0, 3, 2_000, 9e5])
  func clicks_areThoseOfTheNaiveCount(seed: UInt64, jumps: Double) {
    let gate = AlignedReceiver.Gate(opensAt: seed % 3 == 0 ? 0 : 0.8, width: seed % 3 == 0 ? 1 : 0.5)
    let link = Case(seed: seed, jumps: jumps, gate: gate)
    let expected = link.naive().filter { $0.frame < 5 }
    let told = link.told(stretches: seed).filter { $0.frame < 5 }
    #expect(told == expected && told.count > (jumps < 1e5 ? 1_000 : 100), "\(told.count) of \(expected.count)")
    // In order, whatever jumps.
    #expect(zip(told, told.dropFirst()).allSatisfy { ($0.frame, $0.slot) <= ($1.frame, $1.slot) })
    #expect(link.told(stretches: seed + 99).filter { $0.frame < 5 } == told)
  }

  /// A gate that opens late in a slot lets the start of the next one in.
  @Test func gate_goesOnInTheNextSlot() {
    let gate = AlignedReceiver.Gate(opensAt: 0.9, width: 0.2)
    #expect([0.89, 0.1001, 0.5].allSatisfy { !gate.isOpen(at: $0) })
    #expect([0.9, 0.95, 0, 0.0999].allSatisfy { gate.isOpen(at: $0) })
    #expect(!AlignedReceiver.Gate(opensAt: 0, width: 0).isOpen(at: 0))
    #expect(AlignedReceiver.Gate(opensAt: 2.5, width: 1).isOpen(at: 0.4999))
  }

  /// A closed gate makes no click and no dead time; an open one does both, by the clock and not by the count.
  @Test func closedGate_costsNoDeadTime() {
    var receiver = AlignedReceiver(deadSlots: 8)
    receiver.take([
      Arrival(slot: 100, later: 0.1, detectors: 1), Arrival(slot: 103, later: 0.6, detectors: 1),
      Arrival(slot: 105, later: 0.6, detectors: 3), Arrival(slot: 113, later: 0.6, detectors: 1),
    ])
    var clicks = AlignedReceiver.Clicks()
    receiver.release(
      before: 1_000, gate: .init(opensAt: 0.5, width: 0.5), enabled: 0b1_1111, isRunning: true, into: &clicks)
    #expect(clicks.told.map(\.slot) == [103, 105, 113] && clicks.told.map(\.detectors) == [1, 2, 1])
    #expect(clicks.told.map(\.phase) == [9, 9, 9] && clicks.readings == [103, 105, 113])
    // Front-end: one outside of the gate, three inside, of which one detector was dead.
    #expect(clicks.counts[0] == 3 && clicks.counts[1] == 1)
  }
}
