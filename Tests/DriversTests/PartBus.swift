import HostStorage
import Ports

/// A part as its data sheet has it and as naive as can be.
protocol PartDouble {
  static var address: UInt8 { get }
  /// Takes the bytes that follow the address; false if the part does not acknowledge.
  mutating func write(_ bytes: [UInt8]) -> Bool
  /// Nil if the part does not acknowledge.
  mutating func read(_ count: Int) -> [UInt8]?
}

/// One transfer as it left the driver.
struct PartTransfer: Equatable, Sendable {
  let sent: [UInt8]
  let replyCount: Int

  static func write(_ bytes: [UInt8]) -> PartTransfer { PartTransfer(sent: bytes, replyCount: 0) }
  static func read(_ bytes: [UInt8], _ count: Int) -> PartTransfer { PartTransfer(sent: bytes, replyCount: count) }
  /// A register read until it agrees, which on a good bus is twice.
  static func twice(_ address: UInt8, _ count: Int = 2) -> [PartTransfer] {
    [.read([address], count), .read([address], count)]
  }
}

enum PartFault: Sendable {
  /// Acknowledged and forgotten.
  case lost
  case commandFlipped(bit: Int)
  case replyFlipped(bit: Int)
  /// The data line stays where it is while the part should answer.
  case stuck(high: Bool)
  case failed(BusError)
}

/// A bus with one part on it, a trace and planned faults.
struct PartBus<Part: PartDouble>: I2cBus, ~Copyable {
  var part: Part
  var trace: [PartTransfer] = []
  var faults: [Int: PartFault] = [:]
  var standingFault: PartFault?
  var faultsInjected = 0

  init(_ part: Part) { self.part = part }

  mutating func transfer(
    _ bytes: Span<UInt8>, to address: UInt8, reply: inout MutableSpan<UInt8>
  ) throws(BusError) {
    var sent = bytes.indices.map { bytes[$0] }
    let fault = faults[trace.count] ?? standingFault
    trace.append(PartTransfer(sent: sent, replyCount: reply.count))
    if fault != nil { faultsInjected += 1 }
    if case .failed(let error) = fault { throw error }
    guard address == Part.address else { throw .notAcknowledged }
    if case .commandFlipped(let bit) = fault, !sent.isEmpty { sent[bit / 8 % sent.count] ^= 1 << UInt8(bit % 8) }
    var isLost = sent.isEmpty
    if case .lost = fault { isLost = true }
    if !isLost { guard part.write(sent) else { throw .notAcknowledged } }
    guard !reply.isEmpty else { return }
    guard var answer = part.read(reply.count) else { throw .notAcknowledged }
    if case .replyFlipped(let bit) = fault { answer[bit / 8 % answer.count] ^= 1 << UInt8(bit % 8) }
    for i in reply.indices {
      reply[i] = answer[i]
      if case .stuck(let high) = fault { reply[i] = high ? 0xff : 0 }
    }
  }
}

/// A bus on which anything answers, with anything.
struct HostileBus: I2cBus, ~Copyable {
  private var random: SeededRandom
  private(set) var transfers = 0
  /// Shares of 256 transfers.
  private let refusals: UInt8
  /// Chosen by hostility: a reply is repeated, or made of one value, so that readings agree.
  private var last: [UInt8] = []

  init(_ random: SeededRandom, refusals: UInt8) {
    self.random = random
    self.refusals = refusals
  }

  mutating func transfer(
    _ bytes: Span<UInt8>, to address: UInt8, reply: inout MutableSpan<UInt8>
  ) throws(BusError) {
    transfers += 1
    let draw = random.next()
    if UInt8(truncatingIfNeeded: draw) < refusals { throw draw & 256 == 0 ? .notAcknowledged : .timedOut }
    let repeats = draw >> 9 & 3 != 0 && last.count == reply.count
    if !repeats { last = reply.indices.map { _ in UInt8(truncatingIfNeeded: random.next()) } }
    for i in reply.indices { reply[i] = last[i] }
  }
}

func anyPartFault(_ random: inout some RandomNumberGenerator) -> PartFault {
  switch Int.random(in: 0..<7, using: &random) {
  case 0: .lost
  case 1, 2: .commandFlipped(bit: Int.random(in: 0..<576, using: &random))
  case 3: .replyFlipped(bit: Int.random(in: 0..<576, using: &random))
  case 4: .stuck(high: Bool.random(using: &random))
  case 5: .failed(.notAcknowledged)
  default: .failed(.timedOut)
  }
}

extension PartFault {
  /// Whether the driver has to come through: a reply is damaged, or nothing has happened yet.
  var isRepaired: Bool {
    switch self {
    case .replyFlipped, .stuck, .failed(.notAcknowledged): true
    case .lost, .commandFlipped, .failed: false
    }
  }
}
