import Controller
import Foundation
import LinkControl
import Optics
import Sifting
import Testing
import Twin
import TwinRun
import Units
import Wire

private func perBlockPlan(
  frames: UInt32 = 160, seed: UInt64 = 1, _ adjust: (inout LinkConfiguration) -> Void = { _ in }
) -> RunPlan {
  plan(frames: frames, seed: seed) {
    $0.variant = .perBlock
    adjust(&$0)
  }
}

private func cause(_ state: ModuleState) -> FaultCause? {
  if case .faulted(let cause) = state { return cause }
  return nil
}

// MARK: Schedule and mask

@Test func schedule_visitsEveryElementEqually() {
  var visits = [Int](repeating: 0, count: 12)
  var settling = 0
  for frame in UInt32(1_000)..<1_000 + 12 * TwirlSchedule.groupFrames {
    let group = TwirlSchedule.group(of: frame)
    guard !TwirlSchedule.isSettling(frame) else {
      settling += 1
      #expect(frame < TwirlSchedule.firstKeyFrame(ofGroup: group))
      continue
    }
    #expect(frame >= TwirlSchedule.firstKeyFrame(ofGroup: group))
    visits[Int(TwirlSchedule.element(ofGroup: group).index)] += 1
  }
  // Any twelve groups' worth of frames, wherever it begins.
  #expect(visits == [Int](repeating: 50, count: 12) && settling == 12 * 14)
}

/// The plates have time for the longest way that the schedule asks for, on either side.
@Test(arguments: [Role.alice, .bob]) func schedule_leavesTimeForEveryTurn(role: Role) {
  var longest = 0
  for group in UInt32(0)..<12 {
    let one = TwirlSchedule.element(ofGroup: group).plates(of: role)
    let next = TwirlSchedule.element(ofGroup: group + 1).plates(of: role)
    for plate in 0..<3 { longest = max(longest, Int(one[plate].distance(to: next[plate]))) }
  }
  // Hundredths of a degree at 720 degrees a second, and two ticks to begin and to see the end.
  let milliseconds = Double(longest) / 72 + 2
  #expect(milliseconds * 1e6 < Double(UInt64(TwirlSchedule.settleFrames) * TimeBase.frameNs))
}

@Test func mask_hidesWhatIsNotKnownToStand() {
  var mask = FrameMask(.perBlock)
  let open = FrameMask(.perPulse)
  #expect((UInt32(0)..<1_000).allSatisfy { mask.hides($0) && !open.hides($0) })
  // In time, late, and after the group has ended.
  mask.noteSettled(1, in: 70)
  mask.noteSettled(2, in: 150)
  mask.noteSettled(3, in: 256)
  for frame in UInt32(0)..<400 {
    let expected = (78..<128).contains(frame) || (151..<192).contains(frame)
    #expect(mask.hides(frame) == !expected, "\(frame)")
  }
  // Eight groups are remembered.
  mask.noteSettled(9, in: 576)
  let isForgotten = mask.hides(100)
  let isKept = !mask.hides(160) && !mask.hides(600)
  mask.reset()
  let isReset = mask.hides(160) && mask.hides(600)
  #expect(isForgotten && isKept && isReset)
}

// MARK: The link

@Test(arguments: [1, 2] as [UInt64]) func perBlock_overTheTwin_makesTheSameKeyOnBothSides(seed: UInt64) {
  var link = LinkRun(perBlockPlan(seed: seed))
  let result = link.run { _ in }
  let keys = link.deliverKeys()
  #expect(result.isGood && result.bob.blocksOk == 1 && !keys[0].isEmpty && keys[0] == keys[1])
  #expect(result.deadlineMisses == 0 && result.bob.qberPpm > 8_000 && result.bob.qberPpm < 12_000)
  let groups = [link.alice.plateGroups, link.bob.plateGroups]
  let late = [link.alice.framesLate, link.bob.framesLate]
  let masked = [link.alice.eventsMasked, link.bob.eventsMasked]
  // Bob says nothing of masked frames, so Alice has nothing to mask.
  #expect(groups[0] >= 3 && groups[0] == groups[1] && late == [0, 0] && masked[0] == 0 && masked[1] > 10_000)
}

/// The same counts, the other credit: the key of four states is shorter than that of six.
@Test func perBlock_getsFourStateCredit() {
  var perPulse = LinkRun(plan(frames: 125))
  var perBlock = LinkRun(perBlockPlan())
  let six = perPulse.run { _ in }.bob
  let four = perBlock.run { _ in }.bob
  let sixShare = Double(six.finalBits) / Double(six.siftedBits)
  let fourShare = Double(four.finalBits) / Double(four.siftedBits)
  #expect(abs(Double(four.siftedBits) / Double(six.siftedBits) - 1) < 0.1)
  #expect(fourShare > 0 && fourShare < sixShare - 0.02, "\(fourShare) \(sixShare)")
}

/// Over the twelve groups of a whole turn a roll gives the error rate of white noise, as in `perPulse`.
@Test func perBlock_underARoll_averagesToWhiteNoise() {
  var plan = perBlockPlan(frames: 768)
  var roll = Motion()
  roll.offset = 12
  plan.scenario.rollDegrees = roll
  var link = LinkRun(plan)
  let result = link.run { _ in }
  let s = sin(12 * Double.pi / 180)
  let turned = 2 / 3 * s * s
  let optics = 1 - plan.scenario.depolarisation
  let expected = (1 - optics * (1 - 2 * turned)) / 2
  let measured = Double(result.bob.qberPpm) * 1e-6
  let spread = (expected / Double(result.bob.siftedBits)).squareRoot()
  // Darks and background add less than one error in a thousand bits.
  #expect(result.isGood && measured > expected - 5 * spread && measured < expected + 0.001 + 5 * spread)
}

/// Plates that come late cost frames, not the session; the side whose plates are late masks for both.
@Test(arguments: [Role.alice, .bob]) func plates_thatComeLate_costFrames(role: Role) {
  var plan = perBlockPlan()
  let slow = FaultPlan([.slowPlates(degreesPerSecond: 150)])
  if role == .alice { plan.aliceFaults = slow } else { plan.bobFaults = slow }
  var link = LinkRun(plan)
  let result = link.run { _ in }
  let late = [link.alice.framesLate, link.bob.framesLate]
  let masked = link.alice.eventsMasked
  #expect(result.keysMatch && result.bob.qberPpm < 12_000)
  let own = role == .alice ? 0 : 1
  // The first three elements are 45 degrees apart: 300 ms, 29 frames, of which the schedule gives 14.
  #expect(late[own] >= 10 && late[1 - own] == 0, "\(late)")
  #expect((masked > 0) == (role == .alice))
}

@Test(arguments: [Role.alice, .bob], [DeviceFault.stuckPlate(1, from: half), .failedMotor(0, from: half)])
func plates_thatBreak_endTheSession(role: Role, fault: DeviceFault) {
  var plan = perBlockPlan(frames: 400)
  if role == .alice { plan.aliceFaults = FaultPlan([fault]) } else { plan.bobFaults = FaultPlan([fault]) }
  var link = LinkRun(plan)
  let isLit = link.startExchange()
  let broken = role == .alice ? 0 : 1
  let isFaulted = link.run(ticksMax: 3000) { cause($0.states[broken]) != nil }
  let state = link.states[broken]
  #expect(isLit && isFaulted && cause(state)?.kind == .wavePlates, "\(state)")
  if case .stuckPlate = fault {
    #expect(cause(state)?.address == 0x16 && cause(state)?.expected != cause(state)?.found)
  } else {
    #expect(cause(state)?.address == 0x04 && cause(state)?.found == 0x170)
  }
  link.run(ticksMax: 5)
  let peer = link.states[1 - broken]
  let isArmed = link.simulation.alice.isArmed
  #expect(peer == .idle && !isArmed)
}

private let half = Instant(ns: 500_000_000)

/// A module without plates cannot run `perBlock`; `perPulse` does not ask for them.
@Test func plates_thatDoNotAnswer_areAFaultOfPerBlockOnly() {
  for variant in [TwirlVariant.perPulse, .perBlock] {
    var plan = plan { $0.variant = variant }
    plan.aliceFaults = FaultPlan([.notAcknowledged(every: 1)])
    var link = LinkRun(plan)
    link.run(ticksMax: 60)
    let state = link.states[0]
    #expect(variant == .perPulse ? state == .idle : cause(state)?.kind == .wavePlates, "\(state)")
  }
}

/// A second session begins wherever the schedule stands.
@Test func perBlock_sessionAfterSession_works() {
  var link = LinkRun(perBlockPlan(frames: 140))
  var blocks: [UInt64] = []
  for _ in 0..<2 {
    let isLit = link.startExchange()
    let isOver = link.runUntilIdle()
    blocks.append(link.bob.totals.blocksOk)
    #expect(isLit && isOver)
    link.run(ticksMax: 333)
  }
  let keys = link.deliverKeys()
  #expect(blocks == [1, 2] && !keys[0].isEmpty && keys[0] == keys[1])
}

/// The credit counts on two logical bases and on the plates: another element or the axis Y ends the session.
@Test(arguments: [(0x00, true), (0x20, true), (0x01, false), (0x10, false)] as [(UInt8, Bool)])
func choices_outsideOfPerBlock_endTheSession(byte: UInt8, isGood: Bool) throws {
  var peer = try LonePeer<BobEnd<TwinSpi>>(variant: .perBlock) { BobEnd(bus: $0, from: &$1) }
  let batch = try peer.meet()
  let frame = UInt32(number(batch[8..<12]))
  let events = number(batch[16..<18])
  #expect(!TwirlSchedule.isSettling(frame) && events > 0)
  let choices = [UInt8](repeating: byte, count: Int(events))
  try peer.send(.choices, bytes(0, 4) + bytes(events, 2) + choices)
  try peer.pass(ticks: 3)
  let end = peer.module.lastEnd
  #expect(end == (isGood ? .none : .protocolBroken))
}
