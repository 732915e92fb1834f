import Foundation
public import Units

/// How much Eve lets pass when she splits: shares of the pulses with one photon and with more.
public struct SplitShares: Equatable, Sendable {
  public let single: Double
  public let multiple: Double

  public init(single: Double, multiple: Double) {
    self.single = single
    self.multiple = multiple
  }
}

/// Click probabilities of every kind of light that Bob can get from Eve, during one millisecond.
///
/// A row is the choice of Alice together with what Eve did. Light of a definite photon number gives no independent
/// detectors, so a row holds the probability of each of the 64 masks. They follow from the probability that no
/// detector of a set S clicks, by inclusion and exclusion:
/// P(mask = M) = sum over T within M of (-1)^(|M| - |T|) none(all but T). With q_S the probability that one photon at
/// Alice's exit is counted in S and N_S the mean of darks and daylight there,
/// none(S) = exp(-N_S) (1 - q_S)^m for m photons (each goes its own way through linear optics), and
/// none(S) = exp(-N_S) (exp(-mu q_S) - exp(-mu))/(1 - exp(-mu)) for a Poisson number that is known not to be zero.
public struct EveClickTable: Sendable {
  /// `cumulative[64 row + i]` is the probability that one of the masks `masksInOrder[0...i]` clicks.
  private var cumulative: [Double] = []
  /// `noiseShare[6 row + d]` is the part of the detector's mean that is darks and daylight.
  private var noiseShares: [Double] = []
  /// The largest click probability of any row.
  public private(set) var clickMax = 0.0
  /// log(1 - clickMax), for geometric skips.
  private(set) var logNoCandidate = 0.0
  /// What passes if the attack is `split`.
  public private(set) var passes = SplitShares(single: 1, multiple: 1)

  /// A slot whose photon draw is below `darkBelow` sends Bob no light, whatever the choice, and then clicks with at
  /// most `darkMax`.
  private var darkBelow = 0.0
  private var darkMax = 0.0
  let source: EveSource
  let arrivals: ArrivalTable
  private let attack: EveAttack
  private let lasers: UInt8
  private let means: [3 of Double]

  /// Eve's attack must be one that depends on the slot, `intercept` or `split`.
  public init(
    _ eve: Eavesdropper, channel: ChannelState, settings: EmissionSettings, receiver: Receiver, gate: GateWindow
  ) {
    source = eve.source
    arrivals = ArrivalTable(gate: gate)
    attack = eve.attack
    means = [settings.signalMean, settings.decoyMean, settings.vacuumMean]
    let path = Path(receiver: receiver, channel: channel, gate: gate)
    lasers = settings.vcsels
    switch attack {
    case .intercept:
      for state in 0...Analyser.detectorCount {
        for intensity in 0..<3 {
          let isLit = state == Analyser.detectorCount || lasers >> UInt8(state) & 1 == 1
          let reach = path.reach(state: state, transmission: isLit ? channel.transmission : 0)
          appendRow(path, reach, meanPhotons: 0) { _ in 1 }
          appendRow(path, reach, meanPhotons: means[intensity]) { [mean = means[intensity]] in
            mean > 0 ? exp(-mean * $0) * expm1(-mean * (1 - $0)) / expm1(-mean) : 1
          }
        }
      }
    case .split:
      for state in 0..<Analyser.detectorCount {
        let reach = path.reach(state: state, transmission: lasers >> UInt8(state) & 1 == 1 ? 1 : 0)
        for photons in 0..<EveDraw.photonsMax {
          appendRow(path, reach, meanPhotons: Double(photons)) { pow(1 - $0, Double(photons)) }
        }
      }
      passes = solve(path, channel)
    case .axisLoss: preconditionFailure("a loss on one axis belongs to the receiver")
    }
    // Fainter pulses are empty, or hold one photon at most, more often than the brightest.
    let brightest = max(means[0], means[1], means[2])
    darkBelow = exp(-brightest) * (attack == .split && passes.single == 0 ? 1 + brightest : 1)
    logNoCandidate = log1p(-min(clickMax, 1 - 0x1p-53))
  }

  /// Whether a slot with these draws can click at all; most cannot, and need neither choice nor row.
  @inline(__always)
  func mayClick(_ eve: EveDraw, draw: Double) -> Bool { draw < darkMax || eve.photons >= darkBelow }

  /// The row of one slot.
  @inline(__always)
  func row(of choice: PulseChoice, _ draw: EveDraw) -> Int {
    let mean = means[Int(choice.intensity.rawValue)]
    switch attack {
    case .intercept(let share):
      let isLit = lasers >> UInt8(choice.state) & 1 == 1
      let isMixed = isLit && draw.action < share && draw.axis != choice.physicalAxis
      let state = isMixed ? Analyser.detectorCount : choice.state
      let isEmpty = draw.photonNumber(mean: mean) == 0
      return 2 * ClickTable.row(state: state, intensity: choice.intensity) + (isEmpty ? 0 : 1)
    case .split:
      let photons = draw.photonNumber(mean: mean)
      return EveDraw.photonsMax * choice.state + passes.forwarded(of: photons, draw)
    case .axisLoss: preconditionFailure("a loss on one axis belongs to the receiver")
    }
  }

  /// The clicks of one slot, for `draw` uniform in 0 ..< 1; zero if there are none.
  @inline(__always)
  func clicks(row: Int, draw: Double) -> UInt8 {
    guard draw < cumulative[64 * row + 62] else { return 0 }
    var i = 0
    while draw >= cumulative[64 * row + i] { i += 1 }
    return masksInOrder[i]
  }

  /// The probability of exactly these clicks in a slot of this choice and these draws of Eve.
  public func probability(of mask: UInt8, _ choice: PulseChoice, _ draw: EveDraw) -> Double {
    let start = 64 * row(of: choice, draw)
    guard mask != 0 else { return 1 - cumulative[start + 62] }
    guard let i = masksInOrder.firstIndex(of: mask) else { preconditionFailure("six detectors") }
    return cumulative[start + i] - (i > 0 ? cumulative[start + i - 1] : 0)
  }

  func noiseShare(row: Int, detector: Int) -> Double { noiseShares[6 * row + detector] }

  private mutating func appendRow(
    _ path: Path, _ reach: [Double], meanPhotons: Double, unseen: (Double) -> Double
  ) {
    // silent[T] is the probability that nothing clicks outside of T.
    var silent = [Double](repeating: 0, count: 64)
    for mask in 0..<64 {
      var photon = 0.0
      var noise = 0.0
      for detector in 0..<Analyser.detectorCount where mask >> detector & 1 == 0 {
        photon += reach[detector]
        noise += path.noise[detector]
      }
      silent[mask] = exp(-noise) * unseen(photon)
    }
    for detector in 0..<Analyser.detectorCount {
      for mask in 0..<64 where mask >> detector & 1 == 1 { silent[mask] -= silent[mask ^ 1 << detector] }
    }
    var sum = 0.0
    for mask in masksInOrder {
      // Differences of numbers below one are exact within 2^-50, and such a mask is never seen.
      sum += max(0, silent[Int(mask)])
      cumulative.append(sum)
    }
    cumulative.append(sum)
    clickMax = max(clickMax, sum)
    if meanPhotons == 0 { darkMax = max(darkMax, sum) }
    for detector in 0..<Analyser.detectorCount {
      let mean = meanPhotons * reach[detector] + path.noise[detector]
      noiseShares.append(mean > 0 ? path.noise[detector] / mean : 1)
    }
  }
}

extension EveClickTable {
  /// The way from Alice's exit into the detectors.
  private struct Path {
    let receiver: Receiver
    let channel: ChannelState
    let captured: Double
    let noise: [Double]

    init(receiver: Receiver, channel: ChannelState, gate: GateWindow) {
      self.receiver = receiver
      self.channel = channel
      captured = gate.captured
      let seconds = gate.openShare * Double(TimeBase.slotNs) * 1e-9
      noise = receiver.darkHz.map { ($0 + channel.backgroundHz) * seconds }
    }

    /// Probability that a photon in `state` is counted, per detector. State 6 is the mixture of two opposite states:
    /// what a photon is in when it was measured on an axis that says nothing about it.
    func reach(state: Int, transmission: Double) -> [Double] {
      let isMixed = state == Analyser.detectorCount
      let arriving = channel.received(isMixed ? .zero : Analyser.direction(ofDetector: state))
      return (0..<Analyser.detectorCount).map { detector in
        let share = (arriving.intensity + (arriving.stokes * Analyser.direction(ofDetector: detector)).sum()) / 6
        return transmission * captured * share * receiver.efficiencies[detector]
      }
    }
  }

  /// The share of pulses that must pass for Bob's signal rate to be that of the channel without Eve, or as near to it
  /// as she can come. Pulses that she has a photon of go first.
  private func solve(_ path: Path, _ channel: ChannelState) -> SplitShares {
    let mean = means[0]
    guard mean > 0 else { return SplitShares(single: 1, multiple: 1) }
    var expected = 0.0
    for state in 0..<Analyser.detectorCount {
      let photon = path.reach(state: state, transmission: channel.transmission).reduce(0, +)
      expected -= expm1(-mean * photon - path.noise.reduce(0, +)) / 6
    }
    let clicks = (0..<EveDraw.photonsMax).map { photons in
      (0..<Analyser.detectorCount).reduce(0.0) {
        $0 + cumulative[64 * (EveDraw.photonsMax * $1 + photons) + 62] / 6
      }
    }
    var share = exp(-mean) * mean
    let single = share * (clicks[1] - clicks[0])
    var multiple = 0.0
    for photons in 2...EveDraw.photonsMax {
      share *= mean / Double(photons)
      multiple += share * (clicks[photons - 1] - clicks[0])
    }
    let needed = max(0, expected - clicks[0])
    if multiple >= needed { return SplitShares(single: 0, multiple: multiple > 0 ? needed / multiple : 0) }
    return SplitShares(single: single > 0 ? min(1, (needed - multiple) / single) : 0, multiple: 1)
  }
}

extension SplitShares {
  /// Photons that go on to Bob of a pulse with so many.
  @inline(__always)
  func forwarded(of photons: Int, _ draw: EveDraw) -> Int {
    switch photons {
    case 0: 0
    case 1: draw.action < single ? 1 : 0
    default: draw.action < multiple ? photons - 1 : 0
    }
  }
}

extension PulseChoice {
  /// The axis of the state that is sent, behind the twirl.
  public var physicalAxis: Axis { physicalAxes[state / 2] }
}

private let physicalAxes: [3 of Axis] = [.z, .x, .y]

/// Masks with few clicks first, which is where a search nearly always ends.
private let masksInOrder: [UInt8] = (1..<64).map { UInt8($0) }.sorted {
  ($0.nonzeroBitCount, $0) < ($1.nonzeroBitCount, $1)
}
