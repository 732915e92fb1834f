/// Follows the arrival of the pulses by the phases of the clicks, and says when there is no light to follow.
///
/// The estimate is absolute: the alignment in effect plus what the clicks of a frame say about its error. So it does
/// not matter how many frames later a new alignment takes effect.
///
/// Light comes at the edge between two sixteenths; the two on each side are its window (1.25 ns), the two beyond them
/// on each side measure the noise. A click in the window says early or late and not by how much: the slope of that is
/// 2 f(0) with f the density of the arrival, 3.07 / ns for a Gaussian of 0.26 ns, so that one such click of light is
/// worth 0.326 ns, about 1/32 slot; and noise, even over the window, weighs a third of what it would weigh in a mean.
struct Tracker {
  /// The first sixteenth behind the expected arrival.
  let arrival: UInt8
  /// Estimate at the start of frame `frame`: what Bob's clock needs, its growth over a frame, and the growth of that.
  private(set) var place: Int64 = 0
  private(set) var perFrame: Int64 = 0
  private var growth: Int64 = 0
  private(set) var frame: UInt32 = 0
  private(set) var gains = TrackGains.fast
  private var framesTracked: Int64 = 0
  /// Numbers of a frame, smoothed over some 16 frames, in 2^-8 clicks: light, window, noise.
  private var light: Int64 = 0
  private var inside: Int64 = 0
  private var noise: Int64 = 0
  /// Since light was seen last.
  private(set) var unseen = LightCount()
  /// Frames that it usually takes to see light, in 2^-4.
  private var seenEvery: Int64 = 0
  /// Of the running frame: clicks in the window, beside it, and those late less those early.
  private var frameInside: Int64 = 0
  private var frameOutside: Int64 = 0
  private var frameMiss: Int64 = 0

  init(arrival: UInt8) { self.arrival = arrival }

  /// Starts with an estimate for the start of a frame, and with the light that the search has seen.
  mutating func begin(_ alignment: Alignment, after fix: SyncFix, at frame: UInt32) {
    self = Tracker(arrival: arrival)
    light = fix.light
    noise = fix.noise / 4
    inside = light + noise
    let suited = TrackGains.suited(light: max(light, 0), noise: noise)
    // A slow loop would not catch what the search leaves.
    gains = suited == .fastest ? suited : .fast
    growth = -fix.growth.raw
    place = alignment.offset.raw
    perFrame = alignment.perFrame.raw
    self.frame = frame
  }

  /// Whether a click's phase is where light arrives.
  func isInside(_ phase: UInt8) -> Bool { miss(phase) >= -2 && miss(phase) < 2 }

  /// Sixteenths behind the arrival, -8...7.
  private func miss(_ phase: UInt8) -> Int64 { Int64((Int(phase) - Int(arrival) + 24) & 15) - 8 }

  /// At first the gate is open and all of the slot tells early from late: a search may leave some nanoseconds.
  var isPullingIn: Bool { framesTracked < 32 }

  mutating func take(phase: UInt8) {
    let miss = miss(phase)
    if isPullingIn { frameMiss += miss < 0 ? -1 : 1 }
    if miss >= -2 && miss < 2 {
      frameInside += 1
      if !isPullingIn { frameMiss += miss < 0 ? -1 : 1 }
    } else if miss >= -4 && miss < 4 {
      frameOutside += 1
    }
  }

  /// Ends a frame in which `alignment` was in effect, and goes on to the next.
  mutating func closeFrame(under alignment: Alignment) {
    smooth()
    let predicted = place + perFrame / 2 + growth / 8
    var correction: Int64 = 0
    if isStale {
      // Noise alone would walk the estimate away.
      growth = 0
    } else if frameInside > 0 {
      // Light may be overestimated but never taken for less than an eighth of what comes, or half a click.
      let divisor = max(light, max(inside / 8, 128))
      correction = -(frameMiss << 35) / divisor
      correction += (alignment.middle.raw - predicted) * min(frameInside << 8, 4 * inside) / max(inside, 1)
      // One frame says no more than that light is in the window.
      correction = min(max(correction, -Self.correctionMax), Self.correctionMax)
    }
    place += perFrame + growth / 2 + (correction * gains.place) >> 32
    perFrame += growth + (correction * gains.rate) >> 32
    growth += (correction * gains.growth) >> 32
    // Light that is led away by somebody ends the lock before a sum runs over: 64 slots a frame, 200 m/s^2.
    perFrame = min(max(perFrame, -Self.rateMax), Self.rateMax)
    growth = min(max(growth, -Self.growthMax), Self.growthMax)
    frame &+= 1
    framesTracked += 1
    watch()
    frameInside = 0
    frameOutside = 0
    frameMiss = 0
  }

  /// Takes over a part of the alignment that is no longer added elsewhere.
  mutating func absorb(_ change: PredictedMotion) {
    let part = change.seen(from: frame)
    place += part.offset.raw
    perFrame += part.perFrame.raw
    growth += part.perFrameGrowth.raw
  }

  private static var rateMax: Int64 { 1 << 38 }
  private static var growthMax: Int64 { 1 << 25 }
  /// 1.25 ns.
  private static var correctionMax: Int64 { 1 << 29 }

  private mutating func smooth() {
    light += ((frameInside - frameOutside) << 8 - light) / 16
    inside += (frameInside << 8 - inside) / 16
    noise += (frameOutside << 8 - noise) / 16
    if framesTracked & 15 == 15 { gains = .suited(light: max(light, 0), noise: noise) }
  }

  private mutating func watch() {
    unseen.frames += 1
    unseen.inside += frameInside
    unseen.outside += frameOutside
    guard unseen.isLight else { return }
    let took = unseen.frames << 4
    seenEvery += seenEvery == 0 ? took : (took - seenEvery) / 8
    unseen = LightCount()
  }

  /// Whether light has been away for four times as long as it usually takes to see it: no click is followed then.
  private var isStale: Bool { seenEvery > 0 && unseen.frames > max(seenEvery >> 2, 6) }

  /// Whether light has been away for eight times as long as it usually takes to see it, 12 to 256 frames.
  var isDark: Bool {
    let usual = seenEvery == 0 ? 256 : min(max(seenEvery >> 1, 12), 256)
    return unseen.frames > usual
  }

  /// The estimate for a later frame.
  func alignment(for later: UInt32) -> Alignment {
    let k = Int64(Int32(bitPattern: later &- frame))
    return Alignment(
      offset: SlotSpan(raw: place + perFrame * k + growth * k * k / 2),
      perFrame: SlotSpan(raw: perFrame + growth * k + growth / 2))
  }
}

/// Clicks where light should be and beside it, over some frames.
public struct LightCount: Equatable, Sendable {
  public var frames: Int64 = 0
  public var inside: Int64 = 0
  /// In as many sixteenths beside the window.
  public var outside: Int64 = 0

  public init() {}

  /// Whether the window has more clicks than noise explains: by four standard deviations of the difference and eight
  /// clicks.
  public var isLight: Bool {
    let excess = inside - outside - 8
    return excess > 0 && excess * excess > 16 * 2 * outside
  }
}
