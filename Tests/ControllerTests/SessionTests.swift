import Controller
import Distillation
import LinkControl
import Testing
import Twin
import TwinRun
import Units

@Test func session_ofOneBlock_endsWithEqualKeysAndClosedOptics() {
  let plan = plan()
  var link = LinkRun(plan)
  let isLit = link.startExchange()
  #expect(isLit)
  let isOver = link.runUntilIdle()
  let ends = link.ends
  #expect(isOver && ends == [.finished, .finished])
  let isLitAfter = link.isLit
  let isArmed = link.simulation.alice.isArmed
  #expect(!isLitAfter && !isArmed)
  let totals = [link.alice.totals, link.bob.totals]
  #expect(totals[0].blocksOk == 1 && totals[1].blocksOk == 1 && totals[1].blocksAborted == 0)
  #expect(totals[0].finalBits == totals[1].finalBits && totals[1].finalBits > 1000)
  #expect(totals[0].siftedBits == totals[1].siftedBits && totals[0].disclosedBits == totals[1].disclosedBits)
  // Light in the hundred frames of the window and in no other.
  let pulses = link.simulation.pulsesSent
  #expect(pulses == 100 * UInt64(TimeBase.slotsPerFrame))
  let match = link.recorder.keysMatch
  let keys = link.deliverKeys()
  #expect(match && keys[0] == keys[1] && !keys[0].isEmpty)
  #expect(Set(keys[0]).count == keys[0].count)
}

@Test func session_ofOneSeed_isRepeatable() {
  func run(_ seed: UInt64) -> RunResult {
    var link = LinkRun(plan(frames: 60, seed: seed))
    return link.run { _ in }
  }
  let first = run(5)
  let second = run(5)
  let other = run(6)
  #expect(first.alice == second.alice && first.bob == second.bob && first.detections == second.detections)
  #expect(first.bob != other.bob)
  #expect(first.isGood && other.isGood)
}

@Test func blocks_ofOneSession_allMatchAndShareNoAuthenticationBytes() {
  var plan = plan(frames: 300, seed: 2) {
    $0.blockBits = 100_000
    $0.plannedSifted = 100_000
  }
  plan.aliceJournal.index = 3
  var link = LinkRun(plan)
  let result = link.run { _ in }
  // What is left at the end may be too short for a key.
  #expect(result.keysMatch && result.bob.blocksOk >= 3 && result.bob.blocksAborted <= 1)
  #expect(result.alice.blocksOk == result.bob.blocksOk)
  let numbers = link.recorder.blocks.keys.sorted()
  // Alice has skipped three blocks, so Bob skips them too.
  #expect(numbers == (0..<numbers.count).map { UInt32(3 + $0) })
  // Tags of every block, and the words behind the agreement on keys of those that have any.
  #expect(result.alice.authBitsSpent == UInt64(512 * numbers.count) + 192 * result.alice.blocksOk)
  #expect(result.alice.authBitsSpent == result.bob.authBitsSpent)
  #expect(plan.aliceJournal.index == UInt64(3 + numbers.count) && plan.bobJournal.index == plan.aliceJournal.index)
  let keys = link.deliverKeys()
  #expect(keys[0] == keys[1] && Set(keys[0]).count == keys[0].count)

  // A restart goes on behind the last block.
  plan.seed = 9
  var again = LinkRun(plan)
  _ = again.run { _ in }
  let later = again.recorder.blocks.keys.sorted()
  #expect(later.first == UInt32(3 + numbers.count))
}

@Test func session_afterAnother_makesKeyAgain() {
  var link = LinkRun(plan(frames: 60))
  for session in 1...2 {
    let isLit = link.startExchange()
    let isOver = link.runUntilIdle()
    let totals = [link.alice.totals, link.bob.totals]
    #expect(isLit && isOver && totals.map(\.blocksOk) == [UInt64(session), UInt64(session)])
  }
  let keys = link.deliverKeys()
  let match = link.recorder.keysMatch
  #expect(match && keys[0] == keys[1])
}

/// From either console: the window ends early on both sides and what was detected still becomes a key.
@Test(arguments: [Role.alice, .bob]) func stop_fromEitherConsole_endsTheWindowEarlyAndKeepsTheKey(role: Role) {
  var link = LinkRun(plan(frames: 10_000) { $0.plannedSifted = 120_000 })
  let isLit = link.startExchange()
  link.run(ticksMax: 900)
  if role == .alice { link.alice.stop() } else { link.bob.stop() }
  let isOver = link.runUntilIdle()
  let windows = [link.alice.exchangeWindow, link.bob.exchangeWindow]
  #expect(isLit && isOver && windows[0] == windows[1] && windows[0].frames < 150)
  let pulses = link.simulation.pulsesSent
  #expect(pulses == UInt64(windows[0].frames) * UInt64(TimeBase.slotsPerFrame))
  let ends = link.ends
  #expect(ends == [.stopped, .stopped])
  let totals = [link.alice.totals, link.bob.totals]
  #expect(totals.map(\.blocksOk) == [1, 1])
  let keys = link.deliverKeys()
  #expect(keys[0] == keys[1] && !keys[0].isEmpty)
}

/// Both operators at once: the earlier end counts.
@Test func stop_fromBothConsoles_agreesOnOneWindow() {
  var link = LinkRun(plan(frames: 10_000) { $0.plannedSifted = 120_000 })
  let isLit = link.startExchange()
  link.run(ticksMax: 900)
  link.alice.stop()
  link.step()
  link.bob.stop()
  let isOver = link.runUntilIdle()
  let windows = [link.alice.exchangeWindow, link.bob.exchangeWindow]
  let totals = [link.alice.totals, link.bob.totals]
  #expect(isLit && isOver && windows[0] == windows[1] && totals.map(\.blocksOk) == [1, 1])
}

@Test func link_cutDuringTheExchange_bringsBothToRestInTheDark() {
  var link = LinkRun(plan())
  let isLit = link.startExchange()
  link.run(ticksMax: 300)
  link.cable.cut()
  link.run(ticksMax: 5)
  let states = link.states
  let ends = link.ends
  #expect(isLit && states == [.idle, .idle] && ends == [.linkLost, .linkLost])
  // The gates close at the next frame, the line of the lasers at once.
  let isArmed = link.simulation.alice.isArmed
  #expect(!isArmed)
  link.run(ticksMax: 12)
  let isLitAfter = link.isLit
  #expect(!isLitAfter)
  let keys = link.deliverKeys()
  #expect(keys == [[], []])
}

@Test(arguments: [0, 63]) func authenticationKey_tooShort_isRefusedAndSaid(bytes: Int) {
  var plan = plan()
  plan.secretBytes = bytes
  var link = LinkRun(plan)
  _ = link.startExchange()
  let isOver = link.runUntilIdle()
  let ends = link.ends
  #expect(isOver && ends == [.keysExhausted, .keysExhausted])
  let isLit = link.isLit
  let spent = link.bob.totals.authBitsSpent
  #expect(!isLit && spent == 0)
}

@Test func authenticationKey_usedUp_endsTheSession() {
  var plan = plan(frames: 300) {
    $0.blockBits = 20_000
    $0.plannedSifted = 20_000
  }
  plan.secretBytes = 64
  var link = LinkRun(plan)
  let isLit = link.startExchange()
  let isOver = link.runUntilIdle()
  let ends = link.ends
  #expect(isLit && isOver && ends.contains(.keysExhausted))
  let spent = [link.alice.totals.authBitsSpent, link.bob.totals.authBitsSpent]
  #expect(spent.allSatisfy { $0 <= 512 })
}
