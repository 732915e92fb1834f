import FixedStorage
import HostStorage
import Reconciliation
import Testing
import Units

/// Alice's stream and Bob's decoder against each other.
struct SyndromeTests {
  private static func encode(_ code: TileCode, _ tile: borrowing Block<UInt64>, _ range: Range<Int>) -> [UInt8] {
    var encoder = SyndromeEncoder(words: .onHost(count: SyndromeEncoder.wordCount))
    var bytes = Block<UInt8>.onHost(count: range.count / 8)
    var span = bytes.mutableSpan
    encoder.write(range, of: code, tile: tile.span, into: &span)
    return (0..<range.count / 8).map { bytes[$0] }
  }

  @Test func tileCode_refusesWhatIsNotOfTheTable() {
    #expect(TileCode(code: -1, lifting: 64, bits: 1) == nil)
    #expect(TileCode(code: 1000, lifting: 64, bits: 1) == nil)
    #expect(TileCode(code: 0, lifting: 96, bits: 1) == nil)
    #expect(TileCode(code: 0, lifting: 576, bits: 1) == nil)
    #expect(TileCode(code: 0, lifting: 64, bits: 16385) == nil)
    #expect(TileCode(code: 0, lifting: 64, bits: 16384) != nil)
  }

  @Test(arguments: 0..<UInt64(4)) func stream_ofAnyPart_isThatPartOfTheWhole(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let code = try #require(TileCode(code: Int(seed) * 5, lifting: 128, bits: 30_000))
    var tile = Block<UInt64>.onHost(count: Bits.words(for: code.bits))
    for i in 0..<tile.count { tile[i] = random.next() }
    let whole = Self.encode(code, tile, 0..<code.syndromeBitsMax)
    let first = Int.random(in: 0..<code.syndromeBitsMax / 64, using: &random) * 32
    let part = Self.encode(code, tile, first..<first + 96)
    #expect(part == Array(whole[first / 8..<first / 8 + 12]))
  }

  /// Alice's and Bob's tile, and the decoder between them.
  private struct Ends: ~Copyable {
    var alice: Block<UInt64>
    var bob: Block<UInt64>
    var errors = 0
    var stream = Block<UInt64>.onHost(count: TileCode.tileBitsMax / 32)
    var decoder = SyndromeDecoder(
      messages: .onHost(count: SyndromeDecoder.byteCount), words: .onHost(count: SyndromeDecoder.wordCount))

    init(bits: Int, qber: Double, seed: UInt64) {
      var random = SeededRandom(seed: seed)
      alice = .onHost(count: Bits.words(for: bits))
      bob = .onHost(count: Bits.words(for: bits))
      for i in 0..<alice.count { alice[i] = random.next() }
      for i in 0..<alice.count { bob[i] = alice[i] }
      for i in 0..<bits where random.next() < UInt64(qber * 0x1p64) {
        bob.setBit(i, to: 1 - bob.bit(i))
        errors += 1
      }
    }

    mutating func send(_ code: TileCode, bits: Int) {
      let sent = SyndromeTests.encode(code, alice, 0..<bits)
      for (i, byte) in sent.enumerated() { stream.setBits(at: 8 * i, count: 8, to: UInt64(byte)) }
    }

    mutating func begin(_ code: TileCode, qber: UInt32, bits: Int) -> SyndromeDecoder.Step {
      send(code, bits: bits)
      Self.begin(&decoder, bob, stream, code, (qber, bits))
      return run()
    }

    mutating func resume(_ code: TileCode, bits: Int) -> SyndromeDecoder.Step {
      send(code, bits: bits)
      Self.resume(&decoder, stream, bits)
      return run()
    }

    private mutating func run() -> SyndromeDecoder.Step {
      var outcome = SyndromeDecoder.Step.working
      while case .working = outcome { outcome = decoder.step() }
      return outcome
    }

    private static func begin(
      _ decoder: inout SyndromeDecoder, _ tile: borrowing Block<UInt64>, _ stream: borrowing Block<UInt64>,
      _ code: TileCode, _ told: (qber: UInt32, bits: Int)
    ) {
      decoder.begin(
        tile: tile.span, code: code, qber: PartsPerMillion(told.qber), syndrome: stream.span, bits: told.bits)
    }

    private static func resume(_ decoder: inout SyndromeDecoder, _ stream: borrowing Block<UInt64>, _ bits: Int) {
      decoder.resume(syndrome: stream.span, bits: bits)
    }

    /// Bits below `bits` in which the corrected tile differs from Alice's.
    func wrong(bits: Int) -> Int {
      (0..<bits).count { decoder.corrected[$0 / 64] >> UInt64($0 % 64) & 1 != alice[$0 / 64] >> UInt64($0 % 64) & 1 }
    }
  }

  /// Tiles that fill a lifting and tiles that do not, at all error rates that the codes serve.
  @Test(arguments: [(131_072, 15_000), (60_000, 80_000), (16_384, 50_000), (100_001, 30_000), (131_072, 110_000)])
  func decoder_withBitsToSpare_findsTheErrors(bits: Int, qber: Int) throws {
    let choice = try #require(TileCode.choose(bits: bits, qber: PartsPerMillion(UInt32(qber)), efficiency: 1.4))
    var ends = Ends(bits: bits, qber: Double(qber) / 1e6, seed: UInt64(bits))
    let outcome = ends.begin(choice.code, qber: UInt32(qber), bits: choice.syndromeBits)
    let errors = ends.errors
    let wrong = ends.wrong(bits: bits)
    #expect(outcome == .decoded(errors: errors) && wrong == 0)
  }

  /// Below the Shannon limit nothing decodes, and more of the stream mends it.
  @Test func decoder_withTooFewBits_isStuckAndGoesOnWithMore() throws {
    let bits = 131_072
    let choice = try #require(TileCode.choose(bits: bits, qber: PartsPerMillion(50_000), efficiency: 0.95))
    var ends = Ends(bits: bits, qber: 0.05, seed: 3)
    let first = ends.begin(choice.code, qber: 50_000, bits: choice.syndromeBits)
    guard case .stuck(let contradicted) = first else {
      Issue.record("decoded beyond the limit")
      return
    }
    #expect(contradicted > 0)
    var outcome = first
    var held = choice.syndromeBits
    while case .stuck = outcome, held < choice.code.syndromeBitsMax {
      held += 2048
      outcome = ends.resume(choice.code, bits: held)
    }
    let errors = ends.errors
    let wrong = ends.wrong(bits: bits)
    #expect(outcome == .decoded(errors: errors) && wrong == 0)
    // More than the limit, and not by much.
    #expect(held > 37_539 && held < 37_539 * 6 / 5)
  }

  @Test func decoder_thatWasWiped_holdsNothing() throws {
    let choice = try #require(TileCode.choose(bits: 16_384, qber: PartsPerMillion(50_000), efficiency: 1.5))
    var ends = Ends(bits: 16_384, qber: 0.05, seed: 4)
    _ = ends.begin(choice.code, qber: 50_000, bits: choice.syndromeBits)
    ends.decoder.wipe()
    let left = (0..<256).count { ends.decoder.corrected[$0] != 0 }
    #expect(left == 0)
  }

  @Test func schedule_growsByParts_andEnds() throws {
    let start = try #require(SyndromeSchedule.start(bits: 131_072, qber: PartsPerMillion(30_000), errorsSeen: 10_000))
    var held = start.syndromeBits
    var exchanges = 1
    while let more = SyndromeSchedule.more(after: held, topUps: exchanges - 1, of: start.code) {
      #expect(more > held && more % SyndromeSchedule.step == 0)
      held = more
      exchanges += 1
    }
    #expect(exchanges == 3)
    #expect(SyndromeSchedule.start(bits: 131_072, qber: PartsPerMillion(5_000), errorsSeen: 10_000) == nil)
    #expect(SyndromeSchedule.start(bits: 4096, qber: PartsPerMillion(30_000), errorsSeen: 10_000) == nil)
    #expect(SyndromeSchedule.qber(ofStuck: start.code, contradicted: start.code.baseBits) == nil)
    let few = try #require(SyndromeSchedule.qber(ofStuck: start.code, contradicted: 20))
    #expect(few.count < 200)
  }
}
