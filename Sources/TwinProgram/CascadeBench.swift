import ArgumentParser
import FixedStorage
import Foundation
import HostStorage
import Reconciliation
import Units

/// Tiles through Cascade, both ends in one thread, without frames or links between them.
struct CascadeBench: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "cascade", abstract: "Reconciliation by Cascade: bits a second, leak, failures and round trips.")
  }

  @Option(help: "Bits of a tile, 1...65536.")
  var bits = CascadeLimits.tileBitsMax
  @Option(help: "Error rate of the tiles, and what the schedule expects, more than 0 and at most 0.25.")
  var qber = 0.03
  @Option(help: "Tiles to reconcile, 2...1000000.")
  var tiles = 50
  @Option(help: "Everything random follows from this number.")
  var seed: UInt64 = 1

  func run() throws {
    guard (1...CascadeLimits.tileBitsMax).contains(bits) else { throw ValidationError("bits must be 1...65536") }
    guard qber >= 1e-6, qber <= 0.25 else { throw ValidationError("qber must be 0.000001...0.25") }
    guard (2...1_000_000).contains(tiles) else { throw ValidationError("tiles must be 2...1000000") }
    let schedule = CascadeSchedule(bits: bits, expectedQber: PartsPerMillion(UInt32((qber * 1e6).rounded())))
    var link = CascadeLink()
    var random = SeededRandom(seed: seed)
    var outcomes: [TileOutcome] = []
    for _ in 0..<tiles {
      let sent = (0..<Bits.words(for: bits)).map { _ in random.next() }
      var received = sent
      var errors = 0
      for i in 0..<bits where Double.random(in: 0..<1, using: &random) < qber {
        received[i / 64] ^= 1 << UInt64(i % 64)
        errors += 1
      }
      link.begin(sent: sent, received: received, bits: bits, seed: random.next(), schedule: schedule)
      outcomes.append(try link.finish(sent: sent, bits: bits, errors: errors))
    }
    report(outcomes, link)
  }

  /// The efficiency is all that leaked over the entropy of the errors that there were, tile by tile.
  private func report(_ outcomes: [TileOutcome], _ link: borrowing CascadeLink) {
    let entropies = outcomes.map { Double(bits) * entropyOfBit(Double($0.errors) / Double(bits)) }
    let entropy = entropies.reduce(0, +)
    let efficiency = Double(outcomes.reduce(0) { $0 + $1.disclosed }) / entropy
    let squares = zip(outcomes, entropies).reduce(0.0) { sum, tile in
      let deviation = Double(tile.0.disclosed) - efficiency * tile.1
      return sum + deviation * deviation
    }
    let count = Double(tiles)
    let standardError = (squares * count / (count - 1)).squareRoot() / entropy
    let megabits = count * Double(bits) * 1e-6
    let alice = CascadeLink.seconds(link.aliceTime)
    let bob = CascadeLink.seconds(link.bobTime)
    let trips = Double(outcomes.reduce(0) { $0 + $1.roundTrips }) / count
    let tripsMax = outcomes.reduce(0) { max($0, $1.roundTrips) }
    let bytes = Double(outcomes.reduce(0) { $0 + $1.bytes }) / count
    // `fer` is the share of tiles that still differ or gave up; round trips and bytes are those of a tile on average.
    print(
      String(
        format: "bench stage=reconcile family=cascade n=%d qber=%g tiles=%d efficiency=%.4f efficiency_se=%.4f "
          + "mbit_s=%.2f alice_mbit_s=%.2f bob_mbit_s=%.2f fer=%.5f round_trips=%.1f round_trips_max=%d bytes=%.0f",
        bits, qber, tiles, efficiency, standardError, megabits / (alice + bob), megabits / alice, megabits / bob,
        Double(outcomes.count { !$0.agrees }) / count, trips, tripsMax, bytes))
  }

  private func entropyOfBit(_ share: Double) -> Double {
    share <= 0 || share >= 1 ? 0 : -share * log2(share) - (1 - share) * log2(1 - share)
  }
}

private struct TileOutcome {
  var errors: Int
  var agrees: Bool
  var disclosed: Int
  var roundTrips: Int
  var bytes: Int
}

/// Both ends, and the time that each works.
private struct CascadeLink: ~Copyable {
  private var alice = ParityReference(words: .onHost(count: ParityReference.wordCount))
  private var bob = Corrector(words: .onHost(count: Corrector.wordCount), asked: .onHost(count: Corrector.askedCount))
  private(set) var aliceTime = Duration.zero
  private(set) var bobTime = Duration.zero

  mutating func begin(sent: [UInt64], received: [UInt64], bits: Int, seed: UInt64, schedule: CascadeSchedule) {
    let began = ContinuousClock.now
    alice.begin(tile: sent.span, bits: bits, seed: seed, disclosureMax: 2 * bits)
    let between = ContinuousClock.now
    bob.begin(tile: received.span, bits: bits, seed: seed, schedule: schedule, disclosureMax: 2 * bits)
    aliceTime += began.duration(to: between)
    bobTime += between.duration(to: .now)
  }

  mutating func finish(sent: [UInt64], bits: Int, errors: Int) throws -> TileOutcome {
    var request = [UInt8](repeating: 0, count: CascadeLimits.messageBytesMax)
    var reply = [UInt8](repeating: 0, count: CascadeLimits.messageBytesMax)
    var bytes = 0
    var asksAgain = true
    while asksAgain {
      let began = ContinuousClock.now
      var questions = request.mutableSpan
      let step = bob.step(into: &questions)
      let asked = ContinuousClock.now
      bobTime += began.duration(to: asked)
      switch step {
      case .working: break
      case .finished, .failed: asksAgain = false
      case .ask(let count):
        var answers = reply.mutableSpan
        let sent = try alice.answer(request.span.extracting(first: count), into: &answers)
        let answered = ContinuousClock.now
        aliceTime += asked.duration(to: answered)
        _ = try bob.accept(reply.span.extracting(first: sent.bytes))
        bobTime += answered.duration(to: .now)
        bytes += count + sent.bytes
      }
    }
    let corrected = bob.corrected
    let agrees = (0..<bits).allSatisfy { corrected.bit($0) == sent.span.bit($0) }
    return TileOutcome(
      errors: errors, agrees: agrees, disclosed: bob.disclosedBits, roundTrips: bob.roundTrips, bytes: bytes)
  }

  static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}
