// Scenarios of sea, orbit, bright sky and storm. Every figure has a source or is marked "assumed";
// Documentation/Scenarios.md collects them.

extension Scenario {
  /// Two ships in convoy, 2 km apart, at night; each looks forward or aft, so that its roll turns the frame.
  ///
  /// Tones of roll, pitch and yaw are 0.7 of the significant single amplitudes 10, 3 and 2 degrees: an amplitude whose
  /// highest third averages to s has the rms s/2, a tone of 0.7 s the same. Pitch is at the usual limit for helicopters
  /// on deck, 3 degrees, roll at twice theirs, which is 5 (Naval Postgraduate School, design study Sea TENTACLE, 2005);
  /// periods of 10, 7 and 17 s are assumed.
  public static var ship: Scenario {
    var link = bench
    link.name = "ship"
    // Assumed: 2 km, 5 cm optics, filters and couplings.
    link.peakTransmission = transmission(decibels: 17)
    // Rytov variance 0.44 at 1 km and Cn2 1e-14 (780 nm), times 2^(11/6) for 2 km, times 0.3: Cn2 3e-15, assumed.
    link.fading = .gammaGamma
    link.rytovVariance = 0.47
    // Assumed: a 5 cm aperture crossed by 8 m/s of wind.
    link.scintillationMs = 6
    link.rollDegrees = motion([(7, 0.1), (1.5, 0.23)], noise: 0.5, ms: 200)
    link.pitchDegrees = motion([(2.1, 0.143)], noise: 0.2, ms: 200)
    link.yawDegrees = motion([(1.4, 0.06)], noise: 0.2, ms: 200)
    // Assumed: a gimbal with fast steering leaves 0.4 % of pitch and yaw, and 0.1 beam radii of vibration.
    link.steeringResidual = 0.004
    link.divergenceMrad = 0.5
    link.pointing = motion([(0.05, 24)], noise: 0.1, ms: 15)
    // 15 m/s between ships is 50 ns/s, and a 1 ppm oscillator disciplined to a hundredth of it (assumed).
    link.clockDriftNsPerS = 60
    link.resyncMs = 5
    link.arrivalPs = motion([], noise: 60, ms: 200)
    // Assumed: 5 m/s of way between them, and a swell of 8 s that surges by 1.3 m/s and 1 m/s^2.
    link.rangeM.ratePerS = 5
    link.rangeM.tones = [.init(amplitude: 1.6, hz: 0.125)]
    // Assumed: 1.2 % error of the optics, of which a salted window keeps a little.
    link.depolarisation = 0.024
    // Assumed: a window that stands 30 degrees to the beam, 0.25 dB (uncoated silica, theory.md 4.5), p axis upright.
    link.bobDiattenuation = BlochVector(0, 0, -0.0288)
    // Assumed: full moon and ship's lights, a tenth of a clear day.
    link.backgroundHz = 330
    return link
  }

  /// A satellite in a circular orbit of 500 km that culminates at 70 degrees, at night; 300 s above 19 degrees.
  ///
  /// Orbit, aperture, beam and losses are of the kind of the first quantum satellite: some 500 km, kilohertz of key
  /// from up to 1200 km (Liao et al., Nature 549, 43 (2017), abstract). 7 microradians give 21.6 dB of diffraction at
  /// 1200 km and 1 m, where its authors state 22 dB (from memory).
  public static var satellite: Scenario {
    var link = bench
    link.name = "satellite"
    // Assumed: 4 dB of optics and filters; diffraction and air come from the orbit.
    link.peakTransmission = transmission(decibels: 4)
    link.pass = OrbitalPass()
    // Assumed: at the zenith 0.03 behind the averaging of a 1 m aperture; grows with the air on the way.
    link.scintillationIndex = 0.03
    link.scintillationMs = 3
    // Assumed: 0.25 beam radii, 1.75 microradians, per axis; 1 dB mean loss.
    link.pointing = motion([(0.08, 12)], noise: 0.24, ms: 10)
    // Assumed: mounting and calibration of the compensating half-wave plate, jitter of the attitude.
    link.rollDegrees = motion([], offset: 1, noise: 0.3, ms: 500)
    // The orbit's prediction leaves a thousandth of the range rate, 23 ns/s at most; 10 ns/s of oscillator (assumed).
    link.clockDriftNsPerS = 10
    link.resyncMs = 10
    link.arrivalPs = motion([], noise: 80, ms: 200)
    // Assumed: an ephemeris some 200 ms off along the track, once its prediction is fed forward: within 19 m/s.
    link.rangeM.tones = [.init(amplitude: 1_000, hz: 0.003)]
    // Assumed: 0.9 % error of the optics.
    link.depolarisation = 0.018
    // Assumed: mirrors of both telescopes, 0.1 dB each.
    link.aliceDiattenuation = BlochVector(0.008, 0, 0.0083)
    link.bobDiattenuation = BlochVector(0, 0, 0.0115)
    // Assumed: a moonless sky and stray light.
    link.backgroundHz = 60
    return link
  }

  /// Two masts 1 km apart at noon, the receiver against a bright sky.
  public static var daylight: Scenario {
    var link = bench
    link.name = "daylight"
    // Assumed: geometric loss, filters and couplings.
    link.peakTransmission = transmission(decibels: 16)
    // Rytov variance 0.44 at 1 km and Cn2 1e-14 (780 nm), times 3 for the ground at noon (assumed).
    link.fading = .gammaGamma
    link.rytovVariance = 1.3
    // Assumed: a 5 cm aperture crossed by 5 m/s of wind.
    link.scintillationMs = 10
    // Assumed: masts that sway, with a tracking mirror.
    link.pointing = motion([(0.06, 0.8)], noise: 0.1, ms: 50)
    link.rollDegrees = motion([(0.3, 0.8)], offset: 1, noise: 0.1, ms: 500)
    link.arrivalPs = motion([], noise: 30, ms: 500)
    // Assumed: what the masts sway towards one another.
    link.rangeM.tones = [.init(amplitude: 0.05, hz: 0.3)]
    // Assumed: 0.9 % error of the optics.
    link.depolarisation = 0.018
    // Assumed: a tilted window at each end, 0.1 and 0.2 dB, in axes that are not those of the analyser.
    link.aliceDiattenuation = BlochVector(0.0115, 0, 0)
    link.bobDiattenuation = BlochVector(0.016, 0.004, -0.016)
    // A clear day gives 3300 per second and detector (see `drone`), the sky at noon six times as much (assumed).
    link.backgroundHz = 20_000
    return link
  }

  /// A multirotor and a mast 300 m apart in gusts and rain.
  public static var storm: Scenario {
    var link = drone
    link.name = "storm"
    // The drone's 16 dB and rain of 25 mm/h: 1.076 R^0.67 dB/km (Carbonneau and Wisely, Proc. SPIE 3232, 92 (1998);
    // from memory), 2.8 dB in 300 m.
    link.peakTransmission = transmission(decibels: 18.8)
    // Assumed: twice the drone's motion on gusts that last seconds.
    link.pointing = motion([(0.2, 0.5), (0.15, 8), (0.08, 80)], noise: 0.35, ms: 15)
    link.rollDegrees = motion([(9, 0.3), (5, 1.1), (2, 6.5)], offset: 4, noise: 5, ms: 120)
    link.pitchDegrees = motion([(8, 0.35)], noise: 4, ms: 150)
    link.yawDegrees = motion([(5, 0.2)], noise: 3, ms: 150)
    link.steeringResidual = 0.001
    link.divergenceMrad = 1
    // Assumed: drops in the beam and gusts, stronger and faster than in the calm.
    link.scintillationIndex = 0.3
    link.scintillationMs = 3
    link.clockDriftNsPerS = 40
    link.resyncMs = 5
    // Assumed: gusts that last seconds, 12.6 m/s and 7.9 m/s^2, with 0.8 m/s and 1.9 m/s^2 in them.
    link.rangeM.tones = [.init(amplitude: 20, hz: 0.1), .init(amplitude: 0.3, hz: 0.4)]
    // Assumed: 1.5 % error of the optics, wet windows.
    link.depolarisation = 0.03
    // Assumed: 0.5 dB and 0.3 dB of wet windows.
    link.aliceDiattenuation = BlochVector(0.03, 0, 0.049)
    link.bobDiattenuation = BlochVector(0, 0.01, 0.033)
    // Assumed: under cloud, half of a clear day.
    link.backgroundHz = 1_600
    return link
  }

  private static func motion(
    _ tones: [(amplitude: Double, hz: Double)], offset: Double = 0, noise: Double, ms: Double
  ) -> Motion {
    var motion = Motion()
    motion.offset = offset
    motion.tones = tones.map { Motion.Tone(amplitude: $0.amplitude, hz: $0.hz) }
    motion.noiseRms = noise
    motion.noiseMs = ms
    return motion
  }
}
