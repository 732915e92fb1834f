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
    _ type: MessageType, _ payload: Span<UInt8>, store: inout SiftedStore, _ channel: inout BlockChannel
  ) {
    guard phase != .idle, phase != .refused, phase != .finished else { return }
    if type == .abort {
      refuse(.peerGaveUp, &channel)
      return
    }
    do throws(PayloadError) {
      switch role {
      case .alice: try receiveAsAlice(type, payload, &store, &channel)
      case .bob: try receiveAsBob(type, payload, &store, &channel)
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
    case .reconciling:
      guard role == .bob else { return false }
      correctOneStep(&store, &channel, entropy: &entropy)
    case .hashing:
      sendHash(store, &channel, entropy: &entropy)
    case .seeding:
      guard role == .alice else { return false }
      sendSeedPart(&channel, entropy: &entropy)
    case .amplifying:
      return amplifyOneStep(store, &channel)
    case .idle, .comparingCounts, .awaitingParities, .awaitingHash, .awaitingVerdict, .finished, .refused:
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

  /// One chunk of the matrix product; false when it is done and only the peer's tag is missing.
  mutating func amplifyOneStep(_ store: borrowing SiftedStore, _ channel: inout BlockChannel) -> Bool {
    guard amplifiedTiles < tileCount else {
      guard tagIsSent && peerTagIsRight else { return false }
      finish()
      return true
    }
    if !amplifierIsOpen {
      storage.accumulator.start(outputBits: summary.finalBits)
      amplifierIsOpen = true
      storage.accumulator.begin(tileBits: bits(ofTile: amplifiedTiles), atBit: amplifiedTiles * Self.tileBits)
    }
    let first = amplifiedTiles * Self.tileBits / 64
    let words = Bits.words(for: bits(ofTile: amplifiedTiles))
    let progress = storage.amplify(store.key(half).extracting(first..<(first + words)))
    if progress == .tileDone {
      amplifiedTiles += 1
      if amplifiedTiles < tileCount {
        storage.accumulator.begin(tileBits: bits(ofTile: amplifiedTiles), atBit: amplifiedTiles * Self.tileBits)
      }
    }
    return true
  }

  mutating func finish() {
    storage.finish(bits: summary.finalBits)
    phase = .finished
  }

  mutating func sendTag(_ channel: inout BlockChannel) {
    channel.sendTag(in: half)
    tagIsSent = true
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
