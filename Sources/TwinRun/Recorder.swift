package import Distillation
package import Foundation
package import Units

/// Collects what both modules did with every block. It exists in the simulation only: firmware has no such eye.
package final class Recorder {
  /// One block as the two modules saw it.
  package struct Block {
    package var siftedBits = 0
    package var siftedKeys: [Role: [UInt64]] = [:]
    package var confirmedKeys: [Role: [UInt64]] = [:]
    package var seeds: [Role: [UInt64]] = [:]
    package var secretKeys: [Role: [UInt64]] = [:]
    package var finalBits: [Role: Int] = [:]
  }

  package private(set) var blocks: [UInt32: Block] = [:]
  private let keepsInputs: Bool

  /// Sifted keys and seeds are kept only when they will be written.
  package init(keepsInputs: Bool) { self.keepsInputs = keepsInputs }

  package func noteClosed(_ number: UInt32, _ role: Role, _ siftedKey: Span<UInt64>, bits: Int) {
    blocks[number, default: Block()].siftedBits = bits
    if keepsInputs { blocks[number, default: Block()].siftedKeys[role] = array(siftedKey) }
  }

  package func noteFinished(
    _ summary: BlockSummary, _ role: Role, _ confirmedKey: Span<UInt64>, _ seed: Span<UInt64>,
    _ secretKey: Span<UInt64>
  ) {
    var block = blocks[summary.number, default: Block()]
    block.secretKeys[role] = array(secretKey)
    block.finalBits[role] = summary.finalBits
    if keepsInputs {
      block.confirmedKeys[role] = array(confirmedKey)
      block.seeds[role] = array(seed)
    }
    blocks[summary.number] = block
  }

  /// Whether there is a key and every finished block ended with the same key on both sides.
  package var keysMatch: Bool {
    let finished = blocks.values.filter { !$0.secretKeys.isEmpty }
    return !finished.isEmpty
      && finished.allSatisfy { block in
        guard let alice = block.secretKeys[.alice], let bob = block.secretKeys[.bob] else { return false }
        return alice == bob && block.finalBits[.alice] == block.finalBits[.bob] && !alice.isEmpty
      }
  }

  /// Writes one text file per block; the format is described in Documentation/Recording.md.
  package func write(to folder: URL) throws {
    for (number, block) in blocks {
      var text = "format gimbal-block 1\nblock \(number)\nsifted_bits \(block.siftedBits)\n"
      for (name, role) in [("alice", Role.alice), ("bob", Role.bob)] {
        text += "sifted_\(name) \(hexadecimal(block.siftedKeys[role], bits: block.siftedBits))\n"
      }
      text += "confirmed_bits \(block.confirmedKeys.isEmpty ? 0 : block.siftedBits)\n"
      for (name, role) in [("alice", Role.alice), ("bob", Role.bob)] {
        text += "confirmed_\(name) \(hexadecimal(block.confirmedKeys[role], bits: block.siftedBits))\n"
      }
      let final = block.finalBits[.alice] ?? 0
      let seedBits = final == 0 ? 0 : block.siftedBits + final - 1
      text += "toeplitz_seed_bits \(seedBits)\n"
      text += "toeplitz_seed \(hexadecimal(block.seeds[.alice], bits: seedBits))\n"
      text += "final_length \(final)\n"
      for (name, role) in [("alice", Role.alice), ("bob", Role.bob)] {
        text += "final_key_\(name) \(hexadecimal(block.secretKeys[role], bits: final))\n"
      }
      try text.write(to: folder.appendingPathComponent("block-\(number).txt"), atomically: true, encoding: .ascii)
    }
  }

  private func array(_ span: Span<UInt64>) -> [UInt64] {
    var words: [UInt64] = []
    words.reserveCapacity(span.count)
    for i in span.indices { words.append(span[i]) }
    return words
  }

  /// Bit 0 of the string is the most significant bit of the first digit; the last byte is filled up with zeros.
  private func hexadecimal(_ words: [UInt64]?, bits: Int) -> String {
    guard let words, bits > 0 else { return "-" }
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bits + 3) / 4 + 1)
    for byte in 0..<(bits + 7) / 8 {
      var value: UInt8 = 0
      for bit in 0..<8 where 8 * byte + bit < bits {
        let place = 8 * byte + bit
        value |= UInt8(words[place / 64] >> UInt64(place % 64) & 1) << UInt8(7 - bit)
      }
      text.append(digits[Int(value >> 4)])
      text.append(digits[Int(value & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
