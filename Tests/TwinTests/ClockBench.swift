import Acquisition
import FixedStorage
import HostStorage
import Optics
import RegisterMap
import Twin
import Units

/// A synchroniser on the twin's registers, with as much of a controller as it needs: reads the FIFO once a millisecond,
/// closes a frame when the marker of the next one is read, and commits what it is told at once.
struct ClockBench: ~Copyable {
  let bench: Bench
  var sync: Synchroniser
  private(set) var command: SyncCommand?
  /// Largest distance of the pulses from where they are wanted in the last millisecond read, in nanoseconds.
  var errorNs: Double { abs((bench.simulation.arrivalPs ?? 1e9) - 5_000) * 1e-3 }
  private var frame: UInt32?
  /// Schedules that Alice has not heard of yet, one a frame.
  private var schedules: [SyncSchedule] = []
  private var schedule = SyncSchedule.everyFrame
  private static let seed: UInt64 = 0x9d2c_5680_1a2b_3c4d

  init(_ simulation: Simulation) throws {
    bench = Bench(simulation)
    let pattern = SyncPattern(seed: Self.seed, words: Block<UInt64>.onHost(count: SyncPattern.wordCount))
    sync = Synchroniser(
      pattern: pattern,
      memory: SearchMemory(
        clicks: .onHost(count: SearchMemory.clicksMax), powers: .onHost(count: SearchMemory.powersCount),
        positions: .onHost(count: SearchMemory.positionsMax)),
      arrival: 8)
    try bench.start(stop: 1 << 20)
    for (register, word) in [
      (FpgaMap.syncSeedLow, UInt32(truncatingIfNeeded: Self.seed)), (FpgaMap.syncSeedHigh, UInt32(Self.seed >> 32)),
      (FpgaMap.syncSchedule, 1 << 4), (FpgaMap.pulse, 5), (FpgaMap.commit, 1),
    ] { try bench.write(.alice, register, word) }
    try bench.write(.bob, FpgaMap.gate, 100)
    try bench.write(.bob, FpgaMap.commit, 1)
  }

  var seconds: Double { Double(bench.simulation.now.ns) * 1e-9 }

  mutating func step() throws {
    bench.live(until: bench.simulation.now.ns / 1_000_000 + 1)
    for word in try bench.drain() {
      let event = Event(word)
      if event.detectors == 0 {
        try begin(event.slot)
      } else {
        sync.take(SyncClick(slot: event.slot, phase: UInt8(word >> 22 & 15), detectors: UInt8(event.detectors)))
      }
    }
    sync.work(slices: 4, at: bench.simulation.now)
  }

  private mutating func begin(_ next: UInt32) throws {
    guard let frame else {
      self.frame = next
      return sync.start(.zero, at: next, now: bench.simulation.now)
    }
    precondition(next == frame + 1)
    let command = sync.closeFrame(at: bench.simulation.now)
    precondition(command.frame == frame + 2)
    self.frame = next
    self.command = command
    let (offset, rate) = (command.alignment.offset.raw, (command.alignment.perFrame.raw + 32) >> 6)
    let gate: UInt32 =
      switch command.gate {
      case .closed: 0
      case .open: 100
      case .narrow: 250 << 8 | 50
      }
    for (register, word) in [
      (FpgaMap.alignSlots, UInt32(truncatingIfNeeded: offset >> 32)),
      (FpgaMap.alignFraction, UInt32(truncatingIfNeeded: offset)),
      (FpgaMap.alignRate, UInt32(truncatingIfNeeded: rate)), (FpgaMap.gate, gate), (FpgaMap.commit, 1),
    ] { try bench.write(.bob, register, word) }
    schedules.append(command.schedule)
    guard schedules.count > 4 else { return }
    let heard = schedules.removeFirst()
    guard heard != schedule else { return }
    schedule = heard
    try bench.write(.alice, FpgaMap.syncSchedule, 1 << 4 | UInt32(heard.spacing))
    try bench.write(.alice, FpgaMap.commit, 1)
  }

  mutating func run(until seconds: Double, while goesOn: (borrowing ClockBench) -> Bool = { _ in true }) throws {
    while self.seconds < seconds, goesOn(self) { try step() }
  }

  /// The largest error until a time.
  mutating func worst(until seconds: Double) throws -> Double {
    var worst = 0.0
    while self.seconds < seconds {
      try step()
      worst = max(worst, errorNs)
    }
    return worst
  }
}
