import Ports
import RegisterMap

/// One thing that goes wrong with one transfer.
enum WireFault: Equatable, Sendable {
  /// The device never sees the transfer and the controller reads this byte throughout.
  case dropped(filler: UInt8)
  case commandFlipped(bit: Int)
  case replyFlipped(bit: Int)
  /// The device confirms a register write that it does not perform.
  case lost
  case failed(BusError)
}

/// A second, naive gateware: the wire protocol of the register map over arrays, with a trace and planned faults.
final class FpgaDouble: SpiBus {
  var registers: [UInt8: UInt32] = [:]
  var trace: [[UInt8]] = []
  var faults: [Int: WireFault] = [:]
  /// Applied to every transfer that has no fault of its own.
  var standingFault: WireFault?
  var faultsInjected = 0
  var stuckHigh: UInt32 = 0
  var stuckLow: UInt32 = 0
  var commits = 0
  var crcErrors: UInt32 = 0
  var fifo: [UInt32] = []
  private var savedBurst: [UInt32]?
  private var slots: [UInt32] = []

  init() {
    for i in FpgaMap.all.indices where FpgaMap.all[i].access != .burst {
      registers[FpgaMap.all[i].address] = FpgaMap.all[i].reset
    }
  }

  /// What this gateware remembers about a slot: any function of frame and slot will do.
  static func choice(frame: UInt32, slot: UInt32) -> UInt32 {
    (frame &* 0x9e37_79b9 ^ slot &* 0x85eb_ca6b) >> 23 & 0x1ff | 0x200
  }

  func transfer(_ command: Span<UInt8>, reply: inout MutableSpan<UInt8>) throws(BusError) {
    var bytes = command.indices.map { command[$0] }
    let fault = faults[trace.count] ?? standingFault
    trace.append(bytes)
    if fault != nil { faultsInjected += 1 }
    var answer: [UInt8]
    switch fault {
    case .dropped(let filler): answer = [UInt8](repeating: filler, count: bytes.count)
    case .failed(let error): throw error
    case .commandFlipped(let bit):
      bytes[bit / 8 % bytes.count] ^= 0x80 >> UInt8(bit % 8)
      answer = perform(bytes, isLost: false)
    case .replyFlipped(let bit):
      answer = perform(bytes, isLost: false)
      answer[bit / 8 % bytes.count] ^= 0x80 >> UInt8(bit % 8)
    case .lost: answer = perform(bytes, isLost: true)
    case nil: answer = perform(bytes, isLost: false)
    }
    for i in reply.indices { reply[i] = answer[i] }
  }

  private func perform(_ bytes: [UInt8], isLost: Bool) -> [UInt8] {
    var answer = [UInt8](repeating: 0, count: bytes.count)
    let address = bytes[1]
    let word = number(bytes[2..<6])
    guard crc16(bytes[..<6]) == number(bytes[6..<8]) else {
      crcErrors += 1
      // The opcode cannot be trusted either, so the answer goes where the length of the transfer says.
      let isBurstWrite = bytes.count > 16 && bytes[0] == 4
      place([0xc3, address, 0, 0, 0, 0], crc: true, in: &answer, at: isBurstWrite ? bytes.count - 8 : 8)
      return answer
    }
    switch (bytes[0], bytes.count) {
    case (1, 16):
      let value = read(address)
      place([value == nil ? 0xe7 : 0xa5, address] + bigEndian(value ?? 0), crc: true, in: &answer, at: 8)
    case (2, 16):
      let isDone = isLost ? registers[address] != nil : write(word, at: address)
      place([isDone ? 0xa5 : 0xe7, address, 0, 0, 0, 0], crc: true, in: &answer, at: 8)
    case (3, _), (5, _): readBurst(bytes[0], address, Int(word), &answer)
    case (4, _): writeBurst(bytes, address, Int(word), &answer)
    default: place([0xe7, address, 0, 0, 0, 0], crc: true, in: &answer, at: 8)
    }
    return answer
  }

  private func read(_ address: UInt8) -> UInt32? {
    switch address {
    case 0x14: UInt32(commits % 65_536)
    case 0x28: crcErrors
    case 0x08: (registers[8] ?? 0) & ~stuckLow | stuckHigh
    default: registers[address]
    }
  }

  private func write(_ word: UInt32, at address: UInt8) -> Bool {
    switch address {
    case 0x10: commits += Int(word & 1)
    case 0x1c: registers[0x18, default: 0] &= ~((word & 1) << 2 | (word >> 1 & 1) << 3)
    case 0x00, 0x04, 0x14, 0x18, 0x20, 0x28, 0x5c, 0x8c, 0x90, 0x94: return false
    default:
      guard registers[address] != nil else { return false }
      registers[address] = word
    }
    return true
  }

  private func readBurst(_ opcode: UInt8, _ address: UInt8, _ count: Int, _ answer: inout [UInt8]) {
    var words: [UInt32] = []
    var isDone = true
    switch (opcode, address) {
    case (3, 0x98):
      words = Array(fifo.prefix(count))
      fifo.removeFirst(words.count)
      savedBurst = words
    case (5, 0x98):
      isDone = savedBurst != nil
      words = Array((savedBurst ?? []).prefix(count))
    case (3, 0x64): words = slots.prefix(count).map { Self.choice(frame: registers[0x60] ?? 0, slot: $0) }
    default: isDone = false
    }
    let waiting = UInt32(min(fifo.count, 65_535))
    let head = [isDone ? 0xa5 : 0xe7, address] + bigEndian(UInt32(words.count) << 16 | waiting) + [0, 0]
    place(head + words.flatMap(bigEndian), crc: false, in: &answer, at: 8)
    let end = 16 + 4 * count
    answer.replaceSubrange(end..<end + 4, with: bigEndian(crc32(answer[8..<end])))
  }

  private func writeBurst(_ bytes: [UInt8], _ address: UInt8, _ count: Int, _ answer: inout [UInt8]) {
    let end = 8 + 4 * count
    let isIntact = crc32(bytes[8..<end]) == number(bytes[end..<end + 4])
    if !isIntact { crcErrors += 1 }
    let isDone = isIntact && address == 0x64
    if isDone { slots = (0..<count).map { number(bytes[8 + 4 * $0..<12 + 4 * $0]) } }
    let status: UInt8 = isDone ? 0xa5 : isIntact ? 0xe7 : 0xc3
    let accepted = [UInt8(count / 256), UInt8(count % 256)]
    place([status, address] + (isDone ? accepted : [0, 0]) + [0, 0], crc: true, in: &answer, at: end + 4)
  }

  private func place(_ bytes: [UInt8], crc: Bool, in answer: inout [UInt8], at offset: Int) {
    let check = crc ? Array(bigEndian(crc16(bytes[...])).suffix(2)) : []
    answer.replaceSubrange(offset..<offset + bytes.count + check.count, with: bytes + check)
  }
}

func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }
func bigEndian(_ word: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(word >> $0 & 0xff) } }

/// The CRCs by long division over a list of bits, apart from the module Checksum.
func crc16(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  var rest: UInt32 = 0xffff
  for byte in bytes {
    for place in (0..<8).reversed() {
      let carry = rest >> 15 & 1 ^ UInt32(byte >> UInt8(place) & 1)
      rest = rest << 1 & 0xffff ^ carry * 0x1021
    }
  }
  return rest
}

func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  var rest = UInt32.max
  for byte in bytes {
    for place in 0..<8 {
      let carry = rest & 1 ^ UInt32(byte >> UInt8(place) & 1)
      rest = rest >> 1 ^ carry * 0xedb8_8320
    }
  }
  return ~rest
}

func crc8(_ bytes: [UInt8]) -> UInt8 {
  var rest: UInt32 = 0
  for byte in bytes {
    for place in (0..<8).reversed() {
      let carry = rest >> 7 & 1 ^ UInt32(byte >> UInt8(place) & 1)
      rest = rest << 1 & 0xff ^ carry * 0x07
    }
  }
  return UInt8(rest)
}

/// The sixteen command bytes of a register transfer.
func registerCommand(_ opcode: UInt8, _ address: UInt8, _ word: UInt32 = 0) -> [UInt8] {
  let head = [opcode, address] + bigEndian(word)
  return head + bigEndian(crc16(head[...])).suffix(2) + [UInt8](repeating: 0, count: 8)
}

/// A verified write: the write, then the read back.
func verifiedWrite(_ address: UInt8, _ word: UInt32) -> [[UInt8]] {
  [registerCommand(2, address, word), registerCommand(1, address)]
}

func burstReadCommand(_ opcode: UInt8, _ address: UInt8, count: Int) -> [UInt8] {
  Array(registerCommand(opcode, address, UInt32(count)).prefix(8)) + [UInt8](repeating: 0, count: 12 + 4 * count)
}

func burstWriteCommand(_ address: UInt8, _ words: [UInt32]) -> [UInt8] {
  let payload = words.flatMap(bigEndian)
  let head = Array(registerCommand(4, address, UInt32(words.count))[..<8])
  return head + payload + bigEndian(crc32(payload[...])) + [UInt8](repeating: 0, count: 8)
}
