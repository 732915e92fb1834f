import Optics
import Ports
import RegisterMap
import Testing
import Twin
import Units

private let roles = [Role.alice, .bob]

@Test(arguments: roles) func registers_afterReset_showTheMap(role: Role) throws {
  let bench = Bench(Simulation(.bench, seed: 1))
  #expect(try bench.read(role, FpgaMap.ident) == 0x4749_4d42)
  #expect(try bench.read(role, FpgaMap.version) == (role == .alice ? 0x0000_0001 : 0x0100_0001))
  #expect(try bench.read(role, FpgaMap.watchdog) == 100)
  // Clock locked and interlock closed, nothing else.
  #expect(try bench.read(role, FpgaMap.status) == 0x30)
}

@Test func accesses_outsideTheMap_areRefused() throws {
  let bench = Bench(Simulation(.bench, seed: 1))
  for (role, opcode, address) in [
    (Role.alice, UInt8(1), UInt8(0x80)), (.bob, 1, 0x40), (.alice, 1, 0xf0), (.alice, 2, 0x00), (.bob, 1, 0x98),
    (.alice, 9, 0x08), (.alice, 1, 0x02),
  ] {
    let answer = try #require(try bench.access(role, opcode, address, 5))
    #expect(answer == (0xe7, 0), "\(role) \(opcode) \(address)")
  }
}

@Test func shadowRegisters_takeEffectAtTheFrameAfterTheCommit() throws {
  let bench = Bench(Simulation(.bench, seed: 1))
  try bench.start()
  #expect(try bench.read(.alice, FpgaMap.commitCount) == 1)
  #expect(try bench.read(.bob, FpgaMap.control) == 1)
  // Frame 2 starts at 20.97 ms.
  bench.live(until: 20)
  #expect(try bench.read(.bob, FpgaMap.frame) == 1)
  #expect(try bench.read(.bob, FpgaMap.status) & 1 == 0)
  bench.live(until: 21)
  #expect(try bench.read(.bob, FpgaMap.frame) == 2)
  #expect(try bench.read(.bob, FpgaMap.status) & 1 == 1)
  #expect(try bench.read(.alice, FpgaMap.status) & 3 == 3)
  // A written value without a commit changes nothing.
  try bench.write(.bob, FpgaMap.control, 0)
  bench.live(until: 40)
  #expect(try bench.read(.bob, FpgaMap.status) & 1 == 1)
  try bench.write(.bob, FpgaMap.commit, 1)
  #expect(try bench.read(.bob, FpgaMap.status) & 1 == 1)
  bench.live(until: 42)
  #expect(try bench.read(.bob, FpgaMap.status) & 1 == 0)
}

@Test func window_bracketsItsFramesWithMarkers() throws {
  let bench = Bench(Simulation(.bench, seed: 3))
  try bench.start(stop: 5)
  var words: [UInt32] = []
  try bench.live(until: 80) { words += try bench.drain() }
  let events = words.map(Event.init)
  let markers = events.filter { $0.detectors == 0 }
  #expect(markers.map(\.slot) == [2, 3, 4, 5] && markers.map(\.frameLow) == [2, 3, 0, 1])
  #expect(events.first?.detectors == 0 && events.last?.detectors == 0)
  // Between two markers the slots rise and carry the frame of the first; common dead time holds everywhere.
  var frame: UInt32 = 0
  var latest: UInt32 = 0
  for event in events {
    guard event.detectors != 0 else {
      frame = event.slot
      latest = 0
      continue
    }
    #expect(event.frameLow == frame % 4)
    #expect(latest == 0 || event.slot > latest + 8)
    latest = event.slot
  }
  // Three frames at about 0.0034 clicks a slot.
  #expect(events.count > 6_000 && events.count < 12_000)
  #expect(bench.simulation.pulsesSent == 3 << 20)
  let discarded = try bench.read(.bob, FpgaMap.discarded)
  #expect(UInt64(events.count - markers.count) + UInt64(discarded) == bench.simulation.detections)
}

@Test func watchdog_withoutHeartbeat_shutsAndStaysShut() throws {
  let bench = Bench(Simulation(.bench, seed: 1))
  try bench.start()
  bench.live(until: 60)
  let before = bench.simulation.detections
  // Bob's heartbeat stops at 60 ms, Alice's goes on: Bob shuts at 160 ms to the slot.
  bench.live(until: 159, beating: [.alice])
  #expect(try bench.read(.bob, FpgaMap.status) & 0b101 == 0b001)
  bench.live(until: 160, beating: [.alice])
  #expect(try bench.read(.bob, FpgaMap.status) & 0b101 == 0b100)
  let at160 = bench.simulation.detections
  #expect(at160 > before)
  // A commit under the latch does not survive the clearing of the latch.
  try bench.write(.bob, FpgaMap.commit, 1)
  bench.live(until: 200)
  try bench.write(.bob, FpgaMap.clear, 1)
  bench.live(until: 230)
  #expect(try bench.read(.bob, FpgaMap.status) & 0b101 == 0)
  #expect(bench.simulation.detections == at160)
  #expect(try bench.read(.alice, FpgaMap.status) & 0b101 == 0b001)
  try bench.write(.bob, FpgaMap.commit, 1)
  bench.live(until: 250)
  #expect(try bench.read(.bob, FpgaMap.status) & 0b101 == 0b001)
}

/// The last edge comes at 60.5 ms, so with a period of 30 ms the lasers stop at 90.5 ms, in the middle of a tick.
@Test func watchdog_tripsAtItsSlot() throws {
  let bench = Bench(Simulation(.bench, seed: 1))
  try bench.start()
  try bench.write(.alice, FpgaMap.watchdog, 30)
  bench.live(until: 60)
  bench.simulation.advance(to: Instant(ns: 60_500_000))
  bench.simulation.set(.heartbeat, high: true, of: .alice)
  bench.simulation.set(.heartbeat, high: false, of: .alice)
  bench.live(until: 120, beating: [.bob])
  // Frame 2 starts at slot 2^21.
  #expect(bench.simulation.pulsesSent == 9_050_000 - (1 << 21))
}

@Test func interlock_withoutArmLine_letsNoLightOut() throws {
  let bench = Bench(Simulation(.bench, seed: 1))
  try bench.start()
  bench.simulation.set(.laserArm, high: false, of: .alice)
  bench.live(until: 60)
  #expect(bench.simulation.pulsesSent == 0)
  #expect(try bench.read(.alice, FpgaMap.status) & 0b11 == 0)
  // Darks and room light only: 6 detectors, about 350 per second in a gate of a fifth, for 39 ms.
  #expect(bench.simulation.detections < 60)
  bench.simulation.set(.laserArm, high: true, of: .alice)
  bench.live(until: 70)
  #expect(bench.simulation.pulsesSent == 1_000_000)
  bench.simulation.setInterlock(closed: false)
  bench.live(until: 80)
  #expect(bench.simulation.pulsesSent == 1_000_000)
  #expect(try bench.read(.alice, FpgaMap.status) & 0x23 == 2)
}

@Test func fifo_whenFull_losesAndCounts() throws {
  let bench = Bench(Simulation(.bench, seed: 2, bobFaults: FaultPlan([.shallowFifo(words: 100)])))
  try bench.start()
  bench.live(until: 31)
  #expect(try bench.read(.bob, FpgaMap.fifoLevel) == 100)
  let lost = try bench.read(.bob, FpgaMap.fifoLost)
  let discarded = try bench.read(.bob, FpgaMap.discarded)
  // One of the hundred words is the marker.
  #expect(lost > 1_000 && UInt64(lost + 99 + discarded) == bench.simulation.detections)
  #expect(try bench.read(.bob, FpgaMap.status) & 8 == 8)
  let words = try bench.drain()
  #expect(words.count == 100)
  try bench.write(.bob, FpgaMap.clear, 2)
  #expect(try bench.read(.bob, FpgaMap.status) & 8 == 0)
}

@Test func commonDeadTime_discardsByAllClicks() throws {
  let open = Bench(Simulation(.bench, seed: 2))
  let strict = Bench(Simulation(.bench, seed: 2))
  try open.start(deadSlots: 0)
  try strict.start(deadSlots: 200)
  var all: [UInt32] = []
  var kept: [UInt32] = []
  try open.live(until: 31) { all += try open.drain() }
  try strict.live(until: 31) { kept += try strict.drain() }
  // Second implementation: a click counts if the one before it, counted or not, is more than 200 slots away.
  var expected: [UInt32] = []
  var discarded: UInt32 = 0
  var latest: UInt32?
  for word in all {
    let event = Event(word)
    guard event.detectors != 0 else {
      expected.append(word)
      continue
    }
    if let latest, event.slot - latest <= 200 { discarded += 1 } else { expected.append(word) }
    latest = event.slot
  }
  #expect(kept == expected && discarded > 500)
  #expect(try strict.read(.bob, FpgaMap.discarded) == discarded)
}

/// What Alice answers for the clicked slots must explain Bob's clicks: after undoing the twirl 1 % errors remain.
@Test func lookup_ofClickedSlots_explainsTheClicks() throws {
  let bench = Bench(Simulation(.bench, seed: 11))
  try bench.start(stop: 8)
  var words: [UInt32] = []
  try bench.live(until: 90) { words += try bench.drain() }
  var frame: UInt32 = 0
  var sifted = 0
  var errors = 0
  for event in words.map(Event.init) {
    guard event.detectors != 0 else {
      frame = event.slot
      continue
    }
    guard event.detectors.nonzeroBitCount == 1 else { continue }
    try bench.write(.alice, FpgaMap.lookupFrame, frame)
    #expect(try bench.writeBurst(.alice, 0x64, [event.slot])[0] == 0xa5)
    let (answer, waiting) = try #require(try bench.burst(.alice, 3, 0x64, count: 1))
    #expect(waiting == 0 && answer[0] & 0x200 != 0)
    let twirl = Twirl.rotation(Int(answer[0] & 15))
    let axis = try #require(Axis(rawValue: UInt8(answer[0] >> 4 & 3)))
    let sent = twirl.applied(to: (answer[0] & 64 == 0 ? 1 : -1) * axis.unitVector)
    let overlap = (sent * Analyser.direction(ofDetector: event.detectors.trailingZeroBitCount)).sum()
    if overlap != 0 { sifted += 1 }
    if overlap < 0 { errors += 1 }
  }
  #expect(sifted > 5_000 && abs(Double(errors) / Double(sifted) - 0.0105) < 0.005, "\(errors) of \(sifted)")
}

@Test func lookup_outsideTheMemory_isInvalid() throws {
  let bench = Bench(Simulation(.bench, seed: 11))
  try bench.start()
  func isValid(_ frame: UInt32, _ slot: UInt32) throws -> Bool {
    try bench.write(.alice, FpgaMap.lookupFrame, frame)
    _ = try bench.writeBurst(.alice, 0x64, [slot])
    return try #require(try bench.burst(.alice, 3, 0x64, count: 1)).0[0] != 0
  }
  bench.live(until: 22)
  let early = [try isValid(2, 100), try isValid(1, 100), try isValid(2, 200_000), try isValid(3, 0)]
  #expect(early == [true, false, false, false])
  // Frame 2 leaves the memory when frame 258 begins, at 2705.3 ms.
  bench.live(until: 2_705)
  #expect(try isValid(2, 100))
  #expect(try bench.read(.alice, FpgaMap.choicesOldest) == 2)
  bench.live(until: 2_706)
  #expect(try !isValid(2, 100))
  #expect(try bench.read(.alice, FpgaMap.choicesOldest) == 3)
}

@Test func fifoWords_doNotDependOnTheReadingPattern() throws {
  func words(every period: UInt64, step: Int) throws -> [UInt32] {
    let bench = Bench(Simulation(.drone, seed: 5))
    try bench.start()
    var words: [UInt32] = []
    var tick: UInt64 = 0
    try bench.live(until: 60) {
      tick += 1
      if tick % period == 0 { words += try bench.drain(step: step) }
      // Time between the ticks may pass in any pieces.
      if period == 1 { bench.simulation.advance(to: bench.simulation.now + Nanoseconds(333_333)) }
    }
    return words + (try bench.drain())
  }
  let often = try words(every: 1, step: 7)
  let seldom = try words(every: 20, step: 1_000)
  let shared = min(often.count, seldom.count)
  #expect(shared > 5_000 && often.count - seldom.count < 300)
  #expect(often[..<shared] == seldom[..<shared])
}

@Test func simulation_repeatsForItsSeedOnly() throws {
  func words(_ seed: UInt64) throws -> [UInt32] {
    let bench = Bench(Simulation(.drone, seed: seed))
    try bench.start()
    bench.live(until: 40)
    return try bench.drain()
  }
  let first = try words(1)
  let again = try words(1)
  let other = try words(2)
  #expect(first == again && first != other && first.count > 1_000)
}
