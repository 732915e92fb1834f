import Checksum
import Drivers
import Optics
import Ports
import RegisterMap
import Sifting
import Testing
import Twin
import Units

private func setting(_ a: Int, _ b: Int, _ c: Int) -> PlateSetting {
  PlateSetting(PlateAngle(eighths: a), PlateAngle(eighths: b), PlateAngle(eighths: c))
}

/// An SMBus access made by hand; the reply is empty for a write.
private func transfer(_ simulation: Simulation, _ role: Role, _ bytes: [UInt8], count: Int) throws -> [UInt8] {
  var bus = SimulatedI2cBus(simulation, role: role)
  var reply = [UInt8](repeating: 0, count: count)
  var span = reply.mutableSpan
  try bus.transfer(bytes.span, to: 0x2c, reply: &span)
  return reply
}

private func read(_ simulation: Simulation, _ role: Role, _ address: UInt8) throws -> UInt32 {
  let reply = try transfer(simulation, role, [address], count: 3)
  let covered = [0x58, address, 0x59, reply[0], reply[1]]
  #expect(Checksum.crc8(covered.span) == reply[2])
  return UInt32(reply[0]) + UInt32(reply[1]) * 256
}

private func write(_ simulation: Simulation, _ role: Role, _ address: UInt8, _ word: UInt32) throws {
  let bytes = [address, UInt8(word & 255), UInt8(word >> 8)]
  let covered = [0x58] + bytes
  _ = try transfer(simulation, role, bytes + [Checksum.crc8(covered.span)], count: 0)
}

@Test(arguments: [Role.alice, .bob]) func plates_turnAtTheirSpeedAndStop(role: Role) throws {
  let simulation = Simulation(.bench, seed: 1)
  try write(simulation, role, 0x10, 9_000)
  // The shorter way to 135 degrees is 45 degrees back.
  try write(simulation, role, 0x14, 13_500)
  simulation.advance(to: Instant(ns: 50_000_000))
  // 720 degrees a second for 50 ms.
  #expect(try read(simulation, role, 0x12) == 3_600 && read(simulation, role, 0x16) == 14_400)
  #expect(try read(simulation, role, 0x04) == 0x73)
  simulation.advance(to: Instant(ns: 63_000_000))
  #expect(try read(simulation, role, 0x16) == 13_500 && read(simulation, role, 0x04) == 0x71)
  simulation.advance(to: Instant(ns: 124_000_000))
  #expect(try read(simulation, role, 0x04) == 0x71)
  simulation.advance(to: Instant(ns: 125_000_000))
  #expect(try read(simulation, role, 0x12) == 9_000 && read(simulation, role, 0x04) == 0x70)
  // The other module's plates stand where they stood.
  let other: Role = role == .alice ? .bob : .alice
  #expect(try read(simulation, other, 0x12) == 0 && simulation.plates(of: other).rotation == nil)
}

@Test func plates_halfTheSpeed_takeTwiceAsLong() throws {
  let simulation = Simulation(.bench, seed: 1)
  try write(simulation, .bob, 0x06, 360)
  try write(simulation, .bob, 0x18, 4_500)
  simulation.advance(to: Instant(ns: 124_000_000))
  #expect(try read(simulation, .bob, 0x04) == 0x74)
  simulation.advance(to: Instant(ns: 125_000_000))
  #expect(try read(simulation, .bob, 0x04) == 0x70 && read(simulation, .bob, 0x1a) == 4_500)
}

@Test func plates_refuseWhatTheyShould() throws {
  let simulation = Simulation(.bench, seed: 1)
  #expect(try read(simulation, .alice, 0x00) == 0x5750 && read(simulation, .alice, 0x02) == 1)
  for bytes in [[0x10, 1, 0, 0], [0x12, 0, 0, 0], [0x08]] as [[UInt8]] {
    #expect(throws: BusError.notAcknowledged) {
      try transfer(simulation, .alice, bytes, count: bytes.count == 4 ? 0 : 3)
    }
  }
  // Outside of their ranges words are forgotten, and the driver reads that back.
  try write(simulation, .alice, 0x10, 18_000)
  try write(simulation, .alice, 0x06, 0)
  #expect(try read(simulation, .alice, 0x10) == 0 && read(simulation, .alice, 0x06) == 720)
}

/// While they turn, the channel has the plates where they are, and back at zero nothing of them is left.
@Test func plates_turnTheChannel() throws {
  let simulation = Simulation(.bench, seed: 1)
  #expect(simulation.channel.alicePlates == nil && simulation.channel.bobPlates == nil)
  try write(simulation, .alice, 0x14, 4_500)
  simulation.advance(to: Instant(ns: 25_500_000))
  let plates = try #require(simulation.channel.alicePlates)
  let expected = BlochMatrix.platesTriplet(0, 18, 0)
  let error = plates.imageOfZ - expected.imageOfZ
  #expect((error * error).sum() < 1e-20 && simulation.channel.bobPlates == nil)
  try write(simulation, .alice, 0x14, 0)
  simulation.advance(to: Instant(ns: 60_000_000))
  #expect(simulation.channel.alicePlates == nil)
}

/// The device's driver on the model, on a bus that loses transfers: every element is reached in 125 ms at most.
@Test func platesDriver_reachesEveryElementInTime() throws {
  let simulation = Simulation(.bench, seed: 1, aliceFaults: FaultPlan([.notAcknowledged(every: 4)]))
  var bus = SimulatedI2cBus(simulation, role: .alice)
  var driver = WavePlates()
  try driver.identify(over: &bus)
  for element in (0..<24).map({ UInt8($0 * 5 % 12) }) {
    let setting = Sifting.Twirl(index: element)!.plates(of: .alice)
    try driver.setTargets(setting, over: &bus)
    simulation.advance(to: simulation.now + Nanoseconds(milliseconds: 125))
    #expect(try driver.isSettled(at: setting, over: &bus))
    let turned = simulation.plates(of: .alice).rotation ?? .identity
    let error = turned.imageOfX - Optics.Twirl.rotation(Int(element)).imageOfX
    #expect((error * error).sum() < 1e-20)
  }
  #expect(driver.counters.retries > 0)
}

@Test func plates_thatBreak_sayOrShowIt() throws {
  let half = Instant(ns: 50_000_000)
  let simulation = Simulation(
    .bench, seed: 1, aliceFaults: FaultPlan([.stuckPlate(1, from: half)]),
    bobFaults: FaultPlan([.failedMotor(2, from: half)]))
  var aliceBus = SimulatedI2cBus(simulation, role: .alice)
  var bobBus = SimulatedI2cBus(simulation, role: .bob)
  var driver = WavePlates()
  let target = setting(0, 2, 2)
  try driver.setTargets(target, over: &aliceBus)
  try driver.setTargets(target, over: &bobBus)
  simulation.advance(to: Instant(ns: 300_000_000))
  #expect(try !driver.isSettled(at: target, over: &aliceBus))
  let angles = try driver.angles(over: &aliceBus)
  // It was still on its way when it broke.
  #expect(angles[1].centidegrees > 3_400 && angles[1].centidegrees < 3_600 && angles[2] == target[2])
  #expect(throws: WavePlateFault.motorFailed(status: 0x470)) { try driver.isSettled(at: target, over: &bobBus) }
}
