extension ConfigurationField {
  /// What `LinkConfiguration.unusableField()` asks of a field: the condition of a proof, or of the device.
  public var condition: StaticString {
    switch self {
    case .protocolVersion: "the version is the program's"
    case .linkId: "any number"
    case .variant: "0 (perPulse) or 1 (perBlock)"
    case .meanSignal: "mean_signal must exceed mean_decoy + mean_vacuum, and all means stay below 1048576"
    case .meanDecoy: "mean_decoy must exceed mean_vacuum"
    case .meanVacuum: "mean_vacuum must stay below mean_decoy"
    case .shareSignal: "share_signal must be at least 1 of 65536"
    case .shareDecoy: "share_decoy must be at least 1, and leave vacuum at least 1 of 65536 with share_signal"
    case .blockBits: "block_bits must be 1024 or more, and 2^28 with the batches in flight at most"
    case .exchangeFrames: "exchange_frames must be 2^30 at most"
    case .axisShareMax: "axis_share_max must be from 333334 to 499999: a third is the least that an axis can have"
    case .epsilonSecret: "epsilon_secret must be 1 to 30, for 10^-1 to 10^-30"
    case .epsilonCorrect: "epsilon_correct must be 1 to 15, for 10^-1 to 10^-15"
    case .plannedSifted: "planned_sifted must be at least 1"
    case .plannedQber: "planned_qber must stay below 500000"
    case .plannedCross: "planned_cross must stay below 500000"
    case .adBlock: "ad_block must be 1 to 16"
    case .plannedVacuum: "planned_vacuum must stay below 500000"
    case .policyRow: "policy_row must name a row of the table, or be 65535"
    case .reconciliation: "0 (least leak) or 1 (fewest exchanges)"
    }
  }
}
