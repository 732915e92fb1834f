import ArgumentParser
import Authentication
import BinaryField
import Foundation
import HostStorage

/// The polynomial hash of confirmation, over words of a tile.
struct ConfirmBench: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "confirm", abstract: "Bits a second through the hash that confirms tiles.")
  }

  @Option(help: "Bits of the string, 64...268435456.")
  var bits = 1 << 16

  func run() throws {
    guard (64...1 << 28).contains(bits) else { throw ValidationError("bits must be 64...268435456") }
    var random = SeededRandom(seed: 1)
    let words = (0..<(bits + 63) / 64).map { _ in random.next() }
    var hash = ConfirmationHash()
    var value: UInt64 = 0
    let best = bestTime {
      let key = ConfirmationKey(
        point: Field128(low: 0x1234_5678_9abc_def1, high: 7), multiplier: Field128(low: 99, high: 0x55aa))
      hash.start(key: key)
      hash.absorb(words.span, bits: bits)
      value = hash.finish()
    }
    print(
      String(
        format: "bench stage=confirm n=%d mbit_s=%.1f check=%016llx", bits, Double(bits) * 1e3 / best, value))
  }
}

/// The hash of a transcript, over bytes of messages.
struct TagBench: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "tag", abstract: "Bits a second through the hash that authenticates messages.")
  }

  @Option(help: "Bytes of a message, 1...4096.")
  var bytes = 1000
  @Option(help: "Messages, 1...1000000.")
  var messages = 100

  func run() throws {
    guard (1...4096).contains(bytes) else { throw ValidationError("bytes must be 1...4096") }
    guard (1...1_000_000).contains(messages) else { throw ValidationError("messages must be 1...1000000") }
    var random = SeededRandom(seed: 1)
    let message = (0..<bytes).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    var check: UInt64 = 0
    let best = bestTime {
      var hash = TranscriptHash()
      hash.start(point: Field128(low: 0x1234_5678_9abc_def1, high: 7))
      for _ in 0..<messages { hash.absorb(message.span) }
      var words: [UInt64] = [3, 4]
      var span = words.mutableSpan
      let tag = hash.finish(pad: OneTimePad(taking: &span))
      check = tag.low ^ tag.high
    }
    let bits = 8 * bytes * messages
    print(
      String(format: "bench stage=tag n=%d mbit_s=%.1f check=%016llx", bits, Double(bits) * 1e3 / best, check))
  }
}

/// Nanoseconds of the fastest of twenty runs.
private func bestTime(_ work: () -> Void) -> Double {
  (0..<20).map { _ in nanoseconds(ContinuousClock().measure(work)) }.min() ?? 1
}
