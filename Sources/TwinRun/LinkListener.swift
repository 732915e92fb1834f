import Distillation
import Optics
package import Sifting
import Units
import Wire

/// A frame as it passes on the classical link.
struct PassingFrame {
  var type: UInt8
  var block: UInt32
  var sequence: UInt32
  var payload: [UInt8]

  var messageType: MessageType? { MessageType(rawValue: type) }
}

/// What Eve keeps of one block from what she heard.
package struct OverheardBlock {
  /// Sifted bits, and those of them that she knows.
  package var siftedBits: Int { known.reduce(0) { $0 + $1.count } }
  package var knownBits: Int { known.reduce(0) { $0 + $1.count { $0 } } }
  /// Whether she knows a sifted bit, in the order of sifting: of signal, decoy and vacuum pulses.
  package var known: [[Bool]] = [[], [], []]
  /// Sifted bits and, if Bob came so far, errors and cross clicks by intensity.
  package var sifted = IntensityCounts()
  package var errors: IntensityCounts?
  package var cross = IntensityCounts()
  /// Parities and bits charged for hashes, as Bob tells with his counts.
  package var leakBits = 0
  /// Advantage distillation, if there is any.
  package var pairing = OverheardPairing()
}

/// Eve's ear at the classical link. It reads the two streams as their senders wrote them, and counts the sifted bits
/// that Eve knows: `detections` tells the slots, `choices` twirl, axis and intensity, `sifted` what is key.
///
/// Nothing here comes from the modules: formats are those of Documentation/Protocol.md, and what she knows of a slot
/// comes from her own record.
struct LinkListener {
  private(set) var blocks: [UInt32: OverheardBlock] = [:]

  /// A batch whose key bits are not told yet.
  private struct Batch {
    let slots: [UInt64]
    var choices: [UInt8] = []
  }

  private var batches: [UInt32: Batch] = [:]
  private var frame: UInt32?
  private var nextSlot: UInt32 = 0

  mutating func hear(_ passing: PassingFrame, knows: (UInt64, PulseChoice) -> Bool) {
    var reader = PayloadReader(passing.payload)
    switch passing.messageType {
    case .windowSet:
      batches = [:]
      frame = nil
    case .detections: hearDetections(&reader)
    case .choices:
      let number = reader.integer(bytes: 4)
      let count = reader.integer(bytes: 2)
      batches[UInt32(number)]?.choices = (0..<count).map { _ in UInt8(reader.integer(bytes: 1)) }
    case .sifted: hearSifted(&reader, block: passing.block, knows: knows)
    case .counts:
      blocks[passing.block, default: OverheardBlock()].errors = reader.counts()
      _ = reader.integer(bytes: 4)
      blocks[passing.block, default: OverheardBlock()].cross = reader.counts()
      _ = reader.integer(bytes: 8)
      blocks[passing.block, default: OverheardBlock()].leakBits = Int(clamping: reader.integer(bytes: 8))
    case .permutation: blocks[passing.block, default: OverheardBlock()].pairing.seed = passing.payload
    case .accepted: hearAccepted(&reader, block: passing.block)
    case .hello, .refuse, .window, .stop, .drained, .held, .pattern, .patternSet, .close, .closed, .parityRequest,
      .parityReply, .reconciled, .confirm, .length, .seed, .tag, .abort, .loaded, .parities, .rejected, .seedTaken,
      .told, nil:
      break
    }
  }

  /// Flags come 2048 a message, the first in the lowest bit. The last byte may hold flags of no group; they are zero.
  private mutating func hearAccepted(_ reader: inout PayloadReader, block: UInt32) {
    _ = reader.integer(bytes: 4)
    var flags: [Bool] = []
    while !reader.isAtEnd {
      let byte = reader.integer(bytes: 1)
      flags += (0..<8).map { byte >> $0 & 1 == 1 }
    }
    blocks[block, default: OverheardBlock()].pairing.accepted += flags
  }

  private mutating func hearDetections(_ reader: inout PayloadReader) {
    _ = reader.integer(bytes: 8)
    let named = UInt32(reader.integer(bytes: 4))
    let number = UInt32(reader.integer(bytes: 4))
    let count = reader.integer(bytes: 2)
    if frame != named { nextSlot = 0 }
    frame = named
    var slots: [UInt64] = []
    for _ in 0..<count {
      let slot = nextSlot + reader.gap()
      slots.append(UInt64(named) << 20 | UInt64(slot))
      nextSlot = slot + 1
    }
    batches[number] = Batch(slots: slots)
  }

  private mutating func hearSifted(
    _ reader: inout PayloadReader, block: UInt32, knows: (UInt64, PulseChoice) -> Bool
  ) {
    guard let batch = batches.removeValue(forKey: UInt32(reader.integer(bytes: 4))) else { return }
    var heard = blocks[block, default: OverheardBlock()]
    for first in stride(from: 0, to: batch.slots.count, by: 8) {
      let kept = reader.integer(bytes: 1)
      for i in first..<min(first + 8, batch.slots.count) where kept >> UInt64(i - first) & 1 == 1 {
        guard batch.choices.count > i, let choice = PulseChoice(announced: batch.choices[i]) else { continue }
        heard.sifted[choice.intensity] += 1
        heard.known[Int(choice.intensity.rawValue)].append(knows(batch.slots[i], choice))
      }
    }
    blocks[block] = heard
  }
}

extension PulseChoice {
  /// What an announcement tells: twirl in bits 0...3, logical axis in 4 and 5, intensity in 6 and 7; the bit is not
  /// in it and stands at 0. Nil if nothing is announced.
  fileprivate init?(announced byte: UInt8) {
    guard Int(byte & 15) < Optics.Twirl.elementCount, let axis = Axis(rawValue: byte >> 4 & 3),
      let intensity = Intensity(rawValue: byte >> 6)
    else { return nil }
    self.init(twirl: byte & 15, axis: axis, bit: 0, intensity: intensity)
  }
}

/// Reads big-endian integers; behind the end there are zeros.
struct PayloadReader {
  private let bytes: [UInt8]
  private var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { place >= bytes.count }

  mutating func integer(bytes count: Int) -> UInt64 {
    var value: UInt64 = 0
    for _ in 0..<count {
      value = value << 8 | UInt64(place < bytes.count ? bytes[place] : 0)
      place += 1
    }
    return value
  }

  /// A number in groups of seven bits, the low group first; at most four bytes.
  mutating func gap() -> UInt32 {
    var value: UInt32 = 0
    for group in UInt32(0)..<4 {
      let byte = UInt32(integer(bytes: 1))
      value |= (byte & 0x7f) << (7 * group)
      if byte & 0x80 == 0 { break }
    }
    return value
  }

  mutating func counts() -> IntensityCounts {
    let signal = integer(bytes: 4)
    let decoy = integer(bytes: 4)
    return IntensityCounts(signal: signal, decoy: decoy, vacuum: integer(bytes: 4))
  }
}
