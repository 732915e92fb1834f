import Alignment
import Foundation
import HostStorage
import Optics

// Light by other means than those of the module: rotations by Rodrigues' formula on arrays, counts by drawing them.

typealias Vector = [Double]
typealias Matrix = [[Double]]

func dot(_ a: Vector, _ b: Vector) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

func product(_ a: Matrix, _ b: Matrix) -> Matrix {
  a.map { row in (0..<3).map { column in (0..<3).reduce(0) { $0 + row[$1] * b[$1][column] } } }
}

func transpose(_ a: Matrix) -> Matrix { (0..<3).map { i in (0..<3).map { a[$0][i] } } }

func image(_ a: Matrix, _ v: Vector) -> Vector { a.map { dot($0, v) } }

/// The right-handed turn by `angle` about the unit vector `axis`.
func turn(_ axis: Vector, _ angle: Double) -> Matrix {
  let (x, y, z) = (axis[0], axis[1], axis[2])
  let cross = [[0, -z, y], [z, 0, -x], [-y, x, 0]]
  return (0..<3).map { i in
    (0..<3).map { j in
      (i == j ? cos(angle) : 0) + sin(angle) * cross[i][j] + (1 - cos(angle)) * axis[i] * axis[j]
    }
  }
}

/// The vector of a small turn.
func smallTurn(_ r: Matrix) -> Vector {
  [(r[2][1] - r[1][2]) / 2, (r[0][2] - r[2][0]) / 2, (r[1][0] - r[0][1]) / 2]
}

func matrix(_ rotation: Rotation) -> Matrix {
  let columns = [StokesVector(1, 0, 0), StokesVector(0, 1, 0), StokesVector(0, 0, 1)].map {
    let v = rotation.applied(to: $0)
    return [v.x, v.y, v.z]
  }
  return transpose(columns)
}

/// H V D A R L as points: x is D/A, y is R/L, z is H/V.
let states: [Vector] = [[0, 0, 1], [0, 0, -1], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]]

extension SeededRandom {
  mutating func direction() -> Vector {
    let z = Double.random(in: -1...1, using: &self)
    let phi = Double.random(in: 0...(2 * .pi), using: &self)
    let r = (1 - z * z).squareRoot()
    return [r * cos(phi), r * sin(phi), z]
  }

  /// A turn that is uniform over all turns (Shoemake: a uniform point of the sphere in four dimensions).
  mutating func anyTurn() -> Matrix {
    let u = (0..<3).map { _ in Double.random(in: 0..<1, using: &self) }
    let (a, b) = ((1 - u[0]).squareRoot(), u[0].squareRoot())
    let w = b * cos(2 * .pi * u[2])
    let v = [a * sin(2 * .pi * u[1]), a * cos(2 * .pi * u[1]), b * sin(2 * .pi * u[2])]
    let length = dot(v, v).squareRoot()
    return turn(v.map { $0 / length }, 2 * atan2(length, w))
  }
}

/// A link with everything that alignment must bear.
struct TestLink {
  var rotation: Matrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
  var depolarisation = 0.0
  /// The diattenuation vector before the plates.
  var loss: Vector = [0, 0, 0]
  var efficiencies: Vector = [1, 1, 1, 1, 1, 1]
  /// Noise counts of each detector in the time of a measurement.
  var noise = 0.0

  /// The light of a state in front of the plates: intensity, then Stokes vector.
  func light(_ state: Vector) -> (Double, Vector) {
    let turned = image(rotation, state)
    let d2 = dot(loss, loss)
    guard d2 > 0 else { return (1, turned) }
    let w = (1 - d2).squareRoot()
    let along = dot(loss, turned)
    let stokes = (0..<3).map { loss[$0] + w * turned[$0] + (1 - w) * along / d2 * loss[$0] }
    let best = 1 + d2.squareRoot()
    return ((1 + along) / best, stokes.map { $0 / best })
  }

  /// Mean counts of a detector for a state, of `photons` that are sent in it, without noise.
  func mean(_ state: Int, _ detector: Int, photons: Double, swap: Vector = [1, 1, 1]) -> Double {
    let (intensity, stokes) = light(states[state])
    let behind = (0..<3).map { swap[$0] * (1 - depolarisation) * stokes[$0] }
    return photons * efficiencies[detector] * (intensity + dot(behind, states[detector])) / 6
  }

  /// `weights` make some axes of Alice's rarer than others: Z, X, Y.
  func correlations(
    photons: Double, _ random: inout SeededRandom, weights: Vector = [1, 1, 1]
  ) -> CorrelationCounts {
    var counts = CorrelationCounts()
    for state in 0..<6 {
      for detector in 0..<6 {
        let sent = photons / 6 * weights[state / 2]
        counts[state, detector] = random.poisson(mean: mean(state, detector, photons: sent))
      }
    }
    return counts
  }

  /// Counters of a stretch of time with the plates in one place; the noise was measured ten times as long.
  func counters(photons: Double, behind plates: PlateSwap, _ random: inout SeededRandom) -> [6 of DetectorCount] {
    let signs: [PlateSwap: Vector] = [
      .none: [1, 1, 1], .aboutX: [1, -1, -1], .aboutY: [-1, 1, -1], .aboutZ: [-1, -1, 1],
    ]
    var counts: [6 of DetectorCount] = .init(repeating: DetectorCount(all: 0))
    for detector in 0..<6 {
      var sum = noise
      for state in 0..<6 {
        sum += mean(state, detector, photons: photons / 6, swap: signs[plates] ?? [1, 1, 1])
      }
      let measured = Double(random.poisson(mean: 10 * noise))
      counts[detector] = DetectorCount(
        all: random.poisson(mean: sum), noise: measured / 10, noiseVariance: measured / 100)
    }
    return counts
  }
}

/// How often errors stay within their bars, over many trials.
struct Coverage {
  private(set) var trials = 0
  private var within = [0, 0, 0]
  private var squares = 0.0

  mutating func add(_ error: Double, sigma: Double) {
    trials += 1
    squares += error * error / (sigma * sigma)
    for k in 0..<3 where abs(error) <= Double(k + 1) * sigma { within[k] += 1 }
  }

  /// Whether the shares within one and two standard deviations, and the mean square, are those of normal errors within
  /// five standard deviations of the shares themselves.
  var isNormal: Bool {
    let n = Double(trials)
    let shares = [0.6827, 0.9545]
    for k in 0..<2 {
      let spread = (shares[k] * (1 - shares[k]) / n).squareRoot()
      if abs(Double(within[k]) / n - shares[k]) > 5 * spread { return false }
    }
    return abs(squares / n - 1) < 5 * (2 / n).squareRoot() && Double(within[2]) / n > 0.985
  }

  var text: String { "\(within) of \(trials), mean square \(squares / Double(max(1, trials)))" }
}
