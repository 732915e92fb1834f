import Foundation
import Sifting
import Testing
import Units

/// A complex number, and two by two matrices of them, (row, column): Jones matrices on (H, V).
private struct Complex {
  var re = 0.0
  var im = 0.0

  static func + (a: Complex, b: Complex) -> Complex { Complex(re: a.re + b.re, im: a.im + b.im) }
  static func * (a: Complex, b: Complex) -> Complex {
    Complex(re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re)
  }
  var conjugate: Complex { Complex(re: re, im: -im) }
}

private typealias Jones = [[Complex]]

private func product(_ a: Jones, _ b: Jones) -> Jones {
  (0..<2).map { row in (0..<2).map { column in a[row][0] * b[0][column] + a[row][1] * b[1][column] } }
}

private func adjoint(_ a: Jones) -> Jones { (0..<2).map { row in (0..<2).map { a[$0][row].conjugate } } }

/// R(t) diag(e^(-i d/2), e^(i d/2)) R(-t).
private func plate(_ angle: PlateAngle, retardance: Double) -> Jones {
  let t = Double(angle.centidegrees) / 18_000 * .pi
  func turn(_ t: Double) -> Jones {
    [[Complex(re: cos(t)), Complex(re: -sin(t))], [Complex(re: sin(t)), Complex(re: cos(t))]]
  }
  let slow = Complex(re: cos(retardance / 2), im: sin(retardance / 2))
  return product(turn(t), product([[slow.conjugate, Complex()], [Complex(), slow]], turn(-t)))
}

/// The triplet; the first factor is the plate that the light passes last.
private func triplet(_ setting: PlateSetting) -> Jones {
  product(
    plate(setting[0], retardance: .pi / 2),
    product(plate(setting[1], retardance: .pi), plate(setting[2], retardance: .pi / 2)))
}

/// Pauli operators of the axes X = D/A, Y = R/L, Z = H/V.
private func pauli(_ axis: Axis) -> Jones {
  switch axis {
  case .x: [[Complex(), Complex(re: 1)], [Complex(re: 1), Complex()]]
  case .y: [[Complex(), Complex(im: -1)], [Complex(im: 1), Complex()]]
  case .z: [[Complex(re: 1), Complex()], [Complex(), Complex(re: -1)]]
  }
}

/// Whether U sigma(axis) U^dagger is sigma(image) with the sign.
private func maps(_ u: Jones, _ axis: Axis, to image: Axis, flips: Bool) -> Bool {
  let moved = product(u, product(pauli(axis), adjoint(u)))
  let expected = pauli(image)
  let sign = flips ? -1.0 : 1.0
  return (0..<2).allSatisfy { row in
    (0..<2).allSatisfy { column in
      abs(moved[row][column].re - sign * expected[row][column].re) < 1e-12
        && abs(moved[row][column].im - sign * expected[row][column].im) < 1e-12
    }
  }
}

/// Each of the twelve rows does to X, Y and Z what the twirl says; Bob's plates do the inverse.
@Test(arguments: UInt8(0)..<12) func plates_moveTheAxesAsTheTwirlSays(index: UInt8) throws {
  let twirl = try #require(Twirl(index: index))
  let alice = triplet(twirl.plates(of: .alice))
  let bob = triplet(twirl.plates(of: .bob))
  for axis in [Axis.x, .y, .z] {
    let image = twirl.image(of: axis)
    #expect(maps(alice, axis, to: image.axis, flips: image.flips))
    #expect(maps(bob, image.axis, to: axis, flips: image.flips))
    #expect(maps(product(bob, alice), axis, to: axis, flips: false))
  }
}

@Test func plates_needEighthsOfATurnOnly() throws {
  for index in UInt8(0)..<12 {
    let twirl = try #require(Twirl(index: index))
    for plate in 0..<3 {
      #expect(twirl.plates(of: .alice)[plate].centidegrees % 4_500 == 0)
      #expect(twirl.plates(of: .bob)[plate].centidegrees % 4_500 == 0)
    }
  }
  let one = try #require(Twirl(index: 0))
  #expect(one.plates(of: .alice) == .identity && one.plates(of: .bob) == .identity)
}

@Test func announcement_ofPerBlock_hasNoTwirlAndNoAxisY() {
  var possible = 0
  for byte in UInt8.min...UInt8.max {
    guard let announcement = Announcement(byte: byte) else { continue }
    #expect(announcement.isPossible(in: .perPulse))
    guard announcement.isPossible(in: .perBlock) else { continue }
    possible += 1
    #expect(announcement.twirl.index == 0 && announcement.axis != .y)
  }
  #expect(possible == 2 * 3)
}
