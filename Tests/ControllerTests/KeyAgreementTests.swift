import Controller
import Distillation
import HostStorage
import KeyStore
import LinkControl
import Testing
import Twin
import TwinRun
import Units
import Wire

/// Runs a session until one module has keys, and some ticks more.
private func runToTheAgreement(_ link: inout LinkRun, ticks: Int) -> Bool {
  guard link.startExchange() else { return false }
  let hasKeys = link.run(ticksMax: 10_000) { $0.alice.keyCount + $0.bob.keyCount > 0 }
  for _ in 0..<ticks { link.step() }
  return hasKeys
}

/// KEY-001 The link breaks before, between and behind the two messages: when it is back both release the same keys.
@Test(arguments: 0..<8) func link_cutAroundTheAgreement_endsWithEqualKeys(ticks: Int) {
  var link = LinkRun(plan(frames: 60))
  let hasKeys = runToTheAgreement(&link, ticks: ticks)
  link.cable.cut()
  link.run(ticksMax: 5)
  link.cable.mend()
  link.run(ticksMax: 20)
  let held = [link.alice.heldKeyCount, link.bob.heldKeyCount]
  let keys = link.deliverKeys()
  // If one side had not finished its block there is no key on either.
  #expect(hasKeys && held == [0, 0] && keys[0] == keys[1])
  if ticks > 3 { #expect(!keys[0].isEmpty) }
}

/// Both modules lose power around the agreement and come back with their vaults, or Bob without.
@Test(arguments: 0..<8, [true, false]) func restart_aroundTheAgreement_endsWithEqualKeys(ticks: Int, bobHasVault: Bool)
{
  var plan = plan(frames: 60)
  plan.aliceVault = VaultMedium()
  plan.bobVault = VaultMedium()
  do {
    var link = LinkRun(plan)
    let hasKeys = runToTheAgreement(&link, ticks: ticks)
    #expect(hasKeys)
  }
  plan.aliceVault?.restorePower()
  plan.bobVault?.restorePower()
  if !bobHasVault { plan.bobVault = nil }
  var link = LinkRun(plan)
  let isUp = link.boot()
  link.run(ticksMax: 20)
  let held = [link.alice.heldKeyCount, link.bob.heldKeyCount]
  let keys = link.deliverKeys()
  #expect(isUp && held == [0, 0])
  if bobHasVault { #expect(keys[0] == keys[1]) } else { #expect(keys[1].isEmpty) }
  // What was released before the restart is still Alice's; what was not is gone with Bob's memory.
  if bobHasVault, ticks > 5 { #expect(!keys[0].isEmpty) }
  if !bobHasVault, ticks == 0 { #expect(keys[0].isEmpty) }
  // What was handed out is not there in the next life.
  plan.aliceVault?.restorePower()
  var again = LinkRun(plan)
  let isUpAgain = again.boot()
  let left = again.alice.keyCount
  #expect(isUpAgain && left == 0)
}

/// Keys lie behind the bytes of the pool and the words of the tags in what both modules distilled.
@Test func deliveredKeys_areTheFinalKeyBehindPoolAndTags() throws {
  var link = LinkRun(plan(frames: 60))
  let isLit = link.startExchange()
  let isOver = link.runUntilIdle()
  let (block, keys) = (link.recorder.blocks[0], link.deliverKeys())
  let finalKey = try #require(block?.secretKeys[.alice])
  let bits = try #require(block?.summaries[.alice]?.finalBits)
  let expected = finalKey[KeyLayout.firstKeyWord...].prefix(4 * KeyLayout.keyCount(finalBits: bits))
  #expect(isLit && isOver && keys[0].flatMap { $0.prefix(4) } == Array(expected) && !expected.isEmpty)
  #expect(keys[0].map { $0[6] } == (0..<UInt64(keys[0].count)).map { $0 })
  let spent = [link.alice.totals.authBitsSpent, link.bob.totals.authBitsSpent]
  #expect(spent == [704, 704])
}

@Test func zeroize_erasesTheVaultToo() {
  var plan = plan(frames: 60)
  let medium = VaultMedium()
  plan.aliceVault = medium
  var link = LinkRun(plan)
  let isLit = link.startExchange()
  let isOver = link.runUntilIdle()
  let before = medium.bytes
  link.alice.zeroize()
  #expect(isLit && isOver && before.contains { $0 != 0 } && medium.bytes.allSatisfy { $0 == 0 })
}

/// One block after the other through one run: released without gaps, and named by one session.
@Test func severalBlocks_areReleasedWhileTheExchangeGoesOn() {
  var link = LinkRun(
    plan(frames: 300, seed: 2) {
      $0.blockBits = 100_000
      $0.plannedSifted = 100_000
    })
  let isLit = link.startExchange()
  let isReleased = link.run(ticksMax: 3000) { $0.alice.keyCount > $0.alice.heldKeyCount }
  let state = link.states[0]
  let isOver = link.runUntilIdle()
  let keys = link.deliverKeys()
  #expect(isLit && isReleased && isOver && keys[0] == keys[1] && Set(keys[0].map { $0[5] }).count >= 3)
  #expect(Set(keys[0].map { $0[4] }).count == 1)
  if case .exchanging = state {} else { Issue.record("no key before the end of the exchange") }
}

/// Telling of an unknown block is answered with nothing, once, also when zeroized; an answer is not answered.
@Test func held_ofAnUnknownBlock_isAnsweredWithNothingOnce() throws {
  var peer = try LonePeer<AliceEnd<TwinSpi>> { AliceEnd(bus: $0, from: &$1) }
  try peer.pass(ticks: 40)
  try peer.send(.held, block: 9, bytes(5, 8) + bytes(3, 2) + [0] + bytes(1, 8))
  try peer.send(.held, block: 9, bytes(5, 8) + bytes(3, 2) + [1] + bytes(1, 8))
  try peer.pass(ticks: 5)
  peer.module.zeroize()
  try peer.send(.held, block: 9, bytes(6, 8) + bytes(3, 2) + [0] + bytes(1, 8))
  try peer.pass(ticks: 5)
  let answers = peer.heard.filter { $0.type == .held }.map(\.payload)
  #expect(answers == [bytes(5, 8) + [0, 0, 1] + bytes(0, 8), bytes(6, 8) + [0, 0, 1] + bytes(0, 8)])
}

/// A message that is not of its form ends a session that runs, and nothing else happens.
@Test func held_thatIsMalformed_endsTheSession() throws {
  for payload in [[UInt8](), bytes(0, 18), bytes(0, 20), bytes(0, 10) + [2] + bytes(0, 8)] {
    var peer = try LonePeer<AliceEnd<TwinSpi>> { AliceEnd(bus: $0, from: &$1) }
    try peer.pass(ticks: 40)
    peer.module.start()
    try peer.pass(ticks: 2)
    try peer.send(.held, payload)
    try peer.pass(ticks: 5)
    let (state, end) = (peer.module.state, peer.module.lastEnd)
    #expect(state == .idle && end == .protocolBroken)
  }
}
