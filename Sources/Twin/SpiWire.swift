import Checksum
import FixedStorage
import Optics
import RegisterMap
import Units

/// What the gateware's end of the SPI wire remembers between transfers.
struct SpiWire {
  var refusedCommands: UInt32 = 0
  var transfers: UInt64 = 0
  var writes: UInt64 = 0
  /// The port of the last burst read, for a repetition; nil before the first.
  var burstAddress: UInt8?
  var burstWords: [UInt32] = []
  /// Words that waited behind the last burst.
  var burstWaiting = 0

  /// Flips one bit among `bytes` of a message; which one follows from the number of the transfer.
  func flip(_ message: inout MutableSpan<UInt8>, in bytes: Range<Int>, salt: UInt64) {
    let random = Philox.block(low: transfers, high: salt, key: 0).0
    let bit = Int(random % UInt64(bytes.count * 8))
    message[bytes.lowerBound + bit / 8] ^= 1 << UInt8(bit % 8)
  }

  /// Puts the first words of the last burst behind both heads of a reply.
  func putBurst(_ count: Int, into reply: inout MutableSpan<UInt8>) {
    for i in 0..<count {
      reply.storeBigEndian(burstWords[i], at: 2 * SpiProtocol.headBytes + SpiProtocol.wordBytes * i)
    }
  }

  mutating func countRefusal() { refusedCommands = (refusedCommands + 1) & FpgaMap.CrcErrors.count.valueMax }
}

/// The first eight bytes of a command, as they arrived.
private struct SpiHead {
  let opcode: SpiProtocol.Opcode?
  let address: UInt8
  /// Data of a register, or the number of words of a burst.
  let word: UInt32
  let isIntact: Bool

  init(_ bytes: Span<UInt8>) {
    opcode = SpiProtocol.Opcode(rawValue: bytes[0])
    address = bytes[1]
    word = bytes.bigEndian32(at: 2)
    isIntact = Checksum.crc16(bytes.extracting(..<6)) == UInt16(bytes[6]) << 8 | UInt16(bytes[7])
  }
}

/// The SPI peripheral of the gateware.
extension FpgaModel {
  /// A transfer over the wire with its faults, one chip-select-low period; false if nobody answers.
  func transfer(_ command: Span<UInt8>, reply: inout MutableSpan<UInt8>, at now: Instant) -> Bool {
    wire.transfers += 1
    for case .silentBus(let start) in faults.faults where now >= start { return false }
    reply.clear(0..<reply.count)
    guard command.count >= SpiProtocol.registerBytes else { return true }
    let head = arrivingHead(command)
    exchange(head, command, reply: &reply)
    let checked = (head.opcode == .burstWrite ? reply.count - 8 : 8)..<reply.count
    for fault in faults.faults {
      switch fault {
      case .flippedReply(let every) where wire.transfers % every == 0: wire.flip(&reply, in: checked, salt: 2)
      case .flippedReplies(let start) where now >= start: wire.flip(&reply, in: checked, salt: 3)
      case .wrongIdentity, .stuckBit, .flippedCommand, .flippedReply, .flippedReplies, .silentBus, .lostWrite,
        .notAcknowledged, .silentTarget, .shallowFifo, .stuckPlate, .failedMotor, .slowPlates, .part:
        break
      }
    }
    return true
  }

  private func arrivingHead(_ command: Span<UInt8>) -> SpiHead {
    var bytes: [8 of UInt8] = .init(repeating: 0)
    for i in bytes.indices { bytes[i] = command[i] }
    for case .flippedCommand(let every) in faults.faults where wire.transfers % every == 0 {
      var span = bytes.mutableSpan
      wire.flip(&span, in: 0..<SpiProtocol.headBytes, salt: 1)
    }
    return SpiHead(bytes.span)
  }

  private func exchange(_ head: SpiHead, _ command: Span<UInt8>, reply: inout MutableSpan<UInt8>) {
    if !head.isIntact { wire.countRefusal() }
    switch head.opcode {
    case .read, .write, nil: exchangeRegister(head, reply: &reply)
    case .burstRead, .burstRepeat: readBurst(head, reply: &reply)
    case .burstWrite: writeBurst(head, command, reply: &reply)
    }
  }

  private func exchangeRegister(_ head: SpiHead, reply: inout MutableSpan<UInt8>) {
    var status = head.isIntact ? SpiProtocol.Status.refused : .commandDamaged
    var value: UInt32 = 0
    if head.isIntact, let register = register(at: head.address), register.access != .burst {
      if head.opcode == .read {
        status = .done
        value = read(register)
      } else if head.opcode == .write, register.access != .readOnly {
        status = .done
        wire.writes += 1
        if !loses(write: wire.writes) { write(head.word, to: register) }
      }
    }
    reply[8] = status.rawValue
    reply[9] = head.address
    reply.storeBigEndian(value, at: 10)
    seal(&reply, from: 8)
  }

  private func readBurst(_ head: SpiHead, reply: inout MutableSpan<UInt8>) {
    // The length of the transfer decides the layout, so that a damaged count cannot misplace the checksum.
    let capacity = (reply.count - SpiProtocol.burstReadBytes(words: 0)) / SpiProtocol.wordBytes
    var status = head.isIntact ? SpiProtocol.Status.refused : .commandDamaged
    var count = 0
    var waiting = 0
    if head.isIntact, let register = register(at: head.address), register.access == .burst,
      Int(head.word) == capacity
    {
      status = .done
      if head.opcode == .burstRead { take(capacity, from: register) }
      if wire.burstAddress == head.address {
        count = min(wire.burstWords.count, capacity)
        waiting = wire.burstWaiting
        wire.putBurst(count, into: &reply)
      }
    }
    reply[8] = status.rawValue
    reply[9] = head.address
    put(UInt16(count), into: &reply, at: 10)
    put(UInt16(clamping: waiting), into: &reply, at: 12)
    let end = reply.count - 4
    guard end >= 16 else { return }
    reply.storeBigEndian(Checksum.crc32(reply.span.extracting(8..<end)), at: end)
  }

  private func take(_ count: Int, from register: Register) {
    wire.burstAddress = register.address
    switch role {
    case .alice:
      let frame = FpgaMap.LookupFrame.frame.extract(from: bank.stored(FpgaMap.lookupFrame))
      wire.burstWaiting = choices.answer(
        count, into: &wire.burstWords, lookupFrame: frame, currentFrame: self.frame)
    case .bob:
      events.pop(count, into: &wire.burstWords)
      wire.burstWaiting = events.count
    }
  }

  private func writeBurst(_ head: SpiHead, _ command: Span<UInt8>, reply: inout MutableSpan<UInt8>) {
    let capacity = (command.count - SpiProtocol.burstWriteBytes(words: 0)) / SpiProtocol.wordBytes
    var status = head.isIntact ? SpiProtocol.Status.refused : .commandDamaged
    var accepted = 0
    if head.isIntact, let register = register(at: head.address), register.access == .burst, role == .alice,
      Int(head.word) == capacity
    {
      let payload = command.extracting(8..<8 + 4 * capacity)
      if Checksum.crc32(payload) == command.bigEndian32(at: 8 + 4 * capacity) {
        status = .done
        accepted = capacity
        choices.ask(payload)
      } else {
        status = .commandDamaged
        wire.countRefusal()
      }
    }
    let start = reply.count - 8
    reply[start] = status.rawValue
    reply[start + 1] = head.address
    put(UInt16(accepted), into: &reply, at: start + 2)
    seal(&reply, from: start)
  }

  private func loses(write number: UInt64) -> Bool {
    for case .lostWrite(let every) in faults.faults where number % every == 0 { return true }
    return false
  }

  /// CRC-16 of six bytes, behind them.
  private func seal(_ reply: inout MutableSpan<UInt8>, from start: Int) {
    put(Checksum.crc16(reply.span.extracting(start..<start + 6)), into: &reply, at: start + 6)
  }
}

private func put(_ value: UInt16, into bytes: inout MutableSpan<UInt8>, at index: Int) {
  bytes[index] = UInt8(value >> 8)
  bytes[index + 1] = UInt8(truncatingIfNeeded: value)
}
