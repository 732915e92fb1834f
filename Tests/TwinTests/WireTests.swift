import Checksum
import Optics
import Ports
import RegisterMap
import Testing
import Twin
import Units

@Test func damagedCommand_isRefusedAndCounted() throws {
  let bench = Bench(Simulation(.bench, seed: 1))
  for bit in 0..<64 {
    var command = Bench.head(2, 0x08, 0xffff_ffff) + [UInt8](repeating: 0, count: 8)
    command[bit / 8] ^= 1 << UInt8(bit % 8)
    _ = try bench.transfer(.alice, command)
  }
  #expect(try bench.read(.alice, FpgaMap.scratch) == 0)
  #expect(try bench.read(.alice, FpgaMap.crcErrors) == 64)
  var command = Bench.head(2, 0x08, 1) + [UInt8](repeating: 0, count: 8)
  command[5] ^= 2
  let reply = try bench.transfer(.alice, command)
  #expect(reply[8] == 0xc3)
}

@Test func damagedBurstWrite_isRefusedWhole() throws {
  let bench = Bench(Simulation(.bench, seed: 1))
  let reply = try bench.writeBurst(.alice, 0x64, [1, 2, 3], damage: 12)
  #expect(reply[0] == 0xc3 && reply[3] == 0)
  let burst = try #require(try bench.burst(.alice, 3, 0x64, count: 3))
  #expect(burst.0.isEmpty)
  let good = try bench.writeBurst(.alice, 0x64, [1, 2, 3])
  #expect(good[0] == 0xa5 && good[3] == 3)
}

@Test func burstRepeat_returnsTheSameWordsAgain() throws {
  let bench = Bench(Simulation(.bench, seed: 2))
  try bench.start()
  bench.live(until: 22)
  let first = try #require(try bench.burst(.bob, 3, 0x98, count: 50))
  let again = try #require(try bench.burst(.bob, 5, 0x98, count: 50))
  let level = Int(try bench.read(.bob, FpgaMap.fifoLevel))
  let next = try #require(try bench.burst(.bob, 3, 0x98, count: 50))
  #expect(first == again && first.0.count == 50 && first.1 == level && next.0 != first.0)
}

@Test func flippedReplies_loseNoEvent_ifRepeated() throws {
  func words(_ faults: FaultPlan) throws -> ([UInt32], Int) {
    let bench = Bench(Simulation(.bench, seed: 2, bobFaults: faults))
    try bench.start()
    bench.live(until: 25)
    var words: [UInt32] = []
    var repeats = 0
    while true {
      var burst = try bench.burst(.bob, 3, 0x98, count: 100)
      while burst == nil {
        repeats += 1
        burst = try bench.burst(.bob, 5, 0x98, count: 100)
      }
      words += burst!.0
      if burst!.1 == 0 { return (words, repeats) }
    }
  }
  let clean = try words(FaultPlan())
  let noisy = try words(FaultPlan([.flippedReply(every: 3)]))
  #expect(clean.0 == noisy.0 && clean.1 == 0 && noisy.1 > 3 && clean.0.count > 500)
}

@Test func faults_showWhereTheyAreNamed() throws {
  let plan = FaultPlan([
    .wrongIdentity(0x1234), .stuckBit(address: FpgaMap.scratch.address, bit: 4, high: true), .lostWrite(every: 2),
  ])
  let bench = Bench(Simulation(.bench, seed: 1, aliceFaults: plan))
  #expect(try bench.read(.alice, FpgaMap.ident) == 0x1234)
  #expect(try bench.read(.bob, FpgaMap.ident) == 0x4749_4d42)
  try bench.write(.alice, FpgaMap.scratch, 0)
  #expect(try bench.read(.alice, FpgaMap.scratch) == 0x10)
  try bench.write(.alice, FpgaMap.scratch, 0xff00)
  #expect(try bench.read(.alice, FpgaMap.scratch) == 0x10)
  try bench.write(.alice, FpgaMap.scratch, 0xff00)
  #expect(try bench.read(.alice, FpgaMap.scratch) == 0xff10)
}

@Test func flippedCommands_neverWriteWrongly() throws {
  let bench = Bench(Simulation(.bench, seed: 1, bobFaults: FaultPlan([.flippedCommand(every: 2)])))
  for word in 1...UInt32(200) {
    // The odd transfers, reads, are whole; the even ones, writes, are damaged.
    #expect(try bench.read(.bob, FpgaMap.scratch) == 0)
    try bench.write(.bob, FpgaMap.scratch, word &* 0x0101_0101)
  }
  #expect(try bench.read(.bob, FpgaMap.crcErrors) == 200)
}

@Test func persistentFaults_beginAtTheirTime() throws {
  let start = Instant(ns: 5_000_000)
  let noisy = Bench(Simulation(.bench, seed: 1, bobFaults: FaultPlan([.flippedReplies(from: start)])))
  let silent = Bench(Simulation(.bench, seed: 1, bobFaults: FaultPlan([.silentBus(from: start)])))
  noisy.live(until: 4)
  silent.live(until: 4)
  #expect(try noisy.access(.bob, 1, 0) != nil)
  #expect(try silent.access(.bob, 1, 0) != nil)
  noisy.live(until: 5)
  silent.live(until: 5)
  for _ in 0..<20 { #expect(try noisy.access(.bob, 1, 0) == nil) }
  #expect(throws: BusError.timedOut) { try silent.access(.bob, 1, 0) }
}

@Test func lines_showReadinessInterruptAndTamper() throws {
  let simulation = Simulation(.bench, seed: 1)
  var lines = SimulatedLines(simulation, role: .bob)
  let done = try lines.isHigh(.fpgaDone)
  let irq = try lines.isHigh(.fpgaIrq)
  let quiet = try lines.isHigh(.tamper)
  simulation.bob.isTampered = true
  let tampered = try lines.isHigh(.tamper)
  let pulse = try lines.isHigh(.pps)
  simulation.advance(to: Instant(ns: 200_000_000))
  let rest = try lines.isHigh(.pps)
  #expect(done && !irq && !quiet && tampered && pulse && !rest)
}
