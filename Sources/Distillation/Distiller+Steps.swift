public import Ports
public import Sifting
import Units
public import Wire
import Authentication
import BinaryField
import Estimation
import FixedStorage
import PrivacyAmplification
import Reconciliation

extension Distiller {
  /// Begins with a block whose sifting is over on this side. Bob tells his counts; Alice waits for them.
  public mutating func begin(
    _ half: Half, number: UInt32, store: borrowing SiftedStore, _ channel: inout BlockChannel
  ) {
    precondition(phase == .idle)
    self.half = half
    summary = BlockSummary(number: number)
    summary.sifted = store.sifted(half)
    summary.cross = store.cross(half)
    summary.axes = store.axes(half)
    summary.adBlock = plan.adBlock
    switch role {
    case .bob:
      sendCounts(.close, &channel)
      phase = .comparingCounts
    case .alice:
      phase = .comparingCounts
    }
  }

  /// Takes one message of the peer about this block. It is already in the transcript, a tag excepted.
  public mutating func receive(
    _ type: MessageType, _ payload: Span<UInt8>, _ channel: inout BlockChannel
  ) {
    guard phase != .idle, phase != .refused, phase != .finished else { return }
    if type == .abort {
      refuse(.peerGaveUp, &channel)
      // Alice refuses a row that was left; Bob knows it from the same counts.
      if let result = summary.result, result.refusal == nil, leavesRow(result) { summary.refusal = .rowLeft }
      return
    }
    do throws(PayloadError) {
      switch role {
      case .alice: try receiveAsAlice(type, payload, &channel)
      case .bob: try receiveAsBob(type, payload, &channel)
      }
    } catch {
      refuse(.unexpectedMessage, &channel)
    }
  }

  /// Does one bounded piece of work; false when there is nothing to do until the peer answers.
  public mutating func step(
    store: inout SiftedStore, _ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable
  ) -> Bool {
    guard channel.hasRoom(forFrames: 2) else { return false }
    switch phase {
    case .drawingPermutation:
      sendPermutation(&channel, entropy: &entropy)
    case .loading:
      loadOneStep(&store, &channel)
    case .comparingParities:
      return role == .alice && sendParities(&channel)
    case .reconciling:
      return role == .bob && correctOneStep(&channel, entropy: &entropy)
    case .hashing:
      sendHash(&channel, entropy: &entropy)
    case .countingErrors:
      if countErrorsOneStep() { tellCounts(&channel) }
    case .amplifying:
      return amplifyOneStep(&channel, entropy: &entropy)
    case .idle, .comparingCounts, .awaitingPermutation, .awaitingPeerLoad, .awaitingHash, .awaitingVerdict, .finished,
      .refused:
      return false
    }
    return true
  }

  mutating func sendCounts(_ type: MessageType, _ channel: inout BlockChannel) {
    storage.payload.clear()
    summary.sifted.write(into: &storage.payload)
    send(type, discloses: .nothing, &channel)
  }

  func keyLength() -> KeyLengthResult {
    plan.credit.result(
      for: DecoyCounts(
        sifted: summary.sifted.triple, errors: summary.errors.triple, crossClicks: summary.cross.triple),
      leakBits: summary.ledger.parityBits, confirmationBits: summary.ledger.confirmationBits)
  }
}

extension ConfirmationKey {
  /// A key of four public words: point, then multiplier, low words first.
  init(words: [4 of UInt64]) {
    self.init(
      point: Field128(low: words[0], high: words[1]), multiplier: Field128(low: words[2], high: words[3]))
  }
}

extension IntensityCounts {
  var triple: [3 of UInt64] { [signal, decoy, vacuum] }

  func write(into payload: inout PayloadBuffer) {
    payload.put32(UInt32(signal))
    payload.put32(UInt32(decoy))
    payload.put32(UInt32(vacuum))
  }

  init(from bytes: Span<UInt8>, _ reader: inout ByteReader) throws(PayloadError) {
    let signal = try reader.take32(from: bytes)
    let decoy = try reader.take32(from: bytes)
    let vacuum = try reader.take32(from: bytes)
    self.init(signal: UInt64(signal), decoy: UInt64(decoy), vacuum: UInt64(vacuum))
  }
}
