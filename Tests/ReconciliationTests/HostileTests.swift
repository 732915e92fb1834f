import FixedStorage
import HostStorage
import Reconciliation
import Testing

private func answer(_ link: inout Link, _ request: [UInt8], space: Int = 4096) -> Result<Int, ReconciliationFault> {
  var reply = [UInt8](repeating: 0xff, count: space)
  var span = reply.mutableSpan
  do throws(ReconciliationFault) {
    return .success(try link.alice.answer(request.span, into: &span).disclosedBits)
  } catch {
    return .failure(error)
  }
}

private func begun(bits: Int, disclosureMax: Int = .max) -> Link {
  var link = Link()
  var random = SeededRandom(seed: 9)
  let pair = TilePair(bits: bits, errorRate: 0.05, random: &random)
  link.begin(pair, seed: 9, schedule: schedule(bits: bits, errorRate: 0.05), disclosureMax: disclosureMax)
  return link
}

@Test(
  arguments: [
    ([], .malformed), ([0], .malformed), ([3, 0, 1, 1], .malformed), ([1, 0, 0], .malformed),
    ([1, 0, 2, 1], .malformed),
    ([1, 0, 1, 1, 1], .malformed), ([1, 1, 1, 1], .outOfOrder),
    ([1, 0, 17] + [UInt8](repeating: 1, count: 17), .outOfOrder),
    ([1, 0, 1, 0], .nodeOutOfRange), ([1, 0, 1, 5], .nodeOutOfRange), ([1, 0, 2, 4, 4], .nodeOutOfRange),
    ([2, 1, 0, 1, 0, 0], .outOfOrder),
  ] as [([UInt8], ReconciliationFault)])
func freshReference_refusesBadRequests(request: [UInt8], fault: ReconciliationFault) {
  var link = begun(bits: 11)
  let outcome = answer(&link, request)
  #expect(outcome == .failure(fault))
  let genuine = answer(&link, [1, 0, 1, 1])
  #expect(genuine == .success(8))
}

/// Of the top nodes 8 to 15 of an 11-bit tile 8, 10 and 13 have two positions.
@Test(
  arguments: [
    ([2, 0], .malformed), ([2, 1, 0, 0, 0], .malformed), ([2, 1, 0, 1, 0], .malformed),
    ([2, 1, 0, 2, 0, 0], .malformed),
    ([2, 1, 0, 1, 0, 0, 0], .malformed), ([2, 1, 0, 1, 0, 0x80, 0], .malformed),
    ([2, 1, 0, 1, 0, 0x80, 0x80, 0x80], .malformed), ([2, 2, 0, 1, 0, 0, 0, 1, 0, 2], .malformed),
    ([2, 1, 1, 1, 0, 0], .outOfOrder), ([2, 1, 0, 1, 0, 1], .nodeOutOfRange), ([2, 1, 0, 1, 0, 8], .nodeOutOfRange),
    ([2, 1, 0, 1, 0, 0xff, 0xff, 0x7f], .nodeOutOfRange), ([1, 0, 1, 1], .outOfOrder),
  ] as [([UInt8], ReconciliationFault)])
func openReference_refusesBadRequests(request: [UInt8], fault: ReconciliationFault) {
  var link = begun(bits: 11)
  let opened = answer(&link, [1, 0, 1, 1])
  let outcome = answer(&link, request)
  let genuine = answer(&link, [2, 1, 0, 2, 0, 0, 1])
  #expect(opened == .success(8) && outcome == .failure(fault) && genuine == .success(2))
  #expect(link.alice.disclosedBits == 10)
}

@Test func reference_neverDisclosesMoreThanItsLimit() {
  var link = begun(bits: 11, disclosureMax: 9)
  let opened = answer(&link, [1, 0, 1, 1])
  let two = answer(&link, [2, 1, 0, 2, 0, 0, 1])
  let one = answer(&link, [2, 1, 0, 1, 0, 0])
  let again = answer(&link, [2, 1, 0, 1, 0, 0])
  #expect(opened == .success(8) && two == .failure(.disclosureExhausted) && one == .success(1))
  #expect(again == .failure(.disclosureExhausted) && link.alice.disclosedBits == 9)
}

@Test func reference_refusesReplyThatDoesNotFit() {
  var link = begun(bits: 65_536)
  let tooSmall = answer(&link, [1, 0, 1, 4], space: 511)
  let tooMany = answer(&link, [1, 0, 2, 1, 14], space: 5000)
  let fits = answer(&link, [1, 0, 1, 1])
  #expect(tooSmall == .failure(.replyTooLong) && tooMany == .failure(.replyTooLong) && fits == .success(32_768))
}

@Test func reference_afterWipe_answersNothing() {
  var link = begun(bits: 11)
  link.alice.wipe()
  let outcome = answer(&link, [1, 0, 1, 0])
  link.bob.wipe()
  let left = link.bob.corrected[0]
  #expect(outcome == .failure(.disclosureExhausted) && left == 0)
}

/// Damaged and invented requests between genuine ones: a refusal changes nothing, an answer stays within the limit.
@Test(arguments: fuzzSeeds(40)) func reference_survivesHostileRequests(seed: UInt64) throws {
  var random = SeededRandom(seed: seed)
  var link = Link()
  let bits = Int.random(in: 1...3000, using: &random)
  let pair = TilePair(bits: bits, errorRate: 0.05, random: &random)
  let limit = 2 * bits + 100
  link.begin(pair, seed: seed, schedule: schedule(bits: bits, errorRate: 0.05), disclosureMax: limit)
  var refusals = 0
  while case .ask(let bytes) = link.step() {
    for _ in 0..<20 {
      var hostile = Array(link.request[..<bytes])
      if Bool.random(using: &random) { hostile = hostile.map { _ in UInt8.random(in: 0...255, using: &random) } }
      hostile[0] = 2
      hostile[Int.random(in: 0..<bytes, using: &random)] = UInt8.random(in: 0...255, using: &random)
      if Bool.random(using: &random) { hostile.removeLast(Int.random(in: 0...bytes, using: &random)) }
      // Opening a pass would be a legitimate request that Bob does not know of.
      if hostile.first == 1 { continue }
      let before = link.alice.disclosedBits
      switch answer(&link, hostile, space: Int.random(in: 0...4096, using: &random)) {
      case .success(let disclosed): #expect(link.alice.disclosedBits == before + disclosed)
      case .failure:
        refusals += 1
        #expect(link.alice.disclosedBits == before)
      }
      #expect(link.alice.disclosedBits <= limit)
    }
    guard let sent = try? link.answer(bytes) else { break }
    _ = try link.accept(sent.bytes)
  }
  #expect(refusals > 0)
}

/// Whatever the replies say, Bob ends after a bounded number of messages, with each bit flipped at most once; and the
/// parities of a liar do contradict each other in some of the runs.
@Test func corrector_survivesInventedReplies() {
  var contradictions = 0
  for seed in fuzzSeeds(60) {
    var random = SeededRandom(seed: seed)
    var link = Link()
    let bits = Int.random(in: 1...3000, using: &random)
    let pair = TilePair(bits: bits, random: &random)
    link.begin(pair, seed: seed, schedule: schedule(bits: bits, errorRate: 0.05))
    let share = UInt8.random(in: 0...8, using: &random)
    var faults: [ReconciliationFault] = []
    var messages = 0
    var last = link.step()
    while case .ask(let bytes) = last, let sent = try? link.answer(bytes) {
      messages += 1
      for i in 0..<sent.disclosedBits where UInt8.random(in: 0..<16, using: &random) < share {
        link.reply[i / 8] ^= 1 << UInt8(i % 8)
      }
      do throws(ReconciliationFault) { _ = try link.accept(sent.bytes) } catch { faults.append(error) }
      last = link.step()
    }
    let flipped = (0..<bits).count { link.bob.corrected.bit($0) != pair.received.span.bit($0) }
    #expect(messages <= 16 * 2 * bits, "seed \(seed)")
    #expect(faults.isEmpty ? last == .finished(errors: flipped) : last == .failed, "seed \(seed)")
    #expect(faults.isEmpty || faults == [.contradiction], "seed \(seed)")
    contradictions += faults.count
  }
  #expect(contradictions > 0)
}

@Test func corrector_refusesRepliesOfWrongShape() throws {
  var link = begun(bits: 11)
  let early = Result { () throws(ReconciliationFault) -> Int in try link.accept(1) }
  #expect(early == .failure(.outOfOrder))
  guard case .ask(let bytes) = link.step() else { throw ReconciliationFault.outOfOrder }
  let sent = try link.answer(bytes)
  for wrong in [0, sent.bytes + 1] {
    let outcome = Result { () throws(ReconciliationFault) -> Int in try link.accept(wrong) }
    #expect(outcome == .failure(.malformed))
  }
  let spare = UInt8(sent.disclosedBits % 8)
  link.reply[sent.bytes - 1] ^= 0x80
  let padded = Result { () throws(ReconciliationFault) -> Int in try link.accept(sent.bytes) }
  link.reply[sent.bytes - 1] ^= 0x80
  let right = try link.accept(sent.bytes)
  #expect(spare != 0 && padded == .failure(.malformed) && right == sent.disclosedBits)
}

/// The first request would exceed the limit: the tile fails, and stays failed.
@Test(arguments: [0, 7]) func corrector_withoutAllowance_staysFailed(disclosureMax: Int) {
  var link = begun(bits: 900, disclosureMax: disclosureMax)
  let first = link.step()
  let second = link.step()
  #expect(first == .failed && second == .failed && link.bob.disclosedBits == 0)
}
