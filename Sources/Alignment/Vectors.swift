public import Units

/// A point or a small turn in the space of Stokes vectors: x is D/A, y is R/L, z is H/V.
public struct StokesVector: Equatable, Sendable {
  public var x: Double
  public var y: Double
  public var z: Double

  public init(_ x: Double, _ y: Double, _ z: Double) {
    self.x = x
    self.y = y
    self.z = z
  }

  public static var zero: StokesVector { StokesVector(0, 0, 0) }

  public subscript(axis: Axis) -> Double {
    get {
      switch axis {
      case .x: x
      case .y: y
      case .z: z
      }
    }
    set {
      switch axis {
      case .x: x = newValue
      case .y: y = newValue
      case .z: z = newValue
      }
    }
  }

  public static func + (a: StokesVector, b: StokesVector) -> StokesVector {
    StokesVector(a.x + b.x, a.y + b.y, a.z + b.z)
  }
  public static func * (a: Double, b: StokesVector) -> StokesVector { StokesVector(a * b.x, a * b.y, a * b.z) }

  public func dot(_ other: StokesVector) -> Double { x * other.x + y * other.y + z * other.z }
  public var length: Double { dot(self).squareRoot() }

  func cross(_ other: StokesVector) -> StokesVector {
    StokesVector(y * other.z - z * other.y, z * other.x - x * other.z, x * other.y - y * other.x)
  }
}

/// A map of Stokes vectors, by rows: the row is the axis that is measured, the column the one that was sent.
public struct StokesMatrix: Equatable, Sendable {
  private var entries: [9 of Double] = .init(repeating: 0)

  /// All zeros.
  public init() {}

  public static var identity: StokesMatrix {
    var matrix = StokesMatrix()
    for i in 0..<3 { matrix[i, i] = 1 }
    return matrix
  }

  public static func == (a: StokesMatrix, b: StokesMatrix) -> Bool {
    for i in a.entries.indices where a.entries[i] != b.entries[i] { return false }
    return true
  }

  subscript(row: Int, column: Int) -> Double {
    get { entries[3 * row + column] }
    set { entries[3 * row + column] = newValue }
  }

  public subscript(row: Axis, column: Axis) -> Double {
    get { self[Int(row.rawValue), Int(column.rawValue)] }
    set { self[Int(row.rawValue), Int(column.rawValue)] = newValue }
  }

  public var trace: Double { self[0, 0] + self[1, 1] + self[2, 2] }

  public var transposed: StokesMatrix {
    var result = StokesMatrix()
    for row in 0..<3 { for column in 0..<3 { result[row, column] = self[column, row] } }
    return result
  }

  public func applied(to vector: StokesVector) -> StokesVector {
    StokesVector(row(0).dot(vector), row(1).dot(vector), row(2).dot(vector))
  }

  public func times(_ other: StokesMatrix) -> StokesMatrix {
    var result = StokesMatrix()
    for row in 0..<3 {
      for column in 0..<3 {
        for i in 0..<3 { result[row, column] += self[row, i] * other[i, column] }
      }
    }
    return result
  }

  private func row(_ index: Int) -> StokesVector { StokesVector(self[index, 0], self[index, 1], self[index, 2]) }

  var determinant: Double { row(0).dot(row(1).cross(row(2))) }

  /// Nil where there is none within the precision of numbers.
  var inverse: StokesMatrix? {
    let determinant = determinant
    var size = 0.0
    for i in entries.indices { size = max(size, abs(entries[i])) }
    guard abs(determinant) > 1e-12 * size * size * size else { return nil }
    var result = StokesMatrix()
    for column in 0..<3 {
      let image = (1 / determinant) * row((column + 1) % 3).cross(row((column + 2) % 3))
      result[0, column] = image.x
      result[1, column] = image.y
      result[2, column] = image.z
    }
    return result
  }

  /// v^T M v.
  public func form(_ vector: StokesVector) -> Double { vector.dot(applied(to: vector)) }
}
