import Drivers
import HostStorage
import Ports
import RegisterMap
import Testing
import Units

@Test(arguments: [WireFault.commandFlipped(bit: 20), .replyFlipped(bit: 90), .dropped(filler: 0xff)])
func read_afterOneDamageIsRepeated(damage: WireFault) throws {
  let gateware = FpgaDouble()
  gateware.registers[0x20] = 0x1234_5678
  gateware.faults[0] = damage
  var fpga = alice(gateware)
  let frame = try fpga.frame()
  let counters = fpga.counters
  #expect(frame == 0x1234_5678 && gateware.trace.count == 2)
  #expect(counters.transfers == 2 && counters.retries == 1)
  #expect(counters.commandsDamaged + counters.repliesDamaged == 1)
}

@Test func read_withPersistentDamageThrowsWhatArrived() {
  let gateware = FpgaDouble()
  gateware.standingFault = .dropped(filler: 0x5a)
  var fpga = alice(gateware)
  let fault = fpga.fault { fpga throws(DriverFault) in _ = try fpga.frame() }
  #expect(fault == .damaged(address: 0x20, reply: 0x5a5a_5a5a_5a5a_5a5a) && gateware.trace.count == 3)
}

@Test func read_withCommandsAlwaysDamagedThrowsTheStatus() {
  let gateware = FpgaDouble()
  gateware.standingFault = .commandFlipped(bit: 40)
  var fpga = alice(gateware)
  let fault = fpga.fault { fpga throws(DriverFault) in _ = try fpga.frame() }
  #expect(fault == .refused(address: 0x20, status: 0xc3) && gateware.trace.count == 3)
  #expect(fpga.counters.commandsDamaged == 3)
}

@Test func read_ofAnUnknownRegisterIsRefusedAtOnce() {
  let gateware = FpgaDouble()
  gateware.registers[0x5c] = nil
  var fpga = alice(gateware)
  let fault = fpga.fault { fpga throws(DriverFault) in _ = try fpga.oldestFrameWithChoices() }
  #expect(fault == .refused(address: 0x5c, status: 0xe7) && gateware.trace.count == 1)
}

@Test func read_onABrokenBusThrowsAtOnce() {
  let gateware = FpgaDouble()
  gateware.standingFault = .failed(.system(5))
  var fpga = alice(gateware)
  let fault = fpga.fault { fpga throws(DriverFault) in _ = try fpga.frame() }
  #expect(fault == .bus(.system(5), address: 0x20) && gateware.trace.count == 1)
}

@Test func write_thatIsLostShowsInTheReadBack() {
  let gateware = FpgaDouble()
  gateware.faults[0] = .lost
  var fpga = alice(gateware)
  let fault = fpga.fault { fpga throws(DriverFault) in try fpga.setWatchdog(milliseconds: 250) }
  #expect(fault == .readBackDiffers(address: 0x24, wrote: 250, read: 100))
}

@Test func checkScratch_walksEveryBitBothWays() {
  let gateware = FpgaDouble()
  var fpga = alice(gateware)
  let fault = fpga.fault { fpga throws(DriverFault) in try fpga.checkScratch() }
  #expect(fault == nil && gateware.trace.count == 128)
  let written = gateware.trace.filter { $0[0] == 2 }.map { number($0[2..<6]) }
  #expect(written == (0..<32).map { 1 << $0 } + (0..<32).map { ~(1 << $0) })
}

@Test(arguments: 0..<UInt32(32)) func checkScratch_findsEveryStuckBit(bit: UInt32) {
  let gateware = FpgaDouble()
  gateware.stuckHigh = 1 << bit
  gateware.stuckLow = 1 << ((bit + 7) % 32)
  var fpga = alice(gateware)
  let fault = fpga.fault { fpga throws(DriverFault) in try fpga.checkScratch() }
  #expect(fault == .stuckBits(high: 1 << bit, low: 1 << ((bit + 7) % 32)))
}

@Test func checkScratch_reportsAPatternThatOneLostWriteSpoils() {
  let gateware = FpgaDouble()
  gateware.faults[6] = .lost
  var fpga = alice(gateware)
  let fault = fpga.fault { fpga throws(DriverFault) in try fpga.checkScratch() }
  #expect(fault == .readBackDiffers(address: 0x08, wrote: 8, read: 4))
}

@Test func identify_refusesOtherDevicesMapsAndRoles() {
  let gateware = FpgaDouble()
  var fpga = alice(gateware)
  gateware.registers[4] = 0x0100_0001
  let role = fpga.fault { fpga throws(DriverFault) in _ = try fpga.identify() }
  gateware.registers[4] = 0x0000_0702
  let map = fpga.fault { fpga throws(DriverFault) in _ = try fpga.identify() }
  gateware.registers[0] = 0xffff_ffff
  let ident = fpga.fault { fpga throws(DriverFault) in _ = try fpga.identify() }
  #expect(role == .wrongDevice(address: 4, expected: 1, read: 0x0100_0001))
  #expect(map == .wrongDevice(address: 4, expected: 1, read: 0x0000_0702))
  #expect(ident == .wrongDevice(address: 0, expected: 0x4749_4d42, read: 0xffff_ffff))
}

@Test func commit_thatIsLostIsNotCounted() {
  let gateware = FpgaDouble()
  gateware.commits = 65_535
  gateware.faults[1] = .lost
  var fpga = alice(gateware)
  let fault = fpga.fault { fpga throws(DriverFault) in try fpga.commit() }
  #expect(fault == .commitNotCounted(before: 65_535, after: 65_535))
  let second = fpga.fault { fpga throws(DriverFault) in try fpga.commit() }
  #expect(second == nil && gateware.commits == 65_536)
}

/// The strobe is performed once although its reply was damaged, and once more only if it had not been performed.
@Test(arguments: [WireFault.replyFlipped(bit: 70), .commandFlipped(bit: 47), .dropped(filler: 0)])
func commit_isPerformedOnceUnderDamage(damage: WireFault) {
  let gateware = FpgaDouble()
  gateware.faults[1] = damage
  var fpga = alice(gateware)
  let fault = fpga.fault { fpga throws(DriverFault) in try fpga.commit() }
  #expect(fault == nil && gateware.commits == 1)
}

@Test func clearWatchdog_thatExpiresAgainThrowsTheStatus() {
  let gateware = FpgaDouble()
  gateware.registers[0x18] = 0x35
  gateware.faults[0] = .lost
  var fpga = alice(gateware)
  let fault = fpga.fault { fpga throws(DriverFault) in try fpga.clearWatchdog() }
  #expect(fault == .readBackDiffers(address: 0x18, wrote: 0x31, read: 0x35))
}

/// Every word arrives once and in order when any one of the transfers is damaged in any of these ways.
@Test(
  arguments: [
    WireFault.commandFlipped(bit: 3), .commandFlipped(bit: 45), .replyFlipped(bit: 65), .replyFlipped(bit: 85),
    .replyFlipped(bit: 150), .dropped(filler: 0), .dropped(filler: 0xff),
  ], 0..<4)
func readEvents_losesAndRepeatsNothing(damage: WireFault, transfer: Int) throws {
  let gateware = FpgaDouble()
  let all = (0..<UInt32(10)).map { $0 << 26 | $0 * 77 }
  var fpga = bob(gateware)
  var received: [UInt32] = []
  gateware.faults[transfer] = damage
  // Bursts of four, four, none and two words.
  for arriving in [all[..<8], [], [], all[8...]] {
    gateware.fifo += arriving
    var words: [UInt32] = [0, 0, 0, 0]
    var span = words.mutableSpan
    let count = try fpga.readEvents(into: &span)
    received += words.prefix(count.words)
  }
  #expect(received == all && gateware.fifo.isEmpty && gateware.faultsInjected == 1)
}

@Test func readEvents_afterAFaultAsksForTheBurstInDoubt() throws {
  let gateware = FpgaDouble()
  gateware.fifo = [11, 12, 13]
  for transfer in 0..<3 { gateware.faults[transfer] = .replyFlipped(bit: 130) }
  var fpga = bob(gateware)
  var words: [UInt32] = [0, 0]
  var span = words.mutableSpan
  var fault: DriverFault?
  do { _ = try fpga.readEvents(into: &span) } catch { fault = error }
  let count = try fpga.readEvents(into: &span)
  #expect(fault == .damaged(address: 0x98, reply: 0xa598_0002_0001_0000))
  #expect(count.words == 2 && words == [11, 12] && gateware.fifo == [13])
  #expect(gateware.trace.map { $0[0] } == [3, 5, 5, 5])
}

@Test(arguments: [WireFault.commandFlipped(bit: 90), .replyFlipped(bit: 100), .dropped(filler: 0xff)], 2..<4)
func choices_underDamageBelongToTheirSlots(damage: WireFault, transfer: Int) throws {
  let gateware = FpgaDouble()
  var fpga = alice(gateware)
  let slots: [UInt32] = [4, 900_000, 17]
  var words: [UInt32] = [0, 0, 0]
  var span = words.mutableSpan
  let earlier: [UInt32] = [1, 2, 3]
  try fpga.choices(frame: 8, slots: earlier.span, into: &span)
  gateware.faults[gateware.trace.count + transfer] = damage
  try fpga.choices(frame: 9, slots: slots.span, into: &span)
  #expect(words == slots.map { FpgaDouble.choice(frame: 9, slot: $0) } && gateware.faultsInjected == 1)
}
