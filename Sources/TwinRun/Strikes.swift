import HostStorage
package import Units
package import Wire

/// A message that Eve is told to strike at: the first of its kind and direction.
package struct StrikeTarget: Sendable {
  package let type: MessageType
  package let sender: Role

  package init(_ type: MessageType, by sender: Role) {
    self.type = type
    self.sender = sender
  }
}

/// When Eve strikes on the classical link, and what she makes of a message. All of it follows from the seed.
struct Strikes {
  /// The kind of message, the direction and the occurrence that she waits for.
  private let type: MessageType
  private let from: Int
  private var occurrencesLeft: UInt64
  private var random: SeededRandom

  /// Messages between a message and its repetition.
  let delay: Int

  init(_ attack: RelayAttack?, seed: UInt64, hasPairing: Bool) {
    // The two differ in the constant, so that no attack shares its moments with the choice of pulses.
    var random = SeededRandom(seed: seed ^ 0x7265_6c61_7900_0001)
    let targets = Self.targets(of: attack) + (hasPairing ? Self.pairingTargets(of: attack) : [])
    let target = targets[Int(random.next() % UInt64(targets.count))]
    type = target.type
    from = target.from
    occurrencesLeft = random.next() % target.occurrences
    delay = Int(random.next() % 4)
    self.random = random
  }

  /// Strikes at `target` and nothing else.
  init(at target: StrikeTarget, seed: UInt64) {
    type = target.type
    from = target.sender == .alice ? 0 : 1
    occurrencesLeft = 0
    delay = 0
    random = SeededRandom(seed: seed)
  }

  private struct Target {
    let type: MessageType
    /// 0 from Alice, 1 from Bob.
    let from: Int
    /// The strike is at one of so many first messages of the kind.
    let occurrences: UInt64

    init(_ type: MessageType, from: Int, _ occurrences: UInt64 = 1) {
      self.type = type
      self.from = from
      self.occurrences = occurrences
    }
  }

  private static func targets(of attack: RelayAttack?) -> [Target] {
    switch attack {
    case .forge: forgeable
    case .reorder: followed
    case .flip, .drop, .replay, nil: all
    }
  }

  /// The same of advantage distillation, twice each: few kinds of message are all the more often chosen.
  private static func pairingTargets(of attack: RelayAttack?) -> [Target] {
    let followed = [Target(.permutation, from: 0), Target(.parities, from: 0, 8)]
    let answers = [Target(.accepted, from: 1, 8), Target(.rejected, from: 0, 8)]
    return attack == .reorder ? followed : [followed, answers, followed, answers].flatMap { $0 }
  }

  /// Messages that another one of their direction follows without an answer in between.
  private static var followed: [Target] {
    [
      Target(.detections, from: 1, 20), Target(.choices, from: 0, 20), Target(.sifted, from: 1, 20),
      Target(.length, from: 0), Target(.seed, from: 0),
    ]
  }

  private static var forgeable: [Target] {
    [
      Target(.detections, from: 1, 20), Target(.choices, from: 0, 20), Target(.sifted, from: 1, 20),
      Target(.close, from: 1), Target(.closed, from: 0), Target(.counts, from: 1), Target(.length, from: 0),
      Target(.seed, from: 0), Target(.confirm, from: 0), Target(.parityReply, from: 0, 8),
    ]
  }

  private static var all: [Target] {
    forgeable + [
      Target(.hello, from: 0), Target(.hello, from: 1), Target(.window, from: 0), Target(.windowSet, from: 1),
      Target(.drained, from: 1), Target(.parityRequest, from: 1, 8), Target(.reconciled, from: 1),
      Target(.loaded, from: 0), Target(.loaded, from: 1), Target(.tag, from: 0), Target(.tag, from: 1),
    ]
  }

  /// Whether this message is the one. She strikes once.
  mutating func isNow(for frame: PassingFrame, from direction: Int) -> Bool {
    guard direction == from, frame.messageType == type, occurrencesLeft != .max else { return false }
    occurrencesLeft &-= 1
    return occurrencesLeft == .max
  }

  /// One bit of the payload differs; where there is no payload, one of the block number.
  mutating func flipped(_ frame: PassingFrame) -> PassingFrame {
    var frame = frame
    let bit = UInt8(1) << UInt8(random.next() % 8)
    if frame.payload.isEmpty {
      frame.block ^= UInt32(bit)
    } else {
      frame.payload[Int(random.next() % UInt64(frame.payload.count))] ^= bit
    }
    return frame
  }

  /// Another message of the same form.
  mutating func forged(_ frame: PassingFrame) -> PassingFrame {
    var frame = frame
    let count = frame.payload.count
    switch frame.messageType {
    case .choices:
      // Every announcement is Eve's: a twirl, an axis and the signal intensity.
      for i in min(6, count)..<count {
        frame.payload[i] = UInt8(random.next() % 12) | UInt8(random.next() % 3) << 4
      }
    case .detections:
      // Another slot, and all that follow it, or another nonce.
      let place = random.next() & 1 == 0 ? 18 : 7
      if place < count { frame.payload[place] ^= 1 }
    case .sifted:
      // What Bob kept is not key, and the other way round.
      for i in min(4, count)..<count { frame.payload[i] ^= UInt8(truncatingIfNeeded: random.next()) }
    case .close, .closed: bump(&frame.payload, from: 0, bytes: 4)
    case .counts:
      // No errors, no cross clicks.
      for i in 0..<min(28, count) { frame.payload[i] = 0 }
    case .length: bump(&frame.payload, from: 0, bytes: 4)
    case .permutation:
      for i in 0..<count { frame.payload[i] = UInt8(truncatingIfNeeded: random.next()) }
    case .seed, .parityReply, .confirm, .parities, .accepted, .rejected, .told:
      // The first bytes say which tile or which words; the rest is hers.
      for i in min(4, count)..<count { frame.payload[i] = UInt8(truncatingIfNeeded: random.next()) }
    case .hello, .refuse, .window, .windowSet, .stop, .drained, .held, .pattern, .patternSet, .parityRequest,
      .reconciled,
      .tag, .abort, .loaded, .seedTaken, nil:
      return flipped(frame)
    }
    return frame
  }

  /// Adds or takes away one of a big-endian number.
  private mutating func bump(_ payload: inout [UInt8], from start: Int, bytes: Int) {
    guard payload.count >= start + bytes else { return }
    var value = payload[start..<start + bytes].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    value = random.next() & 1 == 0 ? value &+ 1 : value &- 1
    for i in 0..<bytes { payload[start + i] = UInt8(truncatingIfNeeded: value >> UInt32(8 * (bytes - 1 - i))) }
  }
}
