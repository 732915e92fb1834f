import CMath

/// Mean photon numbers and shares of two intensities, signal first.
public struct OneDecoySettings: Sendable {
  /// Photons per pulse at the plane before any common loss.
  public let means: [2 of Double]
  public let shares: [2 of Double]

  private init(usableMeans: [2 of Double], usableShares: [2 of Double]) {
    means = usableMeans
    shares = usableShares
  }

  /// Refused unless signal > decoy > 0, the signal is at most 10, and the shares are positive and add up to 1 within
  /// 1e-6.
  public static func checked(means: [2 of Double], shares: [2 of Double]) throws(ParameterRefusal) -> OneDecoySettings {
    for k in 0..<2 {
      guard means[k] >= 0, means[k] <= 10 else { throw .meanOutsideRange }
      guard shares[k] > 0 else { throw .shareNotPositive }
    }
    guard means[1] > 0 else { throw .decoyNotAboveVacuum }
    guard means[0] > means[1] else { throw .signalNotAboveDecoyPlusVacuum }
    guard abs(shares[0] + shares[1] - 1) <= 1e-6 else { throw .sharesNotSummingToOne }
    return OneDecoySettings(usableMeans: means, usableShares: shares)
  }
}

/// Bounds of single photons from two intensities: Rusca, Boaron, Grunenfelder, Martin and Zbinden, Appl. Phys. Lett.
/// 112, 171104 (2018), appendix A, with the Hoeffding deviations replaced by the tails of finite-key.md section 2.
///
/// The two-intensity inequalities are established. That pulses without a photon show half of their bits as errors, to
/// be inverted like any hidden outcome, and the count of tails are project derivations:
///
///     s1    n2 lower, n1 upper, m1 upper, m2 upper, vacuum events from vacuum errors     5
///     v     m1 upper, m2 lower                                                            2
///     NE, M0, p0                                                                          3
///     tag   c1 upper, c2 lower, multi-photon arrivals on one axis                         3
///
/// so 10 without and 13 with the tag; m1 upper stands twice in it. Counts have signal at 0, decoy at 1 and zero at 2.
struct OneDecoyBounds: PhotonNumberBounds {
  let settings: OneDecoySettings
  let nats: Double

  func singlesUpper(_ counts: [3 of UInt64], tails: CountTails) -> Double {
    let slope = upper(0, of: counts, tails) - lower(1, of: counts, tails)
    let bound = photonShare(1) * slope / (settings.means[0] - settings.means[1])
    return min(max(0, bound), total(counts))
  }

  func singlesLower(of counts: DecoyCounts, tails: BlockTails) -> Double {
    let signal = settings.means[0]
    let decoy = settings.means[1]
    let crowd = decoy * decoy / (signal * signal)
    let empty = vacuumUpper(counts.errors, tails: tails) / photonShare(0)
    let slope =
      lower(1, of: counts.sifted, tails.sifted) - crowd * upper(0, of: counts.sifted, tails.sifted)
      - (1 - crowd) * empty
    let bound = photonShare(1) * signal * slope / (decoy * (signal - decoy))
    return min(max(0, bound), total(counts.sifted))
  }

  /// At most this many sifted bits came from pulses of no photon: such a bit is wrong with probability one half, and
  /// errors from them are no more than tau_0 e^mu/p times the mean at either intensity, nor than all errors.
  private func vacuumUpper(_ errors: [3 of UInt64], tails: BlockTails) -> Double {
    var plannedWrong: Double?
    if case .streaming(let planned) = tails { plannedWrong = vacuumErrorsUpper(planned.errors, tails.errors) }
    let wrong = vacuumErrorsUpper(errors, tails.errors)
    return wrong + hiddenUpper(wrong, share: 0.5, planned: plannedWrong, nats: nats)
  }

  private func vacuumErrorsUpper(_ errors: [3 of UInt64], _ tails: CountTails) -> Double {
    let all = total(errors)
    return min(all, photonShare(0) * min(upper(0, of: errors, tails), upper(1, of: errors, tails)))
  }

  /// tau_n: the probability that a pulse holds `count` photons, times count factorial.
  private func photonShare(_ count: Int) -> Double {
    var sum = 0.0
    for k in 0..<2 { sum += settings.shares[k] * exp(-settings.means[k]) * power(settings.means[k], count) }
    return sum
  }

  private func upper(_ k: Int, of counts: [3 of UInt64], _ tails: CountTails) -> Double {
    exp(settings.means[k]) / settings.shares[k] * tails.meanUpper(k, of: counts, nats: nats)
  }

  private func lower(_ k: Int, of counts: [3 of UInt64], _ tails: CountTails) -> Double {
    exp(settings.means[k]) / settings.shares[k] * tails.meanLower(k, of: counts, nats: nats)
  }
}
