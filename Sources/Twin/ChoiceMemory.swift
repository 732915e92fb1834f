import Optics
import RegisterMap
import Units

/// Alice's memory of what was sent, as far back as the gateware keeps it.
struct ChoiceMemory {
  private struct Frame {
    let number: UInt32
    let settings: EmissionSettings
    /// Slots in which lasers could fire.
    var lit: [Range<UInt32>]
  }

  private let source: ChoiceSource
  private var frames: [Frame?]
  /// Slots of the last burst write, not read back yet.
  private var asked: [UInt32] = []

  init(source: ChoiceSource) {
    self.source = source
    frames = [Frame?](repeating: nil, count: FpgaMap.choiceCapacityFrames)
  }

  static func oldest(at frame: UInt32) -> UInt32 { frame - min(frame, UInt32(FpgaMap.choiceCapacityFrames) - 1) }

  mutating func record(_ slots: Range<UInt64>, settings: EmissionSettings) {
    let number = UInt32(truncatingIfNeeded: slots.lowerBound >> 20)
    let first = UInt32(slots.lowerBound & 0xf_ffff)
    let range = first..<first + UInt32(slots.count)
    let index = Int(number) % frames.count
    guard var frame = frames[index], frame.number == number else {
      frames[index] = Frame(number: number, settings: settings, lit: [range])
      return
    }
    if let last = frame.lit.last, last.upperBound == first {
      frame.lit[frame.lit.count - 1] = last.lowerBound..<range.upperBound
    } else {
      frame.lit.append(range)
    }
    frames[index] = frame
  }

  mutating func ask(_ slots: [UInt32]) { asked = slots.map { FpgaMap.Lookup.slot.extract(from: $0) } }

  /// The answers to the oldest questions, at most `count`, and how many questions remain.
  mutating func answers(count: Int, lookupFrame: UInt32, currentFrame: UInt32) -> (words: [UInt32], waiting: Int) {
    let slots = asked.prefix(count)
    asked.removeFirst(slots.count)
    return (slots.map { word(frame: lookupFrame, slot: $0, currentFrame: currentFrame) }, asked.count)
  }

  private func word(frame number: UInt32, slot: UInt32, currentFrame: UInt32) -> UInt32 {
    guard number >= Self.oldest(at: currentFrame), number <= currentFrame,
      let frame = frames[Int(number) % frames.count], frame.number == number,
      frame.lit.contains(where: { $0.contains(slot) })
    else { return 0 }
    let choice = source.choice(frame: number, slot: slot, settings: frame.settings)
    typealias Word = FpgaMap.Lookup
    var word = Word.twirl.insert(UInt32(choice.twirl), into: 0)
    word = Word.axis.insert(UInt32(choice.axis.rawValue), into: word)
    word = Word.bit.insert(UInt32(choice.bit), into: word)
    word = Word.intensity.insert(UInt32(choice.intensity.rawValue), into: word)
    return Word.valid.insert(true, into: word)
  }
}
