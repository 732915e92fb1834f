import CMath
public import Units

/// What a protocol that needs no common frame would make of the same link, for comparison only: the product runs none.
///
/// Laing, Scarani, Rarity and O'Brien, Phys. Rev. A 82, 012304 (2010): one axis is stable, the plane of the two others
/// turns. C is the sum of the squares of the four correlations of that plane, which a turn does not change
/// (established; formulas as in theory.md 3.2: from memory, checked against six states for white noise).
public struct FrameIndependentRate: Equatable, Sendable {
  /// Error rate on the stable axis.
  public let qber: Double
  /// Sum of the squared correlations, 0...2, with what noise adds on average taken off, and its standard deviation.
  public let c: Double
  public let cSigma: Double

  public init(qber: Double, c: Double, cSigma: Double = 0) {
    precondition(qber >= 0 && qber <= 1 && c.isFinite)
    self.qber = qber
    self.c = min(max(0, c), 2)
    self.cSigma = cSigma
  }

  /// From all nine correlations; nil if one was not counted.
  public init?(_ correlations: CorrelationMatrix, stable: Axis) {
    var sum = 0.0
    var variance = 0.0
    for row in correlationAxes.indices where correlationAxes[row] != stable {
      for column in correlationAxes.indices where correlationAxes[column] != stable {
        let (value, spread) = (correlations.values[row, column], correlations.variances[row, column])
        guard spread < .infinity else { return nil }
        sum += value * value - spread
        variance += 4 * value * value * spread + 2 * spread * spread
      }
    }
    guard correlations.variances[stable, stable] < .infinity else { return nil }
    self.init(
      qber: (1 - correlations.values[stable, stable]) / 2, c: sum, cSigma: variance.squareRoot())
  }

  /// Secret bits for each sifted bit of the stable axis, asymptotic, one-way, single photons; zero for none.
  ///
  /// r = 1 - h(Q) - I_E. At half the error rate and above nothing is known of it: zero.
  public var secretBitsPerSiftedBit: Double {
    guard qber < 0.5 else { return 0 }
    return max(0, 1 - entropy(qber) - knownToEve)
  }

  /// What Eve knows of a sifted bit before errors are corrected, asymptotic, single photons; all from an error rate of
  /// one half on.
  ///
  /// I_E = (1 - Q) h((1 + u)/2) + Q h((1 + v)/2), u = min(sqrt(C/2)/(1 - Q), 1), v = sqrt(C/2 - (1 - Q)^2 u^2)/Q.
  public var knownToEve: Double {
    guard qber < 0.5 else { return 1 }
    let right = 1 - qber
    let u = min((c / 2).squareRoot() / right, 1)
    let rest = max(0, c / 2 - right * right * u * u)
    let v = qber > 0 ? min(rest.squareRoot() / qber, 1) : 0
    return right * entropy((1 + u) / 2) + qber * entropy((1 + v) / 2)
  }

  private func entropy(_ p: Double) -> Double {
    guard p > 0, p < 1 else { return 0 }
    return -(p * log(p) + (1 - p) * log1p(-p)) / log(2)
  }
}

extension CorrelationMatrix {
  /// Error rate of the twirled key as it is: (1 - tr T/3)/2 (theory.md 1.2).
  public var twirledQber: Double { (1 - values.trace / 3) / 2 }
}

extension RotationEstimate {
  /// Error rate of the twirled key once the turn is undone: what white noise alone leaves, (1 - shrink)/2.
  public var correctedQber: Double { (1 - shrink) / 2 }
}
