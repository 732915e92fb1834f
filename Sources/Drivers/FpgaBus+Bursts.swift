import Checksum
import FixedStorage
import Ports
public import RegisterMap

/// What a burst read brought.
public struct BurstCount: Equatable, Sendable {
  /// Words that arrived.
  public let words: Int
  /// Words that still waited behind them, at most 65 535.
  public let waiting: Int
}

/// What tells a burst apart from the one before it at the same address.
struct BurstMemory {
  var address: UInt8 = 0
  var words = 0
  var firstWord: UInt32 = 0
  /// A burst read was sent and nobody knows whether the device performed it.
  var isInDoubt = false

  /// Whether a repeated burst is the one that is remembered and not the one in doubt. The first word is enough:
  /// events carry their time. Two empty bursts count as the same, which loses nothing.
  func isRepeated(by count: BurstCount, firstWord: UInt32, asked: Int) -> Bool {
    count.words == min(asked, words) && (count.words == 0 || firstWord == self.firstWord)
  }
}

/// What one burst read came to.
enum BurstOutcome {
  case received(BurstCount)
  /// The device refused the command for its check; nothing was taken from the port.
  case notPerformed(DriverFault)
  case refused(status: UInt8)
  /// The reply is damaged, so that it is unknown whether the burst was performed.
  case inDoubt(DriverFault)
}

extension FpgaBus where Bus: ~Copyable {
  /// Takes words from a port that forgets what it has handed out; at most `SpiProtocol.burstWordsMax` at a time.
  ///
  /// A damaged reply is asked for again, so no word is lost. If the device had never seen the first request, the
  /// repetition shows the burst before it, which is recognised and not handed out twice. A burst that is still in
  /// doubt when a fault is thrown is asked for again by the next call.
  public mutating func readBurst(
    from register: Register, into words: inout MutableSpan<UInt32>
  ) throws(DriverFault) -> BurstCount {
    precondition(register.access == .burst && words.count > 0)
    if lastBurst.address != register.address {
      lastBurst = BurstMemory()
      lastBurst.address = register.address
    }
    let asked = min(words.count, SpiProtocol.burstWordsMax)
    var fault = DriverFault.damaged(address: register.address, reply: 0)
    for attempt in 0..<Self.attemptsMax {
      if attempt > 0 { counters.retries += 1 }
      let isRepetition = lastBurst.isInDoubt
      lastBurst.isInDoubt = true
      switch try readBurstOnce(isRepetition ? .burstRepeat : .burstRead, register, words: asked) {
      case .received(let count):
        lastBurst.isInDoubt = false
        let firstWord = count.words > 0 ? payloadWord(0) : 0
        if isRepetition && lastBurst.isRepeated(by: count, firstWord: firstWord, asked: asked) { continue }
        lastBurst.words = count.words
        lastBurst.firstWord = firstWord
        copyPayload(words: count.words, into: &words)
        return count
      case .notPerformed(let seen):
        lastBurst.isInDoubt = isRepetition
        fault = seen
      case .refused(let status):
        lastBurst.isInDoubt = false
        fault = .refused(address: register.address, status: status)
        // With nothing to repeat, the burst in doubt was never performed.
        guard isRepetition else { throw fault }
      case .inDoubt(let seen): fault = seen
      }
    }
    throw fault
  }

  /// Writes questions to a port and reads as many answers, in the same order. The exchange is repeated as a whole,
  /// so that an answer can never belong to an earlier question.
  public mutating func lookUp(
    _ questions: Span<UInt32>, through register: Register, into answers: inout MutableSpan<UInt32>
  ) throws(DriverFault) {
    precondition(answers.count >= questions.count)
    var fault = DriverFault.damaged(address: register.address, reply: 0)
    for attempt in 0..<Self.attemptsMax {
      if attempt > 0 { counters.retries += 1 }
      try writeBurst(questions, to: register)
      switch try readBurstOnce(.burstRead, register, words: questions.count) {
      case .received(let count):
        guard count.words == questions.count else {
          throw .burstIncomplete(address: register.address, expected: questions.count, moved: count.words)
        }
        copyPayload(words: count.words, into: &answers)
        return
      case .notPerformed(let seen), .inDoubt(let seen): fault = seen
      case .refused(let status): throw .refused(address: register.address, status: status)
      }
    }
    throw fault
  }

  /// Replaces the words in a port, 1...`SpiProtocol.burstWordsMax` of them.
  public mutating func writeBurst(_ words: Span<UInt32>, to register: Register) throws(DriverFault) {
    precondition(register.access == .burst && words.count > 0 && words.count <= SpiProtocol.burstWordsMax)
    let address = register.address
    let payloadEnd = SpiProtocol.headBytes + SpiProtocol.wordBytes * words.count
    let replyStart = payloadEnd + 4
    let bytes = SpiProtocol.burstWriteBytes(words: words.count)
    storeHead(.burstWrite, address, UInt32(words.count))
    for i in words.indices {
      command.storeBigEndian(words[i], at: SpiProtocol.headBytes + SpiProtocol.wordBytes * i)
    }
    let crc = Checksum.crc32(command.span.extracting(SpiProtocol.headBytes..<payloadEnd))
    command.storeBigEndian(crc, at: payloadEnd)
    command.clear(replyStart..<bytes)
    var fault = DriverFault.damaged(address: address, reply: 0)
    for attempt in 0..<Self.attemptsMax {
      if attempt > 0 { counters.retries += 1 }
      try transfer(bytes: bytes, address)
      switch checkedStatus(at: replyStart, address) {
      case .damaged(let seen): fault = seen
      case .intact(.commandDamaged): fault = commandDamaged(address)
      case .intact(.done):
        let moved = Int(reply.span.bigEndian16(at: replyStart + 2))
        guard moved == words.count else {
          throw .burstIncomplete(address: address, expected: words.count, moved: moved)
        }
        return
      case .intact: throw .refused(address: address, status: reply[replyStart])
      }
    }
    throw fault
  }

  private mutating func readBurstOnce(
    _ opcode: SpiProtocol.Opcode, _ register: Register, words: Int
  ) throws(DriverFault) -> BurstOutcome {
    let bytes = SpiProtocol.burstReadBytes(words: words)
    storeHead(opcode, register.address, UInt32(words))
    command.clear(SpiProtocol.headBytes..<bytes)
    try transfer(bytes: bytes, register.address)
    let start = SpiProtocol.headBytes
    let end = bytes - 4
    let status = SpiProtocol.Status(rawValue: reply[start])
    let count = BurstCount(
      words: Int(reply.span.bigEndian16(at: start + 2)), waiting: Int(reply.span.bigEndian16(at: start + 4)))
    // A device that cannot trust the word count cannot place the CRC, so this reply counts without one. Taking a
    // performed burst for it needs four flipped status bits and a cleared word count.
    if status == .commandDamaged && count.words == 0 {
      return .notPerformed(commandDamaged(register.address))
    }
    let isIntact = Checksum.crc32(reply.span.extracting(start..<end)) == reply.span.bigEndian32(at: end)
    guard isIntact, reply[start + 1] == register.address, count.words <= words else {
      return .inDoubt(replyDamaged(at: start, register.address))
    }
    guard status == .done else { return .refused(status: reply[start]) }
    return .received(count)
  }

  private func payloadWord(_ index: Int) -> UInt32 {
    reply.span.bigEndian32(at: 2 * SpiProtocol.headBytes + SpiProtocol.wordBytes * index)
  }

  private func copyPayload(words: Int, into destination: inout MutableSpan<UInt32>) {
    for i in 0..<words { destination[i] = payloadWord(i) }
  }
}
