import Authentication
import Estimation
import FixedStorage
import Ports
import Reconciliation
import Sifting
import Units
import Wire

extension Distiller {
  mutating func receiveAsBob(
    _ type: MessageType, _ payload: Span<UInt8>, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    var reader = ByteReader()
    switch (phase, type) {
    case (.comparingCounts, .closed):
      let counts = try IntensityCounts(from: payload, &reader)
      try reader.finish(payload)
      guard counts == summary.sifted else { return refuse(.countsDiffer, &channel) }
      guard siftedBits > 0 else { return refuse(.empty, &channel) }
      beginLoading()
    case (.awaitingPermutation, .permutation):
      try takePermutation(payload, &reader)
    case (.loading, .loaded), (.awaitingPeerLoad, .loaded):
      try takePeerLoaded(payload, &channel)
    case (.comparingParities, .parities):
      try takeParities(ofGroups: payload, &reader, &channel)
    case (.comparingParities, .rejected):
      try takeRejected(payload, &reader, &channel)
    case (.reconciling, .parityReply):
      try takeParityReply(payload, &reader, &channel)
    case (.awaitingHash, .confirm):
      try judgeTiles(payload, &reader, &channel)
    case (.awaitingVerdict, .length):
      let bits = Int(try reader.take32(from: payload))
      let bytes = Int(try reader.take16(from: payload))
      try reader.finish(payload)
      agree(on: bits, replenishing: bytes, &channel)
    case (.amplifying, .seed):
      try takeSeedPart(payload, &reader)
    case (.amplifying, .tag):
      guard seedIsComplete else { throw .outOfRange }
      guard channel.verifyTag(payload, in: half) else { return refuse(.tagWrong, &channel) }
      peerTagIsRight = true
      sendTag(&channel)
    default:
      throw .outOfRange
    }
  }

  /// Computes the length and tells Alice the counts that it follows from.
  mutating func tellCounts(_ channel: inout BlockChannel) {
    guard !summary.axes.exceeds(plan.axisShareMax) else { return refuse(.axisBiased, &channel) }
    summary.ledger = channel.ledger(half)
    let result = keyLength()
    summary.result = result
    storage.payload.clear()
    summary.errors.write(into: &storage.payload)
    storage.payload.put32(UInt32(summary.keptErrors))
    summary.cross.write(into: &storage.payload)
    storage.payload.put64(UInt64(finalLength(of: result)))
    storage.payload.put64(summary.ledger.totalBits)
    send(.counts, discloses: .nothing, &channel)
    phase = .awaitingVerdict
  }

  private mutating func agree(on bits: Int, replenishing bytes: Int, _ channel: inout BlockChannel) {
    guard bits > 0 else { return refuse(.noLength, &channel) }
    guard let result = summary.result else { return refuse(.unexpectedMessage, &channel) }
    guard !leavesRow(result) else { return refuse(.rowLeft, &channel) }
    let own = finalLength(of: result)
    guard bits <= own, own - bits <= Self.lengthToleranceBits, bytes == min(Self.replenishBytes, bits / 8) else {
      return refuse(.accountsDiffer, &channel)
    }
    summary.finalBits = bits
    summary.replenishedBytes = bytes
    phase = .amplifying
  }
}
