import Foundation
import HostStorage
import Optics
import Testing
import Units

@testable import Alignment

/// What the twin's optics make of a setting: another derivation, by turns about the points of each plate.
private func turn(_ setting: PlateSetting) -> Matrix {
  func degrees(_ plate: Int) -> Double { Double(setting[plate].centidegrees) / 100 }
  let triplet = BlochMatrix.platesTriplet(degrees(0), degrees(1), degrees(2))
  return transpose([triplet.imageOfX, triplet.imageOfY, triplet.imageOfZ].map { [$0.x, $0.y, $0.z] })
}

private func largestDifference(_ a: Matrix, _ b: Matrix) -> Double {
  zip(a, b).flatMap { zip($0, $1).map { abs($0 - $1) } }.max() ?? 0
}

private func longestWay(_ a: PlateSetting, _ b: PlateSetting) -> Int {
  (0..<3).map { Int(a[$0].distance(to: b[$0])) }.max() ?? 0
}

private func setting(_ angles: [UInt16]) -> PlateSetting {
  let plates = angles.map { PlateAngle(centidegrees: $0)! }
  return PlateSetting(plates[0], plates[1], plates[2])
}

private func rotation(_ axis: Vector, _ angle: Double) -> Rotation {
  Rotation(w: cos(angle / 2), StokesVector(axis[0], axis[1], axis[2]).scaled(sin(angle / 2)))
}

extension SeededRandom {
  /// Box and Muller.
  fileprivate mutating func normal() -> Double {
    let u = Double.random(in: 1e-12..<1, using: &self)
    return (-2 * log(u)).squareRoot() * cos(2 * .pi * Double.random(in: 0..<1, using: &self))
  }
}

extension StokesVector {
  fileprivate func scaled(_ factor: Double) -> StokesVector { factor * self }
}

@Suite struct PlatesTests {
  /// Every turn, from every setting: the plates make it, to the hundredths of a degree that they have.
  @Test func plates_makeEveryTurn() {
    var random = SeededRandom(seed: 1)
    var worst = 0.0
    for _ in 0..<5_000 {
      let wanted = rotation(random.direction(), Double.random(in: 0...Double.pi, using: &random))
      let start = setting((0..<3).map { _ in UInt16.random(in: 0..<18_000, using: &random) })
      worst = max(worst, largestDifference(turn(wanted.plates(near: start)), matrix(wanted)))
    }
    #expect(worst < 0.001, "\(worst)")
  }

  /// The turns at which Euler's angles are not unique, those that carry axes to axes, and their neighbours.
  @Test func plates_makeTheTurnsWithFreeAngles() {
    var random = SeededRandom(seed: 2)
    let axes: [Vector] = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0, 0.8], [-0.6, 0, 0.8]]
    let angles = [0, 1e-12, 1e-5, 9e-5, 1.1e-4, 1e-3, .pi / 2, .pi - 1e-3, .pi - 1e-5, .pi]
    var worst = 0.0
    for axis in axes {
      for angle in angles + angles.map({ -$0 }) {
        let start = setting((0..<3).map { _ in UInt16.random(in: 0..<18_000, using: &random) })
        let wanted = rotation(axis, angle)
        worst = max(worst, largestDifference(turn(wanted.plates(near: start)), matrix(wanted)))
      }
    }
    #expect(worst < 0.001, "\(worst)")
  }

  /// A turn of a setting is found by standing still, at every setting whose turn leaves no angle free.
  @Test func plates_thatStandRight_stay() {
    var random = SeededRandom(seed: 3)
    for _ in 0..<1_000 {
      let start = setting((0..<3).map { _ in UInt16.random(in: 0..<18_000, using: &random) })
      let made = turn(start)
      // Far from a pure roll and from a half turn across it.
      guard abs(made[1][1]) < 0.99 else { continue }
      let exact = Rotation.nearest(to: stokes(made))
      #expect(exact.map { longestWay($0.plates(near: start), start) } ?? 99 <= 2)
    }
  }

  /// A roll turns two plates by a quarter of its turn of the sphere, opposite ways, and the third not at all; also
  /// where the angle passes a whole turn.
  @Test func plates_underARoll_takeSmallSteps() {
    var place = PlateSetting.identity
    var longest = 0
    for step in 1...400 {
      let angle = Double(step) * 2 * .pi / 180
      let next = rotation([0, 1, 0], angle).plates(near: place)
      longest = max(longest, longestWay(place, next))
      #expect(next[1] == place[1])
      #expect(largestDifference(turn(next), matrix(rotation([0, 1, 0], angle))) < 0.001)
      place = next
    }
    #expect(longest >= 49 && longest <= 51, "\(longest)")
  }

  /// The inverse of what a link does, in front of it, leaves nothing.
  @Test func plates_ofTheInverse_undoTheLink() {
    var random = SeededRandom(seed: 4)
    for _ in 0..<200 {
      let link = random.anyTurn()
      let seen = Rotation.nearest(to: stokes(link))
      let plates = seen?.inverse.plates(near: .identity) ?? .identity
      let both = product(turn(plates), link)
      #expect(largestDifference(both, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]) < 0.001)
    }
  }

  private func stokes(_ matrix: Matrix) -> StokesMatrix {
    var result = StokesMatrix()
    for row in 0..<3 { for column in 0..<3 { result[row, column] = matrix[row][column] } }
    return result
  }
}

@Suite struct ShrinkTests {
  /// Six correlations of unequal axes, and the shrinking known with its own error: turns up to 80 degrees.
  @Test func rotation_ofMismatchedAxesAndShrink_staysWithinItsErrorBar() throws {
    var components = Coverage()
    var squares = 0.0
    for seed in 0..<UInt64(600) {
      var random = SeededRandom(seed: seed &+ 70_000)
      var link = TestLink()
      link.rotation = turn(random.direction(), Double.random(in: 0...1.0, using: &random))
      link.depolarisation = Double.random(in: 0...0.3, using: &random)
      let counts = link.correlations(photons: pow(10, Double.random(in: 5...6.5, using: &random)), &random)
      let sigma = 0.01
      let value = 1 - link.depolarisation + sigma * random.normal()
      let shrink = ShrinkEstimate(value: min(1, value), variance: sigma * sigma)
      // Near one the estimate is cut off and no longer normal.
      guard link.depolarisation > 0.05 else { continue }
      let found = try #require(CorrelationMatrix(counts).rotation(shrink: shrink))
      let error = smallTurn(product(link.rotation, transpose(matrix(found.rotation))))
      for k in 0..<3 { components.add(error[k], sigma: found.covariance[k, k].squareRoot()) }
      let weight = try #require(found.covariance.inverse)
      squares += weight.form(StokesVector(error[0], error[1], error[2])) / 3
    }
    let mean = squares / Double(components.trials / 3)
    #expect(components.isNormal, "\(components.text)")
    #expect(abs(mean - 1) < 0.15, "\(mean)")
  }

  /// Beyond 90 degrees the turn is told too small, about the right axis: undone again and again, it ends at none. The
  /// shrinking may be wrong by a fifth.
  @Test(arguments: [0.8, 1.0, 1.2]) func undoing_whatIsTold_endsAtNoTurn(factor: Double) throws {
    var random = SeededRandom(seed: 5)
    for angle in [0.1, 1.0, 1.5, 2.0, 2.5, 3.0] {
      let axis = random.direction()
      var link = turn(axis, angle)
      var left: [Double] = []
      for _ in 0..<12 {
        var exact = CorrelationMatrix(TestLink().correlations(photons: 1e6, &random))
        for b in 0..<3 { for a in 0..<3 { exact.values[b, a] = 0.8 * link[b][a] } }
        let found = try #require(
          exact.rotation(shrink: ShrinkEstimate(value: min(1, 0.8 * factor), variance: 1e-4)))
        link = product(transpose(matrix(found.rotation)), link)
        left.append(acos(min(1, max(-1, (link[0][0] + link[1][1] + link[2][2] - 1) / 2))))
      }
      #expect(left.last ?? 9 < 0.002, "\(angle) \(left)")
      // With the right shrinking up to 90 degrees, once is enough.
      if factor == 1, angle < 1.57 { #expect(left[0] < 1e-6) }
    }
  }

  /// Noise alone has no sine: its square is zero on average.
  @Test func sineSquared_ofNoise_isZeroOnAverage() throws {
    var sum = 0.0
    var turned = 0.0
    let shrink = ShrinkEstimate(value: 0.9, variance: 0)
    for seed in 0..<UInt64(500) {
      var random = SeededRandom(seed: seed &+ 80_000)
      var link = TestLink()
      link.depolarisation = 0.1
      sum += try #require(CorrelationMatrix(link.correlations(photons: 1e4, &random)).sineSquared(shrink)) / 500
      link.rotation = turn([0, 1, 0], 0.2)
      turned += try #require(CorrelationMatrix(link.correlations(photons: 1e4, &random)).sineSquared(shrink)) / 500
    }
    #expect(abs(sum) < 4e-4, "\(sum)")
    #expect(abs(turned - sin(0.2) * sin(0.2)) < 2e-3, "\(turned)")
    #expect(CorrelationMatrix(CorrelationCounts()).sineSquared(shrink) == nil)
    #expect(CorrelationMatrix(CorrelationCounts()).rotation(shrink: shrink) == nil)
  }

  /// No turn is taken for one more often than three standard deviations are, whatever the shrinking; a turn is seen
  /// also where its sine says little of its size.
  @Test func showsTurn_isThatOfThreeStandardDeviations() {
    var (alarms, seen, far) = (0, 0, 0)
    for seed in 0..<UInt64(2_000) {
      var random = SeededRandom(seed: seed &+ 90_000)
      var link = TestLink()
      link.depolarisation = Double.random(in: 0...0.5, using: &random)
      if CorrelationMatrix(link.correlations(photons: 1e5, &random)).showsTurn { alarms += 1 }
      link.rotation = turn(random.direction(), 0.2)
      if CorrelationMatrix(link.correlations(photons: 1e5, &random)).showsTurn { seen += 1 }
      link.rotation = turn(random.direction(), 1.57)
      if CorrelationMatrix(link.correlations(photons: 1e4, &random)).showsTurn { far += 1 }
    }
    // 5.4 on average.
    #expect(alarms > 0 && alarms < 17 && seen > 1_990 && far > 1_990, "\(alarms) \(seen) \(far)")
  }

  /// What counting adds to the square of no turn.
  @Test func countingVariance_isTheMeanSquareOfNoTurn() throws {
    var (squares, told) = (0.0, 0.0)
    let shrink = ShrinkEstimate(value: 0.8, variance: 0.01)
    for seed in 0..<UInt64(1_000) {
      var random = SeededRandom(seed: seed &+ 95_000)
      var link = TestLink()
      link.depolarisation = 0.2
      let matrix = CorrelationMatrix(link.correlations(photons: 1e5, &random))
      let found = try #require(matrix.rotation(shrink: shrink)).rotation.vector
      squares += found.dot(found) / 1_000
      told += matrix.countingVariance(shrink) / 1_000
    }
    #expect(abs(squares / told - 1) < 0.15, "\(squares) \(told)")
  }

  @Test func shrink_ofABlock_isWhatTheTurnLeavesToNoise() throws {
    // 1 - 2 Q = 0.9 (1 + 2 cos 30)/3.
    let mean = (1 + 2 * cos(Double.pi / 6)) / 3
    let errors = UInt64(1e6 * (1 - 0.9 * mean) / 2)
    let found = try #require(ShrinkEstimate(errors: errors, bits: 1_000_000, meanTrace: mean))
    #expect(abs(found.value - 0.9) < 1e-4 && found.variance < 1e-5 && found.variance > 1e-8)
    #expect(ShrinkEstimate(errors: 500_000, bits: 1_000_000, meanTrace: 1) == nil)
    #expect(ShrinkEstimate(errors: 1, bits: 999, meanTrace: 1) == nil)
    #expect(ShrinkEstimate(errors: 10, bits: 1_000_000, meanTrace: 0.1) == nil)
    #expect(ShrinkEstimate(errors: 0, bits: 1_000_000, meanTrace: 0.5)?.value == 1)
    #expect(ShrinkEstimate(expectedQber: 0.1).value == 0.9)
  }

  /// What a turn costs, and what its parts do.
  @Test func gain_isWhatTheErrorsLose() throws {
    for (x, y, z) in [(0.0, 0.5, 0.0), (0.3, -0.4, 0.1), (0.2, 0.0, -0.2)] {
      let vector = StokesVector(x, y, z)
      let truth = turn([x, y, z].map { $0 / vector.length }, vector.length)
      var random = SeededRandom(seed: 9)
      var exact = CorrelationMatrix(TestLink().correlations(photons: 1e6, &random))
      for b in 0..<3 { for a in 0..<3 { exact.values[b, a] = 0.9 * truth[b][a] } }
      let found = try #require(exact.rotation(shrink: ShrinkEstimate(value: 0.9, variance: 1e-6)))
      let trace = truth[0][0] + truth[1][1] + truth[2][2]
      #expect(abs(found.qber - (1 - 0.9 * trace / 3) / 2) < 1e-9)
      #expect(abs(found.correctedQber - 0.05) < 1e-12)
      #expect(found.tiltIsSignificant == (x != 0) && (found.tiltGain > 1e-4) == (x != 0))
      #expect(abs(found.roll.axis.x) + abs(found.roll.axis.z) == 0)
      let rest = found.rotation.after(found.roll.inverse)
      #expect(rest.angle <= found.rotation.angle + 1e-12 && abs(rest.axis.y) < 1e-12)
    }
  }

  @Test func halve_forgetsHalf() {
    var random = SeededRandom(seed: 6)
    var counts = TestLink().correlations(photons: 1e6, &random)
    let before = counts.total
    counts.halve()
    #expect(abs(Double(counts.total) - Double(before) / 2) <= 18)
    counts.clear()
    #expect(counts.total == 0)
  }
}
