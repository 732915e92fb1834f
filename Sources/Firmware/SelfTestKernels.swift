import Authentication
import BinaryField
import Estimation
import FixedStorage
import KeyStore
import Ports
import PrivacyAmplification
import Reconciliation
import Units

/// Test points 2, 3, 6 and 7 of the key-length derivation, with digits by Tools/keylength.py at 40 digits.
func testEstimation(_ tally: inout Tally) {
  let nats = SecurityTarget().nats(tails: 10)
  tally.expect(
    "point 2 mean upper", ChernoffTail.meanUpper(1000, of: 1e6, nats: nats), near: 1351.38164297, within: 1e-8)
  tally.expect(
    "point 2 mean lower", ChernoffTail.meanLower(1000, of: 1e6, nats: nats), near: 715.495570572, within: 1e-8)
  tally.expect(
    "point 3 trials, two thirds", ChernoffTail.trialsUpper(3.4e7, chance: 2.0 / 3, nats: nats), near: 51_050_690.3634,
    within: 1e-8)
  tally.expect(
    "point 3 trials, one half", ChernoffTail.trialsUpper(3.4e7, chance: 0.5, nats: nats), near: 68_082_772.5586,
    within: 1e-8)
  testLengths(&tally)
}

private func testLengths(_ tally: inout Tally) {
  guard let settings6 = DecoySettings(means: [0.063, 0.0104, 0.0002], shares: [0.82, 0.148, 0.032]),
    let settings7 = DecoySettings(means: [0.64, 0.033, 0.0002], shares: [0.976, 0.0205, 0.0035])
  else { return tally.expect("decoy settings of points 6 and 7", false) }
  let plan6 = KeyLengthPlan(
    credit: PerPulse(), settings: settings6, block: 5, tails: .inversion, multiPhotonTag: .absent)
  let point6 = plan6.result(
    for: DecoyCounts(sifted: [515_139_092, 15_413_568, 70_399], errors: [106_682_057, 3_199_288, 16_448]),
    leakBits: 522_003)
  tally.expect("point 6 single photons", point6.singlePhotons, near: 498_125_125.1, within: 1e-8)
  tally.expect("point 6 errors", point6.singlePhotonErrors, near: 105_411_969.6, within: 1e-8)
  tally.expect("point 6 phase error", point6.phaseErrorAfter, near: 0.3966559396, within: 1e-8)
  tally.expect("point 6 length", Double(point6.length), near: 207_975, within: 1e-5)
  let plan7 = KeyLengthPlan(
    credit: PerPulse(), settings: settings7, block: 1, tails: .inversion, multiPhotonTag: .absent)
  let point7 = plan7.result(
    for: DecoyCounts(sifted: [605_089_514, 675_794, 770], errors: [12_111_184, 13_713, 49]), leakBits: 99_451_343)
  tally.expect("point 7 single photons", point7.singlePhotons, near: 320_725_416.4, within: 1e-8)
  tally.expect("point 7 phase error", point7.phaseErrorBefore, near: 0.01212596131, within: 1e-8)
  tally.expect("point 7 length", Double(point7.length), near: 184_106_678, within: 1e-5)
}

/// The parities of a published vector, and a tile with a fixed pattern of errors that has to come out right.
func testReconciliation(_ tally: inout Tally) {
  var alice = ParityReference(
    words: mappedBlock(of: UInt64.self, count: ParityReference.wordCount))
  testParities(&tally, &alice)
  var bob = Corrector(
    words: mappedBlock(of: UInt64.self, count: Corrector.wordCount),
    asked: mappedBlock(of: UInt32.self, count: Corrector.askedCount))
  var random = VectorRandom(seed: 3)
  let bits = 16_384
  var sent = mappedBlock(of: UInt64.self, count: bits / 64)
  var received = mappedBlock(of: UInt64.self, count: bits / 64)
  for i in 0..<sent.count {
    sent[i] = random.next()
    received[i] = sent[i]
  }
  // One error in fifty bits, at places that no block structure follows.
  let errors = bits / 50
  for i in 0..<errors {
    let place = i * i * 7 % (bits / 2) * 2 + i % 2
    received[place / 64] ^= 1 << UInt64(place % 64)
  }
  alice.begin(tile: sent.span, bits: bits, seed: 9, disclosureMax: bits)
  bob.begin(
    tile: received.span, bits: bits, seed: 9,
    schedule: CascadeSchedule(bits: bits, expectedQber: PartsPerMillion(20_000)), disclosureMax: bits)
  tally.expect("cascade ends", reconcile(&alice, &bob))
  var wrong: UInt64 = 0
  for i in 0..<sent.count where bob.corrected[i] != sent[i] { wrong += 1 }
  tally.expect("cascade words that differ", wrong, is: 0)
  tally.expect("cascade disclosed bits of the two ends", UInt64(alice.disclosedBits), is: UInt64(bob.disclosedBits))
}

/// Three passes at once on the 11-bit tile 01000010000, then five halves; by a Python program without common code.
private func testParities(_ tally: inout Tally, _ alice: inout ParityReference) {
  let tile: [1 of UInt64] = [528]
  alice.begin(tile: tile.span, bits: 11, seed: 0x0123_4567_89ab_cdef, disclosureMax: 17)
  let tops: [6 of UInt8] = [1, 0, 3, 1, 2, 3]
  let halves: [13 of UInt8] = [2, 2, 0, 2, 0, 0, 1, 2, 3, 0, 0, 2, 7]
  var reply = mappedBlock(of: UInt8.self, count: CascadeLimits.messageBytesMax)
  do throws(ReconciliationFault) {
    var room = reply.mutableSpan
    let first = try alice.answer(tops.span, into: &room)
    tally.expect("parities of three passes", UInt64(reply[0]) | UInt64(reply[1]) << 8, is: 0x0e21)
    tally.expect("bits that they disclose", UInt64(first.disclosedBits), is: 12)
    room = reply.mutableSpan
    let second = try alice.answer(halves.span, into: &room)
    tally.expect("parities of five halves", UInt64(reply[0]), is: 0x15)
    tally.expect("bits that these disclose", UInt64(second.disclosedBits), is: 5)
  } catch {
    tally.expect("parity requests are answered", false)
  }
}

private func reconcile(_ alice: inout ParityReference, _ bob: inout Corrector) -> Bool {
  var request = mappedBlock(of: UInt8.self, count: CascadeLimits.messageBytesMax)
  var reply = mappedBlock(of: UInt8.self, count: CascadeLimits.messageBytesMax)
  for _ in 0..<10_000 {
    var room = request.mutableSpan
    switch bob.step(into: &room) {
    case .working: break
    case .finished: return true
    case .failed: return false
    case .ask(let bytes):
      do throws(ReconciliationFault) {
        var space = reply.mutableSpan
        let answer = try alice.answer(request.span.extracting(first: bytes), into: &space)
        _ = try bob.accept(reply.span.extracting(first: answer.bytes))
      } catch {
        return false
      }
    }
  }
  return false
}

/// A block's one-time bytes are given out once, also after a restart; keys leave the ring in order and once.
func testKeyStores(_ tally: inout Tally) {
  var journal = VectorJournal()
  var pool = AuthenticationPool(storage: mappedBlock(of: UInt8.self, count: AuthenticationPool.capacityBytes))
  var secret: [256 of UInt8] = .init(repeating: 0)
  for i in secret.indices { secret[i] = UInt8(i) }
  var words: [8 of UInt64] = .init(repeating: 0)
  var span = words.mutableSpan
  do throws(PoolFault) {
    try pool.load(secret.span, journal: &journal)
    try pool.take(block: 1, into: &span, journal: &journal)
  } catch {
    tally.expect("pool gives out a block", false)
  }
  tally.expect("one-time words of block 1", words[0], is: 0x4041_4243_4445_4647)
  tally.expect("recorded index", journal.index, is: 2)
  tally.expect("reuse of a block is refused", refusal(of: 1, &pool, &journal) == .spent(block: 1, next: 2))
  tally.expect("a block beyond the pool is refused", refusal(of: 4, &pool, &journal) == .exhausted(block: 4))
  do throws(PoolFault) { try pool.load(secret.span, journal: &journal) } catch {
    tally.expect("pool is loaded again", false)
  }
  tally.expect("reuse after a restart is refused", refusal(of: 1, &pool, &journal) == .spent(block: 1, next: 2))
  testKeyRing(&tally)
}

private func refusal(
  of block: UInt32, _ pool: inout AuthenticationPool, _ journal: inout VectorJournal
) -> PoolFault? {
  var words: [8 of UInt64] = .init(repeating: 0)
  var span = words.mutableSpan
  do throws(PoolFault) { try pool.take(block: block, into: &span, journal: &journal) } catch { return error }
  return nil
}

/// Both ends store a block of four keys, tell each other, and hand the keys out once.
private func testKeyRing(_ tally: inout Tally) {
  var alice = KeyRing(storage: mappedBlock(of: UInt64.self, count: KeyRing.storageWords), role: .alice)
  var bob = KeyRing(storage: mappedBlock(of: UInt64.self, count: KeyRing.storageWords), role: .bob)
  var vault = NoVault()
  var finalKey: [27 of UInt64] = .init(repeating: 0)
  for i in finalKey.indices { finalKey[i] = UInt64(i) &* 0x9e37_79b9_7f4a_7c15 }
  let id = KeyId(epoch: 5, block: 7, index: 0)
  alice.hold(finalKey.span, as: id, at: Instant(ns: 0), in: &vault)
  bob.hold(finalKey.span, as: id, at: Instant(ns: 0), in: &vault)
  alice.keep(in: &vault)
  bob.keep(in: &vault)
  var key: [4 of UInt64] = .init(repeating: 0)
  var span = key.mutableSpan
  tally.expect("no key before both know", next(.all, &alice, &span) == nil)
  if let told = alice.nextTelling(), let answer = bob.hear(told, isOpen: false, in: &vault) {
    tally.expect("tag of a count", told.tag, is: 0x491c_70aa_90d1_de30)
    _ = alice.hear(answer, isOpen: false, in: &vault)
  }
  for index in UInt16(0)..<4 {
    tally.expect("name of the next key", next(.all, &alice, &span) == KeyId(epoch: 5, block: 7, index: index))
    tally.expect("its first word", span[0], is: finalKey[11 + 4 * Int(index)])
  }
  tally.expect("an empty ring gives no key", next(.all, &alice, &span) == nil)
  tally.expect("the other end has its own keys", next(.own, &bob, &span) == KeyId(epoch: 5, block: 7, index: 1))
}

private func next(_ share: KeyShare, _ ring: inout KeyRing, _ key: inout MutableSpan<UInt64>) -> KeyId? {
  var vault = NoVault()
  do throws(DeliveryRefusal) { return try ring.takeNext(share, into: &key, in: &vault) } catch { return nil }
}

/// The vault of a module that has none.
private struct NoVault: KeyVault, ~Copyable {
  mutating func readKeyRecord(_ place: Int, into record: inout MutableSpan<UInt8>) throws(StoreError) { throw .absent }
  mutating func writeKeyRecord(_ place: Int, _ record: Span<UInt8>) throws(StoreError) { throw .absent }
  mutating func syncKeyRecords() throws(StoreError) { throw .absent }
  mutating func wipeKeyRecords() throws(StoreError) { throw .absent }
}
