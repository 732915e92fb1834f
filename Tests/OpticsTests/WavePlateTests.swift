import Foundation
import HostStorage
import Optics
import Sifting
import Testing
import Units

private func rotation(of element: UInt8, _ role: Role) -> BlochMatrix {
  let setting = Sifting.Twirl(index: element)!.plates(of: role)
  func degrees(_ plate: Int) -> Double { Double(setting[plate].centidegrees) / 100 }
  return .platesTriplet(degrees(0), degrees(1), degrees(2))
}

private func distance(_ a: BlochMatrix, _ b: BlochMatrix) -> Double {
  let differences = [a.imageOfX - b.imageOfX, a.imageOfY - b.imageOfY, a.imageOfZ - b.imageOfZ]
  return differences.map { ($0 * $0).sum().squareRoot() }.max()!
}

/// The plates as Bloch rotations against the twirl as a product of Pauli operators and the three-cycle.
@Test(arguments: UInt8(0)..<12) func plates_turnTheBallAsTheTwirl(element: UInt8) {
  let twirl = Optics.Twirl.rotation(Int(element))
  #expect(distance(rotation(of: element, .alice), twirl) < 1e-12)
  #expect(distance(rotation(of: element, .bob), twirl.transposed) < 1e-12)
}

/// Known plates: a half-wave plate at 22.5 degrees swaps H with D, a quarter-wave plate at 45 degrees brings H to a
/// pole of R/L, and three plates at zero are a full turn.
@Test func plates_doWhatTheirNamesSay() {
  let half = BlochMatrix.wavePlate(at: .pi / 8, retardance: .pi)
  let quarter = BlochMatrix.wavePlate(at: .pi / 4, retardance: .pi / 2)
  let swapped = half.applied(to: BlochVector(0, 0, 1)) - BlochVector(1, 0, 0)
  let pole = quarter.applied(to: BlochVector(0, 0, 1)) - BlochVector(0, -1, 0)
  #expect((swapped * swapped).sum() < 1e-24 && (pole * pole).sum() < 1e-24)
  #expect(distance(.platesTriplet(0, 0, 0), .identity) < 1e-12)
}

/// Any two directions of a turn keep lengths and angles.
@Test(arguments: 0..<UInt64(20)) func triplet_atAnyAngles_isARotation(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  func angle() -> Double { Double.random(in: -360...360, using: &random) }
  let (a, b, c) = (angle(), angle(), angle())
  let matrix = BlochMatrix.platesTriplet(a, b, c)
  #expect(distance(matrix.after(matrix.transposed), .identity) < 1e-12)
  #expect(distance(matrix, .platesTriplet(a + 180, b - 180, c + 360)) < 1e-12)
}

/// Errors and sifted detections of one element's frames, axes matched without any twirl in software.
private func sifted(element: UInt8, rollDegrees: Double, seed: UInt64) -> (errors: Int, bits: Int) {
  var experiment = Experiment(mean: 0.5)
  experiment.seed = seed
  experiment.settings.variant = .perBlock
  experiment.channel.roll = rollDegrees * .pi / 180
  experiment.channel.alicePlates = rotation(of: element, .alice)
  experiment.channel.bobPlates = rotation(of: element, .bob)
  let axes: [Axis] = [.z, .x, .y]
  var (errors, bits) = (0, 0)
  for detection in experiment.detections(slots: 200_000) where detection.detectors.nonzeroBitCount == 1 {
    let detector = detection.detectors.trailingZeroBitCount
    let choice = experiment.choice(at: detection.slot)
    guard axes[detector / 2] == choice.axis else { continue }
    bits += 1
    if detector & 1 != Int(choice.bit) { errors += 1 }
  }
  return (errors, bits)
}

/// Averaged over twelve groups a roll is white noise: QBER = 2/3 sin^2(roll), and never that of one setting alone.
@Test(arguments: [0, 5, 10, 20, 33.9, 45, 60] as [Double]) func roll_overTwelveGroups_isWhiteNoise(degrees: Double) {
  let s = sin(degrees * .pi / 180)
  var errors = 0
  var bits = 0
  var byElement: [Double] = []
  for element in UInt8(0)..<12 {
    let group = sifted(element: element, rollDegrees: degrees, seed: 100 + UInt64(element))
    errors += group.errors
    bits += group.bits
    byElement.append(Double(group.errors) / Double(group.bits))
  }
  #expect(bits > 30_000 && agrees(errors, of: bits, with: 2 / 3 * s * s), "\(errors) of \(bits)")
  // The identity leaves both bases in the plane of the roll; four of the twelve put one basis on its axis.
  #expect(abs(byElement[0] - s * s) < 0.03, "\(byElement)")
}

/// The tables behind the samples: exact for each setting and on average.
@Test(arguments: 0..<UInt64(10)) func roll_inTheClickTable_isWhiteNoise(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var experiment = Experiment(mean: 0.5)
  experiment.channel.roll = Double.random(in: -1.5...1.5, using: &random)
  var sum = 0.0
  for element in UInt8(0)..<12 {
    experiment.channel.alicePlates = rotation(of: element, .alice)
    experiment.channel.bobPlates = rotation(of: element, .bob)
    let table = experiment.table
    for state in 0..<4 {
      let right = table.mean(state: state, intensity: .signal, detector: state)
      let wrong = table.mean(state: state, intensity: .signal, detector: state ^ 1)
      sum += wrong / (right + wrong) / 48
    }
  }
  let s = sin(experiment.channel.roll)
  #expect(abs(sum - 2 / 3 * s * s) < 1e-12)
}
