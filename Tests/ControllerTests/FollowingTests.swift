import Alignment
import Console
import Foundation
import HostConsole
import LinkControl
import Optics
import Sifting
import Testing
import Twin
import TwinRun
import Units
import Wire

@testable import Controller

/// A plan in which Bob's plates follow the frame, or do not.
private func followingPlan(
  frames: UInt32 = 300, seed: UInt64 = 1, adaptive: Bool = true, rollDegrees: Double = 0
) -> RunPlan {
  var plan = plan(frames: frames, seed: seed)
  plan.scenario.rollDegrees.offset = rollDegrees
  if adaptive { _ = plan.bobSettings.set(.adaptive, to: 1) }
  return plan
}

/// What came of a run, and the errors that the light of its second half had, by what Bob sifted meanwhile.
private struct Outcome {
  let result: RunResult
  let keys: [[[UInt64]]]
  let estimate: RotationEstimate?
  let moves: UInt64
}

private func run(_ plan: RunPlan) -> Outcome {
  var link = LinkRun(plan)
  let result = link.run { _ in }
  let estimate = link.bob.core.follower.estimate
  let keys = link.deliverKeys()
  return Outcome(result: result, keys: keys, estimate: estimate, moves: result.plateMoves)
}

private func qber(_ outcome: Outcome) -> Double { Double(outcome.result.bob.qberPpm) * 1e-6 }

// MARK: The link

/// A roll that stands still: undone within the first frames, whatever it is; as many bits are sifted, and both sides
/// have the same key.
@Test(arguments: [5, 12, 20, 30, 40] as [Double], [1, 2] as [UInt64])
func following_aRollThatStands_undoesIt(degrees: Double, seed: UInt64) throws {
  var held = followingPlan(seed: seed, adaptive: false, rollDegrees: degrees)
  var followed = followingPlan(seed: seed, rollDegrees: degrees)
  // So that blocks with many errors are confirmed too, and show theirs.
  for field in [\RunPlan.alice, \RunPlan.bob] {
    held[keyPath: field].adBlock = 4
    followed[keyPath: field].adBlock = 4
  }
  let before = run(held)
  let after = run(followed)
  #expect(after.result.isGood && after.keys[0] == after.keys[1] && !after.keys[0].isEmpty)
  // Rolls of 30 degrees and more leave the other run no key, whose errors are then not counted.
  let s = sin(degrees * .pi / 180)
  let optics = 1 - held.scenario.depolarisation
  let expected = (1 - optics * (1 - 4 / 3 * s * s)) / 2
  if before.result.bob.blocksOk > 0 { #expect(abs(qber(before) - expected) < 0.003) }
  // Eight frames of 300 may still have had the whole roll, and 2.2 degrees are not worth a correction.
  let left = (1 - optics) / 2 + 8.0 / 300 * (expected - (1 - optics) / 2) + 0.0012 + 0.0006
  #expect(qber(after) < left, "\(qber(after)) \(left) \(expected)")
  #expect(after.moves >= 1 && after.moves <= 4, "\(after.moves)")
  let ratio = Double(after.result.bob.siftedBits) / Double(before.result.bob.siftedBits)
  #expect(abs(ratio - 1) < 0.01, "\(ratio)")
  let estimate = try #require(after.estimate)
  #expect(estimate.rotation.angle < 0.1 && estimate.qber < left)
  #expect(after.result.bob.bitsTold > after.result.bob.siftedBits)
}

/// A link whose plan expects the errors that the roll makes: how large the turn is is not known well then, that there
/// is one is. A roll of 45 degrees is a turn of 90 on the sphere.
@Test(arguments: [20, 30, 45, 60] as [Double]) func following_fromAPlanWithManyErrors_findsTheWay(degrees: Double) {
  var plan = followingPlan(seed: 3, rollDegrees: degrees)
  plan.alice.plannedQber = PartsPerMillion(140_000)
  plan.bob.plannedQber = PartsPerMillion(140_000)
  let after = run(plan)
  #expect(after.moves >= 1 && after.moves <= 6 && after.result.keysMatch, "\(after.moves)")
  #expect(qber(after) < 0.04, "\(qber(after))")
}

/// The drone's own roll, with tones up to 7 Hz: fewer errors, by what a tracker of its delay can have, and no
/// oscillation, which would make more.
@Test(arguments: UInt64(1)...4) func following_theDrone_lowersTheErrors(seed: UInt64) {
  func outcome(_ adaptive: Bool) -> Outcome {
    var plan = followingPlan(frames: 500, seed: seed, adaptive: adaptive)
    plan.scenario = .drone
    return run(plan)
  }
  let (before, after) = (outcome(false), outcome(true))
  #expect(after.result.isGood && after.keys[0] == after.keys[1] && !after.keys[0].isEmpty)
  #expect(qber(after) < qber(before) - 0.003, "\(qber(before)) \(qber(after))")
  let ratio = Double(after.result.bob.siftedBits) / Double(before.result.bob.siftedBits)
  #expect(abs(ratio - 1) < 0.01 && after.moves > 5, "\(ratio) \(after.moves)")
}

/// A ship rolls slowly; a satellite's half-wave plate leaves nothing that is worth a turn.
@Test(arguments: UInt64(1)...3) func following_shipAndSatellite_neverCosts(seed: UInt64) {
  func outcome(_ scenario: Scenario, _ adaptive: Bool) -> Outcome {
    var plan = followingPlan(frames: 500, seed: seed, adaptive: adaptive)
    plan.scenario = scenario
    return run(plan)
  }
  let ship = (outcome(.ship, false), outcome(.ship, true))
  #expect(ship.1.result.isGood && qber(ship.1) < qber(ship.0) - 0.002, "\(qber(ship.0)) \(qber(ship.1))")
  var near = Scenario.satellite
  near.rollDegrees.offset = 1
  let satellite = (outcome(near, false), outcome(near, true))
  #expect(satellite.1.result.keysMatch == satellite.0.result.keysMatch)
  if satellite.0.result.bob.blocksOk > 0 { #expect(qber(satellite.1) < qber(satellite.0) + 0.001) }
  #expect(satellite.1.moves <= 1, "\(satellite.1.moves)")
}

/// Where nothing turns nothing is turned, and the key is that of a module that does not look.
@Test(arguments: UInt64(1)...8) func following_whereNothingTurns_doesNothing(seed: UInt64) {
  let before = run(followingPlan(frames: 200, seed: seed, adaptive: false))
  let after = run(followingPlan(frames: 200, seed: seed))
  #expect(after.moves == 0 && after.result.bob.siftedBits == before.result.bob.siftedBits)
  #expect(after.result.bob.qberPpm == before.result.bob.qberPpm && after.keys[0] == after.keys[1])
  #expect(after.result.bob.finalBits == before.result.bob.finalBits && after.result.bob.bitsTold > 0)
}

/// Off, nothing is asked, nothing is told, and not a byte more is sent.
@Test func following_off_isNotThere() {
  var link = LinkRun(followingPlan(frames: 60, adaptive: false, rollDegrees: 20))
  let result = link.run { _ in }
  let plates = link.simulation.plates(of: .bob).angles
  #expect(result.bob.bitsTold == 0 && result.plateMoves == 0 && plates == [0, 0, 0])
  let estimate = link.bob.core.follower.estimate
  #expect(estimate == nil)
}

/// The correction of a session is kept for the next; off, the plates go home.
@Test func following_sessionAfterSession_goesOnWhereItWas() {
  var link = LinkRun(followingPlan(frames: 100, rollDegrees: 20))
  var lit = link.startExchange()
  var over = link.runUntilIdle()
  let first = (link.bob.plateMoves, link.bob.core.follower.setting)
  lit = link.startExchange() && lit
  over = link.runUntilIdle() && over
  let second = (link.bob.plateMoves, link.bob.core.follower.setting)
  #expect(lit && over && first.0 >= 1 && second.0 == 0 && first.1 == second.1 && first.1 != .identity)
  _ = answer("set adaptive off", of: &link.bob)
  let applied = answer("apply", of: &link.bob)
  lit = link.startExchange()
  over = link.runUntilIdle()
  let plates = link.simulation.plates(of: .bob).angles
  #expect(applied == "applied\r\n" && lit && over && plates == [0, 0, 0])
}

/// Plates that break cost the following and no session.
@Test(arguments: [DeviceFault.stuckPlate(0, from: start), .stuckPlate(2, from: start), .failedMotor(2, from: start)])
func following_withBrokenPlates_goesOnWithout(fault: DeviceFault) {
  var plan = followingPlan(frames: 200, rollDegrees: 5)
  plan.bobFaults = FaultPlan([fault])
  var link = LinkRun(plan)
  let result = link.run { _ in }
  let line = answer("adaptive", of: &link.bob)
  #expect(result.keysMatch && result.bob.blocksOk == 1)
  #expect(line.contains("given up"), "\(line)")
}

private let start = Instant(ns: 100_000_000)

// MARK: Messages

/// Bits that were changed on the way: the plates follow nonsense, and the tag says so.
@Test(arguments: [RelayAttack.flip, .forge], UInt64(1)...3)
func told_changedOnTheWay_givesNoKey(attack: RelayAttack, seed: UInt64) {
  var plan = followingPlan(frames: 60, seed: seed, rollDegrees: 10)
  plan.relay = attack
  plan.relayTarget = StrikeTarget(.told, by: .alice)
  var link = LinkRun(plan)
  let result = link.run { _ in }
  #expect(result.bob.blocksOk == 0 && result.alice.blocksOk == 0 && !result.isGood)
}

/// A map that was changed on the way makes Alice tell bits of key; no key comes of them.
@Test(arguments: UInt64(1)...3) func sifted_changedOnTheWay_givesNoKey(seed: UInt64) {
  var plan = followingPlan(frames: 60, seed: seed)
  plan.relay = .forge
  plan.relayTarget = StrikeTarget(.sifted, by: .bob)
  var link = LinkRun(plan)
  let result = link.run { _ in }
  #expect(result.bob.blocksOk == 0 && result.alice.blocksOk == 0)
}

/// Alice tells the bits of what was not kept, in order, and nothing else; asked for anything else she ends the session.
@Test(arguments: [0x00, 0x02, 0x05, 0x07] as [UInt8]) func told_isTheBitsOfDroppedEvents(kept: UInt8) throws {
  var peer = try LonePeer<AliceEnd<TwinSpi>>.exchanging()
  let frame = try peer.proposedWindow()[..<4]
  let batch = bytes(7, 8) + frame + bytes(0, 4) + bytes(3, 2) + [5, 0, 120]
  try peer.send(.detections, batch)
  try peer.pass(ticks: 4)
  try peer.send(.sifted, bytes(0, 4) + [kept, 1])
  try peer.pass(ticks: 4)
  let told = try #require(peer.heard.last { $0.type == .told }?.payload)
  let slots: [UInt32] = [5, 6, 127]
  var expected: UInt8 = 0
  var place: UInt8 = 0
  for i in 0..<3 where kept >> UInt8(i) & 1 == 0 {
    let choice = peer.simulation.choices.choice(
      frame: UInt32(number(frame)), slot: slots[i], settings: EmissionSettings())
    expected |= choice.bit << place
    place += 1
  }
  #expect(told == bytes(0, 4) + (kept == 7 ? [] : [expected]))
  try peer.send(.sifted, bytes(1, 4) + [kept, 2])
  try peer.pass(ticks: 4)
  let end = peer.module.lastEnd
  #expect(end == .protocolBroken)
}

/// Bob without a use for bits, and bits of a batch that he has not sifted, end the session.
@Test(arguments: 0..<3) func told_thatWasNotAsked_endsTheSession(kind: Int) throws {
  var peer = try LonePeer<BobEnd<TwinSpi>> { BobEnd(bus: $0, from: &$1) }
  if kind > 0 { _ = peer.module.settings.set(.adaptive, to: 1) }
  let batch = try peer.meet()
  let events = Int(number(batch[16..<18]))
  if kind == 2 {
    // Sifted, so that it may be told; but bits are missing.
    try peer.send(.choices, bytes(0, 4) + bytes(UInt64(events), 2) + [UInt8](repeating: 0, count: events))
    try peer.pass(ticks: 3)
    let map = try #require(peer.heard.last { $0.type == .sifted }?.payload)
    #expect(map.count == 4 + (events + 7) / 8 + 1 && map.last == 1)
  }
  try peer.send(.told, bytes(0, 4) + (kind == 2 ? [] : [0]))
  try peer.pass(ticks: 3)
  let end = peer.module.lastEnd
  #expect(end == .protocolBroken)
}

// MARK: Console

@Test func adaptive_tellsTurnPlatesAndWhatItGains() {
  var link = LinkRun(followingPlan(frames: 200, rollDegrees: 20))
  let lit = link.startExchange()
  link.run(ticksMax: 1200)
  let text = answer("adaptive", of: &link.bob)
  let alice = answer("adaptive", of: &link.alice)
  #expect(lit && text.contains("frame    followed") && text.contains("turn     DA "), "\(text)")
  #expect(text.contains("errors   with it ") && text.contains("plates    "), "\(text)")
  #expect(text.contains(" +- 0."), "\(text)")
  #expect(alice.contains("bob's plates"), "\(alice)")
}
