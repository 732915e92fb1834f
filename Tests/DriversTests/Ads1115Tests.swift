import Drivers
import HostStorage
import Ports
import RegisterMap
import Testing
import Units

/// SBAS444 by hand: a conversion that runs for a number of transfers and takes its settings when it begins.
private struct ConverterDouble: PartDouble {
  static let address: UInt8 = 0x49
  var words: [UInt16] = [0, 0x8583, 0x8000, 0x7fff]
  var pointer = 0
  /// What each single-ended input would give, and how long a conversion takes.
  var codes: [UInt16] = [0x1111, 0x2222, 0x3333, 0x4444]
  var transfersLeft = 0
  var transfersNeeded = 5
  private var next: UInt16 = 0

  mutating func write(_ bytes: [UInt8]) -> Bool {
    pointer = Int(bytes[0] & 3)
    guard bytes.count == 3, pointer != 0 else { return true }
    let word = UInt16(bytes[1]) << 8 | UInt16(bytes[2])
    guard pointer == 1 else {
      words[pointer] = word
      return true
    }
    if word >> 15 == 1, transfersLeft == 0 {
      transfersLeft = transfersNeeded
      let input = word >> 12 & 7
      next = input >= 4 ? codes[Int(input - 4)] : 0x7777
    }
    words[1] = word & 0x7fff
    return true
  }

  mutating func read(_ count: Int) -> [UInt8]? {
    var word = words[pointer]
    if pointer == 1 { word = word & 0x7fff | (transfersLeft == 0 ? 0x8000 : 0) }
    if transfersLeft > 0 {
      transfersLeft -= 1
      if transfersLeft == 0 { words[0] = next }
    }
    return [UInt8(word >> 8), UInt8(word & 255)]
  }
}

@Test func ads1115_intentionsLeaveTheirTrace() throws {
  var bus = PartBus(ConverterDouble())
  var converter = Ads1115()
  try converter.identify(over: &bus)
  let conversion = try converter.begin(.ain1, range: .mv2048, over: &bus)
  let early = try converter.reading(of: conversion, over: &bus)
  _ = try converter.reading(of: conversion, over: &bus)
  let reading = try converter.reading(of: conversion, over: &bus)
  // OS 1, MUX 101, PGA 010, MODE 1, DR 100, comparator off: 1101 0101 1000 0011.
  let expected: [PartTransfer] =
    PartTransfer.twice(1) + PartTransfer.twice(1) + [.write([1, 0xd5, 0x83])] + PartTransfer.twice(1)
    + PartTransfer.twice(1) + [.read([1], 2), .read([1], 2), .read([1], 2)] + PartTransfer.twice(0)
    + PartTransfer.twice(1) + PartTransfer.twice(0)
  let trace = bus.trace
  #expect(trace == expected)
  // 8738 steps of 62.5 microvolts.
  #expect(early == nil && reading?.voltage == Microvolts(546_125) && reading?.isClipped == false)
}

/// Step sizes as the data sheet lists them, in nanovolts, and the ends of every range.
@Test(
  arguments: [
    (Ads1115Map.Config.Range.mv6144, 187_500), (.mv4096, 125_000), (.mv2048, 62_500), (.mv1024, 31_250),
    (.mv512, 15_625), (.mv256, 7_812.5),
  ] as [(Ads1115Map.Config.Range, Double)])
func reading_ofEveryRange_isTheStepTimesTheCode(range: Ads1115Map.Config.Range, stepNv: Double) throws {
  for code in [0x7fff, 0x8000, 0x7ffe, 0x8001, 0, 1, 0xffff, 0x4000, 0xc000, 0x1235] as [UInt16] {
    var bus = PartBus(ConverterDouble())
    bus.part.codes[3] = code
    bus.part.transfersNeeded = 2
    var converter = Ads1115()
    let conversion = try converter.begin(.ain3, range: range, over: &bus)
    let reading = try #require(try converter.reading(of: conversion, over: &bus))
    let exact = Double(Int16(bitPattern: code)) * stepNv / 1_000
    #expect(abs(Double(reading.voltage.count) - exact) <= 0.5, "\(code)")
    #expect(reading.isClipped == (code == 0x7fff || code == 0x8000))
    let config = bus.part.words[1]
    #expect(config >> 9 & 7 == UInt16(range.rawValue) && config >> 12 & 7 == 7)
  }
}

@Test func ads1115_faultsAreTyped() throws {
  func fault(_ change: (inout PartBus<ConverterDouble>) -> Void) -> DriverFault? {
    var bus = PartBus(ConverterDouble())
    change(&bus)
    var converter = Ads1115()
    do throws(DriverFault) {
      try converter.identify(over: &bus)
      let conversion = try converter.begin(.ain0, range: .mv4096, over: &bus)
      for _ in 0..<4 { if try converter.reading(of: conversion, over: &bus) != nil { return nil } }
    } catch { return error }
    return nil
  }
  #expect(fault { _ in } == nil)
  #expect(fault { $0.part.words[1] = 0x8483 } == .wrongDevice(address: 1, expected: 0x183, read: 0x83))
  #expect(fault { $0.part.transfersLeft = 30 } == .refused(address: 1, status: 0x05))
  // A start that was lost, whether or not the settings were there before.
  #expect(fault { $0.faults[4] = .lost } == .readBackDiffers(address: 1, wrote: 0x4383, read: 0x8583))
  let same: (inout PartBus<ConverterDouble>) -> Void = {
    $0.part.words[1] = 0xc383
    $0.faults[4] = .lost
  }
  #expect(fault(same) == .readBackDiffers(address: 1, wrote: 0x4383, read: 0xc383))
  #expect(fault { $0.standingFault = .failed(.notAcknowledged) } == .bus(.notAcknowledged, address: 1))
  #expect(fault { $0.standingFault = .stuck(high: true) } == .wrongDevice(address: 1, expected: 0x183, read: 0x1ff))
}

/// A part that loses its settings in the middle, as by a dip of the supply, has no result.
@Test func reading_afterAReset_isAFault() throws {
  var bus = PartBus(ConverterDouble())
  var converter = Ads1115()
  let conversion = try converter.begin(.ain2, range: .mv1024, over: &bus)
  bus.part = ConverterDouble()
  var failure: DriverFault?
  do { _ = try converter.reading(of: conversion, over: &bus) } catch { failure = error }
  #expect(failure == .readBackDiffers(address: 1, wrote: 0xe783, read: 0x8583))
}

@Test(arguments: 0..<UInt64(600)) func ads1115_underAnySingleFault_doesNotLie(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var bus = PartBus(ConverterDouble())
  // An older result that must not pass for a new one, with or without the same settings.
  bus.part.words[0] = 0x5555
  if Bool.random(using: &random) { bus.part.words[1] = 0x6583 }
  let fault = anyPartFault(&random)
  bus.faults[Int.random(in: 0..<16, using: &random)] = fault
  var converter = Ads1115()
  do throws(DriverFault) {
    try converter.identify(over: &bus)
    let conversion = try converter.begin(.ain2, range: .mv4096, over: &bus)
    var reading: Ads1115Reading?
    for _ in 0..<8 where reading == nil { reading = try converter.reading(of: conversion, over: &bus) }
    // 0x3333 steps of 125 microvolts.
    #expect(reading?.voltage == Microvolts(1_638_375), "seed \(seed)")
  } catch {
    #expect(bus.faultsInjected == 1 && !fault.isRepaired, "seed \(seed): \(error)")
  }
}
