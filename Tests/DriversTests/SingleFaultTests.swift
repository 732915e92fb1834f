import Drivers
import HostStorage
import Ports
import RegisterMap
import Testing
import Units

private func anyFault(_ random: inout SeededRandom) -> WireFault {
  switch Int.random(in: 0..<6, using: &random) {
  case 0: .dropped(filler: 0)
  case 1: .dropped(filler: 0xff)
  case 2: .commandFlipped(bit: Int.random(in: 0..<400, using: &random))
  case 3: .replyFlipped(bit: Int.random(in: 0..<400, using: &random))
  case 4: .lost
  default: .failed(.timedOut)
  }
}

/// Under any single fault, a call that returns has done its work, and only a fault makes a call throw.
@Test(arguments: 0..<UInt64(400)) func aliceCalls_thatReturnHaveDoneTheirWork(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let gateware = FpgaDouble()
  gateware.registers[0x18] = 0x04
  gateware.faults[Int.random(in: 0..<22, using: &random)] = anyFault(&random)
  var fpga = alice(gateware)
  let start = UInt32.random(in: 0...UInt32.max, using: &random)
  let slots = (0..<5).map { _ in UInt32.random(in: 0..<(1 << 20), using: &random) }
  do throws(DriverFault) {
    let identity = try fpga.identify()
    #expect(identity.role == .alice)
    try fpga.setWindow(start: start, stop: start ^ 5)
    #expect(gateware.registers[0x2c] == start && gateware.registers[0x30] == start ^ 5)
    try fpga.setPulse(width: Picoseconds(700), delay: Picoseconds(90))
    #expect(gateware.registers[0x40] == 0x907)
    try fpga.setRunning(true)
    #expect(gateware.registers[0x0c] == 1)
    try fpga.commit()
    #expect(gateware.commits == 1)
    try fpga.clearWatchdog()
    #expect(gateware.registers[0x18] == 0)
    var words = [UInt32](repeating: 0, count: 5)
    var span = words.mutableSpan
    try fpga.choices(frame: 6, slots: slots.span, into: &span)
    #expect(words == slots.map { FpgaDouble.choice(frame: 6, slot: $0) }, "seed \(seed)")
  } catch {
    #expect(gateware.faultsInjected > 0, "seed \(seed): \(error)")
  }
}

/// Under any single fault, the events handed out are those that happened, each once; a call that throws may be
/// repeated and then goes on without a gap.
@Test(arguments: 0..<UInt64(400)) func bobEvents_survivesAnySingleFault(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let gateware = FpgaDouble()
  gateware.faults[Int.random(in: 0..<12, using: &random)] = anyFault(&random)
  var fpga = bob(gateware)
  var happened: [UInt32] = []
  var received: [UInt32] = []
  var throwsCount = 0
  for round in 0..<12 {
    for _ in 0..<Int.random(in: 0..<9, using: &random) {
      let event = UInt32.random(in: 0..<(1 << 20), using: &random) | UInt32(happened.count) << 20
      happened.append(event)
      gateware.fifo.append(event)
    }
    var words = [UInt32](repeating: 0, count: Int.random(in: 1..<12, using: &random))
    if round == 11 { words = [UInt32](repeating: 0, count: 200) }
    var span = words.mutableSpan
    do {
      let count = try fpga.readEvents(into: &span)
      received += words.prefix(count.words)
    } catch { throwsCount += 1 }
  }
  #expect(throwsCount <= gateware.faultsInjected && throwsCount <= 1)
  #expect(received == Array(happened.prefix(received.count)), "seed \(seed)")
  #expect(received.count == happened.count || throwsCount == 1, "seed \(seed)")
}
