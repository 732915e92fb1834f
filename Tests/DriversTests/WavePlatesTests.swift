import Drivers
import HostStorage
import Ports
import RegisterMap
import Testing
import Units

/// A naive motor controller on an I2C bus of its own, with a trace and planned faults. Plates arrive at once.
private struct PlatesDouble: I2cBus, ~Copyable {
  enum Fault { case replyFlipped(bit: Int), packetErrorCodeFlipped, failed(BusError), forgotten }
  var registers: [UInt8: UInt16] = [0: 0x5750, 2: 1, 4: 0x70, 6: 720]
  var trace: [[UInt8]] = []
  var faults: [Int: Fault] = [:]
  /// Whether the plates follow their targets.
  var isFollowing = true

  mutating func transfer(
    _ bytes: Span<UInt8>, to address: UInt8, reply: inout MutableSpan<UInt8>
  ) throws(BusError) {
    var sent = bytes.indices.map { bytes[$0] }
    let fault = faults[trace.count]
    trace.append([address] + sent)
    if case .failed(let error) = fault { throw error }
    guard address == 0x2c else { throw .notAcknowledged }
    if sent.count == 4 {
      if case .packetErrorCodeFlipped = fault { sent[3] ^= 1 }
      guard crc8([0x58] + sent[..<3]) == sent[3] else { throw .notAcknowledged }
      if case .forgotten = fault { return }
      registers[sent[0]] = UInt16(sent[1]) | UInt16(sent[2]) << 8
      if isFollowing, sent[0] >= 0x10 { registers[sent[0] + 2] = registers[sent[0]] }
      return
    }
    let word = registers[sent[0]] ?? 0
    var answer = [UInt8(word & 0xff), UInt8(word >> 8)]
    answer.append(crc8([0x58, sent[0], 0x59] + answer))
    if case .replyFlipped(let bit) = fault { answer[bit / 8] ^= 1 << UInt8(bit % 8) }
    for i in reply.indices { reply[i] = answer[i] }
  }
}

private func setting(_ a: UInt16, _ b: UInt16, _ c: UInt16) -> PlateSetting {
  PlateSetting(PlateAngle(centidegrees: a)!, PlateAngle(centidegrees: b)!, PlateAngle(centidegrees: c)!)
}

@Test func wavePlates_intentionsLeaveTheirTrace() throws {
  var bus = PlatesDouble()
  var plates = WavePlates()
  try plates.identify(over: &bus)
  try plates.setSpeed(degreesPerSecond: 720, over: &bus)
  try plates.setTargets(setting(0, 13_500, 4_500), over: &bus)
  let isSettled = try plates.isSettled(at: setting(0, 13_500, 4_500), over: &bus)
  // The last byte of a write is CRC-8 of 58 and the bytes before it, computed apart with a bitwise loop in Python.
  let expected: [[UInt8]] = [
    [0x2c, 0x00], [0x2c, 0x02], [0x2c, 0x06, 0xd0, 0x02, 0x85], [0x2c, 0x06],
    [0x2c, 0x10, 0x00, 0x00, 0xee], [0x2c, 0x10], [0x2c, 0x14, 0xbc, 0x34, 0x7a], [0x2c, 0x14],
    [0x2c, 0x18, 0x94, 0x11, 0x7d], [0x2c, 0x18], [0x2c, 0x04], [0x2c, 0x12], [0x2c, 0x16], [0x2c, 0x1a],
  ]
  let trace = bus.trace
  #expect(trace == expected && isSettled)
}

/// A look at plates on their way ends with STATUS; angles off by more than the tolerance are no arrival.
@Test func isSettled_needsRestAndAngle() throws {
  var bus = PlatesDouble()
  var plates = WavePlates()
  bus.registers[4] = 0x72
  let moving = try plates.isSettled(at: .identity, over: &bus)
  let looks = bus.trace.count
  bus.registers[4] = 0x70
  for (angle, expected) in [(0, true), (10, true), (11, false), (17_990, true), (17_989, false)] as [(UInt16, Bool)] {
    for register: UInt8 in [0x12, 0x16, 0x1a] {
      bus.registers[register] = angle
      let isSettled = try plates.isSettled(at: .identity, over: &bus)
      #expect(isSettled == expected, "\(angle) at \(register)")
      bus.registers[register] = 0
    }
  }
  #expect(!moving && looks == 1)
}

@Test func wavePlates_faultsAreTyped() {
  func fault(status: UInt16) -> WavePlateFault? {
    var bus = PlatesDouble()
    bus.registers[4] = status
    var plates = WavePlates()
    do { _ = try plates.isSettled(at: .identity, over: &bus) } catch { return error }
    return nil
  }
  let faults = [fault(status: 0x370), fault(status: 0x50), fault(status: 0x470), fault(status: 0x8070)]
  #expect(faults[0] == .motorFailed(status: 0x370) && faults[1] == .notHomed(status: 0x50))
  #expect(faults[2] == .motorFailed(status: 0x470))
  #expect(faults[3] == .device(.wrongDevice(address: 4, expected: 0x70, read: 0x8070)))

  var foreign = PlatesDouble()
  foreign.registers[0] = 0x4746
  var lost = PlatesDouble()
  lost.faults[2] = .forgotten
  var beyond = PlatesDouble()
  beyond.registers[0x16] = 18_000
  var plates = WavePlates()
  var seen: [DriverFault?] = [nil, nil, nil]
  do { try plates.identify(over: &foreign) } catch { seen[0] = error }
  do { try plates.setTargets(setting(0, 4_500, 0), over: &lost) } catch { seen[1] = error }
  do { _ = try plates.angles(over: &beyond) } catch { seen[2] = error }
  #expect(seen[0] == .wrongDevice(address: 0, expected: 0x5750, read: 0x4746))
  #expect(seen[1] == .readBackDiffers(address: 0x14, wrote: 4_500, read: 0))
  #expect(seen[2] == .wrongDevice(address: 0x16, expected: 17_999, read: 18_000))
}

/// Under any single fault, targets that were set without a fault are set, and plates told to stand there do.
@Test(arguments: 0..<UInt64(300)) func wavePlates_underAnySingleFault_doNotLie(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var bus = PlatesDouble()
  let place = Int.random(in: 0..<14, using: &random)
  let kind = Int.random(in: 0..<5, using: &random)
  bus.faults[place] =
    switch kind {
    case 0: .replyFlipped(bit: Int.random(in: 0..<24, using: &random))
    case 1: .packetErrorCodeFlipped
    case 2: .failed(.notAcknowledged)
    case 3: .failed(.timedOut)
    default: .forgotten
    }
  bus.isFollowing = Bool.random(using: &random)
  var angles: [UInt16] = []
  for _ in 0..<3 { angles.append(UInt16.random(in: 11..<17_990, using: &random)) }
  let wanted = setting(angles[0], angles[1], angles[2])
  var plates = WavePlates()
  var isSettled = false
  var hasThrown = false
  do {
    try plates.identify(over: &bus)
    try plates.setTargets(wanted, over: &bus)
    isSettled = try plates.isSettled(at: wanted, over: &bus)
  } catch { hasThrown = true }
  let targets = [bus.registers[0x10], bus.registers[0x14], bus.registers[0x18]]
  if !hasThrown { #expect(targets == angles && isSettled == bus.isFollowing, "seed \(seed)") }
  // Damage is repaired by repetition; only a bus that hangs or a write that is lost may stop the call.
  if kind < 3 { #expect(!hasThrown, "seed \(seed)") }
}
