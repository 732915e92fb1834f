import Drivers
import HostStorage
import Ports
import Testing
import Units

/// SNOSD82D by hand: a pointer, words with the high byte first, flags that reading clears.
private struct SensorDouble: PartDouble {
  static let address: UInt8 = 0x48
  var words: [UInt8: UInt16] = [0: 0x8000, 1: 0x0220, 2: 0x6000, 3: 0x8000, 7: 0, 15: 0x0117]
  var pointer: UInt8 = 0

  /// A conversion ends.
  mutating func convert(_ word: UInt16) {
    words[0] = word
    words[1]! |= 0x2000
  }

  mutating func write(_ bytes: [UInt8]) -> Bool {
    pointer = bytes[0]
    guard bytes.count == 3, pointer != 0, pointer != 15 else { return true }
    let word = UInt16(bytes[1]) << 8 | UInt16(bytes[2])
    if pointer == 1, word & 2 != 0 {
      self = SensorDouble()
    } else {
      words[pointer] = pointer == 1 ? word & 0x0ffc : word
    }
    return true
  }

  mutating func read(_ count: Int) -> [UInt8]? {
    let word = words[pointer] ?? 0
    if pointer <= 1 { words[1]! &= pointer == 0 ? 0xdfff : 0x1fff }
    return [UInt8(word >> 8), UInt8(word & 255)]
  }
}

private func limits(_ low: Int32, _ high: Int32) -> Tmp117Limits? {
  Tmp117Limits(low: Millicelsius(low), high: Millicelsius(high))
}

@Test func tmp117_intentionsLeaveTheirTrace() throws {
  var bus = PartBus(SensorDouble())
  bus.part.words[1] = 0x0c20
  var sensor = Tmp117()
  try sensor.identify(over: &bus)
  try sensor.start(over: &bus)
  try sensor.setLimits(limits(-20_000, 60_000)!, over: &bus)
  // -25 degrees, as table 7-1 has it.
  bus.part.convert(0xf380)
  let temperature = try sensor.temperature(over: &bus)
  let expected: [PartTransfer] =
    PartTransfer.twice(15) + PartTransfer.twice(7) + PartTransfer.twice(1) + [.write([1, 0x02, 0x20]), .read([1], 2)]
    + PartTransfer.twice(2) + [.write([2, 0x1e, 0x00])] + PartTransfer.twice(2)
    + PartTransfer.twice(3) + [.write([3, 0xf6, 0x00])] + PartTransfer.twice(3)
    + [.read([1], 2)] + PartTransfer.twice(0)
  let trace = bus.trace
  #expect(trace == expected && temperature == Millicelsius(-25_000))
}

/// Table 7-1 and, for every code, the definition in floating point.
@Test func temperature_ofEveryCode_isTheStepTimesTheCode() throws {
  var bus = PartBus(SensorDouble())
  var sensor = Tmp117()
  for (code, milliC) in [
    (0xf380, -25_000), (0xfff0, -125), (0xffff, -8), (0, 0), (1, 8), (0x10, 125), (0x80, 1_000), (0xc80, 25_000),
    (0x3200, 100_000), (0x7fff, 255_992), (0x8001, -255_992),
  ] as [(UInt16, Int32)] {
    bus.part.convert(code)
    let temperature = try sensor.temperature(over: &bus)
    #expect(temperature == Millicelsius(milliC), "\(code)")
  }
  for code in UInt16.min...UInt16.max where code != 0x8000 {
    bus.part.convert(code)
    let temperature = try #require(try sensor.temperature(over: &bus))
    let exact = Double(Int16(bitPattern: code)) * 7.8125
    guard abs(Double(temperature.count) - exact) <= 0.5 else {
      Issue.record("\(code): \(temperature.count)")
      return
    }
  }
}

/// Limits go to the nearest step, and what the part cannot hold is no limit.
@Test func limits_atTheEdges_areRoundedOrRefused() throws {
  #expect(limits(-256_003, 0) != nil && limits(-256_004, 0) == nil)
  #expect(limits(0, 255_996) != nil && limits(0, 255_997) == nil)
  #expect(limits(1, 0) == nil && limits(.min, .max) == nil && limits(0, 0) != nil)
  let band = try #require(limits(-5, 5))
  #expect(band.contains(Millicelsius(-5)) && band.contains(Millicelsius(5)))
  #expect(!band.contains(Millicelsius(-6)) && !band.contains(Millicelsius(6)))
  var random = SeededRandom(seed: 5)
  for _ in 0..<500 {
    let milliC = Int32.random(in: -255_990...255_990, using: &random)
    var bus = PartBus(SensorDouble())
    var sensor = Tmp117()
    try sensor.setLimits(limits(milliC, 255_990)!, over: &bus)
    let word = Int16(bitPattern: bus.part.words[3]!)
    #expect(abs(Double(word) * 7.8125 - Double(milliC)) <= 3.90625, "\(milliC)")
  }
}

@Test func temperature_isToldOnceAndOnlyIfThereIsOne() throws {
  var bus = PartBus(SensorDouble())
  var sensor = Tmp117()
  let none = try sensor.temperature(over: &bus)
  bus.part.convert(0x0c80)
  let first = try sensor.temperature(over: &bus)
  let again = try sensor.temperature(over: &bus)
  bus.part.convert(0x0c80)
  let second = try sensor.temperature(over: &bus)
  // A flag without a conversion behind it.
  bus.part.convert(0x8000)
  let never = try sensor.temperature(over: &bus)
  #expect(none == nil && first == Millicelsius(25_000) && again == nil && second == first && never == nil)
}

@Test func tmp117_faultsAreTyped() {
  func fault(_ change: (inout PartBus<SensorDouble>) -> Void, _ call: Int) -> DriverFault? {
    var bus = PartBus(SensorDouble())
    change(&bus)
    var sensor = Tmp117()
    do throws(DriverFault) {
      switch call {
      case 0: try sensor.identify(over: &bus)
      case 1: try sensor.start(over: &bus)
      case 2: try sensor.setLimits(limits(0, 10_000)!, over: &bus)
      default: _ = try sensor.temperature(over: &bus)
      }
    } catch { return error }
    return nil
  }
  #expect(fault({ $0.part.words[15] = 0x3117 }, 0) == nil, "a later revision of the part")
  #expect(
    fault({ $0.part.words[15] = 0x0116 }, 0) == .wrongDevice(address: 15, expected: 0x0117, read: 0x0116))
  #expect(fault({ $0.standingFault = .failed(.notAcknowledged) }, 0) == .bus(.notAcknowledged, address: 15))
  #expect(fault({ $0.standingFault = .failed(.timedOut) }, 3) == .bus(.timedOut, address: 1))
  #expect(fault({ $0.part.words[1] = 0x0620 }, 3) == .readBackDiffers(address: 1, wrote: 0x220, read: 0x620))
  #expect(
    fault(
      {
        $0.standingFault = .lost; $0.part.words[1] = 0x0620; $0.part.pointer = 1
      }, 2)
      == .readBackDiffers(address: 2, wrote: 0x500, read: 0x620))
  #expect(
    fault({ $0.standingFault = .stuck(high: true) }, 3) == .readBackDiffers(address: 1, wrote: 0x220, read: 0xffff))
  #expect(fault({ $0.standingFault = .stuck(high: false) }, 1) == .readBackDiffers(address: 1, wrote: 0x220, read: 0))
}

/// Under any single fault what was set is set and what was read is true, or the call throws; damage of a reply never
/// shows.
@Test(arguments: 0..<UInt64(600)) func tmp117_underAnySingleFault_doesNotLie(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var bus = PartBus(SensorDouble())
  if Bool.random(using: &random) { bus.part.words[1] = 0x0620 }
  if Bool.random(using: &random) { bus.part.words[3] = 0 }
  let fault = anyPartFault(&random)
  bus.faults[Int.random(in: 0..<24, using: &random)] = fault
  let code = UInt16.random(in: 0...0x7fff, using: &random)
  var sensor = Tmp117()
  do throws(DriverFault) {
    try sensor.identify(over: &bus)
    try sensor.start(over: &bus)
    try sensor.setLimits(limits(0, 10_000)!, over: &bus)
    bus.part.convert(code)
    let temperature = try sensor.temperature(over: &bus)
    let words = bus.part.words
    #expect(words[1]! & 0x0ffe == 0x0220 && words[2] == 0x500 && words[3] == 0 && words[7] == 0, "seed \(seed)")
    // The flag itself may be lost on the way; then the next result is told.
    #expect(temperature == nil || abs(Double(temperature!.count) - Double(code) * 7.8125) <= 0.5, "seed \(seed)")
  } catch {
    #expect(bus.faultsInjected == 1 && !fault.isRepaired, "seed \(seed): \(error)")
  }
}
