import FixedStorage
public import Units

/// What each announcement byte means for Bob's notes, so that an event is sifted by a look-up.
///
/// An entry has the physical axis in bits 0...1, whether the bits change places in bit 2, the intensity in bits 3...4,
/// and bit 7 if the byte is no announcement. An axis of 3 agrees with none.
public struct SiftTable: ~Copyable {
  private let inPlace = InPlace()
  private var entries: [256 of UInt8] = .init(repeating: 0x83)

  public init(_ variant: TwirlVariant) {
    for byte in UInt8.min...UInt8.max {
      guard let announcement = Announcement(byte: byte), announcement.isPossible(in: variant) else { continue }
      let image = announcement.twirl.image(of: announcement.axis)
      entries[Int(byte)] =
        image.axis.rawValue | (image.flips ? 4 : 0) | announcement.intensity.rawValue << 3
    }
    entries[Int(Announcement.nothing)] = 3
  }

  /// The physical axis in bits 0...1 and whether the bits change places in bit 2, of a byte that is an announcement.
  @inline(__always)
  func entry(of announcement: UInt8) -> UInt8 { entries[Int(announcement)] }

  /// Sifts the events `first ..< first + count`, at most 64. `notes` has as many bytes behind the last of them as make
  /// eight together; nil if Alice sent a byte that is no announcement.
  public func sift(
    _ announcements: Span<UInt8>, with notes: Span<UInt8>, from first: Int, count: Int
  ) -> BobPlanes? {
    precondition(count > 0 && count <= 64 && first >= 0 && first + count <= announcements.count)
    var result = BobPlanes()
    var differ: UInt64 = 0
    var impossible: UInt8 = 0
    for start in stride(from: 0, to: count, by: 8) {
      let note = notes.littleEndian64(at: first + start)
      var table: UInt64 = 0x0303_0303_0303_0303
      for i in 0..<min(8, count - start) {
        let entry = entries[Int(announcements[first + start + i])]
        impossible |= entry
        table ^= UInt64(entry ^ 3) &<< UInt64(truncatingIfNeeded: 8 * i)
      }
      let difference = table ^ note
      let place = UInt64(truncatingIfNeeded: start)
      differ |= (plane(0, of: difference) | plane(1, of: difference)) &<< place
      result.sifted.bits |= plane(2, of: difference) &<< place
      result.sifted.decoy |= plane(3, of: table) &<< place
      result.sifted.vacuum |= plane(4, of: table) &<< place
      result.cross |= plane(3, of: note) &<< place
      result.low |= plane(0, of: note) &<< place
      result.high |= plane(1, of: note) &<< place
    }
    guard impossible & 0x80 == 0 else { return nil }
    let all = UInt64.max &>> UInt64(truncatingIfNeeded: 64 - count)
    result.agreed = ~differ & all
    result.sifted.kept = result.agreed & ~result.cross
    return result
  }
}

/// What Bob makes of up to 64 events.
public struct BobPlanes: BitwiseCopyable, Sendable {
  public var sifted = SiftedPlanes()
  /// Events whose axes agree, kept or not.
  var agreed: UInt64 = 0
  /// Events with clicks on several axes.
  var cross: UInt64 = 0
  /// The two bits of the axis that each was measured on.
  var low: UInt64 = 0
  var high: UInt64 = 0

  /// Kept events of an axis.
  @inline(__always)
  func count(_ axis: Axis) -> UInt64 {
    let lowBits = axis.rawValue & 1 == 1 ? low : ~low
    let highBits = axis.rawValue & 2 == 2 ? high : ~high
    return UInt64((sifted.kept & lowBits & highBits).nonzeroBitCount)
  }
}

extension Measurement {
  /// One byte for the events in flight: axis in bits 0...1, outcome in 2, cross click in 3.
  public var note: UInt8 { axis.rawValue | outcome << 2 | (isCross ? 8 : 0) }
}
