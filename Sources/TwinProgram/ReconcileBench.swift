import ArgumentParser
import FixedStorage
import Foundation
import HostStorage
import Reconciliation
import Units

/// The speed and the price of reconciliation ahead of the wire: tiles with independent errors, messages not counted.
struct ReconcileBench: ParsableCommand {
  enum Family: String, ExpressibleByArgument { case ldpc }
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "reconcile", abstract: "Tile bits a second through reconciliation, and its leak.")
  }

  @Option(help: "How errors are found: ldpc.")
  var family = Family.ldpc
  @Option(help: "Bits of a tile, 1...131072.")
  var bits = 1 << 17
  @Option(help: "Error rate as a fraction, above 0 and below 0.25.")
  var qber = 0.03
  @Option(help: "Bits sent at first over the least that the error rate allows.")
  var efficiency = 1.12
  @Option(help: "Bits sent after a failure, as a part of the least that the error rate allows.")
  var topUp = 0.02
  @Option(help: "Tiles to reconcile.")
  var tiles = 20
  @Option(help: "Iterations before more bits are sent, 1...1000.")
  var iterations = 60
  @Option(help: "The code of the table; -1 for the one the efficiency asks for.")
  var code = -1
  @Option(help: "Everything random in the run follows from this number.")
  var seed: UInt64 = 1

  func run() throws {
    guard (1...TileCode.tileBitsMax).contains(bits) else { throw ValidationError("bits must be 1...131072") }
    guard qber > 0, qber < 0.25 else { throw ValidationError("qber must be above 0 and below 0.25") }
    guard tiles > 0 else { throw ValidationError("tiles must be at least 1") }
    var bench = SyndromeBench(bits: bits, qber: qber, seed: seed)
    guard (1...1000).contains(iterations) else { throw ValidationError("iterations must be 1...1000") }
    bench.decoder.iterationsMax = iterations
    guard let choice = try chosen() else { throw ValidationError("no code serves this error rate and efficiency") }
    let step = max(64, Int(topUp * entropy(qber) * Double(bits) / 64 + 0.5) * 64)
    for _ in 0..<tiles { bench.reconcile(choice.code, first: choice.syndromeBits, step: step) }
    let count = Double(bits) * Double(tiles)
    print(
      String(
        format: "bench stage=reconcile family=ldpc n=%d qber=%.4f efficiency=%.4f mbit_s=%.1f fer=%.5f "
          + "iterations=%.2f round_trips=%.3f round_trips_max=%d encode_mbit_s=%.1f code=%d undetected=%d",
        bits, qber, Double(bench.sentBits) / bench.leastBits, count / bench.decodeSeconds / 1e6,
        Double(bench.failed) / Double(tiles), Double(bench.iterations) / Double(tiles),
        Double(bench.roundTrips) / Double(tiles), bench.roundTripsMax, count / bench.encodeSeconds / 1e6,
        choice.code.code, bench.undetected))
  }

  private func chosen() throws -> (code: TileCode, syndromeBits: Int)? {
    guard code >= 0 else {
      return TileCode.choose(bits: bits, qber: PartsPerMillion(UInt32(qber * 1e6)), efficiency: efficiency)
    }
    guard let code = TileCode(code: code, lifting: TileCode.lifting(for: bits), bits: bits) else {
      throw ValidationError("no such code")
    }
    let target = Int(efficiency * entropy(qber) * Double(bits) / 64 + 0.5) * 64
    return (code, min(max(target, code.baseBits), code.syndromeBitsMax))
  }
}

private func entropy(_ q: Double) -> Double { q > 0 ? -(q * log2(q) + (1 - q) * log2(1 - q)) : 0 }

/// Both ends of one tile at a time, and what they took.
private struct SyndromeBench: ~Copyable {
  let bits: Int
  let qber: Double
  var encoder = SyndromeEncoder(words: .onHost(count: SyndromeEncoder.wordCount))
  var decoder: SyndromeDecoder
  var alice: Block<UInt64>
  var bob: Block<UInt64>
  var stream = Block<UInt64>.onHost(count: TileCode.tileBitsMax / 32)
  var message = Block<UInt8>.onHost(count: TileCode.tileBitsMax / 4)
  var random: SeededRandom
  var sentBits = 0
  var leastBits = 0.0
  var failed = 0
  var undetected = 0
  var iterations = 0
  var roundTrips = 0
  var roundTripsMax = 0
  var encodeSeconds = 0.0
  var decodeSeconds = 0.0

  init(bits: Int, qber: Double, seed: UInt64) {
    self.bits = bits
    self.qber = qber
    decoder = SyndromeDecoder(
      messages: .onHost(count: SyndromeDecoder.byteCount), words: .onHost(count: SyndromeDecoder.wordCount))
    alice = .onHost(count: Bits.words(for: bits))
    bob = .onHost(count: Bits.words(for: bits))
    random = SeededRandom(seed: seed)
  }

  /// Sends `first` bits of the syndrome, and `step` more as long as the tile is stuck.
  mutating func reconcile(_ code: TileCode, first: Int, step: Int) {
    let errors = draw()
    leastBits += entropy(Double(errors) / Double(bits)) * Double(bits)
    var sent = 0
    var trips = 0
    var outcome = SyndromeDecoder.Step.stuck(contradicted: 0)
    while case .stuck = outcome, sent < code.syndromeBitsMax {
      let next = min(sent == 0 ? first : sent + step, code.syndromeBitsMax)
      send(sent..<next, of: code)
      sent = next
      trips += 1
      outcome = decode(code, sent: sent, isFirst: trips == 1)
    }
    sentBits += sent
    roundTrips += trips
    roundTripsMax = max(roundTripsMax, trips)
    guard case .decoded = outcome else {
      failed += 1
      return
    }
    for i in 0..<Bits.words(for: bits) where decoder.corrected[i] != alice[i] {
      undetected += 1
      break
    }
  }

  private mutating func draw() -> Int {
    let threshold = UInt64(qber * 0x1p64)
    var errors = 0
    for i in 0..<Bits.words(for: bits) {
      var pattern: UInt64 = 0
      for bit in 0..<UInt64(min(64, bits - 64 * i)) where random.next() < threshold { pattern |= 1 << bit }
      alice[i] = random.next()
      if bits - 64 * i < 64 { alice[i] &= 1 << UInt64(bits - 64 * i) - 1 }
      bob[i] = alice[i] ^ pattern
      errors += pattern.nonzeroBitCount
    }
    return errors
  }

  private mutating func send(_ range: Range<Int>, of code: TileCode) {
    let began = ContinuousClock.now
    Self.write(range, of: code, with: &encoder, tile: alice, into: &message)
    encodeSeconds += seconds(since: began)
    for i in stride(from: 0, to: range.count, by: 32) {
      var half: UInt64 = 0
      for byte in 0..<4 { half |= UInt64(message[i / 8 + byte]) << UInt64(8 * byte) }
      stream.setBits(at: range.lowerBound + i, count: 32, to: half)
    }
  }

  private mutating func decode(_ code: TileCode, sent: Int, isFirst: Bool) -> SyndromeDecoder.Step {
    let began = ContinuousClock.now
    guard isFirst else {
      Self.resume(&decoder, syndrome: stream, sent: sent)
      return finish(since: began)
    }
    Self.begin(&decoder, tile: bob, code: code, syndrome: stream, told: (qber, sent))
    return finish(since: began)
  }

  private mutating func finish(since began: ContinuousClock.Instant) -> SyndromeDecoder.Step {
    var outcome = SyndromeDecoder.Step.working
    while case .working = outcome { outcome = decoder.step() }
    decodeSeconds += seconds(since: began)
    iterations += decoder.iterations
    return outcome
  }

  private static func write(
    _ range: Range<Int>, of code: TileCode, with encoder: inout SyndromeEncoder, tile: borrowing Block<UInt64>,
    into message: inout Block<UInt8>
  ) {
    var bytes = message.mutableSpan
    encoder.write(range, of: code, tile: tile.span, into: &bytes)
  }

  private static func begin(
    _ decoder: inout SyndromeDecoder, tile: borrowing Block<UInt64>, code: TileCode, syndrome: borrowing Block<UInt64>,
    told: (qber: Double, bits: Int)
  ) {
    let qber = PartsPerMillion(UInt32(told.qber * 1e6))
    decoder.begin(tile: tile.span, code: code, qber: qber, syndrome: syndrome.span, bits: told.bits)
  }

  private static func resume(_ decoder: inout SyndromeDecoder, syndrome: borrowing Block<UInt64>, sent: Int) {
    decoder.resume(syndrome: syndrome.span, bits: sent)
  }

  private func seconds(since began: ContinuousClock.Instant) -> Double {
    let wall = began.duration(to: .now)
    return Double(wall.components.seconds) + Double(wall.components.attoseconds) * 1e-18
  }
}
