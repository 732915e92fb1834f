import Distillation
import FixedStorage
public import KeyStore
import LinkControl
public import Ports
import Sifting
import Units
import Wire

/// The part of the session that agrees on finished keys. It goes on outside of sessions too.
extension LinkCore {
  /// Once a tick: keys go to the vault, old ones are erased, and the peer is told and answered.
  mutating func tendKeys(at now: Instant, linkIsUp: Bool, _ board: inout some ModuleBoard & ~Copyable) {
    keys.keep(in: &board)
    keys.expire(at: now, in: &board)
    guard linkIsUp else { return }
    while channel.hasRoom(forFrames: 4), let note = nextEarly() { hear(note, &board) }
    while channel.hasRoom(forFrames: 4), let note = keys.nextTelling() { tell(note) }
  }

  /// Takes in what the peer tells of a block: epoch, count, answer or not, tag.
  mutating func takeHeld(
    _ header: FrameHeader, from inbox: borrowing Inbox, _ board: inout some ModuleBoard & ~Copyable
  ) throws(PayloadError) {
    var reader = ByteReader()
    let epoch = try reader.take64(from: inbox.payload)
    let count = try reader.take16(from: inbox.payload)
    let isAnswer = try reader.take(from: inbox.payload)
    let tag = try reader.take64(from: inbox.payload)
    try reader.finish(inbox.payload)
    guard isAnswer <= 1 else { throw .outOfRange }
    hear(HeldNote(epoch: epoch, block: header.block, count: count, tag: tag, isAnswer: isAnswer == 1), &board)
  }

  private mutating func hear(_ note: HeldNote, _ board: inout some ModuleBoard & ~Copyable) {
    let isOpen = channel.half(of: note.block) != nil
    if let answer = keys.hear(note, isOpen: isOpen, in: &board) { tell(answer) }
  }

  private mutating func nextEarly() -> HeldNote? { Self.nextEarly(&keys, channel) }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func nextEarly(_ keys: inout KeyRing, _ channel: borrowing BlockChannel) -> HeldNote? {
    let open = (channel.number(.first), channel.number(.second))
    return keys.nextEarly { open.0 == $0 || open.1 == $0 }
  }

  private mutating func tell(_ note: HeldNote) {
    payload.clear()
    payload.put64(note.epoch)
    payload.put16(note.count)
    payload.put(note.isAnswer ? 1 : 0)
    payload.put64(note.tag)
    Self.send(payload, about: note.block, &channel)
  }

  // Static, as above.
  private static func send(_ payload: borrowing PayloadBuffer, about block: UInt32, _ channel: inout BlockChannel) {
    channel.send(.held, about: block, payload: payload.payload, discloses: .nothing)
  }
}

extension Controller where End: ~Copyable, Board: ~Copyable {
  /// A message that is not of its form ends the session, if there is one.
  mutating func takeHeld(_ header: FrameHeader) {
    do throws(PayloadError) {
      try core.takeHeld(header, from: inbox, &board)
    } catch {
      lastEnd = .protocolBroken
      apply(.refused)
    }
  }

  /// Reads the keys that an earlier run left in the vault; the module starts with none.
  public mutating func loadKeys() throws(StoreError) { try core.keys.load(from: &board, at: now) }

  /// Answers a client of the key port.
  public mutating func serve(_ client: inout KeyClient) { client.serve(&core.keys, &board, state: state.name) }

  /// Takes the next released key of either parity out for a consumer who gets all of them; nil when there is none.
  /// It may be handed over only if `sealKeys` succeeds.
  public mutating func takeKey(into key: inout MutableSpan<UInt64>) -> KeyId? {
    do throws(DeliveryRefusal) { return try core.keys.takeNext(.all, into: &key, in: &board) } catch { return nil }
  }

  /// Whether the removal of what was taken is durable; if not, nothing of it may be handed over.
  public mutating func sealKeys() -> Bool {
    do throws(DeliveryRefusal) { try core.keys.seal(&board) } catch { return false }
    return true
  }

  /// So many keys that were taken could not be handed over.
  public mutating func loseKeys(_ count: Int) { core.keys.lose(count) }
}
