import CMath
public import Units

/// Counts of the detectors while no light was sent: darks and daylight, before light and as near to it as there was
/// time.
///
/// The front-end counts every avalanche, whatever the gates do, so counts of a link at rest are what it counts besides
/// the light of a session. The last stretch of a second or more stands; within a stretch the past is forgotten.
public struct DarkCounts: Sendable {
  private static var least: Nanoseconds { Nanoseconds(milliseconds: 1000) }
  private static var most: Nanoseconds { Nanoseconds(milliseconds: 20_000) }

  private var counts: [6 of Double] = .init(repeating: 0)
  private var duration: UInt64 = 0
  private var running: [6 of Double] = .init(repeating: 0)
  private var runningFor: UInt64 = 0
  private var last: [6 of UInt32] = .init(repeating: 0)
  private var lastAt: Instant?

  public init() {}

  public var areEnough: Bool { duration >= Self.least.count }

  /// Takes counts modulo 2^32; `isDark` if no light has come since the last ones.
  public mutating func take(_ now: [6 of UInt32], at time: Instant, isDark: Bool) {
    defer {
      last = now
      lastAt = isDark ? time : nil
    }
    guard isDark else {
      running = .init(repeating: 0)
      runningFor = 0
      return
    }
    guard let lastAt else { return }
    for i in running.indices { running[i] += Double(now[i] &- last[i]) }
    runningFor += (time - lastAt).count
    if runningFor >= Self.most.count {
      for i in running.indices { running[i] /= 2 }
      runningFor /= 2
    }
    if runningFor >= Self.least.count {
      counts = running
      duration = runningFor
    }
  }

  /// What a detector counts without light in `time`, and the variance of that.
  func expected(_ detector: Int, in time: Nanoseconds) -> (count: Double, variance: Double) {
    guard duration > 0 else { return (0, 0) }
    let share = Double(time.count) / Double(duration)
    return (counts[detector] * share, counts[detector] * share * share)
  }

  /// A stretch of light as net counts: what dead time cut is put back.
  ///
  /// A detector that is dead for t after each of m clicks in time T would have had m/(1 - m t/T) (established, dead
  /// time that clicks do not extend).
  func net(_ raw: [6 of UInt32], in time: Nanoseconds) -> [6 of DetectorCount] {
    var result: [6 of DetectorCount] = .init(repeating: DetectorCount(all: 0))
    for i in raw.indices {
      let dead = min(0.9, Double(raw[i]) * Self.deadNs / Double(max(1, time.count)))
      let noise = expected(i, in: time)
      result[i] = DetectorCount(
        all: UInt64((Double(raw[i]) / (1 - dead)).rounded()), noise: noise.count, noiseVariance: noise.variance)
    }
    return result
  }

  /// Dead time of an actively quenched silicon diode; assumed, to be calibrated with the detectors.
  static var deadNs: Double { 80 }
}

/// Turns Bob's wave plates through the places that tell loss from detectors, counts in each, and ends by itself. Pure:
/// told of time, counts and plates, it says where the plates shall stand.
///
/// Half a turn about X and one about Y give every axis both signs. Between them the plates stand at rest, so that both
/// signs are counted in the same weather. It goes round until loss is known to `sigmaAimed` on every axis.
///
/// When it ends and what it finds follow from its counts, so none of them may be of a frame that carries key: frames
/// are hidden while `hidesFrames`. Behind each round it pauses with the plates at rest and counts nothing, so that
/// frames can be shown and a peer hears that somebody is there.
public struct LossMeasurement: Sendable {
  /// Standard deviation of each component at which it ends: 0.017 dB.
  public static var sigmaAimed: Double { 0.002 }
  /// When it ends with what it has.
  public static var lightMax: Nanoseconds { Nanoseconds(milliseconds: 20_000) }
  static var dwell: Nanoseconds { Nanoseconds(milliseconds: 250) }
  /// Behind a round: some frames with key.
  static var pause: Nanoseconds { Nanoseconds(milliseconds: 200) }
  private static var placeCount: Int { 4 }

  public enum Phase: Equatable, Sendable {
    case resting
    /// The plates are on their way to a place.
    case turning(place: Int)
    /// They stand; counts are taken since an instant, nil before the first.
    case counting(place: Int, since: Instant?)
    /// A round is over; the plates go back to rest and stay there until an instant, nil before they arrive.
    case pausing(until: Instant?)
    /// The plates go back; with what was counted there is a result or none.
    case returning(isComplete: Bool)
    case done(isComplete: Bool)
  }

  public private(set) var phase = Phase.resting
  /// Rounds of all places that were counted.
  public private(set) var rounds = 0
  private var sums = DiattenuationSums()
  private var before: [6 of UInt32] = .init(repeating: 0)
  private var deadline = Instant(ns: 0)

  public init() {}

  /// Where the plates stand in a place.
  private static func swap(_ place: Int) -> PlateSwap { place == 1 ? .aboutX : place == 3 ? .aboutY : .none }

  /// Whether the plates are or may be elsewhere than at rest, or will be.
  public var isRunning: Bool {
    switch phase {
    case .turning, .counting, .pausing, .returning: true
    case .resting, .done: false
    }
  }

  /// Whether frames must carry no key: plates are away, or counts are taken.
  public var hidesFrames: Bool {
    switch phase {
    case .turning, .counting, .pausing(until: nil), .returning: true
    case .pausing, .resting, .done: false
    }
  }

  public var isMeasuring: Bool {
    switch phase {
    case .turning, .counting, .pausing: true
    case .resting, .returning, .done: false
    }
  }

  /// Where the plates shall stand now; nil if that is nobody's wish.
  public var wanted: PlateSwap? {
    switch phase {
    case .turning(let place), .counting(let place, _): Self.swap(place)
    case .pausing, .returning: PlateSwap.none
    case .resting, .done: nil
    }
  }

  /// What was found, if it ran to an end with enough light.
  public var estimate: DiattenuationEstimate? {
    guard case .done(isComplete: true) = phase else { return nil }
    return sums.estimate()
  }

  public mutating func begin(at now: Instant) {
    precondition(!isRunning)
    sums = DiattenuationSums()
    rounds = 0
    deadline = now + Self.lightMax
    phase = .turning(place: 0)
  }

  /// Gives it up: the plates go back, and nothing was found.
  public mutating func stop() {
    if isMeasuring { phase = .returning(isComplete: false) }
  }

  /// The plates were read back where they are wanted.
  public mutating func platesStand(at now: Instant) {
    switch phase {
    case .turning(let place): phase = .counting(place: place, since: nil)
    case .pausing(until: nil): phase = .pausing(until: now + Self.pause)
    case .pausing(let until?): if now >= until { phase = .turning(place: 0) }
    case .returning(let isComplete): phase = .done(isComplete: isComplete)
    case .resting, .counting, .done: break
    }
  }

  /// Takes counts modulo 2^32 that were latched at `now`, in a frame that carries no key.
  public mutating func take(_ counts: [6 of UInt32], at now: Instant, darks: DarkCounts) {
    guard isMeasuring else { return }
    guard now < deadline else { return finish() }
    guard case .counting(let place, let since) = phase else { return }
    guard let since else {
      before = counts
      phase = .counting(place: place, since: now)
      return
    }
    guard now >= since + Self.dwell else { return }
    var raw: [6 of UInt32] = .init(repeating: 0)
    for i in raw.indices { raw[i] = counts[i] &- before[i] }
    sums.add(darks.net(raw, in: now - since), behind: Self.swap(place))
    guard place + 1 == Self.placeCount else {
      phase = .turning(place: place + 1)
      return
    }
    rounds += 1
    if isPrecise { finish() } else { phase = .pausing(until: nil) }
  }

  private mutating func finish() { phase = .returning(isComplete: sums.estimate() != nil) }

  private var isPrecise: Bool {
    guard let variances = sums.estimate()?.variances else { return false }
    return max(variances.x, max(variances.y, variances.z)) <= Self.sigmaAimed * Self.sigmaAimed
  }
}

/// Contrasts of the detectors with the plates at rest, in sessions behind a measurement: it cannot tell loss from
/// detectors, but it tells when either is no longer what was found. What it is told adds up from window to window.
public struct ContrastWatch: Sendable {
  private var net: [6 of Double] = .init(repeating: 0)
  private var variance: [6 of Double] = .init(repeating: 0)
  private var last: [6 of UInt32] = .init(repeating: 0)
  private var lastAt: Instant?
  /// artanh of the contrast that each axis should show, and its variance.
  private var expected = StokesVector.zero
  private var expectedVariance = StokesVector.zero

  public init() {}

  /// Expects what a finding leaves: its detectors, and the loss behind its settings.
  public mutating func expect(_ finding: LossFinding) {
    for i in correlationAxes.indices {
      let name = correlationAxes[i]
      let (loss, contrast) = (finding.rest[name], finding.seen.mismatch[name])
      expected[name] = areaTangent(loss) + areaTangent(contrast)
      expectedVariance[name] = finding.seen.variances[name] + finding.seen.mismatchVariances[name]
    }
  }

  /// Expects no loss and detectors that settings which were saved balance.
  public mutating func expect(_ settings: LossSettings) {
    for i in correlationAxes.indices {
      let first = CorrelationCounts.first(of: correlationAxes[i])
      let (k0, k1) = (Double(settings.keepPpm[first]), Double(settings.keepPpm[first + 1]))
      expected[correlationAxes[i]] = areaTangent((k1 - k0) / (k1 + k0))
      expectedVariance[correlationAxes[i]] = LossMeasurement.sigmaAimed * LossMeasurement.sigmaAimed
    }
  }

  /// Forgets what was counted: light begins, or the plates were elsewhere.
  public mutating func restart() {
    net = .init(repeating: 0)
    variance = .init(repeating: 0)
    lastAt = nil
  }

  /// A window is over: what is counted up to the first counts of the next one is nobody's.
  public mutating func pause() { lastAt = nil }

  /// Takes counts modulo 2^32 of a stretch of light with the plates at rest, in which no frame carries key.
  public mutating func take(_ counts: [6 of UInt32], at now: Instant, darks: DarkCounts) {
    if let lastAt {
      var raw: [6 of UInt32] = .init(repeating: 0)
      for i in raw.indices { raw[i] = counts[i] &- last[i] }
      let taken = darks.net(raw, in: now - lastAt)
      for i in taken.indices {
        net[i] += Double(taken[i].all) - taken[i].noise
        variance[i] += Double(taken[i].all) + taken[i].noiseVariance
      }
    }
    last = counts
    lastAt = now
  }

  /// Whether what is seen differs from what is expected by more than three standard deviations, as three numbers do
  /// (chi-square above 14.16). Differences below what a measurement aims at do not count as such.
  public var differs: Bool {
    var sum = 0.0
    for i in correlationAxes.indices {
      let name = correlationAxes[i]
      let first = CorrelationCounts.first(of: name)
      guard net[first] > 1_000, net[first + 1] > 1_000 else { return false }
      let contrast = (net[first] - net[first + 1]) / (net[first] + net[first + 1])
      let spread =
        (variance[first] / (net[first] * net[first]) + variance[first + 1] / (net[first + 1] * net[first + 1])) / 4
      let floor = LossMeasurement.sigmaAimed * LossMeasurement.sigmaAimed
      let off = areaTangent(contrast) - expected[name]
      sum += off * off / (spread + expectedVariance[name] + floor)
    }
    return sum > threeSigmaOfThree
  }
}

/// artanh, of what is above -1 and below 1.
private func areaTangent(_ x: Double) -> Double {
  let held = max(-0.999_999, min(0.999_999, x))
  return 0.5 * (log1p(held) - log1p(-held))
}
