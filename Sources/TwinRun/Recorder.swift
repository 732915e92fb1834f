package import Distillation
package import Sifting
package import Units

/// Collects what both modules did with every block. It exists in the simulation only: firmware has no such eye.
package final class Recorder {
  /// One block as the two modules saw it.
  package struct Block {
    package var siftedBits = 0
    package var keptBits = 0
    package var permutationSeed: [UInt8] = []
    /// What Alice announced and Bob had measured, a byte an event each.
    package var announcements: [UInt8] = []
    package var measurements: [UInt8] = []
    package var siftedKeys: [Role: [UInt64]] = [:]
    package var keptKeys: [Role: [UInt64]] = [:]
    package var confirmedKeys: [Role: [UInt64]] = [:]
    package var seeds: [Role: [UInt64]] = [:]
    package var secretKeys: [Role: [UInt64]] = [:]
    package var summaries: [Role: BlockSummary] = [:]
  }

  package private(set) var blocks: [UInt32: Block] = [:]
  private let keepsInputs: Bool

  /// All but the keys is kept only when it will be written.
  package init(keepsInputs: Bool) { self.keepsInputs = keepsInputs }

  package func noteEvents(_ number: UInt32, _ announcements: Span<UInt8>, _ notes: Span<UInt8>) {
    guard keepsInputs else { return }
    for i in announcements.indices {
      blocks[number, default: Block()].announcements.append(announcements[i])
      blocks[number, default: Block()].measurements.append(notes[i])
    }
  }

  package func noteClosed(_ number: UInt32, _ role: Role, _ store: borrowing SiftedStore, _ half: Half) {
    blocks[number, default: Block()].siftedBits = store.count(half)
    guard keepsInputs else { return }
    var words = [UInt64](repeating: 0, count: (store.count(half) + 63) / 64)
    var reader = SiftedReader(half)
    var place = 0
    while true {
      let (word, bits) = store.read(&reader)
      guard bits > 0 else { break }
      words[place / 64] |= word << UInt64(place % 64)
      if place % 64 + bits > 64 { words[place / 64 + 1] |= word >> UInt64(64 - place % 64) }
      place += bits
    }
    blocks[number, default: Block()].siftedKeys[role] = words
  }

  package func noteKept(
    _ number: UInt32, _ role: Role, _ key: Span<UInt64>, bits: Int, _ permutationSeed: [32 of UInt8]
  ) {
    blocks[number, default: Block()].keptBits = bits
    guard keepsInputs else { return }
    blocks[number, default: Block()].keptKeys[role] = array(key)
    blocks[number, default: Block()].permutationSeed = permutationSeed.indices.map { permutationSeed[$0] }
  }

  package func noteSeed(_ number: UInt32, _ role: Role, _ words: Span<UInt64>) {
    guard keepsInputs else { return }
    blocks[number, default: Block()].seeds[role, default: []] += array(words)
  }

  package func noteFinished(
    _ summary: BlockSummary, _ role: Role, _ confirmedKey: Span<UInt64>, _ secretKey: Span<UInt64>
  ) {
    blocks[summary.number, default: Block()].summaries[role] = summary
    guard summary.refusal == nil else { return }
    blocks[summary.number, default: Block()].secretKeys[role] = array(secretKey)
    if keepsInputs { blocks[summary.number, default: Block()].confirmedKeys[role] = array(confirmedKey) }
  }

  /// Whether there is a key and every finished block ended with the same key on both sides.
  package var keysMatch: Bool {
    let finished = blocks.values.filter { !$0.secretKeys.isEmpty }
    return !finished.isEmpty
      && finished.allSatisfy { block in
        guard let alice = block.secretKeys[.alice], let bob = block.secretKeys[.bob] else { return false }
        return alice == bob && !alice.isEmpty && block.finalBits(.alice) == block.finalBits(.bob)
      }
  }

  private func array(_ span: Span<UInt64>) -> [UInt64] {
    var words: [UInt64] = []
    words.reserveCapacity(span.count)
    for i in span.indices { words.append(span[i]) }
    return words
  }
}

extension Recorder.Block {
  package func finalBits(_ role: Role) -> Int { summaries[role]?.finalBits ?? 0 }
}
