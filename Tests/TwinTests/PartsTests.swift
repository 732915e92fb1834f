import Drivers
import Optics
import Ports
import RegisterMap
import Testing
import Twin
import Units

/// A transfer made by hand.
private func transfer(
  _ simulation: Simulation, _ role: Role, _ address: UInt8, _ bytes: [UInt8], count: Int = 0
) throws -> [UInt8] {
  var bus = SimulatedI2cBus(simulation, role: role)
  var reply = [UInt8](repeating: 0, count: count)
  var span = reply.mutableSpan
  try bus.transfer(bytes.span, to: address, reply: &span)
  return reply
}

private func pass(_ simulation: Simulation, ms: UInt64) {
  simulation.advance(to: simulation.now + Nanoseconds(milliseconds: ms))
}

private func plan(_ part: BoardPart, _ fault: PartFault) -> FaultPlan { FaultPlan([.part(part, fault)]) }

// MARK: Bytes

@Test func parts_areWhereTheBoardHasThem() throws {
  let simulation = Simulation(.bench, seed: 1)
  for (role, addresses) in [(Role.alice, [0x48, 0x49, 0x50, 0x60]), (.bob, [0x48, 0x50, 0x60])] as [(Role, [UInt8])] {
    for address in UInt8(0)..<0x80 where address != 0x2a && address != 0x2c {
      if addresses.contains(address) {
        _ = try transfer(simulation, role, address, [0], count: 1)
      } else {
        #expect(throws: BusError.notAcknowledged) { try transfer(simulation, role, address, [0], count: 1) }
      }
    }
  }
}

@Test func tmp117Model_countsTimeAndClearsFlags() throws {
  let simulation = Simulation(.bench, seed: 1)
  #expect(try transfer(simulation, .bob, 0x48, [15], count: 2) == [0x01, 0x17])
  #expect(try transfer(simulation, .bob, 0x48, [0], count: 2) == [0x80, 0])
  pass(simulation, ms: 124)
  #expect(try transfer(simulation, .bob, 0x48, [1], count: 2) == [0x02, 0x20])
  pass(simulation, ms: 1)
  // Data is ready once; the pointer stays where it was.
  #expect(try transfer(simulation, .bob, 0x48, [], count: 2) == [0x22, 0x20])
  #expect(try transfer(simulation, .bob, 0x48, [], count: 2) == [0x02, 0x20])
  // 31 degrees are 0x0f80.
  #expect(try transfer(simulation, .bob, 0x48, [0], count: 2) == [0x0f, 0x80])
  // The high limit below the board's temperature; then one shot without averages, 15.5 ms, and rest.
  _ = try transfer(simulation, .bob, 0x48, [2, 0x0f, 0])
  _ = try transfer(simulation, .bob, 0x48, [1, 0x0c, 0])
  pass(simulation, ms: 15)
  #expect(try transfer(simulation, .bob, 0x48, [1], count: 2) == [0x0c, 0])
  pass(simulation, ms: 1)
  #expect(try transfer(simulation, .bob, 0x48, [1], count: 2) == [0xa4, 0])
  #expect(try transfer(simulation, .bob, 0x48, [1], count: 2) == [0x04, 0])
  // Soft reset.
  _ = try transfer(simulation, .bob, 0x48, [1, 0, 2])
  #expect(try transfer(simulation, .bob, 0x48, [1], count: 2) == [0x02, 0x20])
  #expect(try transfer(simulation, .bob, 0x48, [2], count: 2) == [0x60, 0])
}

@Test func ads1115Model_isBusyForOneSample() throws {
  let simulation = Simulation(.bench, seed: 1)
  #expect(try transfer(simulation, .alice, 0x49, [1], count: 2) == [0x85, 0x83])
  // Channel D at 1 V, read as AIN3 in the range of 2.048 V, at 250 samples a second: 4 ms.
  _ = try transfer(simulation, .alice, 0x60, [0x46, 0x87, 0xd0])
  _ = try transfer(simulation, .alice, 0x49, [1, 0xf5, 0xa3])
  pass(simulation, ms: 3)
  #expect(try transfer(simulation, .alice, 0x49, [], count: 2) == [0x75, 0xa3])
  #expect(try transfer(simulation, .alice, 0x49, [0], count: 2) == [0, 0])
  pass(simulation, ms: 1)
  #expect(try transfer(simulation, .alice, 0x49, [1], count: 2) == [0xf5, 0xa3])
  // 16000 steps of 62.5 microvolts.
  #expect(try transfer(simulation, .alice, 0x49, [0], count: 2) == [0x3e, 0x80])
  // AIN1 less AIN3 is -1 V, which a range of 0.256 V cannot hold.
  _ = try transfer(simulation, .alice, 0x49, [1, 0xab, 0xa3])
  pass(simulation, ms: 4)
  #expect(try transfer(simulation, .alice, 0x49, [0], count: 2) == [0x80, 0])
}

@Test func mcp4728Model_knowsTheCommandsOfItsDataSheet() throws {
  let simulation = Simulation(.bench, seed: 1)
  func words() throws -> [[UInt8]] {
    let reply = try transfer(simulation, .alice, 0x60, [], count: 24)
    return (0..<8).map { Array(reply[3 * $0 + 1..<3 * $0 + 3]) }
  }
  func heads() throws -> [UInt8] {
    let reply = try transfer(simulation, .alice, 0x60, [], count: 24)
    return (0..<8).map { reply[3 * $0] }
  }
  #expect(try heads() == [0xc0, 0xc0, 0xd0, 0xd0, 0xe0, 0xe0, 0xf0, 0xf0])
  #expect(try words() == [[UInt8]](repeating: [0x80, 0], count: 8))
  // Multi-write of D and B in one go, fast write of A, gain of C, power of D, reference of none but A.
  _ = try transfer(simulation, .alice, 0x60, [0x46, 0x81, 0x23, 0x42, 0x94, 0x56])
  _ = try transfer(simulation, .alice, 0x60, [0x0f, 0xff])
  _ = try transfer(simulation, .alice, 0x60, [0xc2])
  _ = try transfer(simulation, .alice, 0x60, [0xa0, 0x30])
  _ = try transfer(simulation, .alice, 0x60, [0x88])
  #expect(
    try words() == [
      [0x8f, 0xff], [0x80, 0], [0x04, 0x56], [0x80, 0], [0x10, 0], [0x80, 0], [0x61, 0x23], [0x80, 0],
    ])
  // Figure 7-4, and a command that comes too early.
  _ = try transfer(simulation, .alice, 0x60, [0x50, 0x08, 0, 0x0f, 0xff, 0x98, 0, 0x9f, 0xff])
  _ = try transfer(simulation, .alice, 0x60, [0x40, 0x80, 0])
  pass(simulation, ms: 49)
  #expect(try heads()[7] == 0x70)
  pass(simulation, ms: 1)
  #expect(try heads()[7] == 0xf0)
  #expect(
    try words() == [
      [0x08, 0], [0x08, 0], [0x0f, 0xff], [0x0f, 0xff], [0x98, 0], [0x98, 0], [0x9f, 0xff], [0x9f, 0xff],
    ])
  // Single write touches one channel; the command that sets the address has no wire.
  _ = try transfer(simulation, .alice, 0x60, [0x5a, 0x80, 1])
  #expect(try words()[2...3] == [[0x80, 1], [0x80, 1]])
  pass(simulation, ms: 50)
  #expect(throws: BusError.notAcknowledged) { try transfer(simulation, .alice, 0x60, [0x61, 0x62, 0x63]) }
}

@Test func eepromModel_wrapsAndIsDeafWhileItWrites() throws {
  let simulation = Simulation(.bench, seed: 1)
  #expect(try transfer(simulation, .bob, 0x50, [0xfa], count: 8) == [0, 4, 0xa3, 0, 0, 1, 0x47, 0x4d])
  // Ten bytes from the sixth of a page on: the last two come over the first two.
  _ = try transfer(simulation, .bob, 0x50, [0x15, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  #expect(throws: BusError.notAcknowledged) { try transfer(simulation, .bob, 0x50, [0x10], count: 1) }
  pass(simulation, ms: 4)
  #expect(throws: BusError.notAcknowledged) { try transfer(simulation, .bob, 0x50, [0x10], count: 1) }
  pass(simulation, ms: 1)
  #expect(try transfer(simulation, .bob, 0x50, [0x10], count: 8) == [4, 5, 6, 7, 8, 9, 10, 3])
  // The upper half is sealed, and nothing is written for it.
  _ = try transfer(simulation, .bob, 0x50, [0x80, 1])
  #expect(try transfer(simulation, .bob, 0x50, [0x80], count: 1) == [0xff])
}
