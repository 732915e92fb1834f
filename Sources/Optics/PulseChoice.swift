public import Units

/// What Alice sends in one slot, as her choice memory holds it.
public struct PulseChoice: Equatable, Sendable {
  /// Element of `Twirl`, 0...11.
  public let twirl: UInt8
  /// The axis before the twirl.
  public let axis: Axis
  /// 0 or 1, before the twirl.
  public let bit: UInt8
  public let intensity: Intensity

  public init(twirl: UInt8, axis: Axis, bit: UInt8, intensity: Intensity) {
    self.twirl = twirl
    self.axis = axis
    self.bit = bit
    self.intensity = intensity
  }

  /// The laser that fires, which is also the detector that would answer in a perfect channel: 0...5 for H V D A R L.
  public var state: Int { stateTable[(Int(twirl) * 3 + Int(axis.rawValue)) * 2 + Int(bit)] }
}

/// The settings of the transmitter that decide what a choice means; constant within a frame.
public struct EmissionSettings: Equatable, Sendable {
  /// Mean photon numbers at the exit, before any common loss.
  public var signalMean = 0.0
  public var decoyMean = 0.0
  public var vacuumMean = 0.0
  /// Of 65 536 pulses; the rest is vacuum.
  public var signalShare: UInt32 = 0
  public var decoyShare: UInt32 = 0
  public var variant = TwirlVariant.perPulse
  /// Bit s is set if laser s (H V D A R L) may fire.
  public var vcsels: UInt8 = 0
  /// Full width of the pulse at half maximum, in picoseconds.
  public var pulseWidthPs = 500.0
  public var pulseDelayPs = 0.0
  /// The public pattern in place of key. Dark slots have the vacuum's mean, which is zero then.
  public var pattern: SyncLight?

  public init() {}

  public func mean(of intensity: Intensity) -> Double {
    switch intensity {
    case .signal: return signalMean
    case .decoy: return decoyMean
    case .vacuum: return vacuumMean
    }
  }
}

/// Alice's random choices as a pure function of seed, frame and slot, so that the choice of any slot can be asked for
/// at any time without storing a hundred million of them per second.
public struct ChoiceSource: Sendable {
  private let key: UInt64

  public init(seed: UInt64) { key = seed }

  /// The choice of one slot. Each of the 72 combinations of twirl, axis and bit has probability 1/72 within 2^-32.
  ///
  /// With `perBlock` the wave plates twirl, so the element is 0 and the axis X or Z: four states, one bit each. A
  /// pattern leaves no choice.
  @inline(__always)
  public func choice(frame: UInt32, slot: UInt32, settings: EmissionSettings) -> PulseChoice {
    if let pattern = settings.pattern { return pattern.choice(at: slot) }
    let random = Philox.block(low: UInt64(frame) << 20 | UInt64(slot), high: 0, key: key).0
    let draw = UInt32(truncatingIfNeeded: random & 0xffff)
    let intensity: Intensity =
      draw < settings.signalShare ? .signal : draw < settings.signalShare + settings.decoyShare ? .decoy : .vacuum
    switch settings.variant {
    case .perPulse:
      let index = ((random &>> 32) &* 72) &>> 32
      return PulseChoice(
        twirl: UInt8(index / 6), axis: axes[Int(index / 2 % 3)], bit: UInt8(index & 1), intensity: intensity)
    case .perBlock:
      let index = random &>> 62
      return PulseChoice(twirl: 0, axis: index < 2 ? .x : .z, bit: UInt8(index & 1), intensity: intensity)
    }
  }
}

private let axes: [3 of Axis] = [.x, .y, .z]

/// Physical state of (twirl, axis, bit), derived once from the rotation matrices.
private let stateTable: [Int] = (0..<72).map { index in
  let sign = index & 1 == 0 ? 1.0 : -1.0
  let state = Twirl.rotation(index / 6).applied(to: sign * axes[index / 2 % 3].unitVector)
  return (0..<Analyser.detectorCount).first { Analyser.direction(ofDetector: $0) == state }!
}
