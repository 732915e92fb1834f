import Foundation

extension BlochMatrix {
  /// The right-handed turn by `angle` radians about the unit vector `axis` (Rodrigues' formula).
  public static func rotation(by angle: Double, about axis: BlochVector) -> BlochMatrix {
    func image(_ state: BlochVector) -> BlochVector {
      let along = (axis * state).sum()
      let across = BlochVector(
        axis.y * state.z - axis.z * state.y, axis.z * state.x - axis.x * state.z, axis.x * state.y - axis.y * state.x)
      return cos(angle) * state + sin(angle) * across + (1 - cos(angle)) * along * axis
    }
    return BlochMatrix(
      imageOfX: image(BlochVector(1, 0, 0)), imageOfY: image(BlochVector(0, 1, 0)),
      imageOfZ: image(BlochVector(0, 0, 1)))
  }

  /// A wave plate whose fast axis stands at `angle` radians from the horizontal: it turns the ball by its retardance,
  /// in radians, about the point of linear polarisation at that angle.
  public static func wavePlate(at angle: Double, retardance: Double) -> BlochMatrix {
    rotation(by: retardance, about: BlochVector(sin(2 * angle), 0, cos(2 * angle)))
  }

  /// The triplet quarter (a), half (b), quarter (c) at these angles in degrees; light passes c first.
  public static func platesTriplet(_ a: Double, _ b: Double, _ c: Double) -> BlochMatrix {
    func plate(_ degrees: Double, _ retardance: Double) -> BlochMatrix {
      wavePlate(at: degrees * .pi / 180, retardance: retardance)
    }
    return plate(a, .pi / 2).after(plate(b, .pi).after(plate(c, .pi / 2)))
  }
}
