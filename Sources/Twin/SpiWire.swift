import Checksum
import Optics
import RegisterMap
import Units

/// What the gateware's end of the SPI wire remembers between transfers.
struct SpiWire {
  var refusedCommands: UInt32 = 0
  var transfers: UInt64 = 0
  var writes: UInt64 = 0
  /// The last burst read, for a repetition.
  var latestBurst: (address: UInt8, words: [UInt32], waiting: Int)?

  /// Flips one bit among `bytes` of a message; which one follows from the number of the transfer.
  func flip(_ message: inout [UInt8], in bytes: Range<Int>, salt: UInt64) {
    let random = Philox.block(low: transfers, high: salt, key: 0).0
    let bit = Int(random % UInt64(bytes.count * 8))
    message[bytes.lowerBound + bit / 8] ^= 1 << UInt8(bit % 8)
  }
}

/// The SPI peripheral of the gateware.
extension FpgaModel {
  /// One chip-select-low period: the reply to `command`, of the same length.
  func exchange(_ command: [UInt8]) -> [UInt8] {
    var reply = [UInt8](repeating: 0, count: command.count)
    guard command.count >= SpiProtocol.registerBytes else { return reply }
    let head = Array(command[..<SpiProtocol.headCheckedBytes])
    let opcode = SpiProtocol.Opcode(rawValue: command[0])
    let isIntact = Checksum.crc16(head.span) == half(of: command, at: 6)
    if !isIntact { wire.refusedCommands = (wire.refusedCommands + 1) & FpgaMap.CrcErrors.count.valueMax }
    switch opcode {
    case .read, .write, nil: exchangeRegister(command, isIntact: isIntact, reply: &reply)
    case .burstRead: readBurst(command, repeats: false, isIntact: isIntact, reply: &reply)
    case .burstRepeat: readBurst(command, repeats: true, isIntact: isIntact, reply: &reply)
    case .burstWrite: writeBurst(command, isIntact: isIntact, reply: &reply)
    }
    return reply
  }

  private func exchangeRegister(_ command: [UInt8], isIntact: Bool, reply: inout [UInt8]) {
    let opcode = SpiProtocol.Opcode(rawValue: command[0])
    var status = isIntact ? SpiProtocol.Status.refused : .commandDamaged
    var value: UInt32 = 0
    if isIntact, let register = register(at: command[1]), register.access != .burst {
      if opcode == .read {
        status = .done
        value = read(register)
      } else if opcode == .write, register.access != .readOnly {
        status = .done
        wire.writes += 1
        if !loses(write: wire.writes) { write(word(of: command, at: 2), to: register) }
      }
    }
    reply[8] = status.rawValue
    reply[9] = command[1]
    put(value, into: &reply, at: 10)
    seal(&reply, from: 8)
  }

  private func readBurst(_ command: [UInt8], repeats: Bool, isIntact: Bool, reply: inout [UInt8]) {
    // The length of the transfer decides the layout, so that a damaged count cannot misplace the checksum.
    let capacity = (command.count - SpiProtocol.burstReadBytes(words: 0)) / SpiProtocol.wordBytes
    let address = command[1]
    var status = isIntact ? SpiProtocol.Status.refused : .commandDamaged
    var words: [UInt32] = []
    var waiting = 0
    if isIntact, let register = register(at: address), register.access == .burst,
      Int(word(of: command, at: 2)) == capacity
    {
      status = .done
      if !repeats { wire.latestBurst = take(capacity, from: register) }
      if let burst = wire.latestBurst, burst.address == address {
        words = Array(burst.words.prefix(capacity))
        waiting = burst.waiting
      }
    }
    reply[8] = status.rawValue
    reply[9] = address
    put(UInt16(words.count), into: &reply, at: 10)
    put(UInt16(clamping: waiting), into: &reply, at: 12)
    for (i, word) in words.enumerated() { put(word, into: &reply, at: 16 + 4 * i) }
    let end = reply.count - 4
    guard end >= 16 else { return }
    let checked = Array(reply[8..<end])
    put(Checksum.crc32(checked.span), into: &reply, at: end)
  }

  private func take(_ count: Int, from register: Register) -> (address: UInt8, words: [UInt32], waiting: Int) {
    switch role {
    case .alice:
      let frame = FpgaMap.LookupFrame.frame.extract(from: bank.stored(FpgaMap.lookupFrame))
      let answers = choices.answers(count: count, lookupFrame: frame, currentFrame: self.frame)
      return (register.address, answers.words, answers.waiting)
    case .bob:
      let words = events.pop(count: count)
      return (register.address, words, events.count)
    }
  }

  private func writeBurst(_ command: [UInt8], isIntact: Bool, reply: inout [UInt8]) {
    let capacity = (command.count - SpiProtocol.burstWriteBytes(words: 0)) / SpiProtocol.wordBytes
    var status = isIntact ? SpiProtocol.Status.refused : .commandDamaged
    var accepted = 0
    if isIntact, let register = register(at: command[1]), register.access == .burst, role == .alice,
      Int(word(of: command, at: 2)) == capacity
    {
      let payload = Array(command[8..<8 + 4 * capacity])
      if Checksum.crc32(payload.span) == word(of: command, at: 8 + 4 * capacity) {
        status = .done
        accepted = capacity
        choices.ask((0..<capacity).map { word(of: payload, at: 4 * $0) })
      } else {
        status = .commandDamaged
        wire.refusedCommands = (wire.refusedCommands + 1) & FpgaMap.CrcErrors.count.valueMax
      }
    }
    let start = reply.count - 8
    reply[start] = status.rawValue
    reply[start + 1] = command[1]
    put(UInt16(accepted), into: &reply, at: start + 2)
    seal(&reply, from: start)
  }

  private func loses(write number: UInt64) -> Bool {
    for case .lostWrite(let every) in faults.faults where number % every == 0 { return true }
    return false
  }

  /// CRC-16 of six bytes, behind them.
  private func seal(_ reply: inout [UInt8], from start: Int) {
    let checked = Array(reply[start..<start + 6])
    put(Checksum.crc16(checked.span), into: &reply, at: start + 6)
  }
}

private func word(of bytes: [UInt8], at index: Int) -> UInt32 {
  bytes[index..<index + 4].reduce(0) { $0 << 8 | UInt32($1) }
}

private func half(of bytes: [UInt8], at index: Int) -> UInt16 { UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]) }

private func put<T: FixedWidthInteger>(_ value: T, into bytes: inout [UInt8], at index: Int) {
  for i in 0..<T.bitWidth / 8 {
    bytes[index + i] = UInt8(truncatingIfNeeded: value >> T(T.bitWidth - 8 - 8 * i))
  }
}
