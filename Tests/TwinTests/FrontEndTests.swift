import Checksum
import Optics
import Ports
import RegisterMap
import Testing
import Twin
import Units

private func transfer(_ simulation: Simulation, _ bytes: [UInt8], count: Int) throws -> [UInt8] {
  var bus = SimulatedI2cBus(simulation, role: .bob)
  var reply = [UInt8](repeating: 0, count: count)
  var span = reply.mutableSpan
  try bus.transfer(bytes.span, to: 0x2a, reply: &span)
  return reply
}

private func read(_ simulation: Simulation, _ address: UInt8) throws -> UInt32 {
  let reply = try transfer(simulation, [address], count: 3)
  let covered = [0x54, address, 0x55, reply[0], reply[1]]
  #expect(Checksum.crc8(covered.span) == reply[2])
  return UInt32(reply[0]) + UInt32(reply[1]) * 256
}

private func counts(_ simulation: Simulation) throws -> [UInt32] {
  let command: [UInt8] = [0x54, 0x04, 1, 0]
  _ = try transfer(simulation, [0x04, 1, 0, Checksum.crc8(command.span)], count: 0)
  return try (0..<6).map { (d: Int) throws -> UInt32 in
    let address = UInt8(0x10 + 8 * d)
    let low = try read(simulation, address)
    let high = try read(simulation, address + 2)
    return low + high << 16
  }
}

@Test func counters_withoutLight_countDarksAndBackground() throws {
  let simulation = Simulation(.drone, seed: 3)
  simulation.advance(to: Instant(ns: 10_000_000_000))
  #expect(try read(simulation, 0x10) == 0, "nothing is visible before the latch")
  for (count, dark) in zip(try counts(simulation), simulation.scenario.receiver.darkHz) {
    let expected = (dark + simulation.scenario.backgroundHz) * 10
    #expect(abs(Double(count) - expected) < 5 * expected.squareRoot())
  }
}

/// Gated or not, a counter sees all the light that its detector sees.
@Test func counters_withLight_doNotDependOnTheGate() throws {
  let gated = Bench(Simulation(.bench, seed: 4))
  let shut = Bench(Simulation(.bench, seed: 4))
  for bench in [gated, shut] {
    try bench.start()
    if bench === shut { try bench.write(.bob, FpgaMap.control, 0) }
    if bench === shut { try bench.write(.bob, FpgaMap.commit, 1) }
    bench.live(until: 521)
  }
  #expect(shut.simulation.detections == 0 && gated.simulation.detections > 100_000)
  for (a, b) in zip(try counts(gated.simulation), try counts(shut.simulation)) {
    // The gated detectors lose p D = 0.4 % in their dead time, the closed form does not.
    let tolerance = 5 * Double(a + b).squareRoot() + 0.006 * Double(a)
    #expect(abs(Double(a) - Double(b)) < tolerance, "\(a) \(b)")
  }
  // 16 pC for each of about 57 000 clicks a second, and 30 nA of leakage.
  let current = try read(gated.simulation, 0x14)
  #expect(current > 700 && current < 1_200, "\(current)")
  #expect(try read(gated.simulation, 0x06) == 0)
}

@Test func frontEnd_identifiesAndMeasures() throws {
  let simulation = Simulation(.bench, seed: 1)
  #expect(try read(simulation, 0x00) == 0x4746)
  #expect(try read(simulation, 0x02) == 1)
  let temperature = Int16(bitPattern: UInt16(try read(simulation, 0x16)))
  #expect(abs(Int(temperature) + 2_000) <= 5)
}

@Test func frontEnd_refusesWhatItShould() throws {
  let simulation = Simulation(.bench, seed: 1, bobFaults: FaultPlan([.notAcknowledged(every: 5)]))
  for attempt in [[0x04, 1, 0, 0x00], [0x0a], [0x00, 1, 0, 0], []] as [[UInt8]] {
    #expect(throws: BusError.notAcknowledged) { try transfer(simulation, attempt, count: attempt.count == 4 ? 0 : 3) }
  }
  #expect(throws: BusError.notAcknowledged) { try read(simulation, 0x00) }
  #expect(try read(simulation, 0x00) == 0x4746)
}
