/// What can go wrong on a wire inside the module.
public enum BusError: Error, Equatable, Sendable {
  case notAcknowledged
  case timedOut
  /// The operating system refused the transfer with this error number.
  case system(Int32)
}

/// The SPI bus of the gateware, chip select included. Conformers own the bus for as long as they live.
public protocol SpiBus: ~Copyable {
  /// One full-duplex transfer with chip select low throughout. `reply` has the length of `command`.
  mutating func transfer(_ command: Span<UInt8>, reply: inout MutableSpan<UInt8>) throws(BusError)
}

/// The I2C bus of the housekeeping devices, controller side.
public protocol I2cBus: ~Copyable {
  /// Writes `bytes` to the target at the seven-bit `address`, then reads `reply.count` bytes after a repeated start.
  /// Without `bytes` it only reads, without a `reply` it only writes; one of them is never empty.
  mutating func transfer(
    _ bytes: Span<UInt8>, to address: UInt8, reply: inout MutableSpan<UInt8>
  ) throws(BusError)
}

/// Lines that the controller drives.
public enum OutputLine: UInt8, Sendable { case laserArm, frameTrigger, heartbeat }

/// Lines that the controller reads.
public enum InputLine: UInt8, Sendable { case fpgaDone, fpgaIrq, pps, tamper }

/// The GPIO lines of the board by name.
public protocol LinePort: ~Copyable {
  mutating func set(_ line: OutputLine, high: Bool) throws(BusError)
  mutating func isHigh(_ line: InputLine) throws(BusError) -> Bool
}

public enum EntropyError: Error, Equatable, Sendable { case unavailable }

/// Full-entropy random bytes from hardware.
public protocol EntropySource: ~Copyable {
  mutating func fill(_ bytes: inout MutableSpan<UInt8>) throws(EntropyError)
}

public enum LinkError: Error, Equatable, Sendable {
  case notConnected
  case closedByPeer
  case system(Int32)
}

/// A reliable, ordered stream of bytes to the peer. Nothing about it is secret or trusted.
public protocol ClassicalLink: ~Copyable {
  /// Offers bytes and returns how many were taken; never blocks.
  mutating func send(_ bytes: Span<UInt8>) throws(LinkError) -> Int
  /// Copies what has arrived into `bytes` and returns how many; never blocks.
  mutating func receive(into bytes: inout MutableSpan<UInt8>) throws(LinkError) -> Int
  /// Gives the connection up, because its bytes make no sense any more; both ends begin anew with the next one.
  mutating func disconnect()
}

extension ClassicalLink where Self: ~Copyable {
  /// A wire without connections has none to give up.
  public mutating func disconnect() {}
}

/// The operator's terminal.
public protocol TerminalPort: ~Copyable {
  /// Returns the number of bytes read, zero if nobody types; never blocks.
  mutating func read(into bytes: inout MutableSpan<UInt8>) -> Int
  /// Takes as much as there is room for now and returns how much; never blocks.
  mutating func write(_ bytes: Span<UInt8>) -> Int
}

/// Storage that survives power loss, for the one number that must never run backwards.
public protocol IndexJournal: ~Copyable {
  /// The last index that was recorded, zero on a new module.
  mutating func recordedIndex() throws(JournalError) -> UInt64
  /// Returns only after `index` would be found again after power loss.
  mutating func record(_ index: UInt64) throws(JournalError)
}

public enum JournalError: Error, Equatable, Sendable {
  case corrupt
  case system(Int32)
}

/// Storage that survives power loss, for a configuration as text.
public protocol ConfigurationStore: ~Copyable {
  /// Returns only after the text would be found again after power loss; a cut on the way leaves the one before.
  mutating func save(_ text: Span<UInt8>) throws(StoreError)
  /// Copies the text to the front of `bytes` and returns its length.
  mutating func load(into bytes: inout MutableSpan<UInt8>) throws(StoreError) -> Int
}

public enum StoreError: Error, Equatable, Sendable {
  /// The module has no such storage.
  case absent
  /// Nothing was saved yet.
  case empty
  case system(Int32)
}

/// Storage that survives power loss, for keys: records of 64 bytes by place, zero until they are written.
///
/// All of it throws `StoreError.absent` on a module that keeps its keys in memory only.
public protocol KeyVault: ~Copyable {
  /// Copies the record at `place` into `record`, 64 bytes.
  mutating func readKeyRecord(_ place: Int, into record: inout MutableSpan<UInt8>) throws(StoreError)
  /// Replaces a record. A power cut before the next sync leaves the old one, the new one, or neither.
  mutating func writeKeyRecord(_ place: Int, _ record: Span<UInt8>) throws(StoreError)
  /// Returns only after everything that was written would be found again after power loss.
  mutating func syncKeyRecords() throws(StoreError)
  /// Overwrites all records with zeros; durable on return.
  mutating func wipeKeyRecords() throws(StoreError)
}

/// The program's own file, and the one that may take its place.
public protocol ProgramStore: ~Copyable {
  /// Bytes of the candidate; `empty` if none waits, `absent` if the module takes none.
  mutating func candidateBytes() throws(StoreError) -> UInt64
  /// Starts the candidate's self-test as a program of its own.
  mutating func beginTrial() throws(StoreError)
  /// The exit status of the self-test, nil while it runs.
  mutating func trialStatus() throws(StoreError) -> Int32?
  /// Puts the candidate in the program's place; the program that was there stays beside it. Durable on return, and
  /// after a power cut on the way a whole program is found.
  mutating func install() throws(StoreError)
  /// Ends a trial that takes too long.
  mutating func endTrial()
}

/// A step of the tick of the thread that keeps time.
public enum TickStep: UInt8, Sendable {
  /// From when the tick was due until the thread runs.
  case wakeUp
  /// From when the tick was due until the heartbeat line has its new level.
  case strobe
  /// Reading the edges of the input lines and feeding the watchdog of the board.
  case lines
  /// Transfers over SPI and I2C in one tick, together.
  case transfers

  public static var count: Int { 4 }

  public var name: StaticString {
    switch self {
    case .wakeUp: "wake_up"
    case .strobe: "strobe"
    case .lines: "lines"
    case .transfers: "transfers"
    }
  }

  /// How long the step may take, in nanoseconds. Documentation/Timing.md says where the figures come from.
  public var budgetNs: UInt64 {
    switch self {
    case .wakeUp: 100_000
    case .strobe: 150_000
    case .lines: 50_000
    case .transfers: 800_000
    }
  }
}

/// What the thread that keeps time has counted since the program began.
public struct TickReport: Equatable, Sendable {
  public var ticks: UInt64 = 0
  /// Ticks that were left out because the one before them had not ended.
  public var missed: UInt64 = 0
  /// The longest of each step in nanoseconds, and how often it was over its budget; by `TickStep`.
  public var worstNs: [4 of UInt64] = .init(repeating: 0)
  public var over: [4 of UInt64] = .init(repeating: 0)
  /// All delays of the strobe together, for their mean.
  public var strobeSumNs: UInt64 = 0
  /// Ticks without a heartbeat, because the controller had not asked for one in time.
  public var withheld: UInt64 = 0
  public var interrupts: UInt64 = 0
  public var pulses: UInt64 = 0
  /// How often nine clocks freed the I2C bus.
  public var recoveries: UInt64 = 0
  /// Page faults of the thread.
  public var faults: UInt64 = 0

  public init() {}

  public static func == (a: TickReport, b: TickReport) -> Bool {
    for i in 0..<TickStep.count where a.worstNs[i] != b.worstNs[i] || a.over[i] != b.over[i] { return false }
    return a.ticks == b.ticks && a.missed == b.missed && a.withheld == b.withheld && a.interrupts == b.interrupts
      && a.strobeSumNs == b.strobeSumNs && a.pulses == b.pulses && a.recoveries == b.recoveries && a.faults == b.faults
  }
}

/// A board whose devices are served by a thread of their own.
public protocol Timekeeper: ~Copyable {
  /// Nil on a board without one.
  mutating func tickReport() -> TickReport?
}

extension Timekeeper where Self: ~Copyable {
  public mutating func tickReport() -> TickReport? { nil }
}
