/// A run of frames whose clicks were summed for their rate.
struct Segment: BitwiseCopyable {
  /// Frames since the start of the search.
  var firstFrame = 0
  var frames = 0
  /// Its clicks in the store; those from `middleClick` on are in frames 32...63 of the segment.
  var firstClick = 0
  var middleClick = 0
  var endClick = 0
  /// Its row of powers.
  var row = 0

  var clicks: Int { endClick - firstClick }
  /// The middle of the segment, in half frames.
  var middle: Int { 2 * firstFrame + frames }
}

/// Where the pulses were against the slots in one segment: a straight line.
struct SegmentPath: BitwiseCopyable {
  /// At the middle of the segment, in slots of 2^-32; a whole number of slots is not known until the pattern is found.
  var middle: Int64 = 0
  /// Growth over one frame.
  var perFrame: Int64 = 0
  /// The rate of the search that is nearest.
  var rate = 0

  /// The slot of a click if it is within a twelfth of a slot of where light arrives; five of six dark ones are not.
  ///
  /// `sixteenths` counts from the start of the segment.
  @inline(__always)
  func slot(ofClickAt sixteenths: Int64, in segment: Segment) -> Int? {
    // The middle of the sixteenth, from the middle of the segment.
    let fromMiddle = (2 &* sixteenths &+ 1) &- Int64(truncatingIfNeeded: segment.frames) &<< 24
    // Time is in 2^-5 slots, a frame has 2^20 slots.
    let early = middle &+ (perFrame &* (fromMiddle &>> 5)) &>> 20
    let place = (2 &* sixteenths &+ 1) &<< 27 &- early
    let slot = (place &+ 1 &<< 31) &>> 32
    let miss = place &- slot &<< 32
    guard miss.magnitude <= Self.missMax else { return nil }
    return Int(truncatingIfNeeded: slot)
  }

  /// A twelfth of a slot, 0.83 ns: most of the light, whose phase is known to some 0.3 ns where it is dim.
  private static var missMax: UInt64 { (1 << 32) / 12 }
}

/// Puts the place that is only known modulo a slot next to a prediction.
@inline(__always)
func unwrapped(_ phase: UInt32, near prediction: Int64) -> Int64 {
  let difference = Int32(bitPattern: phase &- UInt32(truncatingIfNeeded: prediction))
  return prediction &+ Int64(difference)
}

/// A sum of directions, 127 for each click.
struct Vector: BitwiseCopyable {
  var x: Int64 = 0
  var y: Int64 = 0

  var turn: UInt32 { direction(x, y) }

  mutating func add(_ turn: UInt32) {
    let entry = Int(truncatingIfNeeded: (turn &+ 1 &<< 25) &>> 26)
    x &+= Int64(cosines[entry])
    y &+= Int64(cosines[(entry &- 16) & 63])
  }

  /// The sum of both after `other` was turned back; parts of 127 are dropped.
  func plus(_ other: Vector, turnedBackBy turn: UInt32) -> Vector {
    let entry = Int(truncatingIfNeeded: (turn &+ 1 &<< 25) &>> 26)
    let c = Int64(cosines[entry])
    let s = Int64(cosines[(entry &- 16) & 63])
    return Vector(x: x + (other.x * c + other.y * s) / 127, y: y + (other.y * c - other.x * s) / 127)
  }
}
