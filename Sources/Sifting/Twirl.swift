public import Units

/// One of the twelve local operations of the tetrahedral group: a Pauli operator followed by a power of the
/// three-cycle C: X -> Y -> Z -> X. Index 4 j + p is C^j P_p with P in I, X, Y, Z.
///
/// Averaged over the group every qubit channel becomes depolarising (theory.md 1.2, derived; the smallest
/// unitary 2-design of one qubit), which is why the link needs no calibration of its measurement.
public struct Twirl: Equatable, Sendable {
  public static var count: UInt8 { 12 }

  public let index: UInt8

  /// Nil for an index that names no element.
  public init?(index: UInt8) {
    guard index < Self.count else { return nil }
    self.index = index
  }

  /// The physical axis that carries the logical one, and whether the two bits change places on it.
  public func image(of axis: Axis) -> (axis: Axis, flips: Bool) {
    let pauli = index & 3
    // A Pauli operator reverses the two axes that are not its own.
    let flips = pauli != 0 && pauli != axis.rawValue + 1
    let sum = axis.rawValue + index >> 2
    let moved = sum < 3 ? sum : sum - 3
    guard let physical = Axis(rawValue: moved) else { preconditionFailure("three axes") }
    return (physical, flips)
  }
}
