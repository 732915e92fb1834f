import Distillation
import HostStorage
import Sifting
import Testing
import Units
import Wire

/// A block that becomes a key when nobody disturbs it.
private let sample = TestBlock(bits: 30_000, qber: 0.01, seed: 99)

/// Messages of sifting that stand in for a block's own; the tags cover them like all others.
private func siftingMessages(seed: UInt64) -> [Message] {
  var random = SeededRandom(seed: seed)
  return [(Role.bob, MessageType.detections), (.alice, .choices), (.bob, .sifted)].map { sender, type in
    Message(sender: sender, type: type, payload: (0..<40).map { _ in UInt8.random(in: 0...255, using: &random) })
  }
}

extension Pair {
  /// After one block the error rate that the next is reconciled for is settled, so that runs repeat message by message.
  init(settledBy block: TestBlock) throws {
    self.init()
    try runBlock(block, seed: 0)
  }

  /// One whole block, sifting's messages included.
  mutating func runBlock(_ block: TestBlock, seed: UInt64, tap: (Message) -> Message? = { $0 }) throws {
    open(block, seed: seed)
    for message in siftingMessages(seed: seed) {
      if message.sender == .alice { alice.send(message) } else { bob.send(message) }
    }
    while try advance(tap: tap) {}
    begin()
    try run(tap: tap)
  }
}

/// Replaces the byte at `place` of the first message of this kind, `to` its new value.
private func changing(_ type: MessageType, byte place: Int, by change: UInt8) -> (Message) -> Message? {
  return { message in
    guard message.type == type else { return message }
    var changed = message
    changed.payload[place] ^= change
    return changed
  }
}

@Test func counts_thatDiffer_areRefused() throws {
  var pair = Pair()
  pair.open(sample, seed: 1)
  _ = pair.bob.store.append(0, .decoy, to: .first)
  pair.begin()
  try pair.run()
  let refusals = pair.refusals
  #expect(refusals == [.countsDiffer, .peerGaveUp])
}

/// The total agrees and the intensities do not.
@Test func counts_ofOtherIntensities_areRefused() throws {
  var pair = Pair()
  pair.open(sample, seed: 1)
  _ = pair.alice.store.append(0, .signal, to: .first)
  _ = pair.bob.store.append(0, .decoy, to: .first)
  pair.begin()
  try pair.run()
  let refusals = pair.refusals
  #expect(refusals == [.countsDiffer, .peerGaveUp])
}

@Test func block_withoutBits_isRefusedByBoth() throws {
  var pair = Pair()
  pair.open(TestBlock(bits: 0, qber: 0, seed: 1), seed: 1)
  pair.begin()
  try pair.run()
  let refusals = pair.refusals
  #expect(refusals.allSatisfy { $0 == .empty || $0 == .peerGaveUp } && refusals.contains(.empty))
}

/// A bit that changes behind reconciliation, where no parity can see it, is caught by the hash of its tile. The tile is
/// reconciled anew, and what the second time cost is charged.
@Test(arguments: [0, 63, 64, 3000, 29_999]) func hash_ofATileThatDiffersOnce_isRepaired(bit: Int) throws {
  var pair = Pair()
  var changes = 0
  pair.open(sample, seed: 3)
  pair.begin()
  while try pair.advance() {
    guard changes == 0, pair.alice.distiller.phase == .hashing else { continue }
    changes += 1
    flip(bit, in: &pair)
  }
  let refusals = pair.refusals
  let keys = [pair.alice.key, pair.bob.key]
  let ledgers = [pair.alice.distiller.summary.ledger, pair.bob.distiller.summary.ledger]
  #expect(changes == 1 && keys[0] == keys[1] && !refusals.contains(.notConfirmed))
  #expect(ledgers[0] == ledgers[1] && ledgers[0].confirmationBits == 2 * 65)
}

/// Tiles that never agree end the block, not the patience.
@Test func hash_ofATileThatAlwaysDiffers_isRefused() throws {
  var pair = Pair()
  var tries = 0
  var wasHashing = false
  pair.open(sample, seed: 3)
  pair.begin()
  while try pair.advance() {
    let isHashing = pair.alice.distiller.phase == .hashing
    if isHashing && !wasHashing {
      tries += 1
      flip(70, in: &pair)
    }
    wasHashing = isHashing
  }
  let refusals = pair.refusals
  let charged = pair.bob.distiller.summary.ledger.confirmationBits
  #expect(tries == 1 + Distiller.retriesMax && refusals == [.peerGaveUp, .notConfirmed])
  #expect(charged == UInt64(65 * tries))
}

private func flip(_ bit: Int, in pair: inout Pair) {
  pair.alice.memory("blockString").flip(bit)
}

/// DIST-001 The peer's account is compared before a length is computed.
@Test func leak_accountedDifferently_isRefused() throws {
  var pair = Pair()
  // The last byte of Bob's count of parities, and of his total.
  for (type, place, refusal) in [
    (MessageType.reconciled, 12, BlockRefusal.accountsDiffer), (.counts, 43, .accountsDiffer),
  ] {
    try pair.runBlock(sample, seed: 4, tap: changing(type, byte: place, by: 1))
    let refusals = pair.refusals
    #expect(refusals == [refusal, .peerGaveUp])
  }
}

@Test func length_thatDiffers_isRefused() throws {
  var pair = Pair()
  // Bits 4...7 of Bob's length, then of what Alice answers: more than rounding may make.
  try pair.runBlock(sample, seed: 4, tap: changing(.counts, byte: 35, by: 0x10))
  let byAlice = pair.refusals
  #expect(byAlice == [.accountsDiffer, .peerGaveUp])
  try pair.runBlock(sample, seed: 4, tap: changing(.length, byte: 3, by: 0x10))
  let byBob = pair.refusals
  #expect(byBob == [.peerGaveUp, .accountsDiffer])
}

@Test func length_ofHopelessCounts_isNone() throws {
  var pair = Pair(plan(epsilonSecret: 1e-10, expectedQber: 200_000))
  try pair.runBlock(TestBlock(bits: 20_000, qber: 0.2, seed: 5), seed: 5)
  let refusals = pair.refusals
  #expect(refusals == [.noLength, .noLength] || refusals == [.noLength, .peerGaveUp])
  let lengths = [pair.alice.distiller.summary.finalBits, pair.bob.distiller.summary.finalBits]
  #expect(lengths == [0, 0])
}

/// Keys that have nothing to do with each other cost at most what they hold, and give nothing.
@Test func keys_withoutRelation_areNotReconciled() throws {
  var pair = Pair()
  try pair.runBlock(TestBlock(bits: 5000, qber: 0.5, seed: 6), seed: 6)
  let refusals = pair.refusals
  #expect(refusals[0] != nil && refusals[1] != nil)
  let told = [pair.alice.distiller.summary.ledger.parityBits, pair.bob.distiller.summary.ledger.parityBits]
  #expect(told.allSatisfy { $0 <= 5000 })
}

/// DIST-002 Every message of a block is covered by the tags: a byte changed on the way never leaves two keys, let
/// alone two different ones.
@Test func message_changedByOneByte_leavesNoTwoKeys() throws {
  var pair = try Pair(settledBy: sample)
  try pair.runBlock(sample, seed: 7)
  let honest = pair.messages
  let phases = pair.phases
  #expect(phases == [.finished, .finished])
  #expect(Set(honest.map(\.type)).count == 15, "every kind of message of a block is on the way")
  var random = SeededRandom(seed: 8)
  var refusedByTag = 0
  for index in honest.indices where !honest[index].payload.isEmpty {
    var number = -1
    let place = Int.random(in: 0..<honest[index].payload.count, using: &random)
    let change = UInt8.random(in: 1...255, using: &random)
    try pair.runBlock(sample, seed: 7) { message in
      number += 1
      guard number == index else { return message }
      var changed = message
      changed.payload[place % message.payload.count] ^= change
      return changed
    }
    let refusals = pair.refusals
    #expect(refusals[0] != nil || refusals[1] != nil, "\(honest[index].type) byte \(place) by \(change)")
    if refusals.contains(.tagWrong) { refusedByTag += 1 }
    // Only the very last message, Bob's tag, may leave one module with a key that the other does not have.
    let spoiled = pair.phases
    let isLast = honest[index].type == .tag && honest[index].sender == .bob
    #expect(spoiled[0] != .finished && (spoiled[1] != .finished || isLast))
  }
  #expect(refusedByTag >= 8)
}

/// DIST-002 A message that is kept back or sent twice does not go unseen either.
@Test func message_lostOrRepeated_leavesNoTwoKeys() throws {
  var pair = try Pair(settledBy: sample)
  try pair.runBlock(sample, seed: 9)
  let count = pair.messages.count
  for index in 0..<count {
    var number = -1
    try pair.runBlock(sample, seed: 9) { message in
      number += 1
      return number == index ? nil : message
    }
    let phases = pair.phases
    #expect(phases != [.finished, .finished], "message \(index) lost")
  }
}

/// A source that fails at any point ends the block on both sides.
@Test(arguments: [0, 7, 8, 31, 32, 39, 40, 200]) func entropy_thatFails_endsTheBlock(bytes: Int) throws {
  for role in [Role.alice, .bob] {
    // Bob needs eight bytes for the only tile.
    guard role == .alice || bytes < 8 else { continue }
    var pair = Pair()
    pair.open(sample, seed: 10)
    if role == .alice { pair.alice.entropy.bytesLeft = bytes } else { pair.bob.entropy.bytesLeft = bytes }
    pair.begin()
    try pair.run()
    let refusals = pair.refusals
    #expect(refusals == (role == .alice ? [.entropyLost, .peerGaveUp] : [.peerGaveUp, .entropyLost]))
  }
}
