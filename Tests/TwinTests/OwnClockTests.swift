import Acquisition
import FixedStorage
import Foundation
import HostStorage
import Optics
import Ports
import RegisterMap
import Testing
import Twin
import Units

/// A link of 40 dB from Alice's exit to counts, at its best, with the motions of a scenario and some 500 clicks of
/// noise a second in each detector. The way of the orbit is left out: its loss changes by more than that in a pass.
private func dim(_ name: String) throws -> Scenario {
  var scenario = try #require(Scenario.named(name))
  scenario.pass = nil
  scenario.peakTransmission = 1e-4 / (scenario.receiver.efficiencies.reduce(0, +) / 6)
  scenario.backgroundHz = 250
  return scenario
}

@Suite struct OwnClockTests {
  @Test(arguments: [1, 0x9d2c_5680_1a2b_3c4d, UInt64.max, 0x8000_0000_0000_0000])
  func pattern_isThatOfAcquisition(seed: UInt64) {
    let theirs = SyncPattern(seed: seed, words: Block<UInt64>.onHost(count: SyncPattern.wordCount))
    let ours = SyncLight(seed: seed)
    var lit = 0
    for slot in 0..<SyncPattern.periodSlots {
      let expected = theirs.isLit(slot) ? theirs.laser(slot) : nil
      #expect(ours.laser(at: UInt32(slot)) == expected)
      lit += expected == nil ? 0 : 1
    }
    #expect(ours.litShare == Double(lit) / Double(SyncPattern.periodSlots))
    #expect(ours.laser(at: 5) == ours.laser(at: 3 << 18 + 5))
  }

  /// Clocks that are told to differ change nothing as long as they are common, to the bit.
  @Test func commonClocks_hearNothingOfDoubts() throws {
    func words(_ scenario: Scenario) throws -> [UInt32] {
      let bench = Bench(Simulation(scenario, seed: 5))
      try bench.start()
      var words: [UInt32] = []
      try bench.live(until: 60) { words += try bench.drain() }
      return words
    }
    var other = Scenario.drone
    other.clockDoubtUs = 3
    other.clockDoubtPpm = 0
    other.rangeM = Motion()
    let (a, b) = (try words(.drone), try words(other))
    #expect(a == b && a.count > 5_000)
  }

  /// In frames with the pattern lit slots have light of their laser, dark ones none, and no choice can be looked up.
  @Test func pattern_takesThePlaceOfKeyInItsFrames() throws {
    var scenario = Scenario.bench
    scenario.depolarisation = 0
    scenario.backgroundHz = 0
    scenario.receiver.darkHz = [0, 0, 0, 0, 0, 0]
    let bench = Bench(Simulation(scenario, seed: 4))
    try bench.start(stop: 7)
    let seed: UInt64 = 0x1234_5678_9abc_def1
    for (register, word) in [
      (FpgaMap.syncSeedLow, UInt32(truncatingIfNeeded: seed)), (FpgaMap.syncSeedHigh, UInt32(seed >> 32)),
      (FpgaMap.syncSchedule, 1 << 4 | 1), (FpgaMap.commit, 1),
    ] { try bench.write(.alice, register, word) }
    var words: [UInt32] = []
    try bench.live(until: 80) { words += try bench.drain() }
    let pattern = SyncPattern(seed: seed, words: Block<UInt64>.onHost(count: SyncPattern.wordCount))
    var frame: UInt32 = 0
    var (lit, wrong) = (0, 0)
    var keyOnDark = 0
    for event in words.map(Event.init) {
      guard event.detectors != 0 else {
        frame = event.slot
        continue
      }
      let slot = Int(event.slot)
      try bench.write(.alice, FpgaMap.lookupFrame, frame)
      _ = try bench.writeBurst(.alice, 0x64, [event.slot])
      let isValid = try #require(try bench.burst(.alice, 3, 0x64, count: 1)).0[0] & 0x200 != 0
      #expect(isValid == (frame % 2 == 1), "frame \(frame)")
      guard frame % 2 == 0 else {
        if !pattern.isLit(slot) { keyOnDark += 1 }
        continue
      }
      let isLit = pattern.isLit(slot)
      #expect(isLit, "slot \(slot) of frame \(frame)")
      lit += 1
      let opposite = UInt32(1) << UInt32(pattern.laser(slot) ^ 1)
      if event.detectors & opposite != 0 { wrong += 1 }
    }
    // Three frames each of 2^20 slots; 11/16 of 0.5 photons at one per cent, less dead time.
    #expect(lit > 8_000 && lit < 11_500 && keyOnDark > 1_000, "\(lit) \(keyOnDark)")
    #expect(wrong == 0)
  }

  /// Slots and phases of a still clock that is ahead by a known amount, undone by an alignment.
  @Test func alignment_undoesTheClocks() throws {
    var scenario = Scenario.bench
    scenario.rangeM = Motion()
    let simulation = Simulation(scenario, seed: 9, clocks: .own)
    var process = ClockProcess(scenario, seed: Philox.block(low: 1, high: 0, key: 9).0)
    let state = process.next()
    let bench = Bench(simulation)
    try bench.start()
    try bench.write(.alice, FpgaMap.pulse, 5)
    try bench.write(.alice, FpgaMap.commit, 1)
    #expect(abs(try #require(simulation.arrivalPs) - state.offset * 1e4 - 250) < 1e-3)
    // The commit takes effect at Bob's frame 1, where his clock reads 2^20: 2^20 - D of Alice's slots have come then,
    // so that D = offset + growth (2^20 - D).
    let ahead = state.ahead(at: 1 << 20) / (1 + state.growth)
    let raw = Int64(((0.5 - ahead) * 0x1p32).rounded())
    let rate = Int32((-state.growth * 0x1p46).rounded())
    for (register, word) in [
      (FpgaMap.alignSlots, UInt32(truncatingIfNeeded: raw >> 32)),
      (FpgaMap.alignFraction, UInt32(truncatingIfNeeded: raw)),
      (FpgaMap.alignRate, UInt32(bitPattern: rate)), (FpgaMap.gate, 250 << 8 | 50), (FpgaMap.commit, 1),
    ] { try bench.write(.bob, register, word) }
    var words: [UInt32] = []
    try bench.live(until: 60) { words += try bench.drain() }
    let error = try #require(simulation.arrivalPs) - 5_250
    #expect(abs(error) < 5, "\(error) ps")
    #expect(words.count > 5_000)
  }

  /// An arrival in the last sixteenths of a slot and a gate across its end: all phases are of the gate.
  @Test func gate_isOpenAcrossTheEndOfASlot() throws {
    let bench = Bench(Simulation(.bench, seed: 3, clocks: .own))
    try bench.start()
    try bench.write(.bob, FpgaMap.gate, 900 << 8 | 20)
    try bench.write(.bob, FpgaMap.commit, 1)
    var phases: [UInt32: Int] = [:]
    try bench.live(until: 200) {
      for word in try bench.drain() where word >> 26 != 0 { phases[word >> 22 & 15, default: 0] += 1 }
    }
    // 9 to 11 ns are the sixteenths 14 (from its 0.4 on), 15, 0 and 1 (up to its 0.6).
    #expect(Set(phases.keys) == [14, 15, 0, 1], "\(phases)")
  }

  /// Alignments at random, far and near, both ways: frames go up by one, clicks rise within them, and nothing is told
  /// in front of its frame.
  @Test(arguments: UInt64(1)..<5) func jumps_keepTheOrderOfTheFifo(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let bench = Bench(Simulation(.bench, seed: seed, clocks: .own))
    try bench.start(deadSlots: 0)
    try bench.write(.bob, FpgaMap.gate, 100)
    try bench.write(.bob, FpgaMap.commit, 1)
    var words: [UInt32] = []
    var tick = 0
    try bench.live(until: 300) {
      words += try bench.drain()
      tick += 1
      guard tick % 7 == 0 else { return }
      let bound: Int32 = tick % 2 == 0 ? 3 : 900_000
      try bench.write(.bob, FpgaMap.alignSlots, UInt32(bitPattern: Int32.random(in: -bound...bound, using: &random)))
      try bench.write(.bob, FpgaMap.alignRate, UInt32(bitPattern: Int32.random(in: -1 << 27...1 << 27, using: &random)))
      try bench.write(.bob, FpgaMap.commit, 1)
    }
    var frame: UInt32?
    var latest: UInt32 = 0
    var clicks = 0
    for event in words.map(Event.init) {
      guard event.detectors != 0 else {
        #expect(frame == nil || event.slot == frame! + 1)
        frame = event.slot
        latest = 0
        continue
      }
      #expect(event.frameLow == frame! % 4 && event.slot >= latest)
      latest = event.slot
      clicks += 1
    }
    #expect(clicks > 20_000 && frame! > 15)
    let now = try bench.read(.bob, FpgaMap.frame)
    #expect(now == frame!)
  }

  /// Light in pieces of a few slots or at once: the same words, of light so dense and of pulses so wide that neighbours
  /// change places.
  @Test func ownClocks_doNotDependOnTheCut() throws {
    func words(stepNs: UInt64) throws -> [UInt32] {
      var scenario = Scenario.bench
      scenario.peakTransmission = 1
      scenario.clockDoubtUs = 1
      scenario.receiver.deadSlots = 0
      let bench = Bench(Simulation(scenario, seed: 5, clocks: .own))
      try bench.start(deadSlots: 0)
      try bench.write(.alice, FpgaMap.pulse, 255)
      try bench.write(.bob, FpgaMap.gate, 100)
      for role in [Role.alice, .bob] { try bench.write(role, FpgaMap.commit, 1) }
      bench.live(until: 20)
      // Frame 2 begins at 20.97 ms.
      let end = Instant(ns: 21_100_000)
      while bench.simulation.now < end { bench.simulation.advance(to: bench.simulation.now + Nanoseconds(stepNs)) }
      bench.simulation.advance(to: end + Nanoseconds(1_000))
      return try bench.drain()
    }
    let (once, often) = (try words(stepNs: 1_100_000), try words(stepNs: 30))
    #expect(once.count > 1_500 && once == often)
  }

  /// The whole way: clocks that nobody has set, light, registers, search, loop, a fade, and the search behind it.
  @Test(arguments: ["drone", "ship", "satellite"], UInt64(1)..<5)
  func synchroniser_locksOnTheTwinAndAgainBehindAFade(name: String, seed: UInt64) throws {
    let simulation = Simulation(try dim(name), seed: seed, clocks: .own)
    var bench = try ClockBench(simulation)
    try bench.run(until: 2) { $0.sync.totals.locks == 0 }
    let first = bench.seconds
    let locks = bench.sync.totals.locks
    #expect(locks == 1 && first < 2)
    try bench.run(until: first + 3) { !$0.sync.isSettled }
    let isTracking = bench.sync.isSettled && bench.sync.state == .tracking
    #expect(isTracking)
    var worst = try bench.worst(until: 12)
    simulation.set(.laserArm, high: false, of: .alice)
    try bench.run(until: 15)
    let (state, totals) = (bench.sync.state.stateName, bench.sync.totals)
    #expect(state == .reacquiring && totals.fades == 1)
    simulation.set(.laserArm, high: true, of: .alice)
    try bench.run(until: 17) { $0.sync.totals.locks == 1 }
    let again = bench.seconds - 15
    let isFound = bench.sync.totals.locks == 2
    #expect(isFound)
    try bench.run(until: bench.seconds + 3) { !$0.sync.isSettled }
    worst = max(worst, try bench.worst(until: 22))
    let figures = [first, worst, again].map { String(format: "%.2f", $0) }
    print("twin sync \(name) seed=\(seed) lock_s=\(figures[0]) worst_ns=\(figures[1]) again_s=\(figures[2])")
    let end = bench.sync.totals
    #expect(worst < 1 && end.locks == 2 && end.errorAlarms == 0)
  }

  /// Links as they are, with their weather and their sky; an orbit only as dim as it is at its start, since nobody
  /// foretells its range here.
  @Test(arguments: Scenario.all.map(\.name)) func synchroniser_followsEveryScenario(name: String) throws {
    var scenario = try #require(Scenario.named(name))
    if let pass = scenario.pass {
      scenario.peakTransmission *= pass.transmission(at: pass.point(at: pass.startSeconds))
      scenario.pass = nil
    }
    let simulation = Simulation(scenario, seed: 7, clocks: .own)
    var bench = try ClockBench(simulation)
    try bench.run(until: 2) { $0.sync.totals.locks == 0 }
    let first = bench.seconds
    try bench.run(until: first + 3) { !$0.sync.isSettled }
    let settled = bench.seconds
    let worst = try bench.worst(until: 8)
    let totals = bench.sync.totals
    let figures = [first, settled, worst].map { String(format: "%.2f", $0) }
    print("twin sync as is \(name) lock_s=\(figures[0]) settled_s=\(figures[1]) worst_ns=\(figures[2])")
    #expect(first < 2 && settled < 3 && worst < 1 && totals.locks == 1 && totals.errorAlarms == 0, "\(totals)")
  }
}
