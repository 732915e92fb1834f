import CLinux
import CMarks
import Console
import Controller
import Distillation
import Estimation
import FixedStorage
import Sifting
import Units

/// What of a block is measured.
enum BenchKind {
  /// Tiles by Cascade, by syndromes, and pairs before Cascade.
  case cascade, ldpc, pairs

  init?(_ value: Argument) {
    if value.matches("cascade") {
      self = .cascade
    } else if value.matches("ldpc") {
      self = .ldpc
    } else {
      guard value.matches("pairs") else { return nil }
      self = .pairs
    }
  }

  /// Errors in a million sifted bits.
  var qber: UInt64 { self == .pairs ? 50_000 : 30_000 }
  var adBlock: Int { self == .pairs ? 2 : 1 }
  var name: StaticString {
    switch self {
    case .cascade: "cascade"
    case .ldpc: "ldpc"
    case .pairs: "pairs"
    }
  }
}

/// Takes one block of 2^19 sifted bits through both ends in this process and tells, for each end and stage, the
/// nanoseconds of this processor. Marks 1 to 6 are Alice's stages, 7 to 12 Bob's, 0 is all else.
func runBench(_ kind: BenchKind) -> Bool {
  let bits = 1 << 19
  guard let plan = benchPlan(kind) else { return false }
  var alice = DistillingEnd(.alice, plan: plan)
  var bob = DistillingEnd(.bob, plan: plan)
  fillEnds(&alice, &bob, bits: bits, kind)
  alice.open()
  bob.open()
  var toBob = MemoryPipe(mappedBlock(of: UInt8.self, count: 1 << 20))
  var toAlice = MemoryPipe(mappedBlock(of: UInt8.self, count: 1 << 20))
  var times: [12 of UInt64] = .init(repeating: 0)
  // What one end sent while it had nothing else to do makes the other work in the next round.
  var idleRounds = 0
  while idleRounds < 2 {
    var isBusy = timed(&alice, from: &toAlice, to: &toBob, &times)
    isBusy = timed(&bob, from: &toBob, to: &toAlice, &times) || isBusy
    idleRounds = isBusy ? 0 : idleRounds + 1
  }
  let isRight = endsAgree(alice, bob)
  tell(times, kind, bits: bits, isRight: isRight)
  return isRight
}

/// Lets an end work until it waits; false if it had nothing to do.
private func timed(
  _ end: inout DistillingEnd, from incoming: inout MemoryPipe, to outgoing: inout MemoryPipe,
  _ times: inout [12 of UInt64]
) -> Bool {
  var worked = false
  while !end.isOver {
    let row = Int(end.distiller.phase.stage.rawValue) + (end.distiller.role == .bob ? 6 : 0)
    let began = gimbal_monotonic_ns()
    gimbal_mark(UInt32(row + 1))
    let acted = end.act(from: &incoming, to: &outgoing)
    gimbal_mark(0)
    times[row] += gimbal_monotonic_ns() - began
    guard acted else { return worked }
    worked = true
  }
  return worked
}

/// A target that leaves a key of a short block at these error rates: lengths are not what is measured.
func benchPlan(_ kind: BenchKind) -> DistillationPlan? {
  let means: [3 of MeanPhotonNumber] = [
    MeanPhotonNumber(millionths: 500_000), MeanPhotonNumber(millionths: 150_000), MeanPhotonNumber(millionths: 200),
  ]
  let shares: [3 of Share] = [Share(of65536: 49_807), Share(of65536: 13_107), Share(of65536: 2_622)]
  guard let settings = DecoySettings(means: means, shares: shares) else { return nil }
  var keyLength = KeyLengthPlan(
    credit: PerPulse(), settings: settings, block: kind.adBlock, tails: .inversion, multiPhotonTag: .crossClicks())
  keyLength.target = SecurityTarget(epsilonSecret: 0.1, epsilonCorrect: 1e-10)
  var plan = DistillationPlan(
    credit: .perPulse(keyLength), expectedQber: PartsPerMillion(UInt32(kind.qber)),
    axisShareMax: PartsPerMillion(400_000))
  if kind == .ldpc { plan.reconciliation = .fewestExchanges }
  return plan
}

/// Sifted bits in the proportions of the means above, each wrong with the same probability.
func fillEnds(_ alice: inout DistillingEnd, _ bob: inout DistillingEnd, bits: Int, _ kind: BenchKind) {
  var random = VectorRandom(seed: 3)
  for i in 0..<bits {
    let word = random.next()
    let bit = UInt8(truncatingIfNeeded: word & 1)
    let isWrong = (word >> 32) * 1_000_000 < kind.qber << 32
    let intensity: Intensity = i * 1000 < bits * 926 ? .signal : i * 1000 < bits * 999 ? .decoy : .vacuum
    _ = alice.store.append(bit, intensity, to: .first)
    _ = bob.store.append(isWrong ? bit ^ 1 : bit, intensity, to: .first)
  }
}

private func endsAgree(_ alice: borrowing DistillingEnd, _ bob: borrowing DistillingEnd) -> Bool {
  guard alice.distiller.phase == .finished, bob.distiller.phase == .finished else { return false }
  let (left, right) = (alice.distiller.secretKey, bob.distiller.secretKey)
  guard left.count == right.count, left.count > 0 else { return false }
  for i in left.indices where left[i] != right[i] { return false }
  return true
}

private func tell(_ times: [12 of UInt64], _ kind: BenchKind, bits: Int, isRight: Bool) {
  var text = Line()
  for row in 0..<12 {
    guard let stage = DistillationStage(rawValue: UInt8(row % 6)) else { continue }
    text.clear()
    text.append("bench stage=")
    text.append(stage.name)
    text.append(row < 6 ? " end=alice kind=" : " end=bob kind=")
    text.append(kind.name)
    text.append(" n=")
    text.append(decimal: UInt64(bits))
    text.append(" ns_bit=")
    let hundredths = times[row] * 100 / UInt64(bits)
    text.append(decimal: hundredths / 100)
    text.append(hundredths % 100 < 10 ? ".0" : ".")
    text.append(decimal: hundredths % 100)
    StandardStream.output.writeLine(text)
  }
  StandardStream.output.writeLine(isRight ? "bench: the keys of both ends are equal" : "bench: the block made no key")
}
