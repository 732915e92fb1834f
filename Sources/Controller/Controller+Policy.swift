import Distillation
import Drivers
import Estimation
import LinkControl
import Units

/// The row of the policy is chosen between sessions and never within one: everything that a key length depends on is
/// fixed before the first pulse (finite-key.md section 1, row "fixed or variable length").
extension Controller where End: ~Copyable, Board: ~Copyable {
  /// Alice: takes the row that the error rate of the last block asks for. Bob follows when he is greeted.
  mutating func chooseRow() {
    guard End.role == .alice, configuration.policyRow != LinkConfiguration.manualRow, let last = core.last,
      last.result != nil
    else { return }
    let qber = PartsPerMillion(UInt32(min(last.qber, 0.5) * 1_000_000))
    switch Policy.row(variant: configuration.variant, qber: qber, blockBits: configuration.blockBits) {
    case .row(let index):
      guard index != Int(configuration.policyRow) else { return }
      follow(row: index, because: .lastBlock)
    case .none:
      policyReason = .noRow
    }
  }

  /// Bob: takes the row of Alice's greeting, if both follow the policy; whether it is another than before.
  mutating func followPeer(row: UInt64) -> Bool {
    guard End.role == .bob, differsByRow(row), core.distiller.isIdle else { return false }
    follow(row: Int(row), because: .peer)
    return true
  }

  /// Alice: Bob's greeting has another row, which he will leave for hers when he hears of it.
  func isRowForPeerToFollow(_ row: UInt64) -> Bool { End.role == .alice && differsByRow(row) }

  /// Whether the peer follows another row of the policy, of the same variant.
  private func differsByRow(_ row: UInt64) -> Bool {
    configuration.policyRow != LinkConfiguration.manualRow && row != UInt64(configuration.policyRow)
      && row < UInt64(PolicyTable.rows.count) && PolicyTable.rows[Int(row)].variant == configuration.variant
  }

  private mutating func follow(row: Int, because reason: PolicyReason) {
    guard core.distiller.isIdle else { return }
    // What the operator has changed stays as it is; otherwise there is nothing to apply.
    let isUnchanged = candidate.link == configuration
    configuration.follow(row: row)
    if isUnchanged { candidate.link = configuration }
    policyReason = reason
    core.distiller.adopt(configuration.plan())
    do throws(DriverFault) { try end.setLight(configuration) } catch { fail(error) }
  }
}
