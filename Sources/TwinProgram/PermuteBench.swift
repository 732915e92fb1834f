import AdvantageDistillation
import ArgumentParser
import FixedStorage
import Foundation
import HostStorage

/// The permutation of a whole block: both passes, and the repetition that counts errors by intensity.
struct PermuteBench: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "permute", abstract: "Sifted bits a second through the permutation of a whole block.")
  }

  @Option(help: "Sifted bits of the block, 1000...268435456.")
  var bits = 1 << 24

  func run() throws {
    guard (1000...BlockPermutation.bitsMax).contains(bits) else {
      throw ValidationError("bits must be 1000...\(BlockPermutation.bitsMax)")
    }
    var permutation = BlockPermutation(
      bins: .onHost(count: BlockPermutation.binWords), labels: .onHost(count: BlockPermutation.labelBytes))
    var string = Block<UInt64>.onHost(count: Bits.words(for: bits) + 1)
    // Pages are filled by the system when they are first touched; that is no part of the permutation.
    for i in 0..<Bits.words(for: bits) { string[i] = 0 }
    let decoy = bits / 5
    permutation.begin(classSizes: [bits - decoy - bits / 1000, decoy, bits / 1000], seed: .init(repeating: 7))
    let count = time { while !permutation.count(limit: 1 << 15) {} }
    var random = SeededRandom(seed: 1)
    let scatter = time {
      for first in stride(from: 0, to: bits, by: 64) {
        permutation.scatter(random.next(), count: min(64, bits - first), into: &string)
      }
    }
    let shuffle = time { for bin in 0..<permutation.binCount { permutation.shuffle(bin, of: &string) } }
    var ones: [3 of UInt64] = .init(repeating: 0)
    // Errors stand for themselves at one place in 32.
    for word in 0..<Bits.words(for: bits) { string[word] &= 0x8000_0000_8000_0000 }
    let label = time {
      for bin in 0..<permutation.binCount { permutation.countOnes(of: bin, in: string, into: &ones) }
    }
    let total = count + scatter + shuffle
    // Of the string each bit is read and written once by the scatter and twice by the shuffle, a word each time.
    print(
      String(
        format: "bench stage=permute n=%d bins=%d count_s=%.3f scatter_s=%.3f shuffle_s=%.3f errors_s=%.3f mbit_s=%.1f",
        bits, permutation.binCount, count, scatter, shuffle, label, Double(bits) / total / 1e6))
  }

  private func time(_ work: () -> Void) -> Double {
    let wall = ContinuousClock().measure(work)
    return Double(wall.components.seconds) + Double(wall.components.attoseconds) * 1e-18
  }
}
