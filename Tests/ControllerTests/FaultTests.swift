import Controller
import Drivers
import LinkControl
import RegisterMap
import Testing
import Twin
import TwinRun
import Units

/// A fault of one module, when it shows, and what the module must say.
struct FaultCase: Sendable {
  let fault: DeviceFault
  let role: Role
  let kinds: Set<FaultKind>
}

private let half = Instant(ns: 500_000_000)
private let scratch = FpgaMap.scratch.address

private let atStart: [FaultCase] =
  [Role.alice, .bob].flatMap { role in
    [
      FaultCase(fault: .wrongIdentity(0x4749_4d43), role: role, kinds: [.wrongIdentity]),
      FaultCase(fault: .stuckBit(address: scratch, bit: 5, high: false), role: role, kinds: [.stuckRegister]),
      FaultCase(fault: .stuckBit(address: scratch, bit: 31, high: true), role: role, kinds: [.stuckRegister]),
      FaultCase(fault: .flippedReplies(from: Instant(ns: 0)), role: role, kinds: [.busChecksum]),
      FaultCase(fault: .flippedCommand(every: 1), role: role, kinds: [.busChecksum]),
      FaultCase(fault: .silentBus(from: Instant(ns: 0)), role: role, kinds: [.busRefused]),
      FaultCase(fault: .lostWrite(every: 40), role: role, kinds: [.stuckRegister, .commitLost]),
    ]
  } + [FaultCase(fault: .notAcknowledged(every: 1), role: .bob, kinds: [.frontEnd])]

private func run(_ sample: FaultCase) -> LinkRun {
  var plan = plan(frames: 200)
  if sample.role == .alice { plan.aliceFaults = FaultPlan([sample.fault]) }
  if sample.role == .bob { plan.bobFaults = FaultPlan([sample.fault]) }
  return LinkRun(plan)
}

private func kind(_ state: ModuleState) -> FaultKind? {
  if case .faulted(let cause) = state { return cause.kind }
  return nil
}

@Test(arguments: atStart) func fault_atStart_isNamedAndNothingOpens(_ sample: FaultCase) {
  var link = run(sample)
  link.run(ticksMax: 60)
  let broken = link.states[sample.role == .alice ? 0 : 1]
  let whole = link.states[sample.role == .alice ? 1 : 0]
  #expect(kind(broken).map(sample.kinds.contains) == true, "\(broken)")
  #expect(whole == .idle)
  if sample.role == .alice { link.bob.start() } else { link.alice.start() }
  link.run(ticksMax: 500)
  let isLit = link.isLit
  let isArmed = link.simulation.alice.isArmed
  let pulses = link.simulation.pulsesSent
  #expect(!isLit && !isArmed && pulses == 0)
}

private let midway: [FaultCase] =
  [Role.alice, .bob].flatMap { role in
    [
      FaultCase(fault: .flippedReplies(from: half), role: role, kinds: [.busChecksum]),
      FaultCase(fault: .silentBus(from: half), role: role, kinds: [.busRefused]),
    ]
  }

/// A module that loses its gateware cuts the light by the line that needs no bus, and the peer ends its session.
@Test(arguments: midway) func fault_duringTheExchange_closesEverything(_ sample: FaultCase) {
  var link = run(sample)
  let isLit = link.startExchange()
  let broken = sample.role == .alice ? 0 : 1
  let isFaulted = link.run(ticksMax: 1000) { kind($0.states[broken]) != nil }
  let state = link.states[broken]
  #expect(isLit && isFaulted && kind(state).map(sample.kinds.contains) == true, "\(state)")
  let isArmed = link.simulation.alice.isArmed
  if sample.role == .alice { #expect(!isArmed) }
  link.run(ticksMax: 5)
  let peer = link.states[1 - broken]
  let end = link.ends[1 - broken]
  #expect(peer == .idle && end == .peerRefused)
  // The gates of a module whose bus is gone close when the watchdog misses the heartbeat.
  link.run(ticksMax: 130)
  let isLitAfter = link.isLit
  let isArmedAfter = link.simulation.alice.isArmed
  #expect(!isLitAfter && !isArmedAfter)
  let keys = link.deliverKeys()
  #expect(keys == [[], []])
}

/// A module that is zeroized while its gateware does not answer cannot close the gates; its heartbeat stops, and the
/// gateware does.
@Test func zeroization_withoutGateware_closesTheGatesToo() {
  var plan = plan(frames: 200)
  plan.bobFaults = FaultPlan([.silentBus(from: half)])
  var link = LinkRun(plan)
  let isLit = link.startExchange()
  while link.simulation.now < half { link.step(bob: link.simulation.now + TimeBase.tick < half) }
  link.bob.zeroize()
  let isOpenBefore = link.simulation.bob.isOpen
  link.run(ticksMax: 130)
  let (state, isOpen) = (link.bob.state, link.simulation.bob.isOpen)
  #expect(isLit && isOpenBefore && state == .zeroized && !isOpen)
}

/// Damage on the wire that is not persistent costs repetitions and nothing else.
@Test func fault_thatPasses_isRepairedAndCounted() {
  var plan = plan(frames: 60)
  plan.aliceFaults = FaultPlan([.flippedReply(every: 97), .flippedCommand(every: 89)])
  plan.bobFaults = FaultPlan([.flippedReply(every: 83), .flippedCommand(every: 101), .notAcknowledged(every: 7)])
  var link = LinkRun(plan)
  let result = link.run { _ in }
  #expect(result.isGood && result.bob.blocksOk == 1)
  let retries = [link.alice.wireCounters.retries, link.bob.wireCounters.retries]
  #expect(retries.allSatisfy { $0 > 0 })
}

@Test(arguments: [Role.alice, .bob]) func heartbeat_thatStops_closesTheGateware(role: Role) {
  var link = LinkRun(plan(frames: 200))
  let isLit = link.startExchange()
  link.run(ticksMax: 100)
  for _ in 0..<99 { link.step(alice: role != .alice, bob: role != .bob) }
  let isOpenBefore = link.simulation.fpga(of: role).isOpen
  for _ in 0..<3 { link.step(alice: role != .alice, bob: role != .bob) }
  let isOpenAfter = link.simulation.fpga(of: role).isOpen
  #expect(isLit && isOpenBefore && !isOpenAfter)
  // When the program turns again it finds out, and so does the peer.
  link.run(ticksMax: 5)
  let states = link.states
  #expect(kind(states[role == .alice ? 0 : 1]) == .watchdogExpired)
  #expect(states[role == .alice ? 1 : 0] == .idle)
  link.run(ticksMax: 20)
  let isLitAfter = link.isLit
  #expect(!isLitAfter)
}

@Test(arguments: [Role.alice, .bob]) func tamperLine_erasesKeysAndEndsTheExchange(role: Role) {
  var link = LinkRun(plan(frames: 60))
  // A first session leaves keys that must go.
  let isLitFirst = link.startExchange()
  let isOver = link.runUntilIdle()
  let keysBefore = role == .alice ? link.alice.keyCount : link.bob.keyCount
  #expect(isLitFirst && isOver && keysBefore > 0)
  let isLit = link.startExchange()
  link.run(ticksMax: 200)
  link.simulation.fpga(of: role).isTampered = true
  link.run(ticksMax: 105)
  let states = link.states
  let broken = role == .alice ? 0 : 1
  #expect(isLit && states[broken] == .zeroized && states[1 - broken] == .idle)
  let keys = link.deliverKeys()
  #expect(keys[broken].isEmpty && keys[1 - broken].count == keysBefore)
  link.run(ticksMax: 20)
  let isLitAfter = link.isLit
  #expect(!isLitAfter)
  // Zeroized is for good.
  if role == .alice { link.alice.start() } else { link.bob.start() }
  link.run(ticksMax: 100)
  let still = link.states[broken]
  #expect(still == .zeroized)
}

@Test func faultedModule_isResetByItsOperator() {
  var link = LinkRun(plan(frames: 60))
  let isLit = link.startExchange()
  for _ in 0..<120 { link.step(alice: false) }
  link.run(ticksMax: 5)
  let state = link.states[0]
  #expect(isLit && kind(state) == .watchdogExpired)
  link.alice.stop()
  let isUp = link.run(ticksMax: 100) { $0.alice.state == .idle }
  #expect(isUp)
  link.alice.start()
  let isOver = link.run(ticksMax: 5000) { $0.alice.lastEnd == .finished && $0.alice.state == .idle }
  let totals = [link.alice.totals.blocksOk, link.bob.totals.blocksOk]
  #expect(isOver && totals == [1, 1])
}
