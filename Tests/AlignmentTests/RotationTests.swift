import Foundation
import HostStorage
import Testing
import Units

@testable import Alignment

@Suite struct RotationTests {
  /// All nine correlations: any turn, white noise up to 40 %, unequal detectors.
  @Test func rotation_ofAllCorrelations_staysWithinItsErrorBar() throws {
    var (components, angles, shrinks) = (Coverage(), Coverage(), Coverage())
    for seed in 0..<UInt64(400) {
      var random = SeededRandom(seed: seed)
      var link = TestLink()
      link.rotation = random.anyTurn()
      link.depolarisation = Double.random(in: 0...0.4, using: &random)
      link.efficiencies = (0..<6).map { _ in Double.random(in: 0.95...1, using: &random) }
      let photons = pow(10, Double.random(in: 4.5...6.5, using: &random))
      let found = try #require(CorrelationMatrix(link.correlations(photons: photons, &random)).rotation())
      let error = smallTurn(product(link.rotation, transpose(matrix(found.rotation))))
      for k in 0..<3 { components.add(error[k], sigma: found.covariance[k, k].squareRoot()) }
      let cosine = (link.rotation[0][0] + link.rotation[1][1] + link.rotation[2][2] - 1) / 2
      let angle = acos(min(1, max(-1, cosine)))
      if angle < 3.1 { angles.add(found.rotation.angle - angle, sigma: found.angleSigma) }
      shrinks.add(found.shrink - (1 - link.depolarisation), sigma: found.shrinkSigma)
    }
    #expect(components.isNormal, "\(components.text)")
    #expect(angles.isNormal, "\(angles.text)")
    #expect(shrinks.isNormal, "\(shrinks.text)")
  }

  /// Of rare axes less is known, and the covariance says in which direction: weighed by it, squared errors are three on
  /// average, as of three normal numbers.
  @Test func rotation_ofUnevenCounts_hasTheCovarianceThatItTells() throws {
    var squares = 0.0
    for seed in 0..<UInt64(600) {
      var random = SeededRandom(seed: seed &+ 30_000)
      var link = TestLink()
      link.rotation = random.anyTurn()
      link.depolarisation = 0.1
      let counts = link.correlations(photons: 3e6, &random, weights: [1, 0.01, 0.01])
      let found = try #require(CorrelationMatrix(counts).rotation())
      let error = smallTurn(product(link.rotation, transpose(matrix(found.rotation))))
      let weight = try #require(found.covariance.inverse)
      squares += weight.form(StokesVector(error[0], error[1], error[2])) / 600
    }
    // The mean square has the variance 6/600.
    #expect(abs(squares - 3) < 0.5, "\(squares)")
  }

  /// Six correlations of unequal axes and the error rate of the key: turns up to 130 degrees.
  @Test func rotation_ofMismatchedAxesAndErrors_staysWithinItsErrorBar() throws {
    var (components, shrinks) = (Coverage(), Coverage())
    for seed in 0..<UInt64(400) {
      var random = SeededRandom(seed: seed &+ 1_000)
      var link = TestLink()
      link.rotation = turn(random.direction(), Double.random(in: 0...2.27, using: &random))
      link.depolarisation = Double.random(in: 0...0.3, using: &random)
      let photons = pow(10, Double.random(in: 5...6.5, using: &random))
      var counts = link.correlations(photons: photons, &random)
      // Sifted rounds are key: their bits are not told, only how many were wrong.
      var (errors, bits) = (UInt64(0), UInt64(0))
      for axis in 0..<3 {
        for a in 0..<2 {
          for b in 0..<2 {
            bits += counts[2 * axis + a, 2 * axis + b]
            if a != b { errors += counts[2 * axis + a, 2 * axis + b] }
            counts[2 * axis + a, 2 * axis + b] = 0
          }
        }
      }
      let matrixFound = CorrelationMatrix(counts)
      #expect(matrixFound.rotation() == nil)
      let trace = try #require(TraceEstimate(errors: errors, bits: bits))
      let found = try #require(matrixFound.rotation(trace: trace))
      let error = smallTurn(product(link.rotation, transpose(matrix(found.rotation))))
      for k in 0..<3 { components.add(error[k], sigma: found.covariance[k, k].squareRoot()) }
      shrinks.add(found.shrink - (1 - link.depolarisation), sigma: found.shrinkSigma)
    }
    #expect(components.isNormal, "\(components.text)")
    #expect(shrinks.isNormal, "\(shrinks.text)")
  }

  /// Without noise both ways give the turn itself, also far from the identity.
  @Test(arguments: [0.0, 0.01, 0.7, 1.5, 2.0, 2.5, 3.0]) func rotation_ofExactCorrelations_isExact(angle: Double) throws
  {
    var random = SeededRandom(seed: 7)
    for _ in 0..<20 {
      let truth = turn(random.direction(), angle)
      var exact = CorrelationMatrix(TestLink().correlations(photons: 1e6, &random))
      for b in 0..<3 { for a in 0..<3 { exact.values[b, a] = 0.83 * truth[b][a] } }
      for b in 0..<3 { for a in 0..<3 { exact.variances[b, a] = 1e-8 } }
      let all = try #require(exact.rotation())
      let some = try #require(exact.rotation(trace: exact.countedTrace))
      for found in [all, some] {
        let difference = smallTurn(product(truth, transpose(matrix(found.rotation))))
        #expect(dot(difference, difference) < 1e-18 && abs(found.shrink - 0.83) < 1e-9)
        #expect(abs(found.rotation.angle - angle) < 1e-8)
        #expect(abs(found.correctedQber - 0.085) < 1e-9)
      }
    }
  }

  @Test func rotation_ofNothing_isNil() {
    var counts = CorrelationCounts()
    #expect(CorrelationMatrix(counts).rotation() == nil)
    #expect(CorrelationMatrix(counts).rotation(trace: TraceEstimate(value: 3, variance: 1e-6)) == nil)
    // Light without polarisation has no turn.
    for state in 0..<6 { for detector in 0..<6 { counts[state, detector] = 1_000 } }
    #expect(CorrelationMatrix(counts).rotation() == nil)
    #expect(CorrelationMatrix(counts).rotation(trace: TraceEstimate(value: 0, variance: 1e-6)) == nil)
    #expect(TraceEstimate(errors: 2, bits: 1) == nil && TraceEstimate(errors: 0, bits: 0) == nil)
  }

  /// No turn is taken for one more often than three standard deviations are; a turn of a degree is seen.
  @Test func significance_isThatOfThreeStandardDeviations() {
    var (alarms, seen) = (0, 0)
    for seed in 0..<UInt64(2_000) {
      var random = SeededRandom(seed: seed &+ 5_000)
      let still = CorrelationMatrix(TestLink().correlations(photons: 1e5, &random))
      if still.rotation()?.isSignificant == true { alarms += 1 }
      guard seed < 200 else { continue }
      var turned = TestLink()
      turned.rotation = turn(random.direction(), 2 * .pi / 180)
      if CorrelationMatrix(turned.correlations(photons: 1e6, &random)).rotation()?.isSignificant == true { seen += 1 }
    }
    // 5.4 of 2000 expected.
    #expect(alarms <= 18 && alarms >= 1, "\(alarms)")
    #expect(seen == 200)
  }

  @Test func rotation_composesAndInverts() {
    var random = SeededRandom(seed: 3)
    for _ in 0..<50 {
      let (a, b) = (random.anyTurn(), random.anyTurn())
      func rotation(_ m: Matrix) throws -> Rotation {
        var matrix = StokesMatrix()
        for row in 0..<3 { for column in 0..<3 { matrix[row, column] = m[row][column] } }
        return try #require(Rotation.nearest(to: matrix))
      }
      #expect(throws: Never.self) {
        let (p, q) = (try rotation(a), try rotation(b))
        let both = smallTurn(product(product(a, b), transpose(matrix(p.after(q)))))
        #expect(dot(both, both) < 1e-20)
        #expect(p.after(p.inverse).angle < 1e-7)
      }
    }
  }

  /// The nearest rotation is nearer than any turned a little from it.
  @Test func nearest_isNearest() throws {
    var random = SeededRandom(seed: 11)
    for _ in 0..<100 {
      var m = StokesMatrix()
      for row in 0..<3 { for column in 0..<3 { m[row, column] = Double.random(in: -1...1, using: &random) } }
      let best = matrix(try #require(Rotation.nearest(to: m)))
      func overlap(_ r: Matrix) -> Double {
        (0..<9).reduce(0) { $0 + r[$1 / 3][$1 % 3] * m[$1 / 3, $1 % 3] }
      }
      for _ in 0..<50 {
        let other = product(turn(random.direction(), Double.random(in: 1e-4...3, using: &random)), best)
        #expect(overlap(other) < overlap(best))
      }
    }
  }
}
