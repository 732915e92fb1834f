import AdvantageDistillation
import Authentication
import FixedStorage
import Ports
import Reconciliation
import Sifting
import Units
import Wire

/// How far the sifted string is laid out.
struct LoadProgress {
  enum Stage { case counting, scattering, shuffling(bin: Int) }

  var reader: SiftedReader
  var stage = Stage.counting
  var seed: [32 of UInt8] = .init(repeating: 0)
  var peerIsLoaded = false

  init(half: Half) { reader = SiftedReader(half) }
}

extension Distiller {
  /// Bits and words of one step: well below a millisecond of a slow core.
  private static var bitsCountedPerStep: Int { 1 << 15 }
  private static var wordsMovedPerStep: Int { 256 }

  /// Whether the peer's sifted string of the block in work has left the pages it was sifted into.
  public var peerHasLoaded: Bool { load.peerIsLoaded }

  /// The public seed of the permutation.
  public var permutationSeed: [32 of UInt8] { load.seed }

  /// What follows when both modules agree on the counts.
  mutating func beginLoading() {
    precondition(siftedBits <= 64 * storage.strings.block.count)
    load = LoadProgress(half: half)
    phase = role == .alice ? .drawingPermutation : .awaitingPermutation
  }

  /// Alice: draws the seed of the permutation. Bob has reported his last click, so no click can depend on it.
  mutating func sendPermutation(_ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable) {
    var seed: [32 of UInt8] = .init(repeating: 0)
    var span = seed.mutableSpan
    do throws(EntropyError) { try entropy.fill(&span) } catch { return refuse(.entropyLost, &channel) }
    storage.payload.clear()
    for i in seed.indices { storage.payload.put(seed[i]) }
    send(.permutation, discloses: .nothing, &channel)
    beginPermutation(seed)
  }

  /// Bob: takes the seed.
  mutating func takePermutation(_ payload: Span<UInt8>, _ reader: inout ByteReader) throws(PayloadError) {
    var seed: [32 of UInt8] = .init(repeating: 0)
    for i in seed.indices { seed[i] = try reader.take(from: payload) }
    try reader.finish(payload)
    beginPermutation(seed)
  }

  private mutating func beginPermutation(_ seed: [32 of UInt8]) {
    load.seed = seed
    let sizes = summary.sifted.triple
    storage.permutation.begin(classSizes: [Int(sizes[0]), Int(sizes[1]), Int(sizes[2])], seed: seed)
    phase = .loading
  }

  /// One bounded piece of laying out the string.
  mutating func loadOneStep(_ store: inout SiftedStore, _ channel: inout BlockChannel) {
    switch load.stage {
    case .counting:
      guard storage.permutation.count(limit: Self.bitsCountedPerStep) else { return }
      guard storage.permutation.fits else { return refuse(.permutationSkewed, &channel) }
      load.stage = .scattering
    case .scattering:
      for _ in 0..<Self.wordsMovedPerStep {
        let (word, bits) = store.drain(&load.reader)
        guard bits > 0 else {
          load.stage = .shuffling(bin: 0)
          return
        }
        storage.scatter(word, count: bits)
      }
    case .shuffling(let bin):
      storage.shuffle(bin)
      guard bin + 1 == storage.permutation.binCount else {
        load.stage = .shuffling(bin: bin + 1)
        return
      }
      finishLoading(&channel)
    }
  }

  private mutating func finishLoading(_ channel: inout BlockChannel) {
    storage.payload.clear()
    send(.loaded, discloses: .nothing, &channel)
    phase = .awaitingPeerLoad
    goOnWhenBothAreLoaded(&channel)
  }

  /// The peer's string is laid out too.
  mutating func takePeerLoaded(_ payload: Span<UInt8>, _ channel: inout BlockChannel) throws(PayloadError) {
    guard payload.isEmpty, !load.peerIsLoaded else { throw .outOfRange }
    load.peerIsLoaded = true
    goOnWhenBothAreLoaded(&channel)
  }

  private mutating func goOnWhenBothAreLoaded(_ channel: inout BlockChannel) {
    guard phase == .awaitingPeerLoad, load.peerIsLoaded else { return }
    if keepsAll {
      keptBits = siftedBits
      summary.keptBits = keptBits
      phase = .reconciling
    } else {
      beginPairing(&channel)
    }
  }
}

extension Distiller.Storage {
  mutating func scatter(_ word: UInt64, count: Int) {
    Self.scatter(word, count: count, &permutation, &strings.block)
  }

  mutating func shuffle(_ bin: Int) { Self.shuffle(bin, &permutation, &strings.block) }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func scatter(
    _ word: UInt64, count: Int, _ permutation: inout BlockPermutation, _ string: inout Block<UInt64>
  ) {
    permutation.scatter(word, count: count, into: &string)
  }

  private static func shuffle(
    _ bin: Int, _ permutation: inout BlockPermutation, _ string: inout Block<UInt64>
  ) {
    permutation.shuffle(bin, of: &string)
  }
}
