import FixedStorage
public import Units

/// What Bob keeps of an event that gave no key until Alice tells her bit of it: the axis that was sent, the axis that
/// was measured, the outcome. Nothing of it is secret; of kept events nothing is left.
public struct DroppedNote: Equatable, Sendable {
  public let byte: UInt8

  /// Nil for the note of an event that was kept, or of which Alice knew nothing, or for no event.
  public init?(byte: UInt8) {
    guard byte & 0x80 != 0, byte & 3 < 3, byte &>> 2 & 3 < 3 else { return nil }
    self.byte = byte
  }

  /// The axis that Bob measured and the one that the pulse was on, before any twirl is undone.
  public var measured: Axis { Self.axis(byte & 3) }
  public var sent: Axis { Self.axis(byte &>> 2 & 3) }
  public var outcome: UInt8 { byte &>> 4 & 1 }
  /// Several axes clicked, so that the outcome says nothing.
  public var isCross: Bool { byte & 0x40 != 0 }

  /// The bit that the pulse had on its physical axis, of the logical bit that Alice tells.
  public func sentBit(told: UInt8) -> UInt8 { (told ^ byte &>> 5) & 1 }

  private static func axis(_ number: UInt8) -> Axis {
    guard let axis = Axis(rawValue: number) else { preconditionFailure("checked when the note was read") }
    return axis
  }
}

extension SiftTable {
  /// Puts what may be kept of dropped events in place of the notes of a sifted batch; all other bytes become zero.
  ///
  /// A byte has the measured axis in bits 0...1, the physical axis sent in 2...3, the outcome in 4, whether the twirl
  /// changed the bits' places in 5, a cross click in 6, and bit 7. There is no branch and no address that depends on an
  /// outcome: those of kept events are key.
  public func leaveDropped(_ announcements: Span<UInt8>, in notes: inout MutableSpan<UInt8>) {
    precondition(announcements.count <= notes.count)
    for i in announcements.indices {
      let entry = entry(of: announcements[i])
      let note = notes[i]
      let differs = (entry ^ note) & 3 | note &>> 3 & 1
      let isDropped = (differs | (0 &- differs)) &>> 7
      // An axis of 3 stands for an event that Alice knows nothing of.
      let isKnown = (~(entry & entry &>> 1)) & 1
      let mask = 0 &- (isDropped & isKnown)
      let left = 0x80 | note & 3 | (entry & 3) &<< 2 | (note & 4) &<< 2 | (entry & 4) &<< 3 | (note & 8) &<< 3
      notes[i] = mask & left
    }
    for i in announcements.count..<notes.count { notes[i] = 0 }
  }
}

extension AnnouncedNotes {
  /// Alice's bits of those of the events `first ..< first + count`, at most 64, that Bob has not kept and that she
  /// could announce: how many they are, and their bits, the first in bit 0.
  public static func dropped(
    of notes: Span<UInt8>, from first: Int, count: Int, kept: UInt64
  ) -> (count: Int, bits: UInt64) {
    precondition(count > 0 && count <= 64 && first >= 0 && first + count <= notes.count)
    var places: UInt64 = 0
    var bits: UInt64 = 0
    for i in 0..<count {
      let note = notes[first + i]
      bits |= UInt64(note & 1) &<< UInt64(truncatingIfNeeded: i)
      places |= UInt64(note &>> 7 ^ 1) &<< UInt64(truncatingIfNeeded: i)
    }
    places &= ~kept
    return (places.nonzeroBitCount, closedUp(bits, at: places))
  }
}
