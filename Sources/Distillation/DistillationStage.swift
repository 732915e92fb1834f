/// What a block goes through, as time and instructions are booked.
public enum DistillationStage: UInt8, Sendable {
  /// Counts are compared, the string is laid out.
  case permute
  /// Advantage distillation.
  case distill
  /// Tiles are corrected, and stored once they are confirmed.
  case reconcile
  /// Hashes of tiles.
  case confirm
  /// Errors are counted by intensity where that waits for all tiles, and the length of the key is computed.
  case count
  /// The Toeplitz product, and the tags.
  case privacy

  public static var countOfCases: Int { 6 }

  public var name: StaticString {
    switch self {
    case .permute: "permute"
    case .distill: "distill"
    case .reconcile: "reconcile"
    case .confirm: "confirm"
    case .count: "count"
    case .privacy: "privacy"
    }
  }
}

extension DistillerPhase {
  /// The stage that work in this phase belongs to.
  public var stage: DistillationStage {
    switch self {
    case .idle, .comparingCounts, .drawingPermutation, .awaitingPermutation, .loading, .awaitingPeerLoad: .permute
    case .comparingParities: .distill
    case .reconciling: .reconcile
    case .awaitingHash, .hashing: .confirm
    case .countingErrors, .awaitingVerdict: .count
    case .amplifying, .finished, .refused: .privacy
    }
  }
}
