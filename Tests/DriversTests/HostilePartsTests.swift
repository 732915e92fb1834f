import Drivers
import HostStorage
import RegisterMap
import Testing
import Units

/// Whatever answers, and however often it contradicts itself, every call ends: with a typed fault or a result that the
/// part could give, after a bounded number of transfers.
@Test(arguments: 0..<UInt64(500)) func parts_withHostileReplies_endInBounds(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let refusals: UInt8 = [0, 10, 100, 250][Int(seed % 4)]
  var bus = HostileBus(SeededRandom(seed: seed ^ 0x5eed), refusals: refusals)
  var calls = 0
  var faults = 0
  func count(_ call: () throws(DriverFault) -> Void) {
    calls += 1
    do throws(DriverFault) { try call() } catch { faults += 1 }
  }
  var sensor = Tmp117()
  var converter = Ads1115()
  var dac = Mcp4728()
  var eeprom = Eeprom24AA02()
  let output = Mcp4728Output(Microvolts(1_000_000))!
  let page = EepromPage(index: Int.random(in: 0..<16, using: &random))!
  let bytes = [8 of UInt8](repeating: UInt8.random(in: 0...255, using: &random))
  for _ in 0..<20 {
    count { () throws(DriverFault) in try sensor.identify(over: &bus) }
    count { () throws(DriverFault) in try sensor.start(over: &bus) }
    count { () throws(DriverFault) in
      if let temperature = try sensor.temperature(over: &bus) { #expect(abs(temperature.count) < 256_000) }
    }
    count { () throws(DriverFault) in
      let conversion = try converter.begin(.ain0, range: .mv256, over: &bus)
      if let reading = try converter.reading(of: conversion, over: &bus) {
        #expect(abs(reading.voltage.count) <= 256_000)
      }
    }
    count { () throws(DriverFault) in try dac.set(output, of: .d, over: &bus) }
    count { () throws(DriverFault) in try eeprom.beginWrite(bytes, to: page, over: &bus) }
    count { () throws(DriverFault) in _ = try eeprom.isWritten(bytes, to: page, over: &bus) }
    count { () throws(DriverFault) in
      if case .identity = try eeprom.identity(over: &bus) { Issue.record("an identity out of noise") }
    }
  }
  // A call looks at four registers at most, five times each, with three attempts.
  #expect(bus.transfers <= calls * 4 * 5 * 3 && faults > 0)
}
