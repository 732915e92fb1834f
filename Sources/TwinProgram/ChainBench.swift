import ArgumentParser
import Distillation
import Estimation
import Foundation
import HostStorage
import Sifting
import Units
import Wire

/// One block through everything behind sifting, both modules, over a link with a delay.
struct ChainBench: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "chain",
      abstract: "One block from its sifted bits to its tags: each module's work, and the time over a link.")
  }

  @Option(help: "Sifted bits of the block, 100000...268435456.")
  var bits = 1 << 20
  @Option(help: "Error rate of the sifted bits, and what the first tile expects, more than 0 and at most 0.25.")
  var qber = 0.03
  @Option(help: "Bits of a group of advantage distillation; 1 leaves it out.")
  var adBlock = 1
  @Option(help: "What reconciliation spares: 0 bits told (Cascade), 1 exchanges (LDPC).")
  var reconciliation: UInt8 = 0
  @Option(help: "Round trip of the link in milliseconds of simulated time, 0...10000.")
  var roundTripMs = 0.0
  @Option(help: "Everything random follows from this number.")
  var seed: UInt64 = 1

  func run() throws {
    guard (100_000...SiftedStore.bitsMax).contains(bits) else {
      throw ValidationError("bits must be 100000...\(SiftedStore.bitsMax)")
    }
    guard qber >= 1e-6, qber <= 0.25 else { throw ValidationError("qber must be 0.000001...0.25") }
    guard (1...8).contains(adBlock) else { throw ValidationError("ad-block must be 1...8") }
    guard (0...10_000).contains(roundTripMs) else { throw ValidationError("round-trip-ms must be 0...10000") }
    guard let family = ReconciliationFamily(rawValue: reconciliation) else {
      throw ValidationError("reconciliation must be 0 or 1")
    }
    var plan = try plan
    plan.reconciliation = family
    var random = SeededRandom(seed: seed)
    var alice = ChainEnd(.alice, plan: plan, bits: bits, seed: random.next())
    var bob = ChainEnd(.bob, plan: plan, bits: bits, seed: random.next())
    let errors = fill(&alice, &bob, &random)
    let words = (0..<8).map { _ in random.next() }
    alice.begin(words: words)
    bob.begin(words: words)
    var toBob = ChainPipe(delayNs: roundTripMs * 5e5)
    var toAlice = ChainPipe(delayNs: roundTripMs * 5e5)
    while true {
      let alices = alice.nextAction(toAlice)
      let bobs = bob.nextAction(toBob)
      if let now = alices, now <= bobs ?? .infinity {
        try alice.act(at: now, &toAlice, &toBob)
      } else if let now = bobs {
        try bob.act(at: now, &toBob, &toAlice)
      } else {
        break
      }
    }
    try check(alice, bob)
    report(alice, bob, errors: errors)
  }

  /// A security target that leaves a key at every error rate that any target does: lengths are not what is measured.
  private var plan: DistillationPlan {
    get throws {
      let means: [3 of MeanPhotonNumber] = [
        MeanPhotonNumber(millionths: 500_000), MeanPhotonNumber(millionths: 150_000), MeanPhotonNumber(millionths: 200),
      ]
      let shares: [3 of Share] = [Share(of65536: 49_807), Share(of65536: 13_107), Share(of65536: 2_622)]
      guard let settings = DecoySettings(means: means, shares: shares) else {
        throw ValidationError("settings without use")
      }
      var keyLength = KeyLengthPlan(
        credit: PerPulse(), settings: settings, block: adBlock, tails: .inversion, multiPhotonTag: .crossClicks())
      keyLength.target = SecurityTarget(epsilonSecret: 0.1, epsilonCorrect: 1e-10)
      return DistillationPlan(
        credit: .perPulse(keyLength), expectedQber: PartsPerMillion(UInt32((qber * 1e6).rounded())),
        axisShareMax: PartsPerMillion(400_000))
    }
  }

  /// Sifted keys with independent errors; intensities as a link with the plan's means would sift them.
  private func fill(_ alice: inout ChainEnd, _ bob: inout ChainEnd, _ random: inout SeededRandom) -> Int {
    var errors = 0
    for i in 0..<bits {
      let place = Double(i) / Double(bits)
      let intensity: Intensity = place < 0.926 ? .signal : place < 0.999 ? .decoy : .vacuum
      let word = random.next()
      let bit = UInt8(word & 1)
      let isWrong = Double(word >> 11) * 0x1p-53 < qber
      errors += isWrong ? 1 : 0
      _ = alice.store.append(bit, intensity, to: .first)
      _ = bob.store.append(isWrong ? bit ^ 1 : bit, intensity, to: .first)
    }
    return errors
  }

  /// Equal keys, or none at either end.
  private func check(_ alice: borrowing ChainEnd, _ bob: borrowing ChainEnd) throws {
    guard alice.distiller.phase == .finished, bob.distiller.phase == .finished else {
      let reasons = [alice.distiller.summary.refusal, bob.distiller.summary.refusal]
      throw ValidationError(
        "the block was refused: \(reasons.compactMap { $0 }.map { "\($0)" }.joined(separator: ", "))")
    }
    let (left, right) = (alice.distiller.secretKey, bob.distiller.secretKey)
    guard left.count == right.count, left.indices.allSatisfy({ left[$0] == right[$0] }) else {
      throw ValidationError("the keys differ")
    }
  }

  private func report(_ alice: borrowing ChainEnd, _ bob: borrowing ChainEnd, errors: Int) {
    let summary = bob.distiller.summary
    let kept = Double(summary.keptBits)
    let rate = Double(summary.keptErrors) / kept
    let least = rate <= 0 ? 0 : kept * (-rate * log2(rate) - (1 - rate) * log2(1 - rate))
    let efficiency = least > 0 ? Double(summary.ledger.parityBits) / least : 0
    // Without advantage distillation errors are counted as tiles are stored.
    for number in 0..<DistillationStage.countOfCases {
      guard let stage = DistillationStage(rawValue: UInt8(number)), adBlock > 1 || stage != .distill && stage != .count
      else { continue }
      let (alices, bobs) = (alice.work[number], bob.work[number])
      print(
        String(
          format: "bench stage=%@ part_of=chain n=%d qber=%g alice_mbit_s=%.2f bob_mbit_s=%.2f", "\(stage)", bits, qber,
          rateOf(alices), rateOf(bobs)))
    }
    // `mbit_s` is what a module reaches that must do the slower end's work; `wall_s` is simulated: own work as long as
    // it takes on this computer, plus the way of the messages.
    let wall = max(alice.clock, bob.clock)
    print(
      String(
        format: "bench stage=chain n=%d qber=%g ad_block=%d family=%@ mbit_s=%.2f alice_mbit_s=%.2f bob_mbit_s=%.2f "
          + "efficiency=%.4f final=%d messages=%d bytes=%llu round_trips=%d round_trip_ms=%g wall_s=%.4f "
          + "wall_mbit_s=%.3f static_bytes=%d",
        bits, qber, adBlock, reconciliation == 0 ? "cascade" : "ldpc",
        rateOf(max(alice.totalWork, bob.totalWork)), rateOf(alice.totalWork), rateOf(bob.totalWork), efficiency,
        summary.finalBits, alice.messages + bob.messages, alice.bytesSent + bob.bytesSent, summary.roundTrips,
        roundTripMs, wall * 1e-9, rateOf(wall),
        bob.stageBytes))
  }

  /// Megabits of sifted key a second for a time in nanoseconds.
  private func rateOf(_ time: Double) -> Double { Double(bits) * 1e3 / max(1, time) }
}
