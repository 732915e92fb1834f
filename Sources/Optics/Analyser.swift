import Foundation
public import Units

/// The passive three-basis analyser: a third of the light to each axis, two detectors per axis.
public enum Analyser {
  public static var detectorCount: Int { 6 }

  /// The state that detector H V D A R L (0...5) answers to.
  public static func direction(ofDetector detector: Int) -> BlochVector {
    let axes: [3 of Axis] = [.z, .x, .y]
    return (detector & 1 == 0 ? 1.0 : -1.0) * axes[detector / 2].unitVector
  }
}

/// When light may be counted within a slot, and when it arrives.
public struct GateWindow: Equatable, Sendable {
  /// Width of the gate, in picoseconds; at most a slot.
  public var widthPs: Double
  /// Middle of the gate after the start of its slot, in picoseconds.
  public var centrePs: Double
  /// Arrival of the pulse's centre after the gate's centre, in picoseconds.
  public var offsetPs: Double
  /// Standard deviation of the arrival, pulse and detector together, in picoseconds.
  public var spreadPs: Double

  public init(widthPs: Double, centrePs: Double, offsetPs: Double, spreadPs: Double) {
    self.widthPs = min(widthPs, GateWindow.slotPs)
    self.centrePs = centrePs
    self.offsetPs = offsetPs
    self.spreadPs = spreadPs
  }

  /// A gate that opens `opensAtPs` into its slot, for the pulses of `settings` that arrive `latePs` late at detectors
  /// of this jitter.
  public init(opensAtPs: Double, widthPs: Double, pulses settings: EmissionSettings, latePs: Double, jitterPs: Double) {
    let centre = opensAtPs + widthPs / 2
    let arrival = settings.pulseDelayPs + settings.pulseWidthPs / 2 + latePs
    // A Gaussian pulse of full width w at half maximum has the standard deviation w / 2.355.
    let pulse = settings.pulseWidthPs / 2.354_820_045
    self.init(
      widthPs: widthPs, centrePs: centre, offsetPs: arrival - centre,
      spreadPs: (pulse * pulse + jitterPs * jitterPs).squareRoot())
  }

  public static var slotPs: Double { Double(TimeBase.slotNs) * 1_000 }

  /// The part of a pulse that falls inside the gate. Light outside is lost, also where it would reach the gate of
  /// the next slot.
  public var captured: Double {
    let scale = spreadPs * 2.0.squareRoot()
    return (erf((widthPs / 2 - offsetPs) / scale) + erf((widthPs / 2 + offsetPs) / scale)) / 2
  }

  /// The part of all time that the gate is open.
  public var openShare: Double { widthPs / GateWindow.slotPs }
}

/// Click probabilities of every kind of pulse during one millisecond.
///
/// A phase-randomised coherent pulse on linear optics and threshold detectors gives independent Poisson numbers at the
/// detectors (the beam splitter maps coherent states to products of coherent states), so detector d clicks with
/// 1 - exp(-lambda_d) whatever the others do, with
/// lambda_d = mu eta captured (I + S.n_d)/6 efficiency_d + (dark_d + background) gate width,
/// with intensity I = 1 and S = r wherever no diattenuator stands in the way.
public struct ClickTable: Sendable {
  /// Row 3 s + i holds state s and intensity i; `prefix[7 row + d]` is the sum of lambda over the detectors below d.
  private var prefix: [Double]
  /// `firstClick[7 row + d]` is the probability that a detector below d clicks.
  private var firstClick: [Double]
  private var noise: [Double]
  /// The largest click probability of any row.
  public let clickMax: Double
  /// log(1 - clickMax), for geometric skips.
  let logNoCandidate: Double
  let arrivals: ArrivalTable

  /// `settings` of nil means that no laser fires.
  public init(channel: ChannelState, settings: EmissionSettings?, receiver: Receiver, gate: GateWindow) {
    let seconds = gate.openShare * Double(TimeBase.slotNs) * 1e-9
    noise = receiver.darkHz.map { ($0 + channel.backgroundHz) * seconds }
    prefix = []
    firstClick = []
    for state in 0..<Analyser.detectorCount {
      let arriving = channel.received(Analyser.direction(ofDetector: state))
      for intensity in [Intensity.signal, .decoy, .vacuum] {
        var photons = 0.0
        if let settings, settings.vcsels >> UInt8(state) & 1 == 1 {
          photons = settings.mean(of: intensity) * channel.transmission * gate.captured
        }
        var sum = 0.0
        for detector in 0...Analyser.detectorCount {
          prefix.append(sum)
          firstClick.append(-expm1(-sum))
          guard detector < Analyser.detectorCount else { continue }
          let share = (arriving.intensity + (arriving.stokes * Analyser.direction(ofDetector: detector)).sum()) / 6
          sum += photons * share * receiver.efficiencies[detector] + noise[detector]
        }
      }
    }
    clickMax = (0..<18).map { [firstClick] in firstClick[7 * $0 + 6] }.max()!
    logNoCandidate = log1p(-clickMax)
    arrivals = ArrivalTable(gate: gate)
  }

  @inline(__always)
  static func row(state: Int, intensity: Intensity) -> Int { 3 * state + Int(intensity.rawValue) }

  /// The mean number of counts of one detector in one slot.
  public func mean(state: Int, intensity: Intensity, detector: Int) -> Double {
    let start = 7 * Self.row(state: state, intensity: intensity) + detector
    return prefix[start + 1] - prefix[start]
  }

  /// The probability that anything clicks.
  public func click(state: Int, intensity: Intensity) -> Double {
    firstClick[7 * Self.row(state: state, intensity: intensity) + 6]
  }

  /// The part of a detector's mean that is darks and daylight.
  func noiseShare(row: Int, detector: Int) -> Double {
    noise[detector] / (prefix[7 * row + detector + 1] - prefix[7 * row + detector])
  }

  /// The lowest clicking detector, for `draw` uniform in 0 ..< 1; nil if none clicks.
  ///
  /// P(lowest = d) = exp(-lambda_0 - ... - lambda_(d-1)) (1 - exp(-lambda_d)) = firstClick[d + 1] - firstClick[d].
  @inline(__always)
  func lowestClick(row: Int, draw: Double) -> Int? {
    guard draw < firstClick[7 * row + 6] else { return nil }
    // Counted and not searched: which detector clicks is what no processor can predict.
    var detector = 0
    for below in 1..<Analyser.detectorCount { detector += draw >= firstClick[7 * row + below] ? 1 : 0 }
    return detector
  }

  /// The lowest clicking detector above `detector`, by the same rule.
  @inline(__always)
  func nextClick(row: Int, after detector: Int, draw: Double) -> Int? {
    let below = prefix[7 * row + detector + 1]
    // 1 - exp(-x) <= x settles nearly all draws without an exponential.
    guard draw < prefix[7 * row + 6] - below else { return nil }
    var next = detector + 1
    while next < Analyser.detectorCount {
      if draw < -expm1(below - prefix[7 * row + next + 1]) { return next }
      next += 1
    }
    return nil
  }
}

extension ClickTable {
  /// The mean number of counts of one detector in a slot, over all choices.
  public func mean(of detector: Int, under settings: EmissionSettings) -> Double {
    if let pattern = settings.pattern {
      let dark = (1 - pattern.litShare) * mean(state: 0, intensity: .vacuum, detector: detector)
      return pattern.shares.indices.reduce(dark) {
        $0 + pattern.shares[$1] * mean(state: $1, intensity: .signal, detector: detector)
      }
    }
    let signal = Double(settings.signalShare) / 65_536
    let decoy = Double(settings.decoyShare) / 65_536
    let shares = [signal, decoy, max(0, 1 - signal - decoy)]
    var sum = 0.0
    for state in 0..<Analyser.detectorCount {
      for intensity in [Intensity.signal, .decoy, .vacuum] {
        sum += shares[Int(intensity.rawValue)] * mean(state: state, intensity: intensity, detector: detector) / 6
      }
    }
    return sum
  }
}
