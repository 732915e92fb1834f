import Estimation

/// The blocks of finite-key.md section 7, and one of our own for BB84 with distillation.
enum Sample {
  static let point6 = DecoyCounts(
    sifted: [515_139_092, 15_413_568, 70_399], errors: [106_682_057, 3_199_288, 16_448])
  static let point7 = DecoyCounts(sifted: [605_089_514, 675_794, 770], errors: [12_111_184, 13_713, 49])
  static let point10 = DecoyCounts(sifted: [372_518_583, 1_398_350, 2_200], errors: [18_634_516, 70_278, 200])
  static let pairs = DecoyCounts(sifted: [372_518_583, 6_398_350, 2_200], errors: [22_351_115, 383_900, 260])

  static let settings6 = DecoySettings(means: [0.063, 0.0104, 0.0002], shares: [0.82, 0.148, 0.032])!
  static let settings7 = DecoySettings(means: [0.64, 0.033, 0.0002], shares: [0.976, 0.0205, 0.0035])!
  static let settings10 = DecoySettings(means: [0.4, 0.035, 0.0002], shares: [0.95, 0.04, 0.01])!
  static let settingsPairs = DecoySettings(means: [0.2, 0.035, 0.0002], shares: [0.85, 0.12, 0.03])!
}

extension DecoyCounts {
  /// The same block with one cross-click among 5000 sifted rounds of each intensity.
  var withCrossClicks: DecoyCounts {
    DecoyCounts(
      sifted: sifted, errors: errors, crossClicks: [sifted[0] / 5000, sifted[1] / 5000, sifted[2] / 5000])
  }

  /// Every count times `factor`, rounded down.
  func scaled(sifted a: Double = 1, errors b: Double = 1, crossClicks c: Double = 1) -> DecoyCounts {
    func times(_ counts: [3 of UInt64], _ factor: Double) -> [3 of UInt64] {
      [
        UInt64(Double(counts[0]) * factor), UInt64(Double(counts[1]) * factor), UInt64(Double(counts[2]) * factor),
      ]
    }
    return DecoyCounts(sifted: times(sifted, a), errors: times(errors, b), crossClicks: times(crossClicks, c))
  }
}

/// The four ways to bound one block: announced at its end or on the way, without and with the multi-photon tag.
enum Form: CaseIterable {
  case inversion, streaming, inversionTagged, streamingTagged

  func counts(_ counts: DecoyCounts) -> DecoyCounts {
    switch self {
    case .inversion, .streaming: counts
    case .inversionTagged, .streamingTagged: counts.withCrossClicks
    }
  }

  func plan<Credit: SecurityCredit>(
    _ credit: Credit, _ settings: DecoySettings, block: Int, planned: DecoyCounts
  ) -> KeyLengthPlan<Credit> {
    let tails: BlockTails =
      switch self {
      case .inversion, .inversionTagged: .inversion
      case .streaming, .streamingTagged: .streaming(planned: planned)
      }
    let tag: MultiPhotonTag =
      switch self {
      case .inversion, .streaming: .absent
      case .inversionTagged, .streamingTagged: .crossClicks()
      }
    return KeyLengthPlan(credit: credit, settings: settings, block: block, tails: tails, multiPhotonTag: tag)
  }
}
