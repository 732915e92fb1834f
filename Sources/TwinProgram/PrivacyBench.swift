import ArgumentParser
import FixedStorage
import Foundation
import HostStorage
import PrivacyAmplification

/// The Toeplitz product of a whole key at once.
struct PrivacyBench: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "privacy", abstract: "Privacy amplification: bits of key a second on one core.")
  }

  @Option(help: "Bits of key, 64...268435456.")
  var bits = 1 << 20
  @Option(help: "Bits of output, 1...8388608; half of the key if not given, at most 8388608.")
  var output: Int?
  @Flag(help: "The kernel for processors without carry-less multiplication.")
  var portable = false
  @Option(help: "Everything random follows from this number.")
  var seed: UInt64 = 1

  func run() throws {
    guard (64...(1 << 28)).contains(bits) else { throw ValidationError("bits must be 64...268435456") }
    let output = output ?? min(bits / 2, ToeplitzAccumulator.outputBitsMax)
    guard (1...ToeplitzAccumulator.outputBitsMax).contains(output) else {
      throw ValidationError("output must be 1...\(ToeplitzAccumulator.outputBitsMax)")
    }
    let kernel: ToeplitzKernel = portable ? .portable : .ofThisBuild
    var random = SeededRandom(seed: seed)
    let key = (0..<Bits.words(for: bits)).map { _ in random.next() }
    let matrix = (0..<Bits.words(for: bits + output - 1)).map { _ in random.next() }
    var sums = ToeplitzAccumulator(
      sums: .onHost(count: ToeplitzAccumulator.sumsWords), arena: .onHost(count: ToeplitzAccumulator.arenaWords),
      kernel: kernel)
    var secret = [UInt64](repeating: 0, count: Bits.words(for: output))
    var best = Double.infinity
    var slowestStep = 0.0
    for _ in 0..<(bits > 1 << 24 ? 1 : 5) {
      let began = ContinuousClock.now
      sums.start(outputBits: output)
      let tileBits = ToeplitzAccumulator.tileBits(forOutput: output)
      var first = 0
      while first < bits {
        let tile = min(tileBits, bits - first)
        // The window on the seed begins with the tile, as in a module.
        let words = first / 64..<Bits.words(for: first + tile)
        let end = first / 64 + Bits.words(for: ToeplitzAccumulator.seedBits(keyBits: tile, outputBits: output))
        sums.begin(tileBits: tile, atBit: 0)
        var stepBegan = ContinuousClock.now
        while sums.step(
          tile: key.span.extracting(words), seed: matrix.span.extracting((first / 64)..<end)) == .working
        {
          let now = ContinuousClock.now
          slowestStep = max(slowestStep, seconds(stepBegan.duration(to: now)))
          stepBegan = now
        }
        first += tile
      }
      var span = secret.mutableSpan
      sums.finish(bits: output, into: &span)
      best = min(best, seconds(began.duration(to: .now)))
    }
    // `check` is the exclusive or of all words: equal keys and equal kernels give equal figures.
    let check = secret.reduce(0, ^)
    print(
      String(
        format: "bench stage=privacy n=%d output=%d kernel=%@ mbit_s=%.2f wall_s=%.5f step_ms=%.3f check=%016llx", bits,
        output, kernel == .portable ? "portable" : "carryless", Double(bits) * 1e-6 / best, best, slowestStep * 1e3,
        check))
  }

  private func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}
