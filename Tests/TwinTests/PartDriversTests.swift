import Drivers
import Optics
import Ports
import RegisterMap
import Testing
import Twin
import Units

private func pass(_ simulation: Simulation, ms: UInt64) {
  simulation.advance(to: simulation.now + Nanoseconds(milliseconds: ms))
}

private func fault(_ part: BoardPart, _ fault: PartFault) -> Simulation {
  Simulation(.bench, seed: 1, aliceFaults: FaultPlan([.part(part, fault)]))
}

private func text(_ bytes: [16 of UInt8]) -> String {
  String(decoding: bytes.indices.map { bytes[$0] }.filter { $0 != 0 }, as: UTF8.self)
}

/// Reads an input once, with the clock of the simulation.
private func measure(_ input: Ads1115Map.Config.Input, _ simulation: Simulation) throws -> Int32 {
  var bus = SimulatedI2cBus(simulation, role: .alice)
  var converter = Ads1115()
  try converter.identify(over: &bus)
  let conversion = try converter.begin(input, range: .mv4096, over: &bus)
  #expect(try converter.reading(of: conversion, over: &bus) == nil)
  pass(simulation, ms: 9)
  return try #require(try converter.reading(of: conversion, over: &bus)).voltage.count
}

@Test func temperature_overTheTwin_comesOnceASecond() throws {
  let simulation = Simulation(.bench, seed: 1)
  for (role, milliC) in [(Role.alice, 38_000), (.bob, 31_000)] as [(Role, Int32)] {
    var bus = SimulatedI2cBus(simulation, role: role)
    var sensor = Tmp117()
    try sensor.identify(over: &bus)
    try sensor.start(over: &bus)
    try sensor.setLimits(Tmp117Limits(low: Millicelsius(0), high: Millicelsius(60_000))!, over: &bus)
    var told = 0
    for _ in 0..<100 {
      pass(simulation, ms: 50)
      guard let temperature = try sensor.temperature(over: &bus) else { continue }
      told += 1
      #expect(abs(temperature.count - milliC) <= 504)
    }
    // 5 s hold five cycles, the first of which may have ended before the start.
    #expect(told == 5, "\(role) \(told)")
  }
}

@Test func identity_overTheTwin_isReadAndWritten() throws {
  let simulation = Simulation(.bench, seed: 1)
  for (role, serial) in [(Role.alice, "TWIN-ALICE"), (.bob, "TWIN-BOB")] {
    var bus = SimulatedI2cBus(simulation, role: role)
    var eeprom = Eeprom24AA02()
    guard case .identity(let identity) = try eeprom.identity(over: &bus) else {
      Issue.record("no identity of \(role)")
      return
    }
    #expect(text(identity.serial) == serial && identity.calibration.attenuationMillidecibelsPerVolt == 10_000)
    #expect(try eeprom.nodeAddress(over: &bus)?[5] == role.rawValue)
    let name = Array("BENCH-7".utf8)
    let wanted = ModuleIdentity(serial: name.span, boardRevision: 2, calibration: identity.calibration)!
    var write = IdentityWrite(wanted)
    var milliseconds = 0
    while try !write.step(&eeprom, over: &bus), milliseconds < 500 {
      pass(simulation, ms: 1)
      milliseconds += 1
    }
    #expect(try eeprom.identity(over: &bus) == .identity(wanted))
    #expect(milliseconds < 200, "\(milliseconds)")
  }
}

/// The outputs B, C and D come back through the converter.
@Test func converters_overTheTwin_agree() throws {
  let simulation = Simulation(.bench, seed: 1, aliceFaults: FaultPlan([.notAcknowledged(every: 5)]))
  var bus = SimulatedI2cBus(simulation, role: .alice)
  var dac = Mcp4728()
  let outputs: [4 of Mcp4728Output] = [
    Mcp4728Output(Microvolts(0))!, Mcp4728Output(Microvolts(1_234_500))!,
    Mcp4728Output(Microvolts(3_000_000), isDoubled: true)!, Mcp4728Output(off: .off1kOhm)!,
  ]
  try dac.beginStoring(outputs, over: &bus)
  pass(simulation, ms: 49)
  let early = try dac.isStored(outputs, over: &bus)
  pass(simulation, ms: 1)
  #expect(try dac.isStored(outputs, over: &bus) && !early)
  #expect(try abs(measure(.ain1, simulation) - 1_234_500) <= 63)
  #expect(try abs(measure(.ain2, simulation) - 3_000_000) <= 63)
  #expect(try measure(.ain3, simulation) == 0 && dac.counters.retries > 0)
}

/// The monitor follows lasers, intensities and attenuator, and the attenuator takes as much from Bob's clicks.
@Test func attenuator_actsOnMonitorAndClicksAlike() throws {
  var clicks: [Double] = []
  var monitor: [Double] = []
  for volts in [0, 1] as [Int32] {
    let bench = Bench(Simulation(.bench, seed: 7))
    #expect(try measure(.ain0, bench.simulation) == 375, "0.4 mV, in steps of 0.125 mV")
    var bus = SimulatedI2cBus(bench.simulation, role: .alice)
    var dac = Mcp4728()
    try dac.set(Mcp4728Output(Microvolts(volts * 1_000_000))!, of: .a, over: &bus)
    try bench.start(mean: 500_000)
    bench.live(until: 100)
    let before = bench.simulation.detections
    bench.live(until: 300)
    clicks.append(Double(bench.simulation.detections - before))
    monitor.append(Double(try measure(.ain0, bench.simulation)))
  }
  // 40 000 of 65 536 slots with 0.5 photons, 15 000 with 0.1, the rest with 0.001: 0.3282 photons, 2 V each.
  #expect(abs(monitor[0] - 400 - 656_444) < 100, "\(monitor)")
  #expect(abs(monitor[1] - 400 - 65_644) < 100, "\(monitor)")
  // About 65 000 and 6 500 clicks, 0.1 % of the first dark.
  let ratio = clicks[1] / clicks[0]
  #expect(ratio > 0.095 && ratio < 0.107, "\(clicks)")
}

@Test func partFaults_overTheTwin_areNamed() throws {
  func failure(_ simulation: Simulation, _ call: (inout SimulatedI2cBus) throws(DriverFault) -> Void) -> DriverFault? {
    var bus = SimulatedI2cBus(simulation, role: .alice)
    do throws(DriverFault) { try call(&bus) } catch { return error }
    return nil
  }
  let output = Mcp4728Output(Microvolts(500_000))!
  let set: (inout SimulatedI2cBus) throws(DriverFault) -> Void = { bus throws(DriverFault) in
    var dac = Mcp4728()
    try dac.set(output, of: .b, over: &bus)
  }
  #expect(failure(fault(.mcp4728, .flippedReply(every: 3)), set) == nil)
  #expect(
    failure(fault(.mcp4728, .lostWrite(every: 1)), set) == .readBackDiffers(address: 6, wrote: 0x83e8, read: 0x8000))
  let identify: (inout SimulatedI2cBus) throws(DriverFault) -> Void = { bus throws(DriverFault) in
    var sensor = Tmp117()
    try sensor.identify(over: &bus)
  }
  #expect(failure(fault(.tmp117, .silent(from: Instant(ns: 0))), identify) == .bus(.notAcknowledged, address: 15))
  #expect(
    failure(fault(.tmp117, .stuckReply(high: true)), identify)
      == .wrongDevice(address: 15, expected: 0x0117, read: 0xffff))
  #expect(failure(fault(.ads1115, .silent(from: Instant(ns: 0))), identify) == nil, "another part")
}

/// What never ends is never told as done, and another start is refused.
@Test func partFaults_thatFreeze_areNoResult() throws {
  let simulation = fault(.ads1115, .frozen)
  var bus = SimulatedI2cBus(simulation, role: .alice)
  var converter = Ads1115()
  let conversion = try converter.begin(.ain0, range: .mv256, over: &bus)
  pass(simulation, ms: 1_000)
  #expect(try converter.reading(of: conversion, over: &bus) == nil)
  var failure: DriverFault?
  do { _ = try converter.begin(.ain0, range: .mv256, over: &bus) } catch { failure = error }
  #expect(failure == .refused(address: 1, status: 0x4b))

  let page = [8 of UInt8](repeating: 3)
  let frozen = fault(.eeprom, .frozen)
  var frozenBus = SimulatedI2cBus(frozen, role: .alice)
  var eeprom = Eeprom24AA02()
  try eeprom.beginWrite(page, to: EepromPage(index: 15)!, over: &frozenBus)
  pass(frozen, ms: 1_000)
  #expect(try !eeprom.isWritten(page, to: EepromPage(index: 15)!, over: &frozenBus))
}
