import Foundation
public import Units

/// A polarisation state as a point of the Bloch ball: x is D/A, y is R/L, z is H/V, each positive at D, R and H.
public typealias BlochVector = SIMD3<Double>

extension Axis {
  /// The state of bit 0 on this axis; bit 1 is the opposite point.
  public var unitVector: BlochVector {
    switch self {
    case .x: return BlochVector(1, 0, 0)
    case .y: return BlochVector(0, 1, 0)
    case .z: return BlochVector(0, 0, 1)
    }
  }
}

/// A linear map of the Bloch ball, kept as the images of its three axes.
public struct BlochMatrix: Equatable, Sendable {
  public let imageOfX: BlochVector
  public let imageOfY: BlochVector
  public let imageOfZ: BlochVector

  public init(imageOfX: BlochVector, imageOfY: BlochVector, imageOfZ: BlochVector) {
    self.imageOfX = imageOfX
    self.imageOfY = imageOfY
    self.imageOfZ = imageOfZ
  }

  public static var identity: BlochMatrix {
    BlochMatrix(imageOfX: Axis.x.unitVector, imageOfY: Axis.y.unitVector, imageOfZ: Axis.z.unitVector)
  }

  /// The platform turned by `roll` radians about the line of sight: 2 `roll` about the R/L axis, H towards D.
  public static func roll(_ roll: Double) -> BlochMatrix {
    let c = cos(2 * roll)
    let s = sin(2 * roll)
    return BlochMatrix(
      imageOfX: BlochVector(c, 0, -s), imageOfY: Axis.y.unitVector, imageOfZ: BlochVector(s, 0, c))
  }

  public var trace: Double { imageOfX.x + imageOfY.y + imageOfZ.z }

  public var transposed: BlochMatrix {
    BlochMatrix(
      imageOfX: BlochVector(imageOfX.x, imageOfY.x, imageOfZ.x),
      imageOfY: BlochVector(imageOfX.y, imageOfY.y, imageOfZ.y),
      imageOfZ: BlochVector(imageOfX.z, imageOfY.z, imageOfZ.z))
  }

  public func applied(to state: BlochVector) -> BlochVector {
    state.x * imageOfX + state.y * imageOfY + state.z * imageOfZ
  }

  /// The map that applies `other` first and `self` second.
  public func after(_ other: BlochMatrix) -> BlochMatrix {
    BlochMatrix(
      imageOfX: applied(to: other.imageOfX), imageOfY: applied(to: other.imageOfY),
      imageOfZ: applied(to: other.imageOfZ))
  }
}

/// The twelve local operations U = C^j P of the twirl, as rotations of the Bloch ball.
///
/// Element 4 j + p with p = 0...3 for the Pauli operators 1, X, Y, Z and C: X -> Y -> Z -> X. The Pauli operator acts
/// first and keeps the sign of its own axis only; C is the 120 degree turn about (1, 1, 1).
public enum Twirl {
  public static var elementCount: Int { 12 }

  public static func rotation(_ element: Int) -> BlochMatrix {
    precondition(element >= 0 && element < elementCount)
    let cycle = BlochMatrix(
      imageOfX: Axis.y.unitVector, imageOfY: Axis.z.unitVector, imageOfZ: Axis.x.unitVector)
    var rotation = pauli(element % 4)
    for _ in 0..<element / 4 { rotation = cycle.after(rotation) }
    return rotation
  }

  private static func pauli(_ index: Int) -> BlochMatrix {
    func sign(_ axis: Int) -> Double { index == 0 || index == axis ? 1 : -1 }
    return BlochMatrix(
      imageOfX: sign(1) * Axis.x.unitVector, imageOfY: sign(2) * Axis.y.unitVector,
      imageOfZ: sign(3) * Axis.z.unitVector)
  }
}
