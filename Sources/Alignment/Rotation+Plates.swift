import CMath
public import Units

extension Rotation {
  /// Where a triplet of wave plates stands to make this turn, of all settings that make it the one with the shortest
  /// way from `current`.
  ///
  /// A plate at angle t with retardance d turns by d about the point (sin 2t, 0, cos 2t), so quarter (a), half (b),
  /// quarter (c) make Ry(2a) Rx(2a - 4b + 2c) Ry(-2c), which is every turn by Euler's angles (derived; the convention
  /// is that of theory.md 1.2). With the quaternion (w, x, y, z): a - c = atan2(y, w), a + c = atan2(-z, x) and
  /// b = (a + c)/2 -+ atan2(|x, z|, |w, y|)/2; the other sign goes with 90 degrees more of all plates.
  ///
  /// A turn about y alone, which is a roll about the line of sight, has a free angle: all plates turned alike. Then
  /// plate b stays. A half turn about an axis across y leaves a - c free, which then stays. Angles are rounded to
  /// hundredths of a degree, which turns a state by less than 0.001.
  public func plates(near current: PlateSetting) -> PlateSetting {
    let along = (w * w + axis.y * axis.y).squareRoot()
    let across = (axis.x * axis.x + axis.z * axis.z).squareRoot()
    let half = atan2(across, along) / 2
    let difference = along > freeBelow ? atan2(axis.y, w) : radians(current[0]) - radians(current[2])
    let common = across > freeBelow ? atan2(-axis.z, axis.x) / 2 : radians(current[1])
    var best = current
    var shortest = UInt16.max
    for turn in 0..<2 {
      let middle = common + Double(turn) * quarterTurn
      for quarter in 0..<2 {
        // The half-wave plate is the same plate after a quarter turn.
        let b = middle + (turn == 0 ? -half : half) + Double(quarter) * quarterTurn
        let setting = PlateSetting(
          plateAngle(middle + difference / 2), plateAngle(b), plateAngle(middle - difference / 2))
        let way = longestWay(from: current, to: setting)
        if way < shortest {
          shortest = way
          best = setting
        }
      }
    }
    return best
  }
}

/// Parts of a quaternion below this say nothing of a direction; a plate's last digit is 0.00017 radians.
private let freeBelow = 5e-5
private let quarterTurn = 1.5707963267948966

private func radians(_ angle: PlateAngle) -> Double { Double(angle.centidegrees) * (quarterTurn / 9_000) }

private func plateAngle(_ radians: Double) -> PlateAngle {
  let steps = Int((radians * (9_000 / quarterTurn)).rounded())
  let halfTurn = Int(PlateAngle.halfTurn)
  let rest = (steps % halfTurn + halfTurn) % halfTurn
  guard let angle = PlateAngle(centidegrees: UInt16(rest)) else { preconditionFailure("below half a turn") }
  return angle
}

private func longestWay(from current: PlateSetting, to next: PlateSetting) -> UInt16 {
  var longest: UInt16 = 0
  for plate in 0..<3 { longest = max(longest, current[plate].distance(to: next[plate])) }
  return longest
}
