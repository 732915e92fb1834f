import Authentication
import BinaryField
import FixedStorage
public import Ports
public import Sifting
public import Units
public import Wire

/// What every transcript starts with, so that a tag binds the session and not only the block.
public struct SessionBinding: Sendable {
  public var aliceNonce: UInt64 = 0
  public var bobNonce: UInt64 = 0
  /// The fields of the configuration that both modules agreed on, in order.
  public var configuration: [20 of UInt64] = .init(repeating: 0)
  /// The frames that they agreed on.
  public var startFrame: UInt32 = 0
  public var stopFrame: UInt32 = 0

  public init() {}
}

/// One open block: what it told, and both directions under their secret hash points.
private struct OpenBlock: ~Copyable {
  let inPlace = InPlace()
  var number: UInt32?
  var ledger = DisclosureLedger()
  var sent = TranscriptHash()
  var heard = TranscriptHash()
  var sentPad: OneTimePad?
  var heardPad: OneTimePad?

  /// Begins with fresh one-time words, own direction first; they are zero afterwards.
  mutating func open(_ number: UInt32, own: inout MutableSpan<UInt64>, peer: inout MutableSpan<UInt64>) {
    precondition(self.number == nil)
    self.number = number
    ledger = DisclosureLedger()
    sent.start(point: Field128(low: own[0], high: own[1]))
    heard.start(point: Field128(low: peer[0], high: peer[1]))
    var ownPad = own._mutatingExtracting(2..<4)
    sentPad = OneTimePad(taking: &ownPad)
    var peerPad = peer._mutatingExtracting(2..<4)
    heardPad = OneTimePad(taking: &peerPad)
    wipe(&own)
    wipe(&peer)
  }

  mutating func close() {
    number = nil
    sent.wipe()
    heard.wipe()
    if let pad = sentPad.take() { pad.discard() }
    if let pad = heardPad.take() { pad.discard() }
  }

  /// What follows the end of a transcript is in none; only tags and an abort can.
  mutating func noteSent(_ header: Span<UInt8>, _ payload: Span<UInt8>, _ disclosure: Disclosure) {
    precondition(number != nil)
    ledger.enter(disclosure)
    guard sentPad != nil, !sent.isClosed else { return }
    sent.absorb(header)
    sent.absorb(payload)
  }

  mutating func noteHeard(_ header: Span<UInt8>, _ payload: Span<UInt8>) {
    precondition(number != nil)
    guard heardPad != nil, !heard.isClosed else { return }
    heard.absorb(header)
    heard.absorb(payload)
  }

  /// The tag of what was sent. Alice's comes first and vouches also for what she heard from Bob.
  mutating func tagOfSent(vouchesForHeard: Bool) -> AuthenticationTag {
    guard let pad = sentPad.take() else { preconditionFailure("a block is tagged once") }
    if vouchesForHeard {
      heard.close()
      sent.absorb(heard)
    }
    return sent.finish(pad: pad)
  }

  /// Whether `tag` belongs to what was heard, and to what was sent if the peer's tag vouches for that too.
  mutating func verify(_ tag: AuthenticationTag, vouchesForSent: Bool) -> Bool {
    guard let pad = heardPad.take() else { return false }
    if vouchesForSent {
      sent.close()
      heard.absorb(sent)
    }
    return heard.verify(tag, pad: pad)
  }
}

/// The way to the peer for the messages of up to two open blocks: counts what each tells and hashes all of it.
///
/// DIST-002 Every message of a block, in both directions, is in the transcript that the block's tags cover.
///
/// Alice's tag comes first and covers what she sent and what she heard; Bob sends his only after he has verified hers.
/// So each side that stores a key knows that both heard each other unaltered, and Alice knows that Bob accepted.
public struct BlockChannel: ~Copyable {
  public let role: Role
  private var outbox: Outbox
  private var first = OpenBlock()
  private var second = OpenBlock()

  public init(role: Role, outbox: consuming Outbox) {
    self.role = role
    self.outbox = outbox
  }

  public func hasRoom(forFrames count: Int = 1) -> Bool { outbox.hasRoom(forFrames: count) }
  public var bytesSent: UInt64 { outbox.bytesSent }

  public mutating func flush(to link: inout some ClassicalLink & ~Copyable) throws(LinkError) {
    try outbox.flush(to: &link)
  }

  /// Opens a block in `half`. `words` are its one-time words as the authentication pool gives them: Alice's hash
  /// point and pad, then Bob's; they are zero afterwards.
  public mutating func open(
    _ half: Half, number: UInt32, words: inout MutableSpan<UInt64>, binding: SessionBinding
  ) {
    precondition(words.count == 8)
    var alice: [4 of UInt64] = [words[0], words[1], words[2], words[3]]
    var bob: [4 of UInt64] = [words[4], words[5], words[6], words[7]]
    wipe(&words)
    var aliceWords = alice.mutableSpan
    var bobWords = bob.mutableSpan
    let isAlice = role == .alice
    switch (half, isAlice) {
    case (.first, true): first.open(number, own: &aliceWords, peer: &bobWords)
    case (.first, false): first.open(number, own: &bobWords, peer: &aliceWords)
    case (.second, true): second.open(number, own: &aliceWords, peer: &bobWords)
    case (.second, false): second.open(number, own: &bobWords, peer: &aliceWords)
    }
    let sentPrologue = prologue(binding, direction: isAlice ? 0 : 1)
    let heardPrologue = prologue(binding, direction: isAlice ? 1 : 0)
    let empty: [0 of UInt8] = []
    switch half {
    case .first:
      first.noteSent(sentPrologue.span, empty.span, .nothing)
      first.noteHeard(heardPrologue.span, empty.span)
    case .second:
      second.noteSent(sentPrologue.span, empty.span, .nothing)
      second.noteHeard(heardPrologue.span, empty.span)
    }
  }

  /// Sends a message of the session; it is in no transcript and tells nothing. It may tell of a finished block.
  public mutating func send(
    _ type: MessageType, about block: UInt32 = 0, payload: Span<UInt8>, discloses disclosure: Disclosure
  ) {
    precondition(disclosure == .nothing)
    outbox.append(outbox.nextHeader(type, block: block, payloadBytes: payload.count), payload: payload)
  }

  /// Sends a message of an open block. There must be room in the outbox.
  public mutating func send(
    _ type: MessageType, in half: Half, payload: Span<UInt8>, discloses disclosure: Disclosure
  ) {
    guard let number = number(half) else { preconditionFailure("the block is not open") }
    let header = outbox.nextHeader(type, block: number, payloadBytes: payload.count)
    let bytes = encoded(header)
    switch half {
    case .first: first.noteSent(bytes.span, payload, disclosure)
    case .second: second.noteSent(bytes.span, payload, disclosure)
    }
    outbox.append(header, payload: payload)
  }

  /// Enters a message of the peer into the transcript of its block; all but tags must pass here.
  public mutating func heard(_ header: FrameHeader, payload: Span<UInt8>, in half: Half) {
    let bytes = encoded(header)
    switch half {
    case .first: first.noteHeard(bytes.span, payload)
    case .second: second.noteHeard(bytes.span, payload)
    }
  }

  /// Charges what arrived: parities and hashes that Alice sent are charged by Bob too.
  public mutating func charge(_ disclosure: Disclosure, in half: Half) {
    switch half {
    case .first: first.ledger.enter(disclosure)
    case .second: second.ledger.enter(disclosure)
    }
  }

  public func ledger(_ half: Half) -> DisclosureLedger {
    switch half {
    case .first: first.ledger
    case .second: second.ledger
    }
  }

  public func number(_ half: Half) -> UInt32? {
    switch half {
    case .first: first.number
    case .second: second.number
    }
  }

  /// The half in which the block with this number is open.
  public func half(of number: UInt32) -> Half? {
    if first.number == number { return .first }
    return second.number == number ? .second : nil
  }

  public mutating func close(_ half: Half) {
    switch half {
    case .first: first.close()
    case .second: second.close()
    }
  }

  /// Forgets all blocks. What was composed for the peer still goes out: the stream must stay whole.
  public mutating func closeAll() {
    first.close()
    second.close()
  }

  /// Begins anew on a new connection: forgets all blocks and what was not yet sent.
  public mutating func reset() {
    closeAll()
    outbox.reset()
  }
}

extension BlockChannel {
  /// Sends the tag of what this module sent in the block so far; of the block only an abort may follow.
  mutating func sendTag(in half: Half) {
    let vouches = role == .alice
    let tag =
      half == .first ? first.tagOfSent(vouchesForHeard: vouches) : second.tagOfSent(vouchesForHeard: vouches)
    var bytes: [16 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    var writer = ByteWriter()
    writer.put64(tag.high, into: &span)
    writer.put64(tag.low, into: &span)
    send(.tag, in: half, payload: bytes.span, discloses: .nothing)
  }

  /// Whether `payload` is the tag of what the peer sent in the block before it.
  mutating func verifyTag(_ payload: Span<UInt8>, in half: Half) -> Bool {
    var reader = ByteReader()
    do throws(PayloadError) {
      let high = try reader.take64(from: payload)
      let low = try reader.take64(from: payload)
      try reader.finish(payload)
      let tag = AuthenticationTag(low: low, high: high)
      let vouches = role == .bob
      return half == .first
        ? first.verify(tag, vouchesForSent: vouches) : second.verify(tag, vouchesForSent: vouches)
    } catch {
      return false
    }
  }

  private func encoded(_ header: FrameHeader) -> [11 of UInt8] {
    var bytes: [11 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    var writer = ByteWriter()
    writer.put(header.type.rawValue, into: &span)
    writer.put32(header.block, into: &span)
    writer.put32(header.sequence, into: &span)
    writer.put16(UInt16(truncatingIfNeeded: header.payloadBytes), into: &span)
    return bytes
  }

  private func prologue(_ binding: SessionBinding, direction: UInt8) -> [185 of UInt8] {
    var bytes: [185 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    var writer = ByteWriter()
    writer.put(direction, into: &span)
    writer.put64(binding.aliceNonce, into: &span)
    writer.put64(binding.bobNonce, into: &span)
    for i in binding.configuration.indices { writer.put64(binding.configuration[i], into: &span) }
    writer.put32(binding.startFrame, into: &span)
    writer.put32(binding.stopFrame, into: &span)
    return bytes
  }
}
