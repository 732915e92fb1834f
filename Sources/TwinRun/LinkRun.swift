import CAllocationWatch
package import Controller
import Distillation
package import Foundation
import HostStorage
package import LinkControl
package import Optics
package import Ports
package import Twin
import Units

/// What a run is asked to be.
package struct RunPlan {
  package var scenario: Scenario
  package var seconds: Double
  package var seed: UInt64
  package var alice: LinkConfiguration
  package var bob: LinkConfiguration
  /// Whether the modules share a clock.
  package var clocks = Clocks.common
  /// Whether somebody tells Bob how a satellite moves.
  package var foretells = true
  package var aliceFaults = FaultPlan()
  package var bobFaults = FaultPlan()
  /// What the journals of the two modules remember of earlier runs.
  package var aliceJournal = JournalMedium()
  package var bobJournal = JournalMedium()
  /// The vaults of the two modules; nil: keys are in memory only.
  package var aliceVault: VaultMedium?
  package var bobVault: VaultMedium?
  /// Where a new program of Alice's module may wait.
  package var aliceProgram = ProgramShelf()
  /// What a thread that keeps time at Alice's module would have counted.
  package var aliceTicks: TickReport?
  /// How long a message is on its way.
  package var linkDelayTicks: UInt64 = 1
  /// Length of the pre-shared authentication key; a block takes 64 bytes.
  package var secretBytes = 4096
  package var records: URL?
  /// What Eve does to the light and to the messages. With either she listens on the classical link.
  package var attack: EveAttack?
  package var relay: RelayAttack?
  /// What each module has for itself.
  package var aliceSettings = ModuleSettings()
  package var bobSettings = ModuleSettings()
  /// The message that she strikes at; nil: the seed picks one.
  package var relayTarget: StrikeTarget?

  package init(scenario: Scenario, seconds: Double, seed: UInt64, alice: LinkConfiguration, bob: LinkConfiguration) {
    self.scenario = scenario
    self.seconds = seconds
    self.seed = seed
    self.alice = alice
    self.bob = bob
  }
}

extension RunPlan {
  /// Advantage distillation has messages of its own to strike at.
  fileprivate var strikes: Strikes {
    if let relayTarget { return Strikes(at: relayTarget, seed: seed) }
    return Strikes(relay, seed: seed, hasPairing: alice.adBlock > 1)
  }
}

/// Two complete modules over the twin's moving link, on one thread and in simulated time.
package struct LinkRun: ~Copyable {
  package typealias Alice = Controller<AliceEnd<TwinSpi>, TwinBoard>
  package typealias Bob = Controller<BobEnd<TwinSpi>, TwinBoard>

  /// Pieces of distillation in one tick, so that a tick's work is bounded as it is on the board.
  static var slicesPerTick: Int { 64 }
  /// How long the modules are waited for when they rest and still have to agree on keys.
  static var ticksForKeys: Int { 100 }
  /// Simulated time for everything but the exchange: start-up, and a slow last block.
  static var overheadTicksMax: UInt64 { 200_000 }

  private let plan: RunPlan
  /// What both modules work in.
  private let memory = HostMemory()
  private let bobCable: MemoryCable
  package let simulation: Simulation
  package let cable: MemoryCable
  package let recorder: Recorder
  /// Eve on the classical link, nil without her.
  package let relay: ManInTheMiddle?
  package var alice: Alice
  package var bob: Bob
  package private(set) var tick: UInt64 = 0
  /// Nil while Bob counts Alice's slots.
  package private(set) var lock: LockWatch?
  /// Nanoseconds of this computer that each module worked, without what answers for its devices; zero unless
  /// `measureWork` was called.
  package private(set) var aliceWorkNs: UInt64 = 0
  package private(set) var bobWorkNs: UInt64 = 0

  package init(_ plan: RunPlan) {
    self.plan = plan
    simulation = Simulation(
      plan.scenario, seed: plan.seed, attack: plan.attack, aliceFaults: plan.aliceFaults, bobFaults: plan.bobFaults,
      clocks: plan.clocks)
    let hasEve = plan.attack != nil || plan.relay != nil
    // Eve passes messages on once a tick, which is the delay that the link has without her.
    cable = MemoryCable(capacity: 1 << 16, delayTicks: hasEve ? 0 : plan.linkDelayTicks)
    bobCable = hasEve ? MemoryCable(capacity: 1 << 16, delayTicks: 0) : cable
    relay = hasEve ? ManInTheMiddle(plan.relay, plan.strikes, alice: cable, bob: bobCable) : nil
    recorder = Recorder(keepsInputs: plan.records != nil)
    var random = SeededRandom(seed: plan.seed ^ 0x6769_6d62_616c_0001)
    var aliceBlocks = HostBlocks(in: memory)
    var aliceBoard = TwinBoard(
      simulation, role: .alice, seed: random.next(), link: MemoryLink(cable, end: 0), recorder: recorder)
    aliceBoard.journal = MemoryJournal(plan.aliceJournal)
    aliceBoard.program = plan.aliceProgram
    aliceBoard.ticks = plan.aliceTicks
    aliceBoard.vault = MemoryVault(plan.aliceVault)
    alice = Alice(
      configuration: plan.alice, settings: plan.aliceSettings,
      end: AliceEnd(bus: TwinSpi(simulation, role: .alice), from: &aliceBlocks), board: aliceBoard,
      session: SessionMemory(role: .alice, configuration: plan.alice, from: &aliceBlocks), now: Instant(ns: 0))
    var bobBlocks = HostBlocks(in: memory)
    var bobBoard = TwinBoard(
      simulation, role: .bob, seed: random.next(), link: MemoryLink(bobCable, end: 1), recorder: recorder)
    bobBoard.journal = MemoryJournal(plan.bobJournal)
    bobBoard.vault = MemoryVault(plan.bobVault)
    bob = Bob(
      configuration: plan.bob, settings: plan.bobSettings,
      end: BobEnd(bus: TwinSpi(simulation, role: .bob), from: &bobBlocks), board: bobBoard,
      session: SessionMemory(role: .bob, configuration: plan.bob, from: &bobBlocks), now: Instant(ns: 0))
    loadSecret((0..<plan.secretBytes).map { _ in UInt8(truncatingIfNeeded: random.next()) })
  }

  private mutating func loadSecret(_ secret: [UInt8]) {
    do {
      try alice.loadAuthenticationKey(secret.span)
      try bob.loadAuthenticationKey(secret.span)
    } catch {
      preconditionFailure("a new journal takes the first index")
    }
    do {
      try alice.loadKeys()
      try bob.loadKeys()
    } catch {
      preconditionFailure("a vault in memory can be read")
    }
  }

  /// Runs until both modules rest; `progress` is called behind every millisecond.
  package mutating func run(progress: (borrowing LinkRun) -> Void) -> RunResult {
    let started = ContinuousClock.now
    let before = gimbal_watch_count()
    let ticksMax = UInt64(plan.seconds * 1000) + Self.overheadTicksMax
    var isStarted = false
    var ticksForKeys = Self.ticksForKeys
    while tick < ticksMax {
      step()
      if !isStarted, alice.state == .idle, bob.state == .idle {
        alice.start()
        isStarted = true
      } else if isStarted && isAtRest {
        if ticksForKeys == 0 || alice.heldKeyCount + bob.heldKeyCount == 0 { break }
        ticksForKeys -= 1
      }
      progress(self)
    }
    let elapsed = started.duration(to: .now)
    return result(allocations: gimbal_watch_count() - before, wall: elapsed)
  }

  /// What an ephemeris says of the orbit, once a second as a ground station would; nothing without an orbit.
  private mutating func foretell(at now: Instant) {
    guard plan.clocks == .own, plan.foretells, let pass = plan.scenario.pass, tick % 1000 == 1 else { return }
    let seconds = pass.startSeconds + Double(now.ns) * 1e-9
    let (before, point, after) = (pass.point(at: seconds - 0.5), pass.point(at: seconds), pass.point(at: seconds + 0.5))
    bob.foretell(
      PeerMotion(
        rangeMm: Int64((point.rangeKm * 1e6).rounded()), speedMmPerS: Int64((point.rangeRateKmS * 1e6).rounded()),
        accelerationMmPerS2: Int64(((after.rangeRateKmS - before.rangeRateKmS) * 1e6).rounded()), told: now))
  }

  /// One millisecond. A module that does not turn stands for a program that hangs.
  package mutating func step(alice aliceTurns: Bool = true, bob bobTurns: Bool = true) {
    tick += 1
    let now = Instant(ns: tick * TimeBase.tick.count)
    simulation.advance(to: now)
    cable.passTick()
    foretell(at: now)
    relay?.passTick { [eve = simulation.eve] slot, choice in eve?.knows(slot: slot, choice) ?? false }
    let before = gimbal_watch_nanoseconds()
    if aliceTurns {
      gimbal_watch_begin()
      alice.turn(at: now)
      alice.distil(slicesMax: Self.slicesPerTick)
      gimbal_watch_end()
    }
    let between = gimbal_watch_nanoseconds()
    if bobTurns {
      gimbal_watch_begin()
      bob.turn(at: now)
      bob.distil(slicesMax: Self.slicesPerTick)
      gimbal_watch_end()
    }
    aliceWorkNs += between - before
    bobWorkNs += gimbal_watch_nanoseconds() - between
    noteLock()
  }

  private mutating func noteLock() {
    guard let arrival = simulation.arrivalPs, let slots = bob.slotAlignment else { return }
    let isLit = simulation.alice.isOpen && simulation.bob.isOpen
    lock = lock ?? LockWatch()
    lock?.note(slots, arrivalPs: arrival, isLit: isLit, at: tick)
  }

  package func measureWork() { gimbal_watch_time() }

  /// Neither module will do anything more by itself.
  private var isAtRest: Bool { isResting(alice.state) && isResting(bob.state) && tick > 100 }

  private func isResting(_ state: ModuleState) -> Bool {
    switch state {
    case .idle, .faulted, .zeroized: true
    case .booting, .selfTest, .acquiring, .exchanging, .draining: false
    }
  }

  /// The state of the link for a progress line.
  package var snapshot: Snapshot {
    Snapshot(
      milliseconds: tick, alice: alice.state, bob: bob.state, channel: simulation.channel,
      detections: simulation.detections, totals: bob.totals)
  }

  private func result(allocations: UInt64, wall: Duration) -> RunResult {
    RunResult(
      pulses: simulation.pulsesSent, detections: simulation.detections, alice: alice.totals, bob: bob.totals,
      keysMatch: recorder.keysMatch && alice.keyCount == bob.keyCount && alice.heldKeyCount == bob.heldKeyCount,
      deadlineMisses: alice.deadlineMisses + bob.deadlineMisses, allocations: allocations,
      wallSeconds: Double(wall.components.seconds) + Double(wall.components.attoseconds) * 1e-18,
      states: [alice.state, bob.state], ends: [alice.lastEnd, bob.lastEnd], plateMoves: bob.plateMoves,
      eve: eveReport, lock: lock)
  }

  /// What Eve knows of the blocks; nil without her.
  package var eveReport: EveReport? {
    guard let relay else { return nil }
    return EveReport(heard: relay.listener.blocks, recorded: recorder.blocks, plan: plan.bob.plan().credit)
  }
}

package struct Snapshot {
  package let milliseconds: UInt64
  package let alice: ModuleState
  package let bob: ModuleState
  package let channel: ChannelState
  package let detections: UInt64
  package let totals: SessionTotals
}

/// What a run came to.
package struct RunResult {
  package let pulses: UInt64
  package let detections: UInt64
  package let alice: SessionTotals
  package let bob: SessionTotals
  package let keysMatch: Bool
  package let deadlineMisses: UInt64
  package let allocations: UInt64
  package let wallSeconds: Double
  package let states: [ModuleState]
  package let ends: [SessionEnd]
  /// How often Bob's wave plates followed the frame.
  package let plateMoves: UInt64
  package let eve: EveReport?
  package let lock: LockWatch?

  package var isGood: Bool { keysMatch && bob.netSecretBits > 0 && eve?.boundHolds != false }
}
