import AdvantageDistillation
import Controller
import Distillation
import FixedStorage
import Ports
import PrivacyAmplification
import Reconciliation
import Sifting
import Units
import Wire

/// Blocks of 300 000 sifted bits through all stages of both ends: one per cent of errors, without advantage
/// and with that of pairs, which the two modules permute first.
func testDistillation(_ tally: inout Tally) {
  testDistillation(&tally, adBlock: 1, errorEvery: 100)
  testDistillation(&tally, adBlock: 2, errorEvery: 100)
}

private func testDistillation(_ tally: inout Tally, adBlock: UInt64, errorEvery: Int) {
  let bits = 300_000
  var configuration = LinkConfiguration()
  guard configuration.set(.plannedSifted, to: UInt64(bits)), configuration.set(.adBlock, to: adBlock) else {
    return tally.expect("plan of a block", false)
  }
  let plan = configuration.plan()
  var alice = DistillingEnd(.alice, plan: plan)
  var bob = DistillingEnd(.bob, plan: plan)
  fill(&alice, &bob, bits: bits, errorEvery: errorEvery)
  alice.open()
  bob.open()
  var toBob = MemoryPipe(mappedBlock(of: UInt8.self, count: 1 << 20))
  var toAlice = MemoryPipe(mappedBlock(of: UInt8.self, count: 1 << 20))
  var turns = 0
  while turns < 100_000, !hasEnded(alice.distiller.phase) || !hasEnded(bob.distiller.phase) {
    guard alice.turn(from: &toAlice, to: &toBob), bob.turn(from: &toBob, to: &toAlice) else {
      return tally.expect("distillation messages", false)
    }
    turns += 1
  }
  let summary = bob.distiller.summary
  tally.expect("distillation refusal of Alice", UInt64(alice.distiller.summary.refusal?.rawValue ?? 0xff), is: 0xff)
  tally.expect("distillation refusal of Bob", UInt64(summary.refusal?.rawValue ?? 0xff), is: 0xff)
  guard alice.distiller.phase == .finished, bob.distiller.phase == .finished else {
    return tally.expect("distillation finishes", false)
  }
  tally.expect("distillation errors found", summary.errors.total, is: UInt64((bits + errorEvery - 1) / errorEvery))
  tally.expect("distillation length", UInt64(alice.distiller.summary.finalBits), is: UInt64(summary.finalBits))
  tally.expect("distillation leaves key", summary.finalBits > 0)
  var differing: UInt64 = 0
  var ones = 0
  for i in bob.distiller.secretKey.indices {
    if alice.distiller.secretKey[i] != bob.distiller.secretKey[i] { differing += 1 }
    ones += bob.distiller.secretKey[i].nonzeroBitCount
  }
  tally.expect("distilled words that differ", differing, is: 0)
  tally.expect("the key is not constant", ones > summary.finalBits / 3 && ones < 2 * summary.finalBits / 3)
}

private func hasEnded(_ phase: DistillerPhase) -> Bool {
  switch phase {
  case .finished, .refused: true
  case .idle, .comparingCounts, .drawingPermutation, .awaitingPermutation, .loading, .awaitingPeerLoad,
    .comparingParities, .reconciling, .awaitingHash, .hashing, .countingErrors, .awaitingVerdict,
    .amplifying:
    false
  }
}

/// Sifted bits in the proportions of the planned intensities; every so many-th bit is wrong.
private func fill(_ alice: inout DistillingEnd, _ bob: inout DistillingEnd, bits: Int, errorEvery: Int) {
  var random = VectorRandom(seed: 12)
  for i in 0..<bits {
    let bit = UInt8(truncatingIfNeeded: random.next() & 1)
    let place = i % 1_001
    let intensity: Intensity = place < 924 ? .signal : place < 1_000 ? .decoy : .vacuum
    _ = alice.store.append(bit, intensity, to: .first)
    _ = bob.store.append(i % errorEvery == 0 ? bit ^ 1 : bit, intensity, to: .first)
  }
}
