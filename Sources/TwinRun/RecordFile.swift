import Sifting
package import Controller
import Distillation
import Estimation
package import Foundation
import Units

/// The text of one block's record; the format is described in Documentation/Recording.md.
struct RecordFile {
  let number: UInt32
  let block: Recorder.Block
  let configuration: LinkConfiguration

  private var bob: BlockSummary { block.summaries[.bob] ?? BlockSummary(number: number) }
  private var alice: BlockSummary { block.summaries[.alice] ?? BlockSummary(number: number) }

  var text: String {
    var lines = ["format gimbal-block 2", "block \(number)"]
    lines += settings
    lines += [
      "events \(block.announcements.count)", "announcements \(bytes(block.announcements))",
      "measurements \(bytes(block.measurements))", "sifted_bits \(block.siftedBits)",
      "sifted_counts \(counts(bob.sifted.signal, bob.sifted.decoy, bob.sifted.vacuum))",
      "error_counts \(counts(bob.errors.signal, bob.errors.decoy, bob.errors.vacuum))",
      "cross_counts \(counts(bob.cross.signal, bob.cross.decoy, bob.cross.vacuum))",
      "axis_counts \(counts(bob.axes.x, bob.axes.y, bob.axes.z))",
    ]
    lines += both("sifted", block.siftedKeys, bits: block.siftedBits)
    lines.append("permutation_seed \(bytes(block.permutationSeed))")
    lines.append("kept_bits \(block.keptBits)")
    lines += both("kept", block.keptKeys, bits: block.keptBits)
    lines.append("confirmed_bits \(block.confirmedKeys.isEmpty ? 0 : block.keptBits)")
    lines += both("confirmed", block.confirmedKeys, bits: block.keptBits)
    lines += outcome
    return lines.joined(separator: "\n") + "\n"
  }

  /// What was fixed before the first pulse.
  private var settings: [String] {
    let planned = configuration.plannedCounts()
    let vacuumShare = 65_536 - configuration.shareSignal.count - configuration.shareDecoy.count
    let means = (0..<3).map { "\(configuration.means[$0].millionths)" }.joined(separator: " ")
    return [
      "variant \(configuration.variant)", "ad_block \(configuration.adBlock)", "means \(means)",
      "shares \(configuration.shareSignal.count) \(configuration.shareDecoy.count) \(vacuumShare)",
      "axis_share_max \(configuration.creditedShareMax.count)",
      "arrival_share_max \(configuration.axisShareMax.count)", "epsilon_secret \(configuration.epsilonSecret)",
      "epsilon_correct \(configuration.epsilonCorrect)",
      "planned_sifted \(counts(planned.sifted[0], planned.sifted[1], planned.sifted[2]))",
      "planned_errors \(counts(planned.errors[0], planned.errors[1], planned.errors[2]))",
      "planned_cross \(counts(planned.crossClicks[0], planned.crossClicks[1], planned.crossClicks[2]))",
    ]
  }

  /// Accounts, bounds, seed and key.
  private var outcome: [String] {
    let result = bob.result
    let final = block.finalBits(.alice)
    let seedBits = final == 0 ? 0 : block.keptBits + final - 1
    let bounds = [
      result?.singlePhotons, result?.singlePhotonErrors, result?.errorPatterns, result?.phaseErrorBefore,
      result?.goodBlocks, result?.phaseErrorAfter,
    ]
    var lines = [
      "parity_bits \(bob.ledger.parityBits)", "confirmation_bits \(bob.ledger.confirmationBits)",
      "bounds " + bounds.map { "\($0 ?? 0)" }.joined(separator: " "), "computed_length \(result?.length ?? 0)",
      "toeplitz_seed_bits \(seedBits)", "toeplitz_seed \(hexadecimal(block.seeds[.alice], bits: seedBits))",
      "final_length \(final)",
    ]
    lines += both("final_key", block.secretKeys, bits: final)
    let refusal = alice.refusal ?? bob.refusal
    lines.append("refusal \(refusal.map { "\($0.name)" } ?? "-")")
    return lines
  }

  private func both(_ name: String, _ keys: [Role: [UInt64]], bits: Int) -> [String] {
    ["\(name)_alice \(hexadecimal(keys[.alice], bits: bits))", "\(name)_bob \(hexadecimal(keys[.bob], bits: bits))"]
  }

  private func counts(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> String { "\(a) \(b) \(c)" }

  private func bytes(_ bytes: [UInt8]) -> String {
    guard !bytes.isEmpty else { return "-" }
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// Bit 0 of the string is the most significant bit of the first digit; the last byte is filled up with zeros.
  private func hexadecimal(_ words: [UInt64]?, bits: Int) -> String {
    guard let words, bits > 0 else { return "-" }
    var packed: [UInt8] = []
    packed.reserveCapacity((bits + 7) / 8)
    for byte in 0..<(bits + 7) / 8 {
      var value: UInt8 = 0
      for bit in 0..<8 where 8 * byte + bit < bits {
        let place = 8 * byte + bit
        value |= UInt8(words[place / 64] >> UInt64(place % 64) & 1) << UInt8(7 - bit)
      }
      packed.append(value)
    }
    return bytes(packed)
  }
}

extension Recorder {
  /// Writes one text file per block of a session with this configuration.
  package func write(to folder: URL, configuration: LinkConfiguration) throws {
    for (number, block) in blocks {
      let text = RecordFile(number: number, block: block, configuration: configuration).text
      try text.write(to: folder.appendingPathComponent("block-\(number).txt"), atomically: true, encoding: .ascii)
    }
  }
}
