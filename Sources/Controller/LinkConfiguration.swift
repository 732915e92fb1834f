public import Distillation
public import Estimation
public import Units
import Wire

/// The settings that both modules must share, numbered from zero without gaps.
public enum ConfigurationField: UInt8, Sendable {
  case protocolVersion, linkId, variant, meanSignal, meanDecoy, meanVacuum, shareSignal, shareDecoy
  case blockBits, exchangeFrames, axisShareMax, epsilonSecret, epsilonCorrect
  case plannedSifted, plannedQber, plannedCross
  case adBlock, plannedVacuum, policyRow, reconciliation

  public static var count: UInt8 { 20 }

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
    case .adBlock: "ad_block"
    case .plannedVacuum: "planned_vacuum"
    case .policyRow: "policy_row"
    case .reconciliation: "reconciliation"
    }
  }
}

extension ConfigurationField {
  /// Whether a row of the policy sets it.
  var belongsToPolicy: Bool {
    switch self {
    case .variant, .meanSignal, .meanDecoy, .meanVacuum, .shareSignal, .shareDecoy, .adBlock, .plannedQber,
      .plannedCross, .plannedVacuum:
      true
    case .protocolVersion, .linkId, .blockBits, .exchangeFrames, .axisShareMax, .epsilonSecret, .epsilonCorrect,
      .plannedSifted, .policyRow, .reconciliation:
      false
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
  /// Share of vacuum pulses among sifted bits.
  public var plannedVacuum = PartsPerMillion(400)
  /// Block length of advantage distillation, 1...16; 1 is none.
  public var adBlock: UInt8 = 1
  /// The row of the policy table that the settings follow; `manualRow` if they were set one by one.
  public var policyRow: UInt16 = Self.manualRow

  /// Whether tiles are corrected with the least leak or with the fewest exchanges: the second on a link whose round
  /// trips are long.
  public var reconciliation = ReconciliationFamily.leastLeak

  public static var manualRow: UInt16 { .max }

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
    case .adBlock: UInt64(adBlock)
    case .plannedVacuum: UInt64(plannedVacuum.count)
    case .policyRow: UInt64(policyRow)
    case .reconciliation: UInt64(reconciliation.rawValue)
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
    case .adBlock:
      guard value <= 255 else { return false }
      adBlock = UInt8(value)
    case .plannedVacuum: plannedVacuum = PartsPerMillion(word)
    case .policyRow:
      guard value != UInt64(Self.manualRow) else {
        policyRow = Self.manualRow
        return true
      }
      guard value < UInt64(PolicyTable.rows.count) else { return false }
      follow(row: Int(value))
    case .reconciliation:
      guard let family = ReconciliationFamily(rawValue: UInt8(clamping: value)) else { return false }
      reconciliation = family
    }
    if field.belongsToPolicy { policyRow = Self.manualRow }
    return true
  }

  /// Takes light, block length of advantage distillation and expectations from a row of the policy, and its variant.
  public mutating func follow(row index: Int) {
    let row = PolicyTable.rows[index]
    variant = row.variant
    means = row.means
    shareSignal = row.shares[0]
    shareDecoy = row.shares[1]
    adBlock = row.adBlock
    plannedQber = PartsPerMillion(row.plannedErrorPpm)
    plannedCross = PartsPerMillion(row.plannedCrossPpm)
    plannedVacuum = PartsPerMillion(row.plannedVacuumPpm)
    policyRow = UInt16(index)
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
    guard plannedCross.count < 500_000 else { return .plannedCross }
    guard (1...16).contains(adBlock) else { return .adBlock }
    return plannedVacuum.count < 500_000 ? nil : .plannedVacuum
  }

  /// The key-length plan of every block of the session. The configuration must be usable.
  public func plan() -> DistillationPlan {
    let vacuumShare = Share(of65536: 65_536 - shareSignal.count - shareDecoy.count)
    guard let settings = DecoySettings(means: means, shares: [shareSignal, shareDecoy, vacuumShare]) else {
      preconditionFailure("the configuration was checked")
    }
    var plan = DistillationPlan(
      credit: credit(settings), expectedQber: plannedQber, axisShareMax: creditedShareMax)
    plan.reconciliation = reconciliation
    if policyRow != Self.manualRow { plan.edge = PartsPerMillion(PolicyTable.rows[Int(policyRow)].edgePpm) }
    return plan
  }

  /// The share of the likeliest axis, or of the likelier basis, that the credit is computed for.
  public var creditedShareMax: PartsPerMillion {
    switch variant {
    case .perPulse: axisShareMax
    case .perBlock: Self.basisShareMax
    }
  }

  /// What the variant of the twirl is worth.
  private func credit(_ settings: DecoySettings) -> BlockCredit {
    switch variant {
    case .perPulse:
      guard let credit = PerPulse(axisShareMax: axisShareMax.value) else { preconditionFailure("checked") }
      return .perPulse(keyLengthPlan(credit, settings, axisShareMax: axisShareMax.value))
    case .perBlock:
      guard let credit = PerBlock(basisShareMax: Self.basisShareMax.value) else { preconditionFailure("constant") }
      return .perBlock(keyLengthPlan(credit, settings, axisShareMax: axisShareMax.value))
    }
  }

  private func keyLengthPlan<Credit: SecurityCredit>(
    _ credit: Credit, _ settings: DecoySettings, axisShareMax: Double
  ) -> KeyLengthPlan<Credit> {
    var plan = KeyLengthPlan(
      credit: credit, settings: settings, block: Int(adBlock), tails: .streaming(planned: plannedCounts()),
      multiPhotonTag: .crossClicks(axisShareMax: axisShareMax))
    plan.target = SecurityTarget(
      epsilonSecret: Self.powerOfTen(epsilonSecret), epsilonCorrect: Self.powerOfTen(epsilonCorrect))
    return plan
  }

  /// Planned counts by intensity: signal and decoy in proportion to the light that is sent, vacuum as configured, half
  /// of it wrong.
  public func plannedCounts() -> DecoyCounts {
    if policyRow != Self.manualRow { return PolicyTable.rows[Int(policyRow)].plannedCounts(sifted: plannedSifted) }
    let signal = shareSignal.value * means[0].value
    let decoy = shareDecoy.value * means[1].value
    let lit = Double(plannedSifted) * (1 - plannedVacuum.value)
    let bits: [3 of Double] = [
      lit * signal / (signal + decoy), lit * decoy / (signal + decoy), Double(plannedSifted) * plannedVacuum.value,
    ]
    var sifted: [3 of UInt64] = .init(repeating: 0)
    var errors: [3 of UInt64] = .init(repeating: 0)
    var cross: [3 of UInt64] = .init(repeating: 0)
    for i in bits.indices {
      sifted[i] = UInt64(bits[i]) + 1
      errors[i] = UInt64(bits[i] * (i == 2 ? 0.5 : plannedQber.value))
      cross[i] = UInt64(bits[i] * plannedCross.value * means[i].value / means[0].value)
    }
    return DecoyCounts(sifted: sifted, errors: errors, crossClicks: cross)
  }

  private static func powerOfTen(_ exponent: UInt8) -> Double {
    var power = 1.0
    for _ in 0..<exponent { power /= 10 }
    return power
  }
}
