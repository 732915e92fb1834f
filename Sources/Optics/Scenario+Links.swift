import Foundation

// The scenarios that move little or not at all. Every figure has a source or is marked "assumed".

extension Scenario {
  /// Every scenario by name.
  public static var all: [Scenario] { [.drone, .bench, .lab, .ship, .satellite, .daylight, .storm] }

  public static func named(_ name: String) -> Scenario? { all.first { $0.name == name } }

  /// A loss in decibels as a transmission.
  public static func transmission(decibels: Double) -> Double { pow(10, -decibels / 10) }

  /// Two multirotors or a multirotor and a mast, 200 to 500 m apart, by day.
  ///
  /// Mean efficiency with detectors about 0.01 and mean QBER about 2.5 %: roll 0.8 %, optics 1.2 %, light and darks
  /// the rest. Published drone links of 100 m to 1.2 km by day are of this kind (arXiv 2505.17587, 2603.18934).
  public static var drone: Scenario {
    var pointing = Motion()
    // Assumed: residual of a gimbal with fast steering, rms 0.25 beam radii per axis, 1.0 dB mean loss.
    pointing.tones = [.init(amplitude: 0.12, hz: 0.7), .init(amplitude: 0.10, hz: 9), .init(amplitude: 0.05, hz: 87)]
    pointing.noiseRms = 0.22
    pointing.noiseMs = 12
    var roll = Motion()
    // Assumed: mounting error, gust sway, attitude loop and gimbal mode of a multirotor without roll stabilisation.
    roll.offset = 3
    roll.tones = [.init(amplitude: 6, hz: 0.4), .init(amplitude: 3, hz: 1.3), .init(amplitude: 1.5, hz: 7)]
    roll.noiseRms = 3
    roll.noiseMs = 100
    var arrival = Motion()
    // Assumed: what a servo on the received light leaves of 33 ns/s (10 m/s) and of a 1 ppm clock.
    arrival.tones = [.init(amplitude: 80, hz: 0.1)]
    arrival.noiseRms = 50
    arrival.noiseMs = 200
    var range = Motion()
    // Assumed: one circles about a hold, up to 25 m/s and 8.3 m/s^2, in gusts of 0.5 m/s and 1.3 m/s^2.
    range.tones = [.init(amplitude: 75, hz: 0.053), .init(amplitude: 0.2, hz: 0.4)]
    var link = Scenario(
      name: "drone",
      // Assumed: 16 dB of geometric loss, filters and couplings, chosen so that the mean efficiency is 0.01.
      peakTransmission: 0.0252,
      pointing: pointing,
      // Rytov variance 0.007 at 100 m and Cn2 1e-14 (780 nm), times 3^(11/6) for 300 m.
      scintillationIndex: 0.052,
      // Assumed: a 2 cm aperture crossed by 4 m/s of wind.
      scintillationMs: 5,
      rollDegrees: roll,
      arrivalPs: arrival,
      // Assumed: 1.2 % error from 20 dB extinction of the lasers' polarisers and of the analyser.
      depolarisation: 0.024,
      // A clear day gives 2e-5 counts per 1 ns gate at 5 cm, 100 microradian, 1 nm and 25 %: 2e4 per second in all
      // (background model of the project's theory notes, itself from memory); shared by six detectors.
      backgroundHz: 3_300,
      receiver: .silicon)
    link.rangeM = range
    return link
  }

  /// Everything bolted to a table: no fading, no motion, QBER 1 %, efficiency with detectors 0.01.
  public static var bench: Scenario {
    Scenario(
      name: "bench",
      // Assumed: an attenuator that makes the efficiency 0.01.
      peakTransmission: 0.02,
      pointing: Motion(), scintillationIndex: 0, scintillationMs: 1, rollDegrees: Motion(), arrivalPs: Motion(),
      // Assumed: 0.95 % of the 1 %.
      depolarisation: 0.019,
      // Assumed: a dark room.
      backgroundHz: 100,
      receiver: .silicon)
  }
}

extension Scenario {
  /// Nothing moves and all detectors are alike: the link that the key-length tables of the theory are for. Total
  /// efficiency 0.3, dark counts of 1e-6 a gate of 2 ns and detector, and as much depolarisation as is asked for.
  public static var lab: Scenario {
    var link = bench
    link.name = "lab"
    link.peakTransmission = 0.6
    link.depolarisation = 0.04
    link.backgroundHz = 0
    link.receiver.efficiencies = [Double](repeating: 0.5, count: Analyser.detectorCount)
    link.receiver.darkHz = [Double](repeating: 500, count: Analyser.detectorCount)
    return link
  }
}

extension Receiver {
  /// Six silicon avalanche diodes at 850 nm. Assumed, in the range of data sheets of actively quenched modules:
  /// efficiency near 0.5 with 3 % spread, 250 dark counts per second, 80 ns dead time, 350 ps (FWHM) jitter.
  public static var silicon: Receiver {
    Receiver(
      efficiencies: [0.500, 0.490, 0.510, 0.505, 0.485, 0.500], darkHz: [220, 260, 240, 310, 250, 230],
      deadSlots: 8, jitterPs: 150)
  }
}
