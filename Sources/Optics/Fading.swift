import Foundation

/// The law of scintillation.
public enum FadingLaw: String, CaseIterable, Sendable {
  /// For weak turbulence; its parameter is the scintillation index.
  case logNormal = "log-normal"
  /// For weak to strong turbulence; its parameter is the Rytov variance.
  case gammaGamma = "gamma-gamma"
}

/// The two shapes of gamma-gamma scintillation.
///
/// Al-Habash, Andrews and Phillips, Opt. Eng. 40, 1554 (2001), for a plane wave and the Rytov variance
/// s = 1.23 Cn2 k^(7/6) L^(11/6): I = X Y with X and Y gamma-distributed about one with shapes `large` and `small`;
/// the scintillation index is 1/large + 1/small + 1/(large small).
public struct GammaGammaShapes: Equatable, Sendable {
  public let large: Double
  public let small: Double

  public init(rytovVariance s: Double) {
    precondition(s > 0)
    large = 1 / expm1(0.49 * s / pow(1 + 1.11 * pow(s, 1.2), 7.0 / 6))
    small = 1 / expm1(0.51 * s / pow(1 + 0.69 * pow(s, 1.2), 5.0 / 6))
  }

  public var scintillationIndex: Double { 1 / large + 1 / small + 1 / (large * small) }
}

/// Turns a standard normal number into a gamma-distributed one with mean one: both have the same probability below.
struct GammaQuantiles: Sendable {
  private static var step: Double { 0.01 }
  private static var reach: Double { 6 }
  /// Logarithm of the quantile at -6, -5.99 ... 6 standard deviations of the normal number.
  private let logs: [Double]

  init(shape: Double) {
    // The density of u = ln x is proportional to exp(shape (u - e^u)); both ends leave out less than 1e-11.
    let low = -max(14 / shape.squareRoot(), 30 / shape)
    let high = log(1 + 12 / shape.squareRoot() + 40 / shape)
    let count = 12_000
    let width = (high - low) / Double(count)
    var below = [0.0]
    var density = exp(shape * (low - exp(low) + 1))
    for i in 1...count {
      let u = low + Double(i) * width
      let next = exp(shape * (u - exp(u) + 1))
      below.append(below[i - 1] + (density + next) / 2)
      density = next
    }
    let total = below[count]
    var place = 0
    var logs: [Double] = []
    for i in 0...Int((2 * Self.reach / Self.step).rounded()) {
      let z = Double(i) * Self.step - Self.reach
      let wanted = erfc(-z / 2.0.squareRoot()) / 2 * total
      while place < count - 1, below[place + 1] < wanted { place += 1 }
      let part = (wanted - below[place]) / (below[place + 1] - below[place])
      logs.append(low + (Double(place) + min(max(part, 0), 1)) * width)
    }
    self.logs = logs
  }

  func value(at z: Double) -> Double {
    let place = (min(max(z, -Self.reach), Self.reach) + Self.reach) / Self.step
    let i = min(Int(place), logs.count - 2)
    return exp(logs[i] + (place - Double(i)) * (logs[i + 1] - logs[i]))
  }
}

/// Scintillation in steps of a millisecond, with mean one.
///
/// The normal numbers behind it are stationary first-order processes with the correlation time of the scenario. In
/// gamma-gamma fading large and small eddies have one each, of the same time (assumed).
struct ScintillationProcess {
  private let scenario: Scenario
  private var weak: MotionProcess
  private var large: MotionProcess
  private var small: MotionProcess
  /// The air that the tables below are for, as `OrbitalPoint.turbulence`.
  private var tablesAt = 0.0
  private var quantiles: (large: GammaQuantiles, small: GammaQuantiles)?

  init(_ scenario: Scenario, seeds: (weak: UInt64, large: UInt64, small: UInt64)) {
    self.scenario = scenario
    var turbulence = Motion()
    turbulence.noiseMs = scenario.scintillationMs
    turbulence.noiseRms = log1p(scenario.scintillationIndex).squareRoot()
    if scenario.pass != nil || scenario.fading == .gammaGamma { turbulence.noiseRms = 1 }
    weak = MotionProcess(turbulence, seed: seeds.weak)
    large = MotionProcess(turbulence, seed: seeds.large)
    small = MotionProcess(turbulence, seed: seeds.small)
  }

  /// `turbulence` scales the parameter of the law; it is one on a level path.
  mutating func next(at seconds: Double, turbulence: Double) -> Double {
    switch scenario.fading {
    case .logNormal:
      let value = weak.next(at: seconds)
      guard scenario.pass != nil else { return exp(value - log1p(scenario.scintillationIndex) / 2) }
      // Beyond an index of one the law does not hold; stronger turbulence no longer scintillates more.
      let s2 = log1p(min(1, scenario.scintillationIndex * turbulence))
      return exp(s2.squareRoot() * value - s2 / 2)
    case .gammaGamma:
      let (x, y) = (large.next(at: seconds), small.next(at: seconds))
      guard scenario.rytovVariance > 0 else { return 1 }
      if quantiles == nil || abs(turbulence / tablesAt - 1) > 0.02 { makeTables(turbulence) }
      guard let quantiles else { return 1 }
      return quantiles.large.value(at: x) * quantiles.small.value(at: y)
    }
  }

  private mutating func makeTables(_ turbulence: Double) {
    tablesAt = turbulence
    let shapes = GammaGammaShapes(rytovVariance: scenario.rytovVariance * turbulence)
    quantiles = (GammaQuantiles(shape: shapes.large), GammaQuantiles(shape: shapes.small))
  }
}
