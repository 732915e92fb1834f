import Distillation
import HostStorage
import Testing
import Units
import Wire

private let types: [MessageType] = [
  .close, .closed, .parityRequest, .parityReply, .reconciled, .confirm, .counts, .length, .seed, .tag, .abort,
  .permutation, .loaded, .parities, .accepted, .rejected, .seedTaken,
]

/// Plans and blocks that between them need every kind of message: one tile of single bits, and pairs of which more
/// than a tile is kept, so that the window on the Toeplitz seed has to move.
struct HostilePlan: Sendable {
  let adBlock: Int
  let bits: Int
  var family = ReconciliationFamily.leastLeak

  fileprivate static let all = [
    HostilePlan(adBlock: 1, bits: 30_000), HostilePlan(adBlock: 2, bits: 150_000),
    HostilePlan(adBlock: 1, bits: 150_000, family: .fewestExchanges),
  ]

  fileprivate var block: TestBlock { TestBlock(bits: bits, qber: 0.01, seed: 11) }

  /// After one block the error rate that the next is reconciled for is settled.
  fileprivate func settledPair() throws -> Pair {
    var plan = plan(adBlock: adBlock)
    plan.reconciliation = family
    var pair = Pair(plan)
    try pair.runBlock(block, seed: 0)
    return pair
  }
}

/// A payload that no honest peer would send now: noise, extremes, or a real one that was bent.
private func payload(_ random: inout SeededRandom, after messages: [Message], _ type: MessageType) -> [UInt8] {
  let lengths = [0, 1, 2, 4, 6, 10, 12, 14, 16, 32, 40, 48, 260, 516, 4096, 4100, 4156, 4160]
  let length = lengths.randomElement(using: &random) ?? 0
  switch Int.random(in: 0..<4, using: &random) {
  case 0: return (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
  case 1: return [UInt8](repeating: Bool.random(using: &random) ? 0xff : 0, count: length)
  default:
    let real = messages.filter { $0.type == type }.randomElement(using: &random)?.payload
    return random.bent(real ?? [UInt8](repeating: 0, count: 40), bytesMax: 4160)
  }
}

/// In place of any message anything may arrive: nothing traps, and no two modules hold different keys.
@Test(arguments: HostilePlan.all, fuzzSeeds(8)) func message_replacedByAnything_trapsNobody(
  plan: HostilePlan, seed: UInt64
) throws {
  var random = SeededRandom(seed: seed)
  let block = plan.block
  var pair = try plan.settledPair()
  try pair.runBlock(block, seed: 12)
  let honest = pair.messages
  for _ in 0..<(plan.bits < 100_000 ? 60 : 20) {
    let index = Int.random(in: 3..<honest.count, using: &random)
    let type = types.randomElement(using: &random) ?? .close
    let hostile = payload(&random, after: honest, type)
    var number = -1
    try pair.runBlock(block, seed: 12) { message in
      number += 1
      guard number == index else { return message }
      return Message(sender: message.sender, type: type, payload: hostile)
    }
    let phases = pair.phases
    guard phases == [.finished, .finished] else { continue }
    let keys = [pair.alice.secretKey, pair.bob.secretKey]
    #expect(keys[0] == keys[1], "message \(index) replaced by \(type) \(hostile)")
  }
}

/// A message that nobody asked for is refused in every phase, on both sides.
@Test(arguments: HostilePlan.all) func message_outOfTurn_isRefusedInEveryPhase(plan: HostilePlan) throws {
  let block = plan.block
  var pair = try plan.settledPair()
  try pair.runBlock(block, seed: 13)
  let honest = pair.messages
  var seen: Set<String> = []
  for index in 3..<honest.count {
    let key = "\(honest[index].sender) \(honest[index].type)"
    guard seen.insert(key).inserted else { continue }
    for type in types where type != honest[index].type {
      var number = -1
      try pair.runBlock(block, seed: 13) { message in
        number += 1
        guard number == index else { return message }
        return Message(sender: message.sender, type: type, payload: honest[index].payload)
      }
      let refusals = pair.refusals
      let receiver = honest[index].sender == .alice ? 1 : 0
      // An honest tag in an earlier message's place ends the block as a tag.
      let expected: [BlockRefusal] = type == .abort ? [.peerGaveUp] : [.unexpectedMessage, .tagWrong]
      #expect(refusals[receiver].map(expected.contains) == true, "\(type) in place of \(key): \(refusals)")
    }
  }
  #expect(seen.count == (plan.adBlock > 1 ? 18 : plan.bits > 100_000 ? 15 : 14))
}

/// Sends `message` in front of the first message of `type` by the same module, so that it comes too early or twice.
private func inserting(
  _ extra: Message, before type: MessageType, in plan: HostilePlan
) throws -> (refusals: [BlockRefusal?], phases: [DistillerPhase]) {
  var pair = try plan.settledPair()
  pair.open(plan.block, seed: 14)
  pair.begin()
  var isSent = false
  try pair.run { message in
    guard !isSent, message.type == type, message.sender == extra.sender else { return message }
    isSent = true
    return extra
  }
  return (pair.refusals, pair.phases)
}

/// A peer that runs ahead: parts that are not due yet, numbers beyond the last, more than there is.
@Test func message_aheadOfItsTurn_isRefused() throws {
  let plan = HostilePlan.all[1]
  func number(_ value: UInt32, and bytes: Int = 0) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) } + [UInt8](repeating: 0, count: bytes)
  }
  let cases: [(Message, MessageType, Int)] = [
    (Message(sender: .alice, type: .parities, payload: number(1, and: 256)), .parities, 1),
    (Message(sender: .alice, type: .parities, payload: number(.max, and: 256)), .parities, 1),
    (Message(sender: .alice, type: .parities, payload: number(0, and: 257)), .parities, 1),
    (Message(sender: .alice, type: .rejected, payload: number(0)), .parities, 1),
    (Message(sender: .alice, type: .seed, payload: number(0, and: 8)), .parities, 1),
    (Message(sender: .alice, type: .seed, payload: number(512, and: 8)), .seed, 1),
    (Message(sender: .alice, type: .seed, payload: number(.max, and: 8)), .seed, 1),
    (Message(sender: .alice, type: .seed, payload: number(0, and: 4152)), .seed, 1),
    (Message(sender: .alice, type: .loaded, payload: []), .permutation, 1),
    (Message(sender: .bob, type: .accepted, payload: number(1, and: 256)), .accepted, 0),
    (Message(sender: .bob, type: .accepted, payload: number(.max, and: 256)), .accepted, 0),
    (Message(sender: .bob, type: .accepted, payload: number(0, and: 256)), .loaded, 0),
    (Message(sender: .bob, type: .counts, payload: [UInt8](repeating: 0, count: 44)), .parityRequest, 0),
    (Message(sender: .bob, type: .counts, payload: [UInt8](repeating: 0, count: 44)), .reconciled, 0),
    (Message(sender: .bob, type: .seedTaken, payload: number(1)), .seedTaken, 0),
    (Message(sender: .bob, type: .seedTaken, payload: number(.max)), .seedTaken, 0),
    (Message(sender: .bob, type: .tag, payload: [UInt8](repeating: 0, count: 16)), .seedTaken, 0),
  ]
  for (extra, type, receiver) in cases {
    let (refusals, phases) = try inserting(extra, before: type, in: plan)
    // A seed of zeros of the right form is found out by the tag.
    let expected: [BlockRefusal] = extra.payload.count == 4156 ? [.tagWrong, .unexpectedMessage] : [.unexpectedMessage]
    #expect(refusals[receiver].map(expected.contains) == true, "\(extra.type) in place of \(type): \(refusals)")
    #expect(phases != [.finished, .finished])
  }
}

/// A tile more than Bob has taken is promised to Alice: she sends no more seed than her own window holds.
@Test func seedTaken_thatComesTooEarly_doesNotOverflowTheWindow() throws {
  var pair = Pair(plan(expectedQber: 1, adBlock: 2))
  pair.open(TestBlock(bits: 600_000, qber: 0.01, seed: 4), seed: 6)
  pair.begin()
  var isToldEarly = false
  while try pair.advance() {
    guard !isToldEarly, pair.alice.distiller.phase == .amplifying else { continue }
    isToldEarly = true
    for tile in UInt8(0)..<3 { pair.bob.send(Message(sender: .bob, type: .seedTaken, payload: [0, 0, 0, tile])) }
  }
  let phases = pair.phases
  #expect(isToldEarly && phases != [.finished, .finished])
}

/// Eve may tell Alice that almost no group is accepted, which no error rate explains. What Alice then discloses does
/// not reach Bob.
@Test(arguments: [2, 16]) func flags_thatKeepOneBit_trapNobody(adBlock: Int) throws {
  var pair = Pair(plan(adBlock: adBlock))
  try pair.runBlock(TestBlock(bits: 200_000, qber: 0.01, seed: 3), seed: 15) { message in
    guard message.type != .rejected else { return nil }
    guard message.type == .accepted else { return message }
    var changed = message
    for i in 4..<changed.payload.count { changed.payload[i] = 0 }
    if message.payload[0..<4].allSatisfy({ $0 == 0 }) { changed.payload[4] = 1 }
    return changed
  }
  let phases = pair.phases
  let kept = pair.alice.distiller.summary.keptBits
  #expect(kept == 1 && phases != [.finished, .finished])
}

/// Parities that fit Bob's string nowhere but in one group, as an Eve who knows it all could send them.
@Test(arguments: [2, 16]) func parities_thatFitOneGroup_trapNobody(adBlock: Int) throws {
  let block = TestBlock(bits: 200_000, qber: 0, seed: 3)
  var pair = Pair(plan(adBlock: adBlock))
  try pair.runBlock(block, seed: 15) { message in
    guard message.type == .parities else { return message }
    var changed = message
    let isFirst = message.payload[0..<4].allSatisfy { $0 == 0 }
    for i in 4..<changed.payload.count { changed.payload[i] ^= 0xff }
    let bits = adBlock - 1
    for bit in 0..<bits where isFirst { changed.payload[4 + bit / 8] ^= 1 << UInt8(bit % 8) }
    // The bits behind the last group stay zero.
    let groups = min(2048, 200_000 / adBlock - 2048 * (Int(message.payload[2]) * 256 + Int(message.payload[3])))
    let rest = groups * bits % 8
    if rest > 0 { changed.payload[changed.payload.count - 1] &= 1 << UInt8(rest) - 1 }
    return changed
  }
  let phases = pair.phases
  let kept = pair.bob.distiller.summary.keptBits
  #expect(kept == 1 && phases != [.finished, .finished])
}

/// Replies that are well-formed and false are the worst that a peer can do to reconciliation.
@Test(arguments: 0..<4) func parities_thatAreFalse_endWithoutKeys(seed: UInt64) throws {
  var random = SeededRandom(seed: seed)
  var pair = Pair()
  try pair.runBlock(TestBlock(bits: 140_000, qber: 0.02, seed: seed), seed: seed) { message in
    guard message.type == .parityReply, Int.random(in: 0..<4, using: &random) == 0 else { return message }
    var changed = message
    for _ in 0..<20 where changed.payload.count > 4 {
      changed.payload[Int.random(in: 2..<changed.payload.count - 1, using: &random)] ^= 0x3c
    }
    return changed
  }
  let refusals = pair.refusals
  #expect(refusals[0] != nil && refusals[1] != nil)
}
