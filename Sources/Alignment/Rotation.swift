import CMath

/// A turn of the space of Stokes vectors, as a unit quaternion with w >= 0.
public struct Rotation: Equatable, Sendable {
  public let w: Double
  public let axis: StokesVector

  /// From a quaternion of any length but zero.
  init(w: Double, _ vector: StokesVector) {
    let length = (w * w + vector.dot(vector)).squareRoot() * (w < 0 ? -1 : 1)
    self.w = w / length
    axis = (1 / length) * vector
  }

  public static var identity: Rotation { Rotation(w: 1, .zero) }

  /// How far it turns, in radians, 0...pi.
  public var angle: Double { 2 * atan2(axis.length, w) }

  /// Axis times angle, in radians: near the identity the small turn itself.
  public var vector: StokesVector {
    let length = axis.length
    return length > 0 ? (angle / length) * axis : .zero
  }

  /// Euler and Rodrigues: v + 2 w (q x v) + 2 q x (q x v).
  public func applied(to state: StokesVector) -> StokesVector {
    let turned = axis.cross(state)
    return state + 2 * w * turned + 2 * axis.cross(turned)
  }

  public var matrix: StokesMatrix {
    let images: [3 of StokesVector] = [
      applied(to: StokesVector(1, 0, 0)), applied(to: StokesVector(0, 1, 0)), applied(to: StokesVector(0, 0, 1)),
    ]
    var result = StokesMatrix()
    for column in 0..<3 {
      result[0, column] = images[column].x
      result[1, column] = images[column].y
      result[2, column] = images[column].z
    }
    return result
  }

  /// The turn that undoes this one.
  public var inverse: Rotation { Rotation(w: w, -1 * axis) }

  /// The turn that makes `other` first and this one second.
  public func after(_ other: Rotation) -> Rotation {
    Rotation(
      w: w * other.w - axis.dot(other.axis), w * other.axis + other.w * axis + axis.cross(other.axis))
  }
}

/// A turn with its error bar.
public struct RotationEstimate: Sendable {
  public let rotation: Rotation
  /// Covariance of the small turn d, in radians, for which the true rotation is d after `rotation`.
  public let covariance: StokesMatrix
  /// How much of the length of a Stokes vector is left, and its standard deviation.
  public let shrink: Double
  public let shrinkSigma: Double

  /// Standard deviation of the angle of the turn, in radians.
  public var angleSigma: Double {
    let length = rotation.axis.length
    // At no turn at all the angle is the length of the error itself.
    guard length > 1e-9 else { return (covariance.trace / 3).squareRoot() }
    return covariance.form((1 / length) * rotation.axis).squareRoot()
  }

  /// Whether the turn is told from none: its squared length in standard deviations exceeds what three of them mean for
  /// one number, 14.16 for the three of a turn (chi-square with 3 degrees of freedom, exceeded in 0.27 % of cases).
  public var isSignificant: Bool {
    guard let weight = covariance.inverse else { return false }
    return weight.form(rotation.vector) > threeSigmaOfThree
  }
}

/// Exceeded with the probability 0.0027 by the sum of three squared standard normal numbers.
let threeSigmaOfThree = 14.156

extension Rotation {
  /// The rotation nearest to a matrix: the largest trace of R^T T.
  ///
  /// Davenport's q-method for Wahba's problem (established: Wahba 1965; Markley and Mortari, J. Astronaut. Sci. 48, 359
  /// (2000)): the quaternion is the eigenvector of the largest eigenvalue of a symmetric 4 x 4 matrix. Nil if two
  /// eigenvalues are as large as each other, which leaves the turn undetermined.
  static func nearest(to matrix: StokesMatrix) -> Rotation? {
    let trace = matrix.trace
    let z = StokesVector(matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0], matrix[1, 0] - matrix[0, 1])
    var k = SymmetricMatrix4()
    k.set(0, 0, trace)
    k.set(0, 1, z.x)
    k.set(0, 2, z.y)
    k.set(0, 3, z.z)
    for row in 0..<3 {
      for column in row..<3 {
        k.set(row + 1, column + 1, matrix[row, column] + matrix[column, row] - (row == column ? trace : 0))
      }
    }
    guard let q = k.eigenvectorOfLargest() else { return nil }
    return Rotation(w: q[0], StokesVector(q[1], q[2], q[3]))
  }
}

extension CorrelationMatrix {
  /// The rotation and the shrinking that all nine correlations show; nil if they do not fix one.
  ///
  /// Error bars to first order (derived): with S = R^T T a small change N of R^T T turns R by R d, where
  /// (tr S - S) d = vex(N - N^T) for the symmetric part of S. Entries are independent.
  public func rotation() -> RotationEstimate? {
    for i in 0..<9 where !(variances[i / 3, i % 3] < .infinity) { return nil }
    guard let rotation = Rotation.nearest(to: values) else { return nil }
    let r = rotation.matrix
    let s = r.transposed.times(values)
    var bending = StokesMatrix()
    for row in 0..<3 {
      for column in 0..<3 {
        bending[row, column] = (row == column ? s.trace : 0) - (s[row, column] + s[column, row]) / 2
      }
    }
    guard let stiffness = bending.inverse else { return nil }
    var covariance = StokesMatrix()
    var shrinkVariance = 0.0
    for b in 0..<3 {
      for a in 0..<3 {
        // A change of T(b, a) alone changes R^T T in column a by row b of R.
        let column = StokesVector(r[b, 0], r[b, 1], r[b, 2])
        let unit = StokesVector(a == 0 ? 1 : 0, a == 1 ? 1 : 0, a == 2 ? 1 : 0)
        // vex(N - N^T) of N = column unit^T is unit x column.
        let turn = rotation.applied(to: stiffness.applied(to: unit.cross(column)))
        covariance.add(variances[b, a], turn)
        shrinkVariance += variances[b, a] * r[b, a] * r[b, a] / 9
      }
    }
    return RotationEstimate(
      rotation: rotation, covariance: covariance, shrink: s.trace / 3, shrinkSigma: shrinkVariance.squareRoot())
  }

  /// The rotation that the six correlations of unequal axes and a trace show; no bit of a sifted round is looked at.
  ///
  /// For T = s R with the turn by t about n, the antisymmetric part is v = s sin t n and the trace s (1 + 2 cos t), so
  /// u = n tan(t/2) = 3 v/(trace + sqrt(trace^2 + 3 v^2)), in closed form (derived). It holds for a turn with white
  /// noise; the symmetric part of T is not used. Near half a turn v vanishes and so does the knowledge of its axis:
  /// nil where the error bar exceeds a radian. Error bars to first order (derived).
  public func rotation(trace: TraceEstimate) -> RotationEstimate? {
    let v =
      0.5
      * StokesVector(
        values[2, 1] - values[1, 2], values[0, 2] - values[2, 0], values[1, 0] - values[0, 1])
    let spread =
      0.25
      * StokesVector(
        variances[2, 1] + variances[1, 2], variances[0, 2] + variances[2, 0], variances[1, 0] + variances[0, 1])
    let root = (trace.value * trace.value + 3 * v.dot(v)).squareRoot()
    let sum = trace.value + root
    guard spread.length < .infinity, trace.variance < .infinity, sum > 1e-9, root > 1e-9 else { return nil }
    let c = 3 / sum
    let u = c * v
    let rotation = Rotation(w: 1, u)
    var covariance = StokesMatrix()
    // du = c dv - c^2/root v (v.dv) - c/root v dtrace; the turn of du is 2 (du + u x du)/(1 + u^2).
    func turn(_ du: StokesVector) -> StokesVector { 2 / (1 + u.dot(u)) * (du + u.cross(du)) }
    for i in 0..<3 {
      let dv = StokesVector(i == 0 ? 1 : 0, i == 1 ? 1 : 0, i == 2 ? 1 : 0)
      let du = c * dv + (-c * c / root * v.dot(dv)) * v
      covariance.add(i == 0 ? spread.x : i == 1 ? spread.y : spread.z, turn(du))
    }
    covariance.add(trace.variance, turn((-c / root) * v))
    guard covariance.trace < 1 else { return nil }
    // The root is s (2 + cos t) and 1 + u^2 is 2/(1 + cos t), so that s has no pole where the trace is zero.
    let shrink = sum * (1 + u.dot(u)) / 6
    return RotationEstimate(
      rotation: rotation, covariance: covariance, shrink: shrink, shrinkSigma: shrinkSigma(trace, v, spread, shrink))
  }

  /// By differences of the closed form.
  private func shrinkSigma(
    _ trace: TraceEstimate, _ v: StokesVector, _ spread: StokesVector, _ shrink: Double
  ) -> Double {
    func value(_ trace: Double, _ v: StokesVector) -> Double {
      let sum = trace + (trace * trace + 3 * v.dot(v)).squareRoot()
      return sum * (1 + 9 * v.dot(v) / (sum * sum)) / 6
    }
    let step = 1e-6
    var variance = 0.0
    for i in 0..<3 {
      let shifted = v + step * StokesVector(i == 0 ? 1 : 0, i == 1 ? 1 : 0, i == 2 ? 1 : 0)
      let slope = (value(trace.value, shifted) - shrink) / step
      variance += slope * slope * (i == 0 ? spread.x : i == 1 ? spread.y : spread.z)
    }
    let slope = (value(trace.value + step, v) - shrink) / step
    return (variance + slope * slope * trace.variance).squareRoot()
  }
}

extension StokesMatrix {
  /// Adds `variance` times the outer product of `vector` with itself.
  mutating func add(_ variance: Double, _ vector: StokesVector) {
    let parts: [3 of Double] = [vector.x, vector.y, vector.z]
    for row in 0..<3 { for column in 0..<3 { self[row, column] += variance * parts[row] * parts[column] } }
  }
}
