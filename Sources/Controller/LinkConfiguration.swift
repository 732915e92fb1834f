public import Distillation
import Estimation
public import Units
import Wire

/// The settings that both modules must share, numbered from zero without gaps.
public enum ConfigurationField: UInt8, Sendable {
  case protocolVersion, linkId, variant, meanSignal, meanDecoy, meanVacuum, shareSignal, shareDecoy
  case blockBits, exchangeFrames, axisShareMax, epsilonSecret, epsilonCorrect
  case plannedSifted, plannedQber, plannedCross

  public static var count: UInt8 { 16 }

  public var name: StaticString {
    switch self {
    case .protocolVersion: "protocol_version"
    case .linkId: "link_id"
    case .variant: "variant"
    case .meanSignal: "mean_signal"
    case .meanDecoy: "mean_decoy"
    case .meanVacuum: "mean_vacuum"
    case .shareSignal: "share_signal"
    case .shareDecoy: "share_decoy"
    case .blockBits: "block_bits"
    case .exchangeFrames: "exchange_frames"
    case .axisShareMax: "axis_share_max"
    case .epsilonSecret: "epsilon_secret"
    case .epsilonCorrect: "epsilon_correct"
    case .plannedSifted: "planned_sifted"
    case .plannedQber: "planned_qber"
    case .plannedCross: "planned_cross"
    }
  }
}

/// What the session is run with. Everything that enters a key length is fixed here, before the first pulse.
public struct LinkConfiguration: Equatable, Sendable {
  public var linkId: UInt64 = 1
  public var variant = TwirlVariant.perPulse
  /// Mean photon numbers of signal, decoy and vacuum, at the plane before any common loss.
  public var means: [3 of MeanPhotonNumber] = [
    MeanPhotonNumber(millionths: 500_000), MeanPhotonNumber(millionths: 150_000), MeanPhotonNumber(millionths: 200),
  ]
  /// How often signal and decoy are drawn; the rest is vacuum.
  public var shareSignal = Share(of65536: 49_807)
  public var shareDecoy = Share(of65536: 13_107)
  /// Sifted bits at which a block is closed. Up to `blockOverrunBits` more may belong to it.
  public var blockBits: UInt32 = 1 << 21
  /// Frames of the exchange; zero means until stopped.
  public var exchangeFrames: UInt32 = 0
  /// The largest share of any axis among sifted events that the device is trusted not to exceed. The default covers
  /// detectors whose efficiencies differ by 3 % and is charged to every key length; a share above it refuses the block.
  public var axisShareMax = PartsPerMillion(342_000)
  /// Failure probabilities as powers of ten, sign left out.
  public var epsilonSecret: UInt8 = 10
  public var epsilonCorrect: UInt8 = 15
  /// What a block is expected to hold; it fixes the exponents of the streaming bounds and is no promise.
  public var plannedSifted: UInt32 = 1_500_000
  public var plannedQber = PartsPerMillion(25_000)
  public var plannedCross = PartsPerMillion(2_000)

  public init() {}

  public static func == (a: LinkConfiguration, b: LinkConfiguration) -> Bool { a.firstDifference(from: b) == nil }

  public subscript(field: ConfigurationField) -> UInt64 {
    switch field {
    case .protocolVersion: UInt64(Frame.version)
    case .linkId: linkId
    case .variant: UInt64(variant.rawValue)
    case .meanSignal: UInt64(means[0].millionths)
    case .meanDecoy: UInt64(means[1].millionths)
    case .meanVacuum: UInt64(means[2].millionths)
    case .shareSignal: UInt64(shareSignal.count)
    case .shareDecoy: UInt64(shareDecoy.count)
    case .blockBits: UInt64(blockBits)
    case .exchangeFrames: UInt64(exchangeFrames)
    case .axisShareMax: UInt64(axisShareMax.count)
    case .epsilonSecret: UInt64(epsilonSecret)
    case .epsilonCorrect: UInt64(epsilonCorrect)
    case .plannedSifted: UInt64(plannedSifted)
    case .plannedQber: UInt64(plannedQber.count)
    case .plannedCross: UInt64(plannedCross.count)
    }
  }

  /// The first field, in order, in which two configurations differ.
  public func firstDifference(from other: LinkConfiguration) -> ConfigurationField? {
    for number in 0..<ConfigurationField.count {
      guard let field = ConfigurationField(rawValue: number) else { preconditionFailure("fields have no gaps") }
      if self[field] != other[field] { return field }
    }
    return nil
  }
}

extension LinkConfiguration {
  /// Sifted bits that may still enter a block once it is full: those of all batches in flight.
  public static var blockOverrunBits: UInt32 { UInt32(SiftingBatch.inFlightMax * SiftingBatch.eventsMax) }

  /// The share of the likelier logical basis among sifted events of `perBlock` that the device is trusted not to
  /// exceed: as for `axisShareMax`, detectors whose efficiencies differ by 3 %.
  static var basisShareMax: PartsPerMillion { PartsPerMillion(510_000) }

  /// The longest exchange, 130 days; frame numbers leave room for it behind any frame of the first year.
  static var exchangeFramesMax: UInt32 { 1 << 30 }

  /// Sets a field from its number; false when the value is outside of the field's type.
  public mutating func set(_ field: ConfigurationField, to value: UInt64) -> Bool {
    guard value <= UInt64(UInt32.max) || field == .linkId else { return false }
    let word = UInt32(truncatingIfNeeded: value)
    switch field {
    case .protocolVersion: return false
    case .linkId: linkId = value
    case .variant:
      guard value < 2 else { return false }
      variant = value == 0 ? .perPulse : .perBlock
    case .meanSignal: means[0] = MeanPhotonNumber(millionths: word)
    case .meanDecoy: means[1] = MeanPhotonNumber(millionths: word)
    case .meanVacuum: means[2] = MeanPhotonNumber(millionths: word)
    case .shareSignal, .shareDecoy:
      guard value <= 65_536 else { return false }
      if field == .shareSignal { shareSignal = Share(of65536: word) } else { shareDecoy = Share(of65536: word) }
    case .blockBits: blockBits = word
    case .exchangeFrames: exchangeFrames = word
    case .axisShareMax: axisShareMax = PartsPerMillion(word)
    case .epsilonSecret, .epsilonCorrect:
      guard value <= 255 else { return false }
      if field == .epsilonSecret { epsilonSecret = UInt8(value) } else { epsilonCorrect = UInt8(value) }
    case .plannedSifted: plannedSifted = word
    case .plannedQber: plannedQber = PartsPerMillion(word)
    case .plannedCross: plannedCross = PartsPerMillion(word)
    }
    return true
  }

  /// The field that cannot be used as it is, if there is one.
  public func unusableField() -> ConfigurationField? {
    guard means[0].millionths < 1 << 20, means[1].millionths < 1 << 20, means[2].millionths < 1 << 20,
      means[0].millionths > means[1].millionths + means[2].millionths
    else { return .meanSignal }
    guard means[1].millionths > means[2].millionths else { return .meanDecoy }
    guard shareSignal.count > 0 else { return .shareSignal }
    guard shareDecoy.count > 0, shareSignal.count + shareDecoy.count < 65_536 else { return .shareDecoy }
    guard blockBits >= 1 << 10, blockBits <= UInt32(SiftedBits.max) - Self.blockOverrunBits else { return .blockBits }
    guard exchangeFrames <= Self.exchangeFramesMax else { return .exchangeFrames }
    guard axisShareMax.count >= 333_334, axisShareMax.count < 500_000 else { return .axisShareMax }
    guard (1...30).contains(epsilonSecret) else { return .epsilonSecret }
    guard (1...15).contains(epsilonCorrect) else { return .epsilonCorrect }
    guard plannedSifted > 0 else { return .plannedSifted }
    guard plannedQber.count < 500_000 else { return .plannedQber }
    return plannedCross.count < 500_000 ? nil : .plannedCross
  }

  /// The key-length plan of every block of the session. The configuration must be usable.
  public func plan() -> DistillationPlan {
    let vacuumShare = Share(of65536: 65_536 - shareSignal.count - shareDecoy.count)
    let axis = axisShareMax.value
    guard let settings = DecoySettings(means: means, shares: [shareSignal, shareDecoy, vacuumShare]),
      let perPulse = PerPulse(axisShareMax: axis), let perBlock = PerBlock(basisShareMax: Self.basisShareMax.value)
    else { preconditionFailure("the configuration was checked") }
    let tails = BlockTails.streaming(planned: plannedCounts(vacuumShare))
    let target = SecurityTarget(
      epsilonSecret: Self.powerOfTen(epsilonSecret), epsilonCorrect: Self.powerOfTen(epsilonCorrect))
    switch variant {
    case .perPulse:
      var plan = KeyLengthPlan(
        credit: perPulse, settings: settings, block: 1, tails: tails, multiPhotonTag: .crossClicks(axisShareMax: axis))
      plan.target = target
      return DistillationPlan(credit: .perPulse(plan), expectedQber: plannedQber, axisShareMax: axisShareMax)
    case .perBlock:
      var plan = KeyLengthPlan(
        credit: perBlock, settings: settings, block: 1, tails: tails, multiPhotonTag: .crossClicks(axisShareMax: axis))
      plan.target = target
      return DistillationPlan(credit: .perBlock(plan), expectedQber: plannedQber, axisShareMax: Self.basisShareMax)
    }
  }

  /// Planned counts by intensity: events in proportion to the light that is sent, and a little noise in the vacuum.
  private func plannedCounts(_ vacuumShare: Share) -> DecoyCounts {
    let shares: [3 of Double] = [shareSignal.value, shareDecoy.value, vacuumShare.value]
    var weights: [3 of Double] = .init(repeating: 0)
    var total = 0.0
    for i in weights.indices {
      // Dark counts keep the vacuum from being planned empty: one event in a hundred of a signal pulse's.
      weights[i] = shares[i] * (means[i].value + 0.01 * means[0].value)
      total += weights[i]
    }
    var sifted: [3 of UInt64] = .init(repeating: 0)
    var errors: [3 of UInt64] = .init(repeating: 0)
    var cross: [3 of UInt64] = .init(repeating: 0)
    for i in weights.indices {
      let count = Double(plannedSifted) * weights[i] / total
      sifted[i] = UInt64(count) + 1
      errors[i] = UInt64(count * plannedQber.value)
      cross[i] = UInt64(count * plannedCross.value * means[i].value / means[0].value)
    }
    return DecoyCounts(sifted: sifted, errors: errors, crossClicks: cross)
  }

  private static func powerOfTen(_ exponent: UInt8) -> Double {
    var power = 1.0
    for _ in 0..<exponent { power /= 10 }
    return power
  }
}
