import Drivers
import FixedStorage
import HostStorage
import Ports
import RegisterMap
import Testing
import Units

func alice(_ gateware: FpgaDouble) -> AliceFpga<FpgaDouble> {
  AliceFpga(bus: gateware, command: .onHost(count: 4_096), reply: .onHost(count: 4_096))
}

/// Sets role and build 0x002a too.
func bob(_ gateware: FpgaDouble) -> BobFpga<FpgaDouble> {
  gateware.registers[4] = 0x0100_2a01
  return BobFpga(bus: gateware, command: .onHost(count: 4_096), reply: .onHost(count: 4_096))
}

extension Fpga where Bus: ~Copyable {
  /// Nil if the work was done, otherwise the fault.
  mutating func fault(of work: (inout Self) throws(DriverFault) -> Void) -> DriverFault? {
    do { try work(&self) } catch { return error }
    return nil
  }
}

/// Made with Python: struct.pack, binascii.crc_hqx(head, 0xffff), zlib.crc32(payload).
@Test func commands_matchIndependentlyComputedBytes() throws {
  let gateware = FpgaDouble()
  gateware.registers[0x60] = 0
  var fpga = alice(gateware)
  try fpga.setWatchdog(milliseconds: 250)
  let slots: [UInt32] = [5, 0x12345]
  var words: [UInt32] = [0, 0]
  var span = words.mutableSpan
  try fpga.choices(frame: 7, slots: slots.span, into: &span)
  #expect(gateware.trace[0] == [0x02, 0x24, 0, 0, 0, 0xfa, 0x4a, 0xb7] + [UInt8](repeating: 0, count: 8))
  #expect(gateware.trace[1] == [0x01, 0x24, 0, 0, 0, 0, 0xca, 0x02] + [UInt8](repeating: 0, count: 8))
  let burst: [UInt8] = [
    0x04, 0x64, 0, 0, 0, 0x02, 0xb8, 0x29, 0, 0, 0, 5, 0, 0x01, 0x23, 0x45, 0x14, 0x1f, 0xf8, 0x50,
  ]
  #expect(gateware.trace[4] == burst + [UInt8](repeating: 0, count: 8))

  let receiver = FpgaDouble()
  receiver.faults[0] = .dropped(filler: 0)
  var other = bob(receiver)
  _ = try other.readEvents(into: &span)
  #expect(receiver.trace[0] == [0x03, 0x98, 0, 0, 0, 2, 0xc4, 0x15] + [UInt8](repeating: 0, count: 20))
  #expect(receiver.trace[1] == [0x05, 0x98, 0, 0, 0, 2, 0x49, 0xf4] + [UInt8](repeating: 0, count: 20))
}

@Test func identify_readsIdentAndVersion() throws {
  let gateware = FpgaDouble()
  var fpga = bob(gateware)
  let identity = try fpga.identify()
  #expect(identity.role == .bob && identity.mapVersion == 1 && identity.build == 0x2a)
  #expect(gateware.trace == [registerCommand(1, 0x00), registerCommand(1, 0x04)])
}

@Test func commonIntentions_leaveTheirTrace() throws {
  let gateware = FpgaDouble()
  gateware.registers[0x18] = 0x3f
  gateware.registers[0x20] = 77
  var fpga = alice(gateware)
  let status = try fpga.status()
  let frame = try fpga.frame()
  let errors = try fpga.crcErrors()
  try fpga.commit()
  try fpga.clearWatchdog()
  try fpga.setWindow(start: 10, stop: 0xffff_fffe)
  try fpga.setVariant(.perBlock)
  try fpga.setRunning(true)
  try fpga.setRunning(false)
  let expected: [[[UInt8]]] = [
    [registerCommand(1, 0x18), registerCommand(1, 0x20), registerCommand(1, 0x28)],
    [registerCommand(1, 0x14), registerCommand(2, 0x10, 1), registerCommand(1, 0x14)],
    [registerCommand(2, 0x1c, 1), registerCommand(1, 0x18)],
    verifiedWrite(0x2c, 10), verifiedWrite(0x30, 0xffff_fffe),
    [registerCommand(1, 0x0c)], verifiedWrite(0x0c, 2),
    [registerCommand(1, 0x0c)], verifiedWrite(0x0c, 3),
    [registerCommand(1, 0x0c)], verifiedWrite(0x0c, 2),
  ]
  #expect(gateware.trace == expected.flatMap { $0 })
  #expect(status.isRunning && status.isArmed && status.watchdogExpired && status.fifoOverflowed)
  #expect(status.isClockLocked && status.isInterlockClosed && frame == 77 && errors == 0)
}

@Test func status_tellsEveryBitApart() {
  let flags = (0..<6).map { bit in
    let status = FpgaStatus(word: 1 << bit)
    return [
      status.isRunning, status.isArmed, status.watchdogExpired, status.fifoOverflowed, status.isClockLocked,
      status.isInterlockClosed,
    ]
  }
  for (bit, seen) in flags.enumerated() { #expect(seen == (0..<6).map { $0 == bit }) }
}

@Test func aliceIntentions_leaveTheirTrace() throws {
  let gateware = FpgaDouble()
  gateware.registers[0x5c] = 12
  var fpga = alice(gateware)
  try fpga.setIntensities(
    signal: MeanPhotonNumber(millionths: 500_000), decoy: MeanPhotonNumber(millionths: 100_000),
    vacuum: MeanPhotonNumber(millionths: 200), signalShare: Share(of65536: 45_875), decoyShare: Share(of65536: 13_107))
  try fpga.setPulse(width: Picoseconds(500), delay: Picoseconds(1_239))
  try fpga.enableVcsels(0b10_0101)
  let slots: [UInt32] = [0, 1_048_575, 33]
  var words: [UInt32] = [0, 0, 0]
  var span = words.mutableSpan
  try fpga.choices(frame: 40, slots: slots.span, into: &span)
  let oldest = try fpga.oldestFrameWithChoices()
  let expected: [[[UInt8]]] = [
    verifiedWrite(0x48, 500_000), verifiedWrite(0x4c, 100_000), verifiedWrite(0x50, 200),
    verifiedWrite(0x54, 45_875), verifiedWrite(0x58, 13_107),
    verifiedWrite(0x40, 123 << 8 | 5), verifiedWrite(0x44, 0x25), verifiedWrite(0x60, 40),
    [burstWriteCommand(0x64, slots), burstReadCommand(3, 0x64, count: 3), registerCommand(1, 0x5c)],
  ]
  #expect(gateware.trace == expected.flatMap { $0 })
  #expect(words == slots.map { FpgaDouble.choice(frame: 40, slot: $0) } && oldest == 12)
}

@Test func choices_beyondOneBurstTakeSeveral() throws {
  let gateware = FpgaDouble()
  var fpga = alice(gateware)
  let slots = (0..<UInt32(2_100)).map { $0 * 499 }
  var words = [UInt32](repeating: 0, count: 2_100)
  var span = words.mutableSpan
  try fpga.choices(frame: 3, slots: slots.span, into: &span)
  #expect(words == slots.map { FpgaDouble.choice(frame: 3, slot: $0) })
  #expect(gateware.trace.map(\.count) == [16, 16, 4_096, 4_096, 4_096, 4_096, 268, 268])
}

@Test func choices_withoutSlotsTouchNothing() throws {
  let gateware = FpgaDouble()
  var fpga = alice(gateware)
  let slots: [UInt32] = []
  var words: [UInt32] = []
  var span = words.mutableSpan
  try fpga.choices(frame: 3, slots: slots.span, into: &span)
  #expect(gateware.trace.isEmpty)
}

@Test func bobIntentions_leaveTheirTrace() throws {
  let gateware = FpgaDouble()
  gateware.registers[0x18] = 0x08
  gateware.registers[0x8c] = 5
  gateware.registers[0x90] = 6
  gateware.registers[0x94] = 7
  var fpga = bob(gateware)
  try fpga.setGate(width: Picoseconds(25_500), delay: Picoseconds(40_950))
  try fpga.enableDetectors(0x3f)
  try fpga.setDeadTime(slots: 9)
  let level = try fpga.fifoLevel()
  let lost = try fpga.fifoLost()
  let discarded = try fpga.discarded()
  try fpga.clearOverflow()
  let expected: [[[UInt8]]] = [
    verifiedWrite(0x80, 0xf_ffff), verifiedWrite(0x84, 0x3f), verifiedWrite(0x88, 9),
    [registerCommand(1, 0x8c), registerCommand(1, 0x90), registerCommand(1, 0x94)],
    [registerCommand(2, 0x1c, 2), registerCommand(1, 0x18)],
  ]
  #expect(gateware.trace == expected.flatMap { $0 })
  #expect(level == 5 && lost == 6 && discarded == 7)
}

@Test func readEvents_takesTheOldestAndTellsHowManyWait() throws {
  let gateware = FpgaDouble()
  gateware.fifo = (0..<2_000).map { UInt32($0) * 0x10_0001 }
  let all = gateware.fifo
  var fpga = bob(gateware)
  var words = [UInt32](repeating: 0, count: 1_500)
  var span = words.mutableSpan
  let count = try fpga.readEvents(into: &span)
  #expect(count.words == 1_019 && count.waiting == 981)
  #expect(Array(words.prefix(1_019)) == Array(all.prefix(1_019)))
  #expect(gateware.trace == [burstReadCommand(3, 0x98, count: 1_019)])
}
