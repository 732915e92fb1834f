package import Estimation
import Sifting
import Units

/// What Eve knows of the sifted bits of a run, and whether the keys allow for it.
package struct EveReport {
  /// Sifted bits of all blocks as Eve heard them, and those that she knows.
  package let siftedBits: Int
  package let knownBits: Int
  /// Blocks that became a key on either side.
  package let finished: [FinishedBlock]
  /// Bounds of the last block whose errors were told; nil if there is none.
  package let bounds: KeyLengthResult?
  /// What the key lengths of the run were computed by.
  let plan: BlockCredit

  package struct FinishedBlock {
    package let number: UInt32
    package let finalBits: Int
    package let heard: OverheardBlock
    /// Bits that were reconciled, and those of them that Eve knows.
    package let keptBits: Int
    package let knownKeptBits: Int

    init(number: UInt32, finalBits: Int, heard: OverheardBlock, adBlock: Int) {
      self.number = number
      self.finalBits = finalBits
      self.heard = heard
      (keptBits, knownKeptBits) =
        adBlock == 1
        ? (heard.siftedBits, heard.knownBits)
        : heard.pairing.kept(ofKnown: heard.known.flatMap { $0 }, block: adBlock)
    }

    /// Bits of the reconciled key that Eve's record leaves open.
    ///
    /// Each kept bit is either known to her with certainty or, to her record, uniform and independent of the others;
    /// every parity and every bit of a hash that was announced takes away at most one bit more. So the smooth
    /// min-entropy of the reconciled key is at least this number, and a key must not be longer. It is a necessary
    /// condition for this very attack. The bound of the key length holds for all attacks, hence is shorter.
    package var openBits: Int { keptBits - knownKeptBits - heard.leakBits }

    package var allowsForEve: Bool { finalBits <= openBits }
  }

  init(heard: [UInt32: OverheardBlock], recorded: [UInt32: Recorder.Block], plan: BlockCredit) {
    self.plan = plan
    siftedBits = heard.values.reduce(0) { $0 + $1.siftedBits }
    knownBits = heard.values.reduce(0) { $0 + $1.knownBits }
    finished = recorded.filter { !$0.value.secretKeys.isEmpty }.sorted { $0.key < $1.key }.map { number, block in
      FinishedBlock(
        number: number, finalBits: max(block.finalBits(.alice), block.finalBits(.bob)),
        heard: heard[number] ?? OverheardBlock(), adBlock: plan.adBlock)
    }
    bounds = heard.sorted { $0.key < $1.key }.last { $0.value.errors != nil }.map { Self.bounds($0.value, plan) }
  }

  package var knownShare: Double { siftedBits > 0 ? Double(knownBits) / Double(siftedBits) : 0 }
  package var boundHolds: Bool { finished.allSatisfy(\.allowsForEve) }

  private static func bounds(_ heard: OverheardBlock, _ plan: BlockCredit) -> KeyLengthResult {
    let errors = heard.errors ?? IntensityCounts()
    let counts = DecoyCounts(
      sifted: [heard.sifted.signal, heard.sifted.decoy, heard.sifted.vacuum],
      errors: [errors.signal, errors.decoy, errors.vacuum],
      crossClicks: [heard.cross.signal, heard.cross.decoy, heard.cross.vacuum])
    return plan.result(for: counts, leakBits: UInt64(heard.leakBits))
  }
}
