import CMath
public import Units

/// Mean photon numbers and shares of the three intensities, indexed by `Intensity.rawValue`.
public struct DecoySettings: Sendable {
  /// Photons per pulse at the plane before any common loss.
  public let means: [3 of Double]
  public let shares: [3 of Double]

  /// Nil where `checked` refuses.
  public init?(means: [3 of Double], shares: [3 of Double]) {
    do { self = try Self.checked(means: means, shares: shares) } catch { return nil }
  }

  public init?(means: [3 of MeanPhotonNumber], shares: [3 of Share]) {
    self.init(
      means: [means[0].value, means[1].value, means[2].value],
      shares: [shares[0].value, shares[1].value, shares[2].value])
  }

  private init(usableMeans: [3 of Double], usableShares: [3 of Double]) {
    means = usableMeans
    shares = usableShares
  }

  /// Refused unless signal > decoy + vacuum, decoy > vacuum >= 0, means are at most 10, and the shares are positive and
  /// add up to 1 within 1e-6.
  public static func checked(means: [3 of Double], shares: [3 of Double]) throws(ParameterRefusal) -> DecoySettings {
    for k in 0..<3 {
      guard means[k] >= 0, means[k] <= 10 else { throw .meanOutsideRange }
      guard shares[k] > 0 else { throw .shareNotPositive }
    }
    guard means[1] > means[2] else { throw .decoyNotAboveVacuum }
    guard means[0] > means[1] + means[2] else { throw .signalNotAboveDecoyPlusVacuum }
    guard abs(shares[0] + shares[1] + shares[2] - 1) <= 1e-6 else { throw .sharesNotSummingToOne }
    return DecoySettings(usableMeans: means, usableShares: shares)
  }
}

/// How the sum of one kind of event is bounded.
public enum CountTails: Sendable {
  /// All events were over before any intensity was announced.
  case inversion
  /// Intensities were announced on the way; lambda follows from counts that were planned before the first pulse.
  case streaming(planned: [3 of UInt64])
}

extension CountTails {
  /// Upper bound of the mean number of events at intensity `k`, given all of `counts`.
  func meanUpper(_ k: Int, of counts: [3 of UInt64], nats: Double) -> Double {
    let count = Double(counts[k])
    switch self {
    case .inversion:
      return ChernoffTail.meanUpper(count, of: total(counts), nats: nats)
    case .streaming(let planned):
      let lambda = MartingaleTail.lambda(planned: Double(planned[k]), nats: nats)
      return MartingaleTail.meanUpper(count, lambda: lambda, nats: nats)
    }
  }

  /// Lower bound of the mean number of events at intensity `k`, given all of `counts`.
  func meanLower(_ k: Int, of counts: [3 of UInt64], nats: Double) -> Double {
    let count = Double(counts[k])
    switch self {
    case .inversion:
      return ChernoffTail.meanLower(count, of: total(counts), nats: nats)
    case .streaming(let planned):
      let lambda = MartingaleTail.lambda(planned: Double(planned[k]), nats: nats)
      return MartingaleTail.meanLower(count, lambda: lambda, nats: nats)
    }
  }
}

func total(_ counts: [3 of UInt64]) -> Double { Double(counts[0] + counts[1] + counts[2]) }

/// Bounds of how many counted events came from pulses of exactly one photon.
///
/// Two-decoy bounds of Lim, Curty, Walenta, Xu and Zbinden, PRA 89, 022307 (2014), equations 2 to 4, with the Hoeffding
/// deviations replaced by the tails of finite-key.md section 2; established. They bound the actual number, since the
/// intensity is drawn given the photon number. Assumed: phase-randomised pulses and exact means and shares. Counts must
/// be below 2^50.
public struct DecoyBounds: Sendable {
  private let settings: DecoySettings
  let nats: Double

  /// Each tail fails with probability at most e^-nats.
  public init(_ settings: DecoySettings, nats: Double) {
    self.settings = settings
    self.nats = nats
  }

  /// At most this many of the events came from single photons; two tails.
  public func singlesUpper(_ counts: [3 of UInt64], tails: CountTails) -> Double {
    let slope = upper(.decoy, of: counts, tails) - lower(.vacuum, of: counts, tails)
    let bound = photonShare(1) * slope / (mean(.decoy) - mean(.vacuum))
    return min(max(0, bound), total(counts))
  }

  /// At least this many of the events came from single photons; five tails.
  public func singlesLower(_ counts: [3 of UInt64], tails: CountTails) -> Double {
    let decoy = mean(.decoy)
    let vacuum = mean(.vacuum)
    let dark = lower(.vacuum, of: counts, tails)
    let empty = max(0, (decoy * dark - vacuum * upper(.decoy, of: counts, tails)) / (decoy - vacuum))
    return singlesLower(counts, tails: tails, empty: empty)
  }

  /// The same without credit for pulses of no photon: fewer singles, and three tails only.
  public func singlesLowerIgnoringVacuum(_ counts: [3 of UInt64], tails: CountTails) -> Double {
    singlesLower(counts, tails: tails, empty: 0)
  }

  /// `empty` is a lower bound of the events from pulses of no photon, over tau_0.
  private func singlesLower(_ counts: [3 of UInt64], tails: CountTails, empty: Double) -> Double {
    let signal = mean(.signal)
    let decoy = mean(.decoy)
    let vacuum = mean(.vacuum)
    let crowd = (decoy * decoy - vacuum * vacuum) / (signal * signal)
    let slope =
      lower(.decoy, of: counts, tails) - upper(.vacuum, of: counts, tails)
      - crowd * (upper(.signal, of: counts, tails) - empty)
    let bound = photonShare(1) * signal * slope / (signal * (decoy - vacuum) - decoy * decoy + vacuum * vacuum)
    return min(max(0, bound), total(counts))
  }

  private func mean(_ intensity: Intensity) -> Double { settings.means[Int(intensity.rawValue)] }

  /// tau_n of Lim et al. for n = 1: the probability that a pulse holds one photon.
  private func photonShare(_ count: Int) -> Double {
    var sum = 0.0
    for k in 0..<3 { sum += settings.shares[k] * exp(-settings.means[k]) * power(settings.means[k], count) }
    return sum
  }

  /// e^mu/p times the mean number of events at one intensity, as an upper bound.
  private func upper(_ intensity: Intensity, of counts: [3 of UInt64], _ tails: CountTails) -> Double {
    let k = Int(intensity.rawValue)
    return exp(settings.means[k]) / settings.shares[k] * tails.meanUpper(k, of: counts, nats: nats)
  }

  /// e^mu/p times the mean number of events at one intensity, as a lower bound.
  private func lower(_ intensity: Intensity, of counts: [3 of UInt64], _ tails: CountTails) -> Double {
    let k = Int(intensity.rawValue)
    return exp(settings.means[k]) / settings.shares[k] * tails.meanLower(k, of: counts, nats: nats)
  }
}
