import Drivers
import FixedStorage
import HostStorage
import Optics
import Ports
import Testing
import Twin
import Units

/// The drivers of the device on the wires of the twin: nothing between them is a double.
private struct Rig: ~Copyable {
  let simulation: Simulation
  var alice: AliceFpga<SimulatedSpiBus>
  var bob: BobFpga<SimulatedSpiBus>
  private var isHigh = false

  init(_ simulation: Simulation) {
    self.simulation = simulation
    alice = AliceFpga(
      bus: SimulatedSpiBus(simulation, role: .alice), command: Block<UInt8>.onHost(count: 4_096),
      reply: Block<UInt8>.onHost(count: 4_096))
    bob = BobFpga(
      bus: SimulatedSpiBus(simulation, role: .bob), command: Block<UInt8>.onHost(count: 4_096),
      reply: Block<UInt8>.onHost(count: 4_096))
  }

  mutating func start(stop: UInt32) throws {
    _ = try alice.identify()
    _ = try bob.identify()
    try alice.setIntensities(
      signal: MeanPhotonNumber(millionths: 500_000), decoy: MeanPhotonNumber(millionths: 100_000),
      vacuum: MeanPhotonNumber(millionths: 1_000), signalShare: Share(of65536: 50_000),
      decoyShare: Share(of65536: 10_000))
    try alice.setPulse(width: Picoseconds(500), delay: Picoseconds(1_750))
    try alice.enableVcsels(63)
    try bob.setGate(width: Picoseconds(2_000), delay: Picoseconds(1_000))
    try bob.enableDetectors(63)
    try bob.setDeadTime(slots: 8)
    try alice.setWindow(start: 1, stop: stop)
    try bob.setWindow(start: 1, stop: stop)
    try alice.setRunning(true)
    try bob.setRunning(true)
    try alice.commit()
    try bob.commit()
    simulation.set(.laserArm, high: true, of: .alice)
  }

  /// Everything that the FIFO delivers up to a time, read once a millisecond.
  mutating func events(until milliseconds: UInt64) throws -> [UInt32] {
    var events: [UInt32] = []
    var words = [UInt32](repeating: 0, count: 300)
    for tick in 1...milliseconds {
      simulation.advance(to: Instant(ns: tick * 1_000_000))
      isHigh.toggle()
      simulation.set(.heartbeat, high: isHigh, of: .alice)
      simulation.set(.heartbeat, high: isHigh, of: .bob)
      var count: BurstCount
      repeat {
        var span = words.mutableSpan
        count = try bob.readEvents(into: &span)
        events += words[..<count.words]
      } while count.waiting > 0
    }
    return events
  }

  mutating func choices(frame: UInt32, slots: [UInt32]) throws -> [UInt32] {
    var words = [UInt32](repeating: 0, count: slots.count)
    var span = words.mutableSpan
    try alice.choices(frame: frame, slots: slots.span, into: &span)
    return words
  }

  func counters() -> (alice: WireCounters, bob: WireCounters) { (alice.counters, bob.counters) }
}

/// With transfers damaged in either direction, the drivers bring home the same events and the same choices.
@Test(arguments: [
  [DeviceFault.flippedReply(every: 7)], [.flippedCommand(every: 7)],
  [.flippedReply(every: 11), .flippedCommand(every: 13)],
])
func drivers_onANoisyWire_loseAndInventNothing(faults: [DeviceFault]) throws {
  var clean = Rig(Simulation(.drone, seed: 21))
  var noisy = Rig(Simulation(.drone, seed: 21, aliceFaults: FaultPlan(faults), bobFaults: FaultPlan(faults)))
  try clean.start(stop: 4)
  try noisy.start(stop: 4)
  let expected = try clean.events(until: 50)
  let seen = try noisy.events(until: 50)
  #expect(seen == expected && expected.count > 5_000)
  let slots = expected.filter { Event($0).detectors != 0 && Event($0).frameLow == 2 }.map { Event($0).slot }
  let sent = try clean.choices(frame: 2, slots: slots)
  let recalled = try noisy.choices(frame: 2, slots: slots)
  #expect(slots.count > 1_019 && sent == recalled && sent.allSatisfy { $0 & 0x200 != 0 })
  let (alice, bob) = noisy.counters()
  #expect(alice.retries > 0 && bob.retries > 0)
}

@Test func drivers_onABrokenDevice_nameTheFault() throws {
  var foreign = Rig(Simulation(.bench, seed: 1, bobFaults: FaultPlan([.wrongIdentity(0xffff_ffff)])))
  var failure: DriverFault?
  do { _ = try foreign.bob.identify() } catch { failure = error }
  #expect(failure == .wrongDevice(address: 0, expected: 0x4749_4d42, read: 0xffff_ffff))

  var stuck = Rig(Simulation(.bench, seed: 1, bobFaults: FaultPlan([.stuckBit(address: 8, bit: 17, high: true)])))
  failure = nil
  do { try stuck.bob.checkScratch() } catch { failure = error }
  #expect(failure == .stuckBits(high: 1 << 17, low: 0))

  var lossy = Rig(Simulation(.bench, seed: 1, bobFaults: FaultPlan([.lostWrite(every: 1)])))
  failure = nil
  do { try lossy.bob.setDeadTime(slots: 9) } catch { failure = error }
  #expect(failure == .readBackDiffers(address: 0x88, wrote: 9, read: 0))

  var dead = Rig(Simulation(.bench, seed: 1, bobFaults: FaultPlan([.flippedReplies(from: Instant(ns: 0))])))
  failure = nil
  do { _ = try dead.bob.frame() } catch { failure = error }
  guard case .damaged(0x20, _) = failure else {
    Issue.record("\(String(describing: failure))")
    return
  }
}

@Test func frontEndDriver_readsWhatTheModelCounts() throws {
  let simulation = Simulation(.drone, seed: 3, bobFaults: FaultPlan([.notAcknowledged(every: 4)]))
  var bus = SimulatedI2cBus(simulation, role: .bob)
  var driver = FrontEnd()
  simulation.advance(to: Instant(ns: 1_000_000_000))
  try driver.identify(over: &bus)
  try driver.latch(over: &bus)
  let counts = try driver.counts(over: &bus)
  let temperatures = try driver.temperaturesMilliC(over: &bus)
  for d in 0..<6 {
    let expected = simulation.scenario.receiver.darkHz[d] + simulation.scenario.backgroundHz
    #expect(abs(Double(counts[d]) - expected) < 5 * expected.squareRoot())
    #expect(abs(temperatures[d] + 20_000) <= 50)
  }
  #expect(driver.counters.retries > 0)
}
