package import Alignment
package import Controller
import Distillation
import Estimation
import Foundation
package import Optics
import Units

/// What a link that stands still would count, from the probabilities of the optics model alone: no chance is in it.
///
/// Slots are independent and dead time is left out, which all links of equal light have alike.
package struct ExpectedLink: Sendable {
  /// In each slot, by intensity: the probability of a sifted bit, of a wrong one, and of a cross click with Alice's
  /// axis.
  private var sifted = [0.0, 0, 0]
  private var errors = [0.0, 0, 0]
  private var crossClicks = [0.0, 0, 0]
  private let light: LinkConfiguration

  /// A link with the modules' default timing; `keeping` is what Bob does to single clicks.
  package init(
    _ channel: ChannelState, receiver: Receiver, light: LinkConfiguration, keeping: LossSettings = LossSettings()
  ) {
    self.light = light
    let settings = EmissionSettings(defaultsOf: light)
    let gate = GateWindow(
      opensAtPs: Double(ModuleSetting.gateDelayPs.initial), widthPs: Double(ModuleSetting.gateWidthPs.initial),
      pulses: settings, latePs: channel.arrivalPs, jitterPs: receiver.jitterPs)
    let table = ClickTable(channel: channel, settings: settings, receiver: receiver, gate: gate)
    let keep = (0..<6).map { Double(keeping.keepPpm[$0]) / 1e6 }
    let signal = light.shareSignal.value
    let decoy = light.shareDecoy.value
    let shares = [signal, decoy, 1 - signal - decoy]
    for intensity in [Intensity.signal, .decoy, .vacuum] {
      let i = Int(intensity.rawValue)
      for state in 0..<6 {
        let clicks = (0..<6).map { 1 - exp(-table.mean(state: state, intensity: intensity, detector: $0)) }
        add(clicks, sent: state, keep, weight: shares[i] / 6, intensity: i)
      }
    }
  }

  private mutating func add(_ clicks: [Double], sent state: Int, _ keep: [Double], weight: Double, intensity i: Int) {
    let silent = clicks.map { 1 - $0 }
    let axis = state / 2
    let others = (0..<6).filter { $0 / 2 != axis }.map { silent[$0] }.reduce(1, *)
    let (right, wrong) = (state, state ^ 1)
    let both = clicks[right] * clicks[wrong] * others
    let bad: Double = clicks[wrong] * silent[right] * others * keep[wrong] + both / 2
    let good: Double = clicks[right] * silent[wrong] * others * keep[right] + both / 2
    sifted[i] += weight * (good + bad)
    errors[i] += weight * bad
    func seen(_ axis: Int) -> Double { 1 - silent[2 * axis] * silent[2 * axis + 1] }
    let (p, q) = (seen((axis + 1) % 3), seen((axis + 2) % 3))
    let one: Double = p * (1 - q) + q * (1 - p)
    crossClicks[i] += weight * seen(axis) * (one / 2 + p * q / 3)
  }

  /// Of all intensities together.
  package var qber: Double { errors.reduce(0, +) / sifted.reduce(0, +) }
  package var siftedPerSlot: Double { sifted.reduce(0, +) }

  /// Secret bits of one block of so many slots with exactly the expected counts, by the product's finite-key bounds,
  /// with error correction at 1.1 times the Shannon limit.
  package func secretBits(slots: Double) -> UInt64 {
    func counts(_ shares: [Double]) -> [3 of UInt64] {
      [UInt64(shares[0] * slots), UInt64(shares[1] * slots), UInt64(shares[2] * slots)]
    }
    let counts = DecoyCounts(sifted: counts(sifted), errors: counts(errors), crossClicks: counts(crossClicks))
    var planned = light
    planned.plannedSifted = UInt32(min(4e9, max(1, siftedPerSlot * slots)))
    planned.plannedQber = PartsPerMillion(UInt32(min(0.45, qber) * 1e6))
    let leak = counts.modelledLeakBits(block: Int(light.adBlock), efficiency: 1.1)
    return planned.plan().credit.result(for: counts, leakBits: leak).length
  }
}

extension EmissionSettings {
  /// Light as configured, with the modules' default pulses.
  init(defaultsOf light: LinkConfiguration) {
    self.init()
    signalMean = light.means[0].value
    decoyMean = light.means[1].value
    vacuumMean = light.means[2].value
    signalShare = light.shareSignal.count
    decoyShare = light.shareDecoy.count
    vcsels = 0x3f
    pulseWidthPs = Double(ModuleSetting.pulseWidthPs.initial)
    pulseDelayPs = Double(ModuleSetting.pulseDelayPs.initial)
  }
}
