import FixedStorage
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
  /// Slots of the last burst write, and how many of them were read back.
  private var asked: [UInt32] = []
  private var answered = 0

  init(source: ChoiceSource) {
    self.source = source
    frames = [Frame?](repeating: nil, count: FpgaMap.choiceCapacityFrames)
  }

  static func oldest(at frame: UInt32) -> UInt32 { frame - min(frame, UInt32(FpgaMap.choiceCapacityFrames) - 1) }

  /// Remembers what was sent; a pattern is no choice, and slots that carry it are not valid.
  mutating func record(_ slots: Range<UInt64>, settings: EmissionSettings) {
    guard settings.pattern == nil else { return }
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

  /// Takes the words of a burst write as new questions.
  mutating func ask(_ payload: Span<UInt8>) {
    asked.removeAll(keepingCapacity: true)
    answered = 0
    let slot = FpgaMap.Lookup.slot
    for offset in stride(from: 0, to: payload.count, by: SpiProtocol.wordBytes) {
      asked.append(slot.extract(from: payload.bigEndian32(at: offset)))
    }
  }

  /// Answers the oldest questions, at most `count`, in place of what `words` held; returns how many remain.
  mutating func answer(
    _ count: Int, into words: inout [UInt32], lookupFrame: UInt32, currentFrame: UInt32
  ) -> Int {
    let last = min(answered + count, asked.count)
    let frame = remembered(lookupFrame, currentFrame: currentFrame)
    words.removeAll(keepingCapacity: true)
    for i in answered..<last { words.append(frame.map { word(slot: asked[i], of: $0) } ?? 0) }
    answered = last
    return asked.count - last
  }

  private func remembered(_ number: UInt32, currentFrame: UInt32) -> Frame? {
    guard number >= Self.oldest(at: currentFrame), number <= currentFrame,
      let frame = frames[Int(number) % frames.count], frame.number == number
    else { return nil }
    return frame
  }

  private func word(slot: UInt32, of frame: Frame) -> UInt32 {
    guard frame.lit.contains(where: { $0.contains(slot) }) else { return 0 }
    let choice = source.choice(frame: frame.number, slot: slot, settings: frame.settings)
    typealias Word = FpgaMap.Lookup
    var word = Word.twirl.insert(UInt32(choice.twirl), into: 0)
    word = Word.axis.insert(UInt32(choice.axis.rawValue), into: word)
    word = Word.bit.insert(UInt32(choice.bit), into: word)
    word = Word.intensity.insert(UInt32(choice.intensity.rawValue), into: word)
    return Word.valid.insert(true, into: word)
  }
}
