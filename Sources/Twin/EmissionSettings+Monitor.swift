import Optics
import Units

/// What an attenuator and a photodiode behind the lasers do with the light.
extension EmissionSettings {
  /// Mean photon number of a slot before the attenuator, over intensities and over the states whose laser may fire.
  var photonsPerSlot: Double {
    if let pattern {
      let firing = pattern.shares.indices.filter { vcsels >> UInt8($0) & 1 == 1 }
      return signalMean * firing.reduce(0) { $0 + pattern.shares[$1] }
    }
    let signal = Double(signalShare) / 65_536
    let decoy = Double(decoyShare) / 65_536
    let mean = signal * signalMean + decoy * decoyMean + (1 - signal - decoy) * vacuumMean
    // The wave plates twirl four states, H V D A; else all six are alike.
    let states: UInt8 = variant == .perBlock ? 0b1111 : 0b11_1111
    return mean * Double((vcsels & states).nonzeroBitCount) / Double(states.nonzeroBitCount)
  }

  /// The same pulses with a share `transmission` of their light.
  func attenuated(by transmission: Double) -> EmissionSettings {
    var settings = self
    settings.signalMean *= transmission
    settings.decoyMean *= transmission
    settings.vacuumMean *= transmission
    return settings
  }
}
