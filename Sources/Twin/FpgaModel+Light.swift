import Optics
import RegisterMap
import Units

/// What the registers mean for the light.
extension FpgaModel {
  /// Alice's settings in effect.
  var emission: EmissionSettings {
    func mean(_ register: Register, _ field: Field) -> Double {
      MeanPhotonNumber(millionths: field.extract(from: bank.inEffect(register))).value
    }
    var settings = EmissionSettings()
    settings.signalMean = mean(FpgaMap.meanSignal, FpgaMap.MeanSignal.millionths)
    settings.decoyMean = mean(FpgaMap.meanDecoy, FpgaMap.MeanDecoy.millionths)
    settings.vacuumMean = mean(FpgaMap.meanVacuum, FpgaMap.MeanVacuum.millionths)
    settings.signalShare = FpgaMap.ShareSignal.count.extract(from: bank.inEffect(FpgaMap.shareSignal))
    settings.decoyShare = FpgaMap.ShareDecoy.count.extract(from: bank.inEffect(FpgaMap.shareDecoy))
    let control = bank.inEffect(FpgaMap.control)
    let isPerBlock = FpgaMap.Control.variant.extract(FpgaMap.Control.Variant.self, from: control) == .perBlock
    settings.variant = isPerBlock ? .perBlock : .perPulse
    settings.vcsels = UInt8(FpgaMap.VcselEnable.lasers.extract(from: bank.inEffect(FpgaMap.vcselEnable)))
    let pulse = bank.inEffect(FpgaMap.pulse)
    settings.pulseWidthPs = Double(FpgaMap.Pulse.width.extract(from: pulse)) * 100
    settings.pulseDelayPs = Double(FpgaMap.Pulse.delay.extract(from: pulse)) * 10
    if let pattern {
      settings.pattern = pattern
      settings.decoyMean = 0
      settings.vacuumMean = 0
    }
    return settings
  }

  /// The pattern that the running frame carries, nil if it carries key.
  private var pattern: SyncLight? {
    let word = bank.inEffect(FpgaMap.syncSchedule)
    let spacing = FpgaMap.SyncSchedule.spacing.extract(from: word)
    guard FpgaMap.SyncSchedule.enable.isSet(in: word), frame & (1 << spacing - 1) == 0 else { return nil }
    let seed =
      UInt64(bank.inEffect(FpgaMap.syncSeedHigh)) << 32 | UInt64(bank.inEffect(FpgaMap.syncSeedLow))
    if let latestPattern, latestPattern.seed == seed { return latestPattern }
    let pattern = SyncLight(seed: seed)
    latestPattern = pattern
    return pattern
  }

  /// What Bob adds to his clock, as his registers in effect have it.
  var alignment: Alignment {
    Alignment(
      slots: bank.inEffect(FpgaMap.alignSlots), fraction: bank.inEffect(FpgaMap.alignFraction),
      rate: bank.inEffect(FpgaMap.alignRate))
  }

  /// Bob's gate in effect, by his own count.
  var freeGate: AlignedReceiver.Gate {
    let word = bank.inEffect(FpgaMap.gate)
    return AlignedReceiver.Gate(
      opensAt: Double(FpgaMap.Gate.delay.extract(from: word)) * 10 / GateWindow.slotPs,
      width: Double(FpgaMap.Gate.width.extract(from: word)) * 100 / GateWindow.slotPs)
  }

  /// Bob's gate in effect, for pulses of `settings` that arrive `latePs` late.
  func gate(for settings: EmissionSettings, latePs: Double, jitterPs: Double) -> GateWindow {
    let word = bank.inEffect(FpgaMap.gate)
    return GateWindow(
      opensAtPs: Double(FpgaMap.Gate.delay.extract(from: word)) * 10,
      widthPs: Double(FpgaMap.Gate.width.extract(from: word)) * 100, pulses: settings, latePs: latePs,
      jitterPs: jitterPs)
  }

  var enabledDetectors: UInt8 {
    UInt8(FpgaMap.DetectorEnable.detectors.extract(from: bank.inEffect(FpgaMap.detectorEnable)))
  }
}
