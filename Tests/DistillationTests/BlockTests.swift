import Distillation
import FixedStorage
import Foundation
import HostStorage
import Sifting
import Testing
import Units
import Wire

/// Parities that a request asks for, read by Documentation/Protocol/Reconciliation.md and not by the product's code.
private func paritiesAsked(_ payload: [UInt8], tileBits: Int) -> Int {
  let request = Array(payload[11...])
  let slots = (0...16).lazy.map { 1 << $0 }.first { $0 >= tileBits } ?? 0
  guard request[0] == 2 else {
    let passes = Int(request[2])
    return (0..<passes).reduce(0) { sum, i in
      sum + slots >> Int(request[3 + i]) - (Int(request[1]) + i == 0 ? 0 : 1)
    }
  }
  var asked = 0
  var place = 2
  for _ in 0..<request[1] {
    let nodes = Int(request[place + 1]) + 256 * Int(request[place + 2])
    asked += nodes
    place += 3
    var gaps = 0
    while gaps < nodes {
      if request[place] < 0x80 { gaps += 1 }
      place += 1
    }
  }
  return asked
}

/// Bits of a tile: whole words, shared evenly among as few tiles as hold 65 536 bits each.
private func tileLength(_ tile: Int, of bits: Int) -> Int {
  let tiles = (bits + 65_535) / 65_536
  let words = (bits + 63) / 64
  return min(bits, 64 * ((tile + 1) * words / tiles)) - 64 * (tile * words / tiles)
}

/// Bits about the key in all messages: parities by the requests, hashes of 64 bits, and one bit of verdict.
private func bitsTold(_ messages: [Message], bits: Int) -> (parities: Int, confirmation: Int) {
  var parities = 0
  var confirmation = 0
  for message in messages {
    switch message.type {
    case .parityRequest:
      let tile = Int(message.payload[0]) * 256 + Int(message.payload[1])
      // Bits of a syndrome in units of 32, behind tiles, code, lifting and the first bit.
      guard message.payload[2] == 0 else {
        parities += 32 * (256 * Int(message.payload[10]) + Int(message.payload[11]))
        continue
      }
      parities += paritiesAsked(message.payload, tileBits: tileLength(tile, of: bits))
    // Behind tile, groups and key a hash a group, and one bit each for what Bob does next.
    case .confirm: confirmation += 65 * (message.payload.count - 36) / 8
    default: break
    }
  }
  return (parities, confirmation)
}

/// log2 of the number of ways to choose `k` of `n`.
private func log2Choose(_ n: Int, _ k: Int) -> Double {
  (lgamma(Double(n) + 1) - lgamma(Double(k) + 1) - lgamma(Double(n - k) + 1)) / log(2)
}

/// Bit `i` of the hash by its definition: the exclusive or of `key[j] & seed[i + j]`.
private func hashBit(_ i: Int, key: [UInt64], bits: Int, seed: [UInt64]) -> UInt64 {
  var sum: UInt64 = 0
  for j in 0..<bits {
    sum ^= key[j / 64] >> UInt64(j % 64) & seed[(i + j) / 64] >> UInt64((i + j) % 64) & 1
  }
  return sum
}

struct Case: Sendable {
  let bits: Int
  let qber: Double
  var reconciliation = ReconciliationFamily.leastLeak
}

/// Less than a tile, a tile and a bit, and several. Short or noisy ones leave no secret bit and end without a key.
private let cases = [1, 63, 64, 65, 5000, 65_536, 65_537, 200_000].flatMap { bits in
  [0, 0.02, 0.05].map { Case(bits: bits, qber: $0) }
}
/// A short last pair of tiles, an odd tile at the end, and a second batch; error rates of different codes.
private let syndromeCases = [70_000, 200_000, 330_000, 700_000].flatMap { bits in
  [0.015, 0.03, 0.08].map { Case(bits: bits, qber: $0, reconciliation: .fewestExchanges) }
}

/// DIST-001 Accounted bits equal sent bits, on both sides, and no code can tell less than the errors hold.
@Test(arguments: cases + syndromeCases) func block_ofAnySize_endsWithEqualKeysAndLedgers(_ sample: Case) throws {
  var plan = plan()
  plan.reconciliation = sample.reconciliation
  var pair = Pair(plan)
  var block = TestBlock(bits: sample.bits, qber: sample.qber, seed: UInt64(sample.bits))
  block.crossClicks = sample.bits / 2000
  pair.open(block, seed: 5)
  pair.begin()
  try pair.run()
  let alice = pair.alice.distiller.summary
  let bob = pair.bob.distiller.summary
  let keys = [pair.alice.key, pair.bob.key]
  #expect(keys[0] == keys[1] && alice.keptBits == sample.bits)
  let errors = block.errors
  #expect(alice.errors == bob.errors && Int(bob.errors.total) == errors)
  #expect(alice.cross == bob.cross && Int(bob.cross.signal) == block.crossClicks)

  let told = bitsTold(pair.messages, bits: sample.bits)
  #expect(alice.ledger == bob.ledger)
  #expect(Int(alice.ledger.parityBits) == told.parities && Int(alice.ledger.confirmationBits) == told.confirmation)
  #expect(Double(alice.ledger.parityBits) >= log2Choose(sample.bits, errors) - 40)
  #expect(alice.result == bob.result)

  let refusals = pair.refusals
  let phases = pair.phases
  guard alice.finalBits > 0 else {
    #expect(refusals == [.noLength, .peerGaveUp] || refusals == [.noLength, .noLength])
    #expect(sample.bits < 65_536 || sample.qber >= 0.03)
    return
  }
  #expect(refusals == [nil, nil] && phases == [.finished, .finished])
  #expect(alice.finalBits == bob.finalBits && alice.finalBits < sample.bits)
  let secrets = [pair.alice.secretKey, pair.bob.secretKey]
  #expect(secrets[0] == secrets[1])
  let seed = pair.bob.seed
  // Every bit of a short key, about a hundred of a long one.
  let places = stride(from: 0, to: alice.finalBits, by: max(1, sample.bits * alice.finalBits / 20_000_000))
  for i in places {
    let expected = hashBit(i, key: keys[0], bits: sample.bits, seed: seed)
    #expect(secrets[0][i / 64] >> UInt64(i % 64) & 1 == expected, "bit \(i)")
  }
  #expect(secrets[0].count == (alice.finalBits + 63) / 64)
}

/// Advantage distillation by the definition: groups of the permuted strings, kept where all parities agree.
private func naiveKept(_ sent: [UInt8], _ received: [UInt8], _ b: Int) -> (bits: [UInt8], wrong: Int) {
  var kept: [UInt8] = []
  var wrong = 0
  for group in 0..<sent.count / b {
    let range = group * b..<(group + 1) * b
    guard Set(range.map { sent[$0] ^ received[$0] }).count == 1 else { continue }
    kept.append(sent[range.lowerBound])
    wrong += sent[range.lowerBound] == received[range.lowerBound] ? 0 : 1
  }
  return (kept, wrong)
}

struct PairingCase: Sendable {
  let bits: Int
  let qber: Double
  let adBlock: Int
}

private let pairingCases = [
  PairingCase(bits: 200_000, qber: 0.05, adBlock: 2), PairingCase(bits: 150_001, qber: 0.1, adBlock: 3),
  PairingCase(bits: 400_000, qber: 0.2, adBlock: 5), PairingCase(bits: 70_000, qber: 0.02, adBlock: 16),
  PairingCase(bits: 15, qber: 0, adBlock: 4), PairingCase(bits: 3, qber: 0, adBlock: 4),
  PairingCase(bits: 600_000, qber: 0, adBlock: 2),
]

/// DIST-003 With advantage distillation both sides keep the same bits, count all errors by intensity, and charge what
/// reconciliation sent; what the parities of groups told is paid with the bits that are given up.
@Test(arguments: pairingCases) func block_withAdvantageDistillation_keepsWhatTheDefinitionKeeps(
  _ sample: PairingCase
) throws {
  var pair = Pair(plan(expectedQber: UInt32(sample.qber * 1_000_000), adBlock: sample.adBlock))
  let block = TestBlock(bits: sample.bits, qber: sample.qber, seed: UInt64(sample.bits))
  pair.open(block, seed: 6)
  pair.begin()
  try pair.run()
  let alice = pair.alice.distiller.summary
  let bob = pair.bob.distiller.summary
  let seedBytes = pair.bob.distiller.permutationSeed
  let seed = seedBytes.indices.map { seedBytes[$0] }
  let sizes = [bob.sifted.signal, bob.sifted.decoy, bob.sifted.vacuum].map(Int.init)
  let order = naivePermutation(bits: sizes.reduce(0, +), seed: seed)
  let naive = naiveKept(order.map { block.sent[$0] }, order.map { block.received[$0] }, sample.adBlock)
  guard sample.bits >= sample.adBlock else {
    let refusals = pair.refusals
    #expect(refusals.contains(.nothingKept))
    return
  }
  let keys = [pair.alice.key, pair.bob.key]
  #expect(keys[0] == keys[1] && alice.keptBits == naive.bits.count && bob.keptBits == alice.keptBits)
  #expect(naive.bits.indices.allSatisfy { UInt8(keys[0][$0 / 64] >> UInt64($0 % 64) & 1) == naive.bits[$0] })
  #expect(Int(bob.keptErrors) == naive.wrong && alice.keptErrors == bob.keptErrors)
  #expect(Int(bob.errors.total) == block.errors && alice.errors == bob.errors)
  for level in [Intensity.signal, .decoy, .vacuum] {
    let wrong = (0..<block.bits).count { block.labels[$0] == level && block.sent[$0] != block.received[$0] }
    #expect(bob.errors[level] == UInt64(wrong))
  }
  let told = bitsTold(pair.messages, bits: naive.bits.count)
  #expect(Int(alice.ledger.parityBits) == told.parities && Int(alice.ledger.confirmationBits) == told.confirmation)
  #expect(alice.ledger == bob.ledger)
  #expect(Double(alice.ledger.parityBits) >= log2Choose(naive.bits.count, naive.wrong) - 40)
  let groups = sample.bits / sample.adBlock
  let given = groups * (sample.adBlock - 1) + (groups - naive.bits.count) + sample.bits % sample.adBlock
  #expect(Int(alice.ledger.givenUpBits) == given)
  guard alice.finalBits > 0 else { return }
  let secrets = [pair.alice.secretKey, pair.bob.secretKey]
  #expect(secrets[0] == secrets[1])
  let toeplitz = pair.bob.seed
  for i in stride(from: 0, to: alice.finalBits, by: max(1, alice.finalBits / 50)) {
    let expected = hashBit(i, key: keys[0], bits: alice.keptBits, seed: toeplitz)
    #expect(secrets[0][i / 64] >> UInt64(i % 64) & 1 == expected, "bit \(i)")
  }
}

/// All vacuum bits are the last of the class order and half of them are wrong: a tile of nothing else has no end.
@Test func block_withRandomVacuumBits_isReconciled() throws {
  var pair = Pair()
  var block = TestBlock(bits: 65_536 + 200, qber: 0.02, seed: 2)
  let vacuum = block.labels.count { $0 == .vacuum }
  for i in block.bits - 400..<block.bits where i % 2 == 0 { block.received[i] = block.sent[i] ^ 1 }
  pair.open(block, seed: 2)
  pair.begin()
  try pair.run()
  let phases = pair.phases
  let bob = pair.bob.distiller.summary
  #expect(vacuum > 0 && phases == [.finished, .finished] && Int(bob.errors.total) == block.errors)
  let wrong = (0..<block.bits).count { block.labels[$0] == .vacuum && block.sent[$0] != block.received[$0] }
  #expect(Int(bob.errors.vacuum) == wrong)
}

/// Some of the cases above must make key, or they prove nothing about it.
@Test func block_ofPairsWithoutErrors_makesKeyOfSeveralTiles() throws {
  var pair = Pair(plan(expectedQber: 1, adBlock: 2))
  pair.open(TestBlock(bits: 600_000, qber: 0.01, seed: 4), seed: 6)
  pair.begin()
  try pair.run()
  let phases = pair.phases
  let bits = pair.alice.distiller.summary.finalBits
  let hashes = pair.messages.count { $0.type == .confirm }
  #expect(phases == [.finished, .finished] && bits > 10_000 && hashes == 2, "four tiles share a hash")
  pair.alice.distiller.release()
  pair.bob.distiller.release()
  let left = (pair.alice.watch + pair.bob.watch).filter { !$0.isZero }.map(\.name)
  #expect(left == [])
}

@Test func release_afterABlock_leavesZerosInStorage() throws {
  // At the rate that is expected the first tile goes by Cascade, at the one it shows the second by its syndrome.
  var plan = plan(expectedQber: 5_000)
  plan.reconciliation = .fewestExchanges
  var pair = Pair(plan)
  pair.open(TestBlock(bits: 70_000, qber: 0.02, seed: 1), seed: 1)
  pair.begin()
  try pair.run()
  let phases = pair.phases
  #expect(phases == [.finished, .finished])
  let filled = (pair.alice.watch + pair.bob.watch).filter { !$0.isZero }.map(\.name)
  // Alice has no corrector and no decoder to fill, Bob no reference and no encoder; all else must have been in use for
  // this to prove anything. What advantage distillation keeps has a test of its own.
  #expect(Set(filled) == Set(pair.alice.watch.map(\.name)).subtracting(["keptString"]))
  pair.alice.distiller.release()
  pair.bob.distiller.release()
  let left = (pair.alice.watch + pair.bob.watch).filter { !$0.isZero }.map(\.name)
  #expect(left == [])
  pair.alice.store.wipe(.first)
  let rest = pair.alice.store.count(.first)
  #expect(rest == 0)
}

/// With syndromes a batch takes an exchange or a few, not some hundred, and every kind of message occurs.
@Test func block_bySyndromes_needsFewExchanges() throws {
  var exchanges: [Int] = []
  for family in [ReconciliationFamily.leastLeak, .fewestExchanges] {
    var plan = plan()
    plan.reconciliation = family
    var pair = Pair(plan)
    pair.open(TestBlock(bits: 600_000, qber: 0.03, seed: 9), seed: 5)
    pair.begin()
    try pair.run()
    let keys = [pair.alice.key, pair.bob.key]
    #expect(keys[0] == keys[1])
    let messages = pair.messages
    let requests = messages.filter { $0.type == .parityRequest }
    #expect(requests.contains { $0.payload[2] == 1 } == (family == .fewestExchanges))
    exchanges.append(pair.bob.distiller.summary.roundTrips)
  }
  #expect(exchanges[1] * 10 < exchanges[0])
}
