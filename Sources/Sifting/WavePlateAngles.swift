public import Units

/// The twirl by wave plates: quarter (a), half (b), quarter (c), light passing c first.
extension Twirl {
  /// Where the plates of a module stand for this element: Alice's apply it, Bob's undo it.
  ///
  /// Angle table of theory.md 1.2 (derived there). A plate at angle t with retardance d is R(t) diag(e^(-i d/2),
  /// e^(i d/2)) R(-t) on (H, V); the triplet is U up to a phase, with X = D/A, Y = R/L and R = (H + i V) / sqrt(2).
  public func plates(of role: Role) -> PlateSetting {
    let row = 3 * Int(index)
    switch role {
    case .alice: return Self.setting(aliceEighths, row)
    case .bob: return Self.setting(bobEighths, row)
    }
  }

  private static func setting(_ table: borrowing [36 of Int8], _ row: Int) -> PlateSetting {
    PlateSetting(
      PlateAngle(eighths: Int(table[row])), PlateAngle(eighths: Int(table[row + 1])),
      PlateAngle(eighths: Int(table[row + 2])))
  }
}

/// a, b, c of U in units of 45 degrees, a row for each element: 1 X Y Z, C CX CY CZ, C2 C2X C2Y C2Z.
private let aliceEighths: [36 of Int8] = [
  0, 0, 0, 0, -1, 0, -1, 0, 1, -2, 0, 0,
  0, -1, -1, 0, -1, 1, 0, 0, 1, 0, 0, -1,
  -1, 0, 0, -1, -1, 0, 1, 0, 0, 1, -1, 0,
]

/// The same for the inverse of U.
private let bobEighths: [36 of Int8] = [
  0, 0, 0, 0, -1, 0, -1, 0, 1, -2, 0, 0,
  -1, 0, 0, 1, 0, 0, 1, -1, 0, -1, -1, 0,
  0, -1, -1, 0, 0, -1, 0, -1, 1, 0, 0, 1,
]
