import AdvantageDistillation
import Sifting

/// What Eve hears of advantage distillation, and what she then knows of the kept bits.
///
/// She permutes her knowledge of the sifted bits like the modules permute their bits: the seed is public. The parities
/// of a group tell all of its bits from any one of them, so a kept bit is known to her if she knows any bit of its
/// accepted group. If she knows none, the group is one uniform bit to her record, and the kept bit is it.
package struct OverheardPairing {
  /// The seed of the permutation, 32 bytes, once it was sent.
  package internal(set) var seed: [UInt8] = []
  /// A flag for every group that Bob has judged, in order: whether it was accepted.
  package internal(set) var accepted: [Bool] = []

  /// Bits that were kept, and those of them that Eve knows. `known` is what she knows of the sifted bits in class
  /// order, `block` is the length of a group, at least 2. The permutation is written here as Protocol.md describes it;
  /// of the modules it shares only the keystream.
  package func kept(ofKnown known: [Bool], block: Int) -> (bits: Int, known: Int) {
    precondition(block >= 2)
    guard seed.count == 32 else { return (0, 0) }
    let permuted = permuted(known)
    var bits = 0
    var knownBits = 0
    for (group, isAccepted) in accepted.enumerated() where isAccepted && (group + 1) * block <= permuted.count {
      bits += 1
      if permuted[group * block..<(group + 1) * block].contains(true) { knownBits += 1 }
    }
    return (bits, knownBits)
  }

  /// Bins that are drawn in the order of the source, laid end to end, each shuffled by Fisher and Yates.
  private func permuted(_ source: [Bool]) -> [Bool] {
    var bins: [[Bool]] = [[]]
    while bins.count * 57_344 < source.count { bins += bins }
    var draws = stream(kind: 0, index: 0)
    for bit in source { bins[Int(draws.next()) & (bins.count - 1)].append(bit) }
    for bin in bins.indices where !bins[bin].isEmpty {
      var draws = stream(kind: 1, index: UInt32(bin))
      for last in stride(from: bins[bin].count - 1, to: 0, by: -1) {
        bins[bin].swapAt(last, draws.next(below: FallingRange(UInt32(last + 1))))
      }
    }
    return bins.flatMap { $0 }
  }

  private func stream(kind: UInt32, index: UInt32) -> PublicStream {
    var key: [32 of UInt8] = .init(repeating: 0)
    for i in key.indices { key[i] = seed[i] }
    return PublicStream(seed: key, kind: kind, index: index)
  }
}
