/// Gains of the tracking loop, third order, updated once a frame, in 2^-32.
///
/// With T the frame of 10.49 ms and w the natural frequency: 2.4 w T on the place, 1.1 (w T)^2 on the rate, (w T)^3 on
/// its growth. Noise bandwidth 0.7845 w; a steady jerk J leaves the error J / w^3. Kaplan and Hegarty, "Understanding
/// GPS", 2nd ed., table 5.6.
struct TrackGains: Equatable {
  let place: Int64
  let rate: Int64
  let growth: Int64
  /// Variance of the place for one of a frame's mean: 2 B T, in 2^-10.
  let noise: Int64

  /// w = 16 / s, B = 12.6 Hz.
  static var fastest: TrackGains {
    TrackGains(place: 1_729_382_257, rate: 132_981_840, growth: 20_282_410, noise: 270)
  }
  /// w = 8 / s, B = 6.3 Hz.
  static var fast: TrackGains { TrackGains(place: 864_691_128, rate: 33_245_460, growth: 2_535_301, noise: 135) }
  /// w = 4 / s, B = 3.1 Hz.
  static var medium: TrackGains { TrackGains(place: 432_345_564, rate: 8_311_365, growth: 316_913, noise: 67) }
  /// w = 2 / s, B = 1.6 Hz.
  static var slow: TrackGains { TrackGains(place: 216_172_782, rate: 2_077_841, growth: 39_614, noise: 34) }

  /// The fastest loop whose noise stays below 0.15 ns, the fastest of all below 0.1 ns, for the mean numbers of a frame
  /// in 2^-8 clicks.
  ///
  /// Each click in the window counts one, each click of light is worth 1/32 slot (`Tracker`): a frame tells the place
  /// with the variance (light + noise) / light^2 in squares of 1/32 slot, in which 0.15 ns are 0.48 and 0.1 ns 0.32.
  static func suited(light: Int64, noise: Int64) -> TrackGains {
    let variance = 100 * (light + noise)
    if variance * fastest.noise <= 41 * light * light { return .fastest }
    if variance * fast.noise <= 92 * light * light { return .fast }
    return variance * medium.noise <= 92 * light * light ? .medium : .slow
  }
}
