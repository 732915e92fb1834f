import RegisterMap
import Units

/// The converter MCP4728 (DS22187E, chapter 5) on a board that holds LDAC low, so that outputs follow their registers.
final class Mcp4728Model: PartModel {
  private typealias Word = Mcp4728Map.Word
  private let isFrozen: Bool
  private var inputs: [UInt32]
  private var eeprom: [UInt32]
  private var busyUntil = Instant(ns: 0)

  init(isFrozen: Bool) {
    self.isFrozen = isFrozen
    // As from the factory: internal reference, gain 1, on, zero.
    eeprom = [UInt32](repeating: Word.hasInternalReference.mask, count: Mcp4728Map.channelCount)
    inputs = eeprom
  }

  /// What a channel gives out; the supply, assumed to be 5 V, is the other reference.
  func volts(_ channel: Int) -> Double {
    let word = inputs[channel]
    guard Word.power.extract(from: word) == Word.Power.normal.rawValue else { return 0 }
    let share = Double(Word.code.extract(from: word)) / 4_096
    guard Word.hasInternalReference.isSet(in: word) else { return 5 * share }
    return 2.048 * share * (Word.isDoubled.isSet(in: word) ? 2 : 1)
  }

  // MARK: Wires

  func write(_ bytes: [UInt8], at now: Instant) -> Bool {
    // A part that writes its EEPROM ignores commands.
    guard !isBusy(at: now) else { return true }
    let command = UInt32(bytes[0])
    let kind = Mcp4728Map.Command.kind.extract(from: command)
    switch Mcp4728Map.Command.Kind(rawValue: kind) {
    case .multiWrite: multiWrite(bytes)
    case .sequentialWrite: store(Array(bytes.dropFirst()), from: channel(command), countMax: 4, at: now)
    case .singleWrite: store(Array(bytes.dropFirst()), from: channel(command), countMax: 1, at: now)
    case nil: return select(kind >> 2, bytes)
    }
    return true
  }

  /// The 24 bytes of figure 5-15, over and over.
  func read(_ count: Int, at now: Instant) -> [UInt8]? {
    typealias Head = Mcp4728Map.Head
    var bytes: [UInt8] = []
    for channel in inputs.indices {
      var head = Head.isReady.insert(!isBusy(at: now), into: Head.isPowered.mask)
      head = Head.channel.insert(UInt32(channel), into: head)
      for word in [inputs[channel], eeprom[channel]] { bytes += [UInt8(head), UInt8(word >> 8), UInt8(word & 0xff)] }
    }
    return (0..<count).map { bytes[$0 % bytes.count] }
  }

  // MARK: Commands

  private func isBusy(at now: Instant) -> Bool { now < busyUntil }

  private func channel(_ command: UInt32) -> Int { Int(Mcp4728Map.Command.channel.extract(from: command)) }

  private func word(_ high: UInt8, _ low: UInt8) -> UInt32 { UInt32(high) << 8 | UInt32(low) }

  private func multiWrite(_ bytes: [UInt8]) {
    for start in stride(from: 0, to: bytes.count - 2, by: 3) {
      inputs[channel(UInt32(bytes[start]))] = word(bytes[start + 1], bytes[start + 2])
    }
  }

  private func store(_ bytes: [UInt8], from first: Int, countMax: Int, at now: Instant) {
    let count = min(bytes.count / 2, countMax, inputs.count - first)
    guard count > 0 else { return }
    for i in 0..<count {
      inputs[first + i] = word(bytes[2 * i], bytes[2 * i + 1])
      eeprom[first + i] = inputs[first + i]
    }
    // The longest that the data sheet allows.
    busyUntil = isFrozen ? Instant(ns: .max) : now + Nanoseconds(milliseconds: 50)
  }

  /// The commands that the upper three bits tell: fast write, reference, power and gain. The others change the part's
  /// address, for which the board has no wire.
  private func select(_ kind: UInt32, _ bytes: [UInt8]) -> Bool {
    switch kind {
    case 0b000, 0b001:
      for i in 0..<min(bytes.count / 2, inputs.count) {
        let power = UInt32(bytes[2 * i]) >> 4 & Word.power.valueMax
        inputs[i] = Word.power.insert(power, into: inputs[i])
        inputs[i] = Word.code.insert(word(bytes[2 * i] & 0x0f, bytes[2 * i + 1]), into: inputs[i])
      }
    case 0b100: for i in inputs.indices { set(Word.hasInternalReference, of: i, to: bytes[0] >> UInt8(3 - i) & 1) }
    case 0b110: for i in inputs.indices { set(Word.isDoubled, of: i, to: bytes[0] >> UInt8(3 - i) & 1) }
    case 0b101:
      guard bytes.count >= 2 else { return true }
      let levels = word(bytes[0], bytes[1]) >> 4
      for i in inputs.indices { set(Word.power, of: i, to: UInt8(levels >> UInt32(6 - 2 * i) & 3)) }
    default: return false
    }
    return true
  }

  private func set(_ field: Field, of channel: Int, to value: UInt8) {
    inputs[channel] = field.insert(UInt32(value), into: inputs[channel])
  }
}
