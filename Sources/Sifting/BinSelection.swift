import Units

/// Which time bins of detections are announced, by how fast they came and by nothing else.
///
/// A bin is what one batch collects: up to 512 slots with clicks, or what a frame has left. A bin that came too slowly
/// is mostly background, and Bob drops it before he has announced any of its slots. To everybody else it is light that
/// was lost. What must hold for that stands in Documentation/Security.md: the rule sees how many slots had clicks in
/// how many slots, never which detectors clicked, what was sent there, or what came of earlier bins.
public struct BinSelection: Equatable, Sendable {
  /// Slots with clicks in a second below which a bin is dropped; zero keeps every bin.
  public let rateMinHz: UInt32

  public init(rateMinHz: UInt32) { self.rateMinHz = rateMinHz }

  public static var all: BinSelection { BinSelection(rateMinHz: 0) }

  /// Whether a bin of so many slots with clicks among `slots` is kept.
  public func keeps(events: Int, slots: UInt32) -> Bool {
    UInt64(events) * 1_000_000_000 >= UInt64(rateMinHz) * UInt64(slots) * TimeBase.slotNs
  }
}
