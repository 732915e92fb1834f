import Checksum
import HostStorage
package import Optics
import Ports
import Twin
import Wire

/// What Eve does to the messages that she passes on.
package enum RelayAttack: String, CaseIterable, Sendable {
  /// A bit of a payload changes.
  case flip
  /// A message is swallowed.
  case drop
  /// A message arrives again, some messages later.
  case replay
  /// A message arrives behind the next one of its direction; late, if none comes within a quarter of a second.
  case reorder
  /// A message gets another meaning of the right form: choices that Eve makes up, other detections, counts without
  /// errors, another length, another seed.
  case forge
}

/// Eve between the modules on the classical link. She reads every message, may change one of a kind that the seed
/// picks, and puts checksums and sequence numbers right, so that only the meaning and the tags can give her away.
///
/// It stands between two cables and adds no delay. Without an attack it only listens.
package final class ManInTheMiddle {
  /// Blocks whose tagged messages were changed before their tag had passed. None of them may become a key.
  package private(set) var changedBlocks: Set<UInt32> = []
  /// Messages that were changed, swallowed, repeated or moved.
  package private(set) var changes = 0
  private(set) var listener = LinkListener()

  private let attack: RelayAttack?
  private var strikes: Strikes
  private var ends: [MemoryCable]
  private var directions = [Direction(), Direction()]

  /// `alice` is the cable whose end 0 Alice has, `bob` the one whose end 1 Bob has.
  init(_ attack: RelayAttack?, _ strikes: Strikes, alice: MemoryCable, bob: MemoryCable) {
    self.attack = attack
    self.strikes = strikes
    ends = [alice, bob]
  }

  /// Passes on what has arrived; `knows` is Eve's record of the light.
  package func passTick(knows: (UInt64, PulseChoice) -> Bool) {
    for from in 0..<2 {
      directions[from].incoming += receive(from: from)
      while let frame = directions[from].nextFrame() {
        listener.hear(frame, knows: knows)
        pass(frame, from: from)
      }
      directions[from].held?.ticksLeft -= 1
      releaseHeld(from: from)
      flush(from: from)
    }
  }

  private func pass(_ frame: PassingFrame, from: Int) {
    if frame.sequence == 0 { directions[from].sequence = 0 }
    directions[from].overtakeHeld()
    switch strikes.isNow(for: frame, from: from) ? attack : nil {
    case nil: put(frame, as: frame, from: from)
    case .flip: put(frame, as: strikes.flipped(frame), from: from)
    case .forge: put(frame, as: strikes.forged(frame), from: from)
    case .drop: note(frame)
    case .replay:
      put(frame, as: frame, from: from)
      directions[from].held = Held(frame: frame, messagesLeft: strikes.delay, isOutOfPlace: true)
    case .reorder: directions[from].held = Held(frame: frame, messagesLeft: 1, isOutOfPlace: false)
    }
    releaseHeld(from: from)
  }

  /// Sends what was held back long enough: so many messages, or so many ticks if no more come.
  private func releaseHeld(from: Int) {
    guard let held = directions[from].held, held.messagesLeft <= 0 || held.ticksLeft <= 0 else { return }
    directions[from].held = nil
    if held.isOutOfPlace { note(held.frame) }
    put(held.frame, as: held.frame, from: from)
  }

  private func put(_ original: PassingFrame, as frame: PassingFrame, from: Int) {
    var frame = frame
    frame.sequence = directions[from].sequence
    directions[from].sequence &+= 1
    if !original.isEqual(frame) {
      if original.payload != frame.payload || original.block != frame.block { changes += 1 }
      noteCovered(original)
    }
    if frame.messageType == .tag { directions[from].tagged.insert(frame.block) }
    directions[from].outgoing += frame.bytes
  }

  private func note(_ frame: PassingFrame) {
    changes += 1
    noteCovered(frame)
  }

  /// A tag covers its block's messages of sifting and distillation, but for itself and `abort`, until it is sent.
  private func noteCovered(_ frame: PassingFrame) {
    guard frame.type >= MessageType.detections.rawValue, frame.type != MessageType.tag.rawValue,
      frame.type != MessageType.abort.rawValue,
      directions.allSatisfy({ !$0.tagged.contains(frame.block) })
    else { return }
    changedBlocks.insert(frame.block)
  }

  private func receive(from: Int) -> [UInt8] {
    var arrived = [UInt8](repeating: 0, count: 1 << 16)
    var span = arrived.mutableSpan
    var link = MemoryLink(ends[from], end: 1 - from)
    do throws(LinkError) {
      let count = try link.receive(into: &span)
      return Array(arrived[0..<count])
    } catch {
      return []
    }
  }

  private func flush(from: Int) {
    guard !directions[from].outgoing.isEmpty else { return }
    var link = MemoryLink(ends[1 - from], end: from)
    do throws(LinkError) {
      let bytes = directions[from].outgoing
      let count = try link.send(bytes.span)
      directions[from].outgoing.removeFirst(count)
    } catch {
      directions[from].outgoing = []
    }
  }
}

/// A message that Eve keeps for later.
private struct Held {
  let frame: PassingFrame
  /// Messages that still go before it.
  var messagesLeft: Int
  /// It is a repetition, or another message has overtaken it. Otherwise it is only late.
  var isOutOfPlace: Bool
  /// A quarter of a second.
  var ticksLeft = 250
}

/// One direction of the link.
private struct Direction {
  var incoming: [UInt8] = []
  var outgoing: [UInt8] = []
  /// Sequence number of the next message that goes out.
  var sequence: UInt32 = 0
  var held: Held?
  /// Blocks whose tag has passed.
  var tagged: Set<UInt32> = []

  /// Another message goes before the one that is held.
  mutating func overtakeHeld() {
    held?.messagesLeft -= 1
    held?.isOutOfPlace = true
  }

  /// The oldest complete message. Honest modules send nothing else; whatever is no message is forgotten.
  mutating func nextFrame() -> PassingFrame? {
    guard incoming.count >= Frame.headerBytes else { return nil }
    var reader = PayloadReader(Array(incoming.prefix(Frame.headerBytes)))
    let magic = reader.integer(bytes: 2)
    _ = reader.integer(bytes: 1)
    let type = UInt8(reader.integer(bytes: 1))
    let block = UInt32(reader.integer(bytes: 4))
    let sequence = UInt32(reader.integer(bytes: 4))
    let length = Int(reader.integer(bytes: 2))
    guard magic == UInt64(Frame.magic), length <= Frame.payloadBytesMax else {
      incoming = []
      return nil
    }
    let end = Frame.headerBytes + length + Frame.trailerBytes
    guard incoming.count >= end else { return nil }
    let payload = Array(incoming[Frame.headerBytes..<Frame.headerBytes + length])
    incoming.removeFirst(end)
    return PassingFrame(type: type, block: block, sequence: sequence, payload: payload)
  }
}

extension PassingFrame {
  fileprivate func isEqual(_ other: PassingFrame) -> Bool {
    type == other.type && block == other.block && sequence == other.sequence && payload == other.payload
  }

  /// The frame on the wire, with checksums that fit.
  fileprivate var bytes: [UInt8] {
    var bytes: [UInt8] = []
    func put(_ value: UInt32, _ count: UInt32) {
      for i in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * i))) }
    }
    put(UInt32(Frame.magic), 2)
    put(UInt32(Frame.version), 1)
    put(UInt32(type), 1)
    put(block, 4)
    put(sequence, 4)
    put(UInt32(payload.count), 2)
    put(UInt32(Checksum.crc16(bytes.span)), 2)
    bytes += payload
    put(Checksum.crc32(bytes.span), 4)
    return bytes
  }
}
