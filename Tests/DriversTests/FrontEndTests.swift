import Drivers
import Ports
import RegisterMap
import Testing

/// A naive front-end on an I2C bus of its own, with a trace and planned faults.
private struct FrontEndDouble: I2cBus, ~Copyable {
  enum Fault { case replyFlipped(bit: Int), packetErrorCodeFlipped, failed(BusError) }
  var registers: [UInt8: UInt16] = [0: 0x4746, 2: 1, 6: 0]
  var running = [UInt32](repeating: 0, count: 6)
  var trace: [[UInt8]] = []
  var faults: [Int: Fault] = [:]
  var standingFault: Fault?

  mutating func transfer(
    _ bytes: Span<UInt8>, to address: UInt8, reply: inout MutableSpan<UInt8>
  ) throws(BusError) {
    var sent = bytes.indices.map { bytes[$0] }
    let fault = faults[trace.count] ?? standingFault
    trace.append([address] + sent)
    if case .failed(let error) = fault { throw error }
    guard address == 0x2a else { throw .notAcknowledged }
    if sent.count == 4 {
      if case .packetErrorCodeFlipped = fault { sent[3] ^= 1 }
      guard crc8([0x54] + sent[..<3]) == sent[3] else { throw .notAcknowledged }
      latch(sent)
      return
    }
    let word = registers[sent[0]] ?? 0
    var answer = [UInt8(word & 0xff), UInt8(word >> 8)]
    answer.append(crc8([0x54, sent[0], 0x55] + answer))
    if case .replyFlipped(let bit) = fault { answer[bit / 8] ^= 1 << UInt8(bit % 8) }
    for i in reply.indices { reply[i] = answer[i] }
  }

  private mutating func latch(_ sent: [UInt8]) {
    guard sent[0] == 4 && sent[1] & 1 == 1 else { return }
    for d in 0..<6 {
      registers[UInt8(0x10 + 8 * d)] = UInt16(running[d] & 0xffff)
      registers[UInt8(0x12 + 8 * d)] = UInt16(running[d] >> 16)
    }
  }
}

@Test func frontEnd_intentionsLeaveTheirTrace() throws {
  var bus = FrontEndDouble()
  var frontEnd = FrontEnd()
  try frontEnd.identify(over: &bus)
  try frontEnd.latch(over: &bus)
  let status = try frontEnd.status(over: &bus)
  _ = try frontEnd.biasCurrentsNa(over: &bus)
  // 0x1a is CRC-8 of 54 04 01 00, computed apart with a bitwise loop in Python.
  let expected: [[UInt8]] =
    [[0x2a, 0], [0x2a, 2], [0x2a, 4, 1, 0, 0x1a], [0x2a, 6]]
    + (0..<6).map { [0x2a, UInt8(0x14 + 8 * $0)] }
  let trace = bus.trace
  #expect(trace == expected && !status.overflowed && !status.hasBiasFault)
}

@Test func frontEnd_joinsAndSignsItsWords() throws {
  var bus = FrontEndDouble()
  for d in 0..<6 {
    bus.running[d] = 0x1_0002 &* UInt32(d) &+ 0xfff0_0000
    bus.registers[UInt8(0x14 + 8 * d)] = UInt16(65_530 + d)
    bus.registers[UInt8(0x16 + 8 * d)] = UInt16(bitPattern: Int16(-4_025 + d))
  }
  bus.registers[6] = 2
  var frontEnd = FrontEnd()
  let before = try frontEnd.counts(over: &bus)
  try frontEnd.latch(over: &bus)
  let counts = try frontEnd.counts(over: &bus)
  let currents = try frontEnd.biasCurrentsNa(over: &bus)
  let temperatures = try frontEnd.temperaturesMilliC(over: &bus)
  let status = try frontEnd.status(over: &bus)
  for d in 0..<6 {
    #expect(before[d] == 0 && counts[d] == 0x1_0002 &* UInt32(d) &+ 0xfff0_0000)
    #expect(currents[d] == UInt32(65_530 + d) && temperatures[d] == -40_250 + 10 * Int32(d))
  }
  #expect(status.hasBiasFault && !status.overflowed)
}

@Test(arguments: 0..<24) func frontEndRead_withOneFlippedBitIsRepeated(bit: Int) throws {
  var bus = FrontEndDouble()
  bus.faults[0] = .replyFlipped(bit: bit)
  var frontEnd = FrontEnd()
  try frontEnd.identify(over: &bus)
  #expect(frontEnd.counters.retries == 1 && frontEnd.counters.repliesDamaged == 1)
}

@Test func frontEndWrite_withOneWrongCodeIsRepeated() throws {
  var bus = FrontEndDouble()
  bus.running[3] = 70_000
  bus.faults[0] = .packetErrorCodeFlipped
  var frontEnd = FrontEnd()
  try frontEnd.latch(over: &bus)
  let counts = try frontEnd.counts(over: &bus)
  #expect(counts[3] == 70_000 && frontEnd.counters.retries == 1 && frontEnd.counters.commandsDamaged == 1)
}

private func identifyFault(_ bus: inout FrontEndDouble) -> DriverFault? {
  var frontEnd = FrontEnd()
  do { try frontEnd.identify(over: &bus) } catch { return error }
  return nil
}

@Test func frontEnd_persistentFaultsAreTyped() {
  var damaged = FrontEndDouble()
  damaged.standingFault = .replyFlipped(bit: 0)
  let damage = identifyFault(&damaged)
  var silent = FrontEndDouble()
  silent.standingFault = .failed(.notAcknowledged)
  let silence = identifyFault(&silent)
  var broken = FrontEndDouble()
  broken.standingFault = .failed(.timedOut)
  let breakage = identifyFault(&broken)
  var other = FrontEndDouble()
  other.registers[2] = 9
  let version = identifyFault(&other)
  let attempts = [damaged.trace.count, silent.trace.count, broken.trace.count]
  #expect(attempts == [3, 3, 1])
  let code = UInt64(crc8([0x54, 0, 0x55, 0x46, 0x47]))
  #expect(damage == .damaged(address: 0, reply: 0x47_4700 | code))
  #expect(silence == .bus(.notAcknowledged, address: 0) && breakage == .bus(.timedOut, address: 0))
  #expect(version == .wrongDevice(address: 2, expected: 1, read: 9))
}
