import Drivers
import HostStorage
import Ports
import RegisterMap
import Testing
import Units

/// DS22187E by hand, chapter 5: all commands, an EEPROM that takes some reads to write.
private struct DacDouble: PartDouble {
  static let address: UInt8 = 0x60
  var inputs: [UInt16] = [0x8000, 0x8000, 0x8000, 0x8000]
  var eeprom: [UInt16] = [0x8000, 0x8000, 0x8000, 0x8000]
  var readsLeft = 0
  var addressBits: UInt8 = 0

  mutating func write(_ bytes: [UInt8]) -> Bool {
    guard readsLeft == 0 else { return true }
    let words = stride(from: 1, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
    let channel = Int(bytes[0] >> 1 & 3)
    switch bytes[0] >> 3 {
    case 0b01000:
      if let word = words.first { inputs[channel] = word }
    case 0b01010:
      for (i, word) in words.enumerated() where channel + i < 4 { store(word, channel + i) }
    case 0b01011:
      if let word = words.first { store(word, channel) }
    case 0b10000...0b10011:
      for i in 0..<4 { set(15, of: i, to: bytes[0] >> (3 - UInt8(i)) & 1) }
    case 0b11000...0b11011:
      for i in 0..<4 { set(12, of: i, to: bytes[0] >> (3 - UInt8(i)) & 1) }
    case 0b00000...0b00111:
      for i in 0..<min(4, bytes.count / 2) {
        let power = UInt16(bytes[2 * i] >> 4 & 3) << 13
        inputs[i] = inputs[i] & 0x9000 | power | UInt16(bytes[2 * i] & 15) << 8 | UInt16(bytes[2 * i + 1])
      }
    default: return bytes.count == 1
    }
    return true
  }

  private mutating func store(_ word: UInt16, _ channel: Int) {
    inputs[channel] = word
    eeprom[channel] = word
    readsLeft = 6
  }

  private mutating func set(_ bit: UInt16, of channel: Int, to level: UInt8) {
    inputs[channel] = inputs[channel] & ~(1 << bit) | UInt16(level) << bit
  }

  mutating func read(_ count: Int) -> [UInt8]? {
    let head: UInt8 = readsLeft == 0 ? 0xc0 : 0x40
    readsLeft = max(0, readsLeft - 1)
    return (0..<4).flatMap { (i: Int) -> [UInt8] in
      let first = head | UInt8(i) << 4 | addressBits
      return [
        first, UInt8(inputs[i] >> 8), UInt8(inputs[i] & 255), first, UInt8(eeprom[i] >> 8), UInt8(eeprom[i] & 255),
      ]
    }
  }
}

private func volts(_ microvolts: Int32, isDoubled: Bool = false) -> Mcp4728Output? {
  Mcp4728Output(Microvolts(microvolts), isDoubled: isDoubled)
}

private let twice: [PartTransfer] = [.read([], 24), .read([], 24)]

@Test func mcp4728_intentionsLeaveTheirTrace() throws {
  var bus = PartBus(DacDouble())
  var dac = Mcp4728()
  try dac.set(volts(1_024_000)!, of: .c, over: &bus)
  // Figure 5-8: command 01000, channel 10, UDAC 0; then VREF 1, PD 00, Gx 0 and the code 2048.
  let expected: [PartTransfer] = twice + [.write([0x44, 0x88, 0x00])] + twice
  let trace = bus.trace
  #expect(trace == expected)
  let outputs: [4 of Mcp4728Output] = [
    volts(0)!, volts(500)!, volts(4_095_000, isDoubled: true)!, Mcp4728Output(off: .off500kOhm)!,
  ]
  bus.trace = []
  try dac.beginStoring(outputs, over: &bus)
  let early = try dac.isStored(outputs, over: &bus)
  _ = try dac.isStored(outputs, over: &bus)
  let isStored = try dac.isStored(outputs, over: &bus)
  // Figure 5-9: command 01010, channel 00, UDAC 0, four words.
  let storing: [PartTransfer] = twice + [.write([0x50, 0x80, 0, 0x80, 1, 0x9f, 0xff, 0xe0, 0])] + twice
  let began = Array(bus.trace.prefix(5))
  #expect(began == storing && !early && isStored)
  let state = try dac.state(over: &bus)
  #expect(state.outputs[2].voltage == Microvolts(4_095_000) && state.powerOnOutputs[2].isDoubled)
  #expect(state.outputs[3].voltage == Microvolts(0) && !state.outputs[3].isOn && !state.isStoring)
  // What is stored already is not written again.
  bus.trace = []
  try dac.beginStoring(outputs, over: &bus)
  let again = bus.trace
  #expect(again == twice)
}

/// Steps of 0.5 and 1 mV, each to the nearest code, and nothing outside of the twelve bits.
@Test func output_atTheEdges_isRoundedOrRefused() {
  #expect(volts(-1) == nil && volts(2_047_501) == nil && volts(4_095_001, isDoubled: true) == nil)
  #expect(volts(.max) == nil && volts(.min) == nil && Mcp4728Output(off: .normal) == nil)
  for isDoubled in [false, true] {
    let step: Int32 = isDoubled ? 1_000 : 500
    for microvolts in stride(from: 0, through: 4_095 * step, by: 137) {
      let output = volts(microvolts, isDoubled: isDoubled)
      let code = (Double(microvolts) / Double(step)).rounded()
      #expect(output.map { Double($0.code) } == code && output?.voltage == Microvolts(Int32(code) * step))
    }
  }
}

@Test func mcp4728_faultsAreTyped() {
  func fault(_ change: (inout PartBus<DacDouble>) -> Void) -> DriverFault? {
    var bus = PartBus(DacDouble())
    change(&bus)
    var dac = Mcp4728()
    do throws(DriverFault) { try dac.set(volts(500_000)!, of: .a, over: &bus) } catch { return error }
    return nil
  }
  #expect(fault { _ in } == nil)
  #expect(fault { $0.part.addressBits = 1 } == .wrongDevice(address: 0, expected: 0xc0, read: 0xc1))
  #expect(fault { $0.part.readsLeft = 9 } == .refused(address: 0, status: 0x40))
  #expect(fault { $0.faults[2] = .lost } == .readBackDiffers(address: 0, wrote: 0x83e8, read: 0x8000))
  // The command for channel B, and the one that writes the EEPROM as well.
  #expect(fault { $0.faults[2] = .commandFlipped(bit: 1) } == .readBackDiffers(address: 0, wrote: 0x83e8, read: 0x8000))
  #expect(fault { $0.faults[2] = .commandFlipped(bit: 4) } == .readBackDiffers(address: 3, wrote: 0x8000, read: 0x83e8))
  #expect(fault { $0.standingFault = .failed(.notAcknowledged) } == .bus(.notAcknowledged, address: 0))
  #expect(fault { $0.standingFault = .stuck(high: true) } == .wrongDevice(address: 0, expected: 0xc0, read: 0xff))
  #expect(fault { $0.standingFault = .stuck(high: false) } == .wrongDevice(address: 0, expected: 0x40, read: 0))
}

@Test func isStored_withALostCommand_isAFault() throws {
  var bus = PartBus(DacDouble())
  var dac = Mcp4728()
  let outputs = [4 of Mcp4728Output](repeating: volts(0)!)
  let changed = [4 of Mcp4728Output](repeating: volts(1_000)!)
  var failures: [DriverFault?] = [nil, nil]
  bus.faults[2] = .lost
  do { try dac.beginStoring(changed, over: &bus) } catch { failures[0] = error }
  do { _ = try dac.isStored(changed, over: &bus) } catch { failures[1] = error }
  #expect(failures[0] == .readBackDiffers(address: 0, wrote: 0x8002, read: 0x8000))
  #expect(failures[1] == .readBackDiffers(address: 3, wrote: 0x8002, read: 0x8000))
  #expect(try dac.isStored(outputs, over: &bus))
}

@Test(arguments: 0..<UInt64(600)) func mcp4728_underAnySingleFault_doesNotLie(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var bus = PartBus(DacDouble())
  bus.part.inputs = (0..<4).map { _ in 0x8000 | UInt16.random(in: 0...4_095, using: &random) }
  let before = bus.part
  let channel = Mcp4728Channel(rawValue: UInt8.random(in: 0..<4, using: &random))!
  let fault = anyPartFault(&random)
  bus.faults[Int.random(in: 0..<16, using: &random)] = fault
  let output = volts(500 * Int32.random(in: 0...4_095, using: &random))!
  let stored = [4 of Mcp4728Output](repeating: output)
  var dac = Mcp4728()
  do throws(DriverFault) {
    try dac.set(output, of: channel, over: &bus)
    var wanted = before.inputs
    wanted[Int(channel.rawValue)] = 0x8000 | UInt16(output.code)
    let inputs = bus.part.inputs
    let eeprom = bus.part.eeprom
    #expect(inputs == wanted && eeprom == before.eeprom, "seed \(seed)")
    try dac.beginStoring(stored, over: &bus)
    var isStored = false
    for _ in 0..<6 where !isStored { isStored = try dac.isStored(stored, over: &bus) }
    let words = [UInt16](repeating: 0x8000 | UInt16(output.code), count: 4)
    let all = bus.part.inputs + bus.part.eeprom
    #expect(isStored && all == words + words, "seed \(seed)")
  } catch {
    #expect(bus.faultsInjected == 1 && !fault.isRepaired, "seed \(seed): \(error)")
  }
}
