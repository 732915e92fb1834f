/// A span of optical time in slots of 10 ns, counted in 2^-32 slot.
public struct SlotSpan: Comparable, Sendable {
  public let raw: Int64

  public init(raw: Int64) { self.raw = raw }
  public init(slots: Int64) { raw = slots << 32 }
  /// Sixteenths of a slot, the steps of an event's phase.
  public init(sixteenths: Int64) { raw = sixteenths << 28 }

  public static var zero: SlotSpan { SlotSpan(raw: 0) }

  /// The slots that are complete, rounded down.
  public var wholeSlots: Int64 { raw >> 32 }
  public var magnitude: SlotSpan { SlotSpan(raw: raw < 0 ? -raw : raw) }

  public static func < (a: SlotSpan, b: SlotSpan) -> Bool { a.raw < b.raw }
  public static func + (a: SlotSpan, b: SlotSpan) -> SlotSpan { SlotSpan(raw: a.raw + b.raw) }
  public static func - (a: SlotSpan, b: SlotSpan) -> SlotSpan { SlotSpan(raw: a.raw - b.raw) }
  public static prefix func - (a: SlotSpan) -> SlotSpan { SlotSpan(raw: -a.raw) }
}

/// What is added to Bob's clock in one frame so that it counts the slots of the arriving pulses.
public struct Alignment: Equatable, Sendable {
  /// At the start of the frame.
  public var offset: SlotSpan
  /// Growth over one frame.
  public var perFrame: SlotSpan

  public init(offset: SlotSpan, perFrame: SlotSpan) {
    self.offset = offset
    self.perFrame = perFrame
  }

  public static var zero: Alignment { Alignment(offset: .zero, perFrame: .zero) }

  /// In the middle of the frame, where the mean of its clicks lies.
  public var middle: SlotSpan { SlotSpan(raw: offset.raw + perFrame.raw / 2) }
  /// At the end of the frame.
  public var end: SlotSpan { offset + perFrame }
}

/// A motion that is known beforehand, such as that of a satellite by its ephemeris: a parabola in frames.
///
/// The caller adds it to every alignment that goes to the gateware; acquisition and tracking see what remains.
public struct PredictedMotion: Equatable, Sendable {
  public let frame: UInt32
  public let offset: SlotSpan
  public let perFrame: SlotSpan
  /// Growth of `perFrame` over one frame.
  public let perFrameGrowth: SlotSpan

  public init(frame: UInt32, offset: SlotSpan, perFrame: SlotSpan, perFrameGrowth: SlotSpan) {
    self.frame = frame
    self.offset = offset
    self.perFrame = perFrame
    self.perFrameGrowth = perFrameGrowth
  }

  /// The same motion, told from the start of another frame.
  public func seen(from frame: UInt32) -> PredictedMotion {
    let frames = Int64(Int32(bitPattern: frame &- self.frame))
    return PredictedMotion(
      frame: frame, offset: alignment(in: frame).offset,
      perFrame: SlotSpan(raw: perFrame.raw + perFrameGrowth.raw * frames), perFrameGrowth: perFrameGrowth)
  }

  /// In `frame`, at most 2^15 frames (343 s) from the reference.
  public func alignment(in frame: UInt32) -> Alignment {
    let k = Int64(Int32(bitPattern: frame &- self.frame))
    let growth = perFrameGrowth.raw
    // The chord of the parabola over the frame: it meets both ends.
    return Alignment(
      offset: SlotSpan(raw: offset.raw + perFrame.raw * k + growth * k * k / 2),
      perFrame: SlotSpan(raw: perFrame.raw + growth * (2 * k + 1) / 2))
  }
}
