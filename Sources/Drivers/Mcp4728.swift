public import Ports
import RegisterMap

/// The converter MCP4728: four voltages, and what they are when power comes.
///
/// Figures and tables are those of its data sheet, DS22187E. The part has no register addresses; a fault names the
/// place in the 24 bytes of its reply. The bus has many devices, so whoever owns it lends it to each call.
public struct Mcp4728: Sendable {
  private static var replyBytes: Int { 24 }

  private var device = UncheckedDevice(at: PartAddress.mcp4728)

  public init() {}

  public var counters: WireCounters { device.counters }

  /// Reads all input registers and the EEPROM. The part has no identity: the heads of the eight words, which name
  /// channel and address bits, are what proves it.
  public mutating func state(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) -> Mcp4728State {
    let nothing = Span<UInt8>()
    let reply: [24 of UInt8] = try device.read(nothing, over: &bus)
    let silent = Mcp4728Output(word: 0)
    var state = Mcp4728State(
      outputs: .init(repeating: silent), powerOnOutputs: .init(repeating: silent), isStoring: false)
    for place in 0..<Self.replyBytes / Mcp4728Map.wordBytes {
      let start = place * Mcp4728Map.wordBytes
      let head = UInt32(reply[start])
      try Self.check(head, at: place)
      if !Mcp4728Map.Head.isReady.isSet(in: head) { state.isStoring = true }
      let output = Mcp4728Output(word: UInt32(reply[start + 1]) << 8 | UInt32(reply[start + 2]))
      if place % 2 == 0 { state.outputs[place / 2] = output } else { state.powerOnOutputs[place / 2] = output }
    }
    return state
  }

  /// Sets one output and checks that nothing else of the part has changed. Refused while the EEPROM is written.
  public mutating func set(
    _ output: Mcp4728Output, of channel: Mcp4728Channel, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) {
    var wanted = try idleState(over: &bus)
    wanted.outputs[Int(channel.rawValue)] = output
    let head = Self.command(.multiWrite, channel)
    let command: [3 of UInt8] = [head, Self.high(output), Self.low(output)]
    try device.write(command.span, over: &bus)
    let state = try state(over: &bus)
    try Self.compare(state.outputs, wanted.outputs, at: 0)
    // A damaged command can be one that writes the EEPROM.
    try Self.compare(state.powerOnOutputs, wanted.powerOnOutputs, at: 1)
    guard !state.isStoring else {
      throw .readBackDiffers(address: 0, wrote: Self.head(of: 0), read: Self.head(of: 0, isReady: false))
    }
  }

  /// Sets all outputs and begins to write them to the EEPROM, for the next time that power comes; `isStored` tells
  /// the end. Does nothing if all of that is so already, since the EEPROM wears out.
  public mutating func beginStoring(
    _ outputs: [4 of Mcp4728Output], over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) {
    let before = try idleState(over: &bus)
    if Self.areEqual(before.outputs, outputs), Self.areEqual(before.powerOnOutputs, outputs) { return }
    let command: [9 of UInt8] = [
      Self.command(.sequentialWrite, .a), Self.high(outputs[0]), Self.low(outputs[0]), Self.high(outputs[1]),
      Self.low(outputs[1]), Self.high(outputs[2]), Self.low(outputs[2]), Self.high(outputs[3]), Self.low(outputs[3]),
    ]
    try device.write(command.span, over: &bus)
    let state = try state(over: &bus)
    try Self.compare(state.outputs, outputs, at: 0)
    if !state.isStoring { try Self.compare(state.powerOnOutputs, outputs, at: 1) }
  }

  /// Whether the EEPROM holds `outputs`; false while it is written, which takes 50 ms at most.
  public mutating func isStored(
    _ outputs: [4 of Mcp4728Output], over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> Bool {
    let state = try state(over: &bus)
    if state.isStoring { return false }
    try Self.compare(state.powerOnOutputs, outputs, at: 1)
    return true
  }

  private mutating func idleState(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) -> Mcp4728State {
    let state = try state(over: &bus)
    // A part that writes its EEPROM ignores commands.
    guard !state.isStoring else {
      throw .refused(address: 0, status: UInt8(truncatingIfNeeded: Self.head(of: 0, isReady: false)))
    }
    return state
  }

  // MARK: Bytes

  private static func command(_ kind: Mcp4728Map.Command.Kind, _ channel: Mcp4728Channel) -> UInt8 {
    let word = Mcp4728Map.Command.kind.insert(kind, into: 0)
    return UInt8(Mcp4728Map.Command.channel.insert(UInt32(channel.rawValue), into: word))
  }

  private static func high(_ output: Mcp4728Output) -> UInt8 { UInt8(truncatingIfNeeded: output.word >> 8) }
  private static func low(_ output: Mcp4728Output) -> UInt8 { UInt8(truncatingIfNeeded: output.word) }

  /// The head of the word at `place`, 0...7.
  private static func head(of place: Int, isReady: Bool = true) -> UInt32 {
    typealias Head = Mcp4728Map.Head
    let word = Head.isPowered.insert(true, into: Head.isReady.insert(isReady, into: 0))
    return Head.channel.insert(UInt32(place / 2), into: word)
  }

  private static func check(_ head: UInt32, at place: Int) throws(DriverFault) {
    let isReady = Mcp4728Map.Head.isReady.isSet(in: head)
    let expected = Self.head(of: place, isReady: isReady)
    guard head == expected else {
      throw .wrongDevice(address: UInt8(place * Mcp4728Map.wordBytes), expected: expected, read: head)
    }
  }

  /// `first` is 0 for input registers and 1 for the EEPROM, which take turns in the reply.
  private static func compare(
    _ read: [4 of Mcp4728Output], _ wrote: [4 of Mcp4728Output], at first: Int
  ) throws(DriverFault) {
    for i in wrote.indices where read[i] != wrote[i] {
      let place = (2 * i + first) * Mcp4728Map.wordBytes
      throw .readBackDiffers(address: UInt8(place), wrote: wrote[i].word, read: read[i].word)
    }
  }

  private static func areEqual(_ a: [4 of Mcp4728Output], _ b: [4 of Mcp4728Output]) -> Bool {
    for i in a.indices where a[i] != b[i] { return false }
    return true
  }
}
