/// Why the row of the policy in force is in force.
public enum PolicyReason: Equatable, Sendable {
  /// The settings are the operator's, row or not.
  case configured
  /// The error rate of the last block asked for it.
  case lastBlock
  /// Bob follows the row that Alice greeted with.
  case peer
  /// The error rate of the last block asks for a row that blocks of this size do not have; the old one stays.
  case noRow

  var summary: StaticString {
    switch self {
    case .configured: "as configured; a session begins with the row that fits the last block"
    case .lastBlock: "chosen for the error rate of the last block"
    case .peer: "chosen by the peer for the error rate of the last block"
    case .noRow: "kept: at the error rate of the last block no row gives key in blocks of this size"
    }
  }
}
