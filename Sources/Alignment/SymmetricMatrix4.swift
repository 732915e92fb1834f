/// A symmetric 4 x 4 matrix, for quaternions.
struct SymmetricMatrix4 {
  private var entries: [16 of Double] = .init(repeating: 0)

  private subscript(row: Int, column: Int) -> Double {
    get { entries[4 * row + column] }
    set { entries[4 * row + column] = newValue }
  }

  mutating func set(_ row: Int, _ column: Int, _ value: Double) {
    self[row, column] = value
    self[column, row] = value
  }

  /// The unit eigenvector of the largest eigenvalue; nil if the second is as large within the precision of numbers.
  ///
  /// Jacobi's rotations (1846) in cyclic order; off-diagonal entries fall off quadratically, so that ten sweeps are far
  /// more than 4 x 4 entries need.
  func eigenvectorOfLargest() -> [4 of Double]? {
    var matrix = self
    var vectors = SymmetricMatrix4()
    for i in 0..<4 { vectors[i, i] = 1 }
    for _ in 0..<10 {
      for p in 0..<3 { for q in (p + 1)..<4 { matrix.rotate(p, q, &vectors) } }
    }
    var largest = 0
    for i in 1..<4 where matrix[i, i] > matrix[largest, largest] { largest = i }
    var size = 0.0
    for i in 0..<4 { size = max(size, abs(matrix[i, i])) }
    for i in 0..<4 where i != largest && matrix[largest, largest] - matrix[i, i] <= 1e-12 * size { return nil }
    return [vectors[0, largest], vectors[1, largest], vectors[2, largest], vectors[3, largest]]
  }

  /// Turns the plane of p and q so that their entry vanishes.
  private mutating func rotate(_ p: Int, _ q: Int, _ vectors: inout SymmetricMatrix4) {
    guard self[p, q] != 0 else { return }
    let ratio = (self[q, q] - self[p, p]) / (2 * self[p, q])
    let tangent = (ratio < 0 ? -1.0 : 1.0) / (abs(ratio) + (ratio * ratio + 1).squareRoot())
    let cosine = 1 / (tangent * tangent + 1).squareRoot()
    let sine = tangent * cosine
    for i in 0..<4 {
      let (a, b) = (self[i, p], self[i, q])
      self[i, p] = cosine * a - sine * b
      self[i, q] = sine * a + cosine * b
    }
    for i in 0..<4 {
      let (a, b) = (self[p, i], self[q, i])
      self[p, i] = cosine * a - sine * b
      self[q, i] = sine * a + cosine * b
    }
    for i in 0..<4 {
      let (a, b) = (vectors[i, p], vectors[i, q])
      vectors[i, p] = cosine * a - sine * b
      vectors[i, q] = sine * a + cosine * b
    }
  }
}
