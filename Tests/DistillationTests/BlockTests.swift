import Distillation
import FixedStorage
import Foundation
import HostStorage
import Sifting
import Testing
import Units
import Wire

/// Parities that the request asks for, read by Documentation/Protocol/Reconciliation.md and not by the product's code.
private func paritiesAsked(_ request: [UInt8], tileBits: Int) -> Int {
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

/// Bits about the key in all messages: parities by the requests, hashes of 64 bits, and one bit of verdict.
private func bitsTold(_ messages: [Message], bits: Int) -> (parities: Int, confirmation: Int) {
  var parities = 0
  var confirmation = 0
  for message in messages {
    switch message.type {
    case .parityRequest:
      let tile = Int(message.payload[0]) * 256 + Int(message.payload[1])
      parities += paritiesAsked(
        Array(message.payload[10...]), tileBits: min(Distiller.tileBits, bits - tile * Distiller.tileBits))
    // Behind tile and key the hash, and one bit for what Bob does next.
    case .confirm: confirmation += 8 * (message.payload.count - 34) + 1
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
}

/// Less than a tile, a tile and a bit, and several. Short or noisy ones leave no secret bit and end without a key.
private let cases = [1, 63, 64, 65, 5000, 65_536, 65_537, 200_000].flatMap { bits in
  [0, 0.02, 0.05].map { Case(bits: bits, qber: $0) }
}

/// DIST-001 Accounted bits equal sent bits, on both sides, and no code can tell less than the errors hold.
@Test(arguments: cases) func block_ofAnySize_endsWithEqualKeysAndLedgers(_ sample: Case) throws {
  var pair = Pair()
  var block = TestBlock(bits: sample.bits, qber: sample.qber, seed: UInt64(sample.bits))
  block.crossClicks = sample.bits / 2000
  pair.open(block, seed: 5)
  pair.begin()
  try pair.run()
  let alice = pair.alice.distiller.summary
  let bob = pair.bob.distiller.summary
  let keys = [pair.alice.key, pair.bob.key]
  #expect(keys[0] == keys[1])
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
    #expect(sample.bits < 65_536 || sample.qber == 0.05)
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

@Test func release_afterABlock_leavesZerosInStorage() throws {
  var pair = Pair()
  pair.open(TestBlock(bits: 70_000, qber: 0.02, seed: 1), seed: 1)
  pair.begin()
  try pair.run()
  let phases = pair.phases
  #expect(phases == [.finished, .finished])
  let filled = (pair.alice.watch + pair.bob.watch).filter { !$0.isZero }.map(\.name)
  // Alice has no corrector to fill, Bob no reference; all else must have been in use for this to prove anything.
  #expect(Set(filled) == Set(pair.alice.watch.map(\.name)))
  pair.alice.distiller.release()
  pair.bob.distiller.release()
  let left = (pair.alice.watch + pair.bob.watch).filter { !$0.isZero }.map(\.name)
  #expect(left == [])
  pair.alice.store.wipe(.first)
  let rest = pair.alice.store.count(.first)
  #expect(rest == 0)
}
