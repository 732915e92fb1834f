/// The angle of a wave plate's fast axis from the horizontal, counterclockwise for the light's receiver, in hundredths
/// of a degree: 0 ..< 18 000, since half a turn is the same plate.
public struct PlateAngle: Equatable, Sendable {
  public static var halfTurn: UInt16 { 18_000 }

  public let centidegrees: UInt16

  /// Nil for half a turn and more.
  public init?(centidegrees: UInt16) {
    guard centidegrees < Self.halfTurn else { return nil }
    self.centidegrees = centidegrees
  }

  /// The angle of this many eighths of a turn, 45 degrees each, in either direction.
  public init(eighths: Int) {
    centidegrees = UInt16(truncatingIfNeeded: ((eighths % 4 + 4) % 4) * 4_500)
  }

  /// The shorter way between two angles, in hundredths of a degree.
  public func distance(to other: PlateAngle) -> UInt16 {
    let way = max(centidegrees, other.centidegrees) - min(centidegrees, other.centidegrees)
    return min(way, Self.halfTurn - way)
  }
}

/// Angles of the triplet quarter, half, quarter in the order of their matrix product: light passes the last one first.
public struct PlateSetting: Equatable, Sendable {
  private let quarterLast: PlateAngle
  private let half: PlateAngle
  private let quarterFirst: PlateAngle

  public init(_ quarterLast: PlateAngle, _ half: PlateAngle, _ quarterFirst: PlateAngle) {
    self.quarterLast = quarterLast
    self.half = half
    self.quarterFirst = quarterFirst
  }

  /// All plates at the horizontal: together a full turn, which changes no state.
  public static var identity: PlateSetting {
    PlateSetting(PlateAngle(eighths: 0), PlateAngle(eighths: 0), PlateAngle(eighths: 0))
  }

  /// Plate 0...2 in the order of the product.
  public subscript(plate: Int) -> PlateAngle {
    precondition(plate >= 0 && plate < 3)
    return plate == 0 ? quarterLast : plate == 1 ? half : quarterFirst
  }
}
