import Distillation
import HostStorage
import Testing
import Units
import Wire

private let types: [MessageType] = [
  .close, .closed, .parityRequest, .parityReply, .reconciled, .confirm, .counts, .length, .seed, .tag, .abort,
]
private let sample = TestBlock(bits: 30_000, qber: 0.01, seed: 11)

/// A payload that no honest peer would send now: noise, extremes, or a real one that was bent.
private func payload(_ random: inout SeededRandom, after messages: [Message], _ type: MessageType) -> [UInt8] {
  let lengths = [0, 1, 2, 6, 10, 12, 14, 16, 40, 48, 4096, 4100, 4160]
  let length = lengths.randomElement(using: &random) ?? 0
  switch Int.random(in: 0..<4, using: &random) {
  case 0: return (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
  case 1: return [UInt8](repeating: Bool.random(using: &random) ? 0xff : 0, count: length)
  default:
    var real = messages.last { $0.type == type }?.payload ?? [UInt8](repeating: 0, count: 40)
    for _ in 0..<Int.random(in: 0...3, using: &random) where !real.isEmpty {
      real[Int.random(in: 0..<real.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
    }
    if Int.random(in: 0..<4, using: &random) == 0, !real.isEmpty { real.removeLast() }
    return real
  }
}

/// In place of any message anything may arrive: nothing traps, and no two modules hold different keys.
@Test(arguments: 0..<8) func message_replacedByAnything_trapsNobody(seed: Int) throws {
  var random = SeededRandom(seed: UInt64(seed))
  var pair = try Pair(settledBy: sample)
  try pair.runBlock(sample, seed: 12)
  let honest = pair.messages
  for _ in 0..<60 {
    let index = Int.random(in: 3..<honest.count, using: &random)
    let type = types.randomElement(using: &random) ?? .close
    let hostile = payload(&random, after: honest, type)
    var number = -1
    try pair.runBlock(sample, seed: 12) { message in
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
@Test func message_outOfTurn_isRefusedInEveryPhase() throws {
  var pair = try Pair(settledBy: sample)
  try pair.runBlock(sample, seed: 13)
  let honest = pair.messages
  var seen: Set<String> = []
  for index in 3..<honest.count {
    let key = "\(honest[index].sender) \(honest[index].type)"
    guard seen.insert(key).inserted else { continue }
    for type in types where type != honest[index].type {
      var number = -1
      try pair.runBlock(sample, seed: 13) { message in
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
