import AdvantageDistillation
import Distillation
import FixedStorage
import HostStorage
import PrivacyAmplification
import Reconciliation
import Wire

/// Host memory that is lent to a `Block` and can still be looked at.
@safe struct WatchedMemory {
  let name: String
  private let bytes: UnsafeMutableRawBufferPointer

  /// A zeroed block, and the watch on its bytes.
  static func lend<Element: FixedWidthInteger>(
    _ name: String, _ element: Element.Type, count: Int, to watch: inout [WatchedMemory]
  ) -> Block<Element> {
    let start = UnsafeMutablePointer<Element>.allocate(capacity: count)
    unsafe start.initialize(repeating: 0, count: count)
    unsafe watch.append(
      WatchedMemory(
        name: name, bytes: UnsafeMutableRawBufferPointer(start: start, count: count * MemoryLayout<Element>.stride)))
    return unsafe Block(unsafeStart: start, count: count)
  }

  private init(name: String, bytes: UnsafeMutableRawBufferPointer) {
    self.name = name
    unsafe self.bytes = unsafe bytes
  }

  /// Changes a bit behind the back of the block's owner.
  func flip(_ bit: Int) { unsafe bytes[bit / 8] ^= 1 << UInt8(bit % 8) }

  var isZero: Bool { unsafe bytes.allSatisfy { $0 == 0 } }
}

extension Distiller.Storage {
  private static func tiles(_ watch: inout [WatchedMemory]) -> TileStorage {
    typealias Memory = WatchedMemory
    let tiles = TileStorage.tilesMax
    var words = Memory.lend("parityWords", UInt64.self, count: tiles * ParityReference.wordCount, to: &watch)
    var corrected = Memory.lend("correctorWords", UInt64.self, count: tiles * Corrector.wordCount, to: &watch)
    return TileStorage(
      references: .init { _ in
        ParityReference(
          words: words.detachFirst(ParityReference.wordCount))
      },
      correctors: .init { _ in
        Corrector(
          words: corrected.detachFirst(Corrector.wordCount), asked: .onHost(count: Corrector.askedCount))
      },
      encoder: SyndromeEncoder(
        words: Memory.lend("encoderWords", UInt64.self, count: SyndromeEncoder.wordCount, to: &watch)),
      decoder: SyndromeDecoder(
        messages: Memory.lend("decoderMessages", Int8.self, count: SyndromeDecoder.byteCount, to: &watch),
        words: Memory.lend("decoderWords", UInt64.self, count: SyndromeDecoder.wordCount, to: &watch)),
      syndromes: .onHost(count: TileStorage.syndromeWords))
  }

  /// Working memory whose bytes `watch` shows; what is public by design is told by its name.
  static func watched(_ watch: inout [WatchedMemory]) -> Distiller.Storage {
    typealias Memory = WatchedMemory
    return Distiller.Storage(
      stages: Distiller.StageStorage(
        tiles: tiles(&watch),
        accumulator: ToeplitzAccumulator(
          sums: Memory.lend("toeplitzSums", UInt64.self, count: ToeplitzAccumulator.sumsWords, to: &watch),
          arena: Memory.lend("toeplitzArena", UInt64.self, count: ToeplitzAccumulator.arenaWords, to: &watch))),
      permutation: BlockPermutation(
        bins: .onHost(count: BlockPermutation.binWords), labels: .onHost(count: BlockPermutation.labelBytes)),
      strings: Distiller.StringStorage(
        block: Memory.lend("blockString", UInt64.self, count: testWords, to: &watch),
        kept: Memory.lend("keptString", UInt64.self, count: testWords, to: &watch),
        corrected: Memory.lend("correctedTiles", UInt64.self, count: Distiller.correctedWords, to: &watch)),
      keys: Distiller.KeyStorage(
        seed: Memory.lend("seed", UInt64.self, count: Distiller.seedWords, to: &watch),
        output: Memory.lend("secretKey", UInt64.self, count: Distiller.outputWords, to: &watch)),
      payload: PayloadBuffer(
        storage: Memory.lend("payload", UInt8.self, count: PayloadBuffer.capacityBytes, to: &watch)))
  }
}

/// Words of strings of up to 2^21 bits.
private let testWords = (1 << 21) / 64
