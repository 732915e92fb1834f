public import FixedStorage
public import Ports
public import RegisterMap
public import Units

/// The gateware of either side: one method per intention, each done and verified when it returns.
///
/// Settings land in shadow registers, where they are read back; `commit()` makes all of them take effect together
/// at the next frame boundary.
public struct Fpga<Side: FpgaSide, Bus: SpiBus & ~Copyable>: ~Copyable {
  var bus: FpgaBus<Bus>

  /// Takes over the bus and two buffers of at least `SpiProtocol.transferBytesMax` bytes.
  public init(bus: consuming Bus, command: consuming Block<UInt8>, reply: consuming Block<UInt8>) {
    self.bus = FpgaBus(bus: bus, command: command, reply: reply)
  }

  public var counters: WireCounters { bus.counters }

  /// Checks identity, map version and role; `wrongDevice` carries the whole register that differs.
  public mutating func identify() throws(DriverFault) -> FpgaIdentity {
    let ident = try bus.read(FpgaMap.ident)
    guard ident == FpgaMap.ident.reset else {
      throw .wrongDevice(address: FpgaMap.ident.address, expected: FpgaMap.ident.reset, read: ident)
    }
    let word = try bus.read(FpgaMap.version)
    let meaning: FpgaMap.Version.Role = Side.role == .alice ? .alice : .bob
    let map = FpgaMap.Version.map.extract(from: word)
    guard map == FpgaMap.Version.map.extract(from: FpgaMap.version.reset),
      FpgaMap.Version.role.extract(FpgaMap.Version.Role.self, from: word) == meaning
    else {
      let expected = FpgaMap.Version.role.insert(meaning, into: FpgaMap.version.reset)
      throw .wrongDevice(address: FpgaMap.version.address, expected: expected, read: word)
    }
    return FpgaIdentity(role: Side.role, mapVersion: map, build: FpgaMap.Version.build.extract(from: word))
  }

  /// Walks a one and a zero through the scratch register. Bits that never change are reported together; a pattern
  /// that comes back wrong although every bit can change is reported as it is.
  public mutating func checkScratch() throws(DriverFault) {
    let register = FpgaMap.scratch
    var seenHigh: UInt32 = 0
    var seenLow: UInt32 = 0
    var difference: DriverFault?
    for step in UInt32(0)..<64 {
      let bit = step % 32
      let walkingOne = Field(bits: bit...bit).mask
      let pattern = step < 32 ? walkingOne : ~walkingOne
      try bus.put(pattern, into: register)
      let read = try bus.read(register)
      seenHigh |= read
      seenLow |= ~read
      guard read != pattern, difference == nil else { continue }
      difference = .readBackDiffers(address: register.address, wrote: pattern, read: read)
    }
    guard ~seenHigh == 0 && ~seenLow == 0 else { throw .stuckBits(high: ~seenLow, low: ~seenHigh) }
    if let difference { throw difference }
  }

  public mutating func status() throws(DriverFault) -> FpgaStatus {
    FpgaStatus(word: try bus.read(FpgaMap.status))
  }

  /// A register that can be read, as it is.
  public mutating func read(_ register: Register) throws(DriverFault) -> UInt32 { try bus.read(register) }

  /// Writes a register as it is and reads it back; `readWrite` ones only.
  public mutating func write(_ word: UInt32, to register: Register) throws(DriverFault) {
    precondition(register.access == .readWrite)
    try bus.write(word, to: register)
  }

  /// Zeroes what the last transfers left in memory.
  public mutating func wipeBuffers() { bus.wipeBuffers() }

  /// The frame that is running now.
  public mutating func frame() throws(DriverFault) -> UInt32 { try bus.read(FpgaMap.frame) }

  /// Commands that the gateware refused for their CRC, modulo 65 536.
  public mutating func crcErrors() throws(DriverFault) -> UInt32 { try bus.read(FpgaMap.crcErrors) }

  /// Makes all settings take effect at the next frame boundary. A damaged strobe is repeated only after the
  /// counter has shown that it was not performed.
  public mutating func commit() throws(DriverFault) {
    let before = try bus.read(FpgaMap.commitCount)
    let strobe = FpgaMap.Commit.strobe.insert(true, into: 0)
    var after = before
    for _ in 0..<FpgaBus<Bus>.attemptsMax {
      let outcome = try bus.exchangeOnce(.write, FpgaMap.commit.address, strobe)
      after = try bus.read(FpgaMap.commitCount)
      if after == (before + 1) & FpgaMap.CommitCount.count.mask { return }
      guard case .failed = outcome, after == before else { break }
      bus.counters.retries += 1
    }
    throw .commitNotCounted(before: before, after: after)
  }

  /// Clears the latch of an expired watchdog. It does not reopen anything: `setRunning` and `commit` do.
  public mutating func clearWatchdog() throws(DriverFault) {
    try clear(FpgaMap.Clear.watchdog, latch: FpgaMap.Status.watchdogExpired)
  }

  /// Pulses or gates are open in the frames `start ..< stop` only.
  public mutating func setWindow(start: UInt32, stop: UInt32) throws(DriverFault) {
    try bus.write(start, to: FpgaMap.startFrame)
    try bus.write(stop, to: FpgaMap.stopFrame)
  }

  public mutating func setRunning(_ isRunning: Bool) throws(DriverFault) {
    let word = try bus.read(FpgaMap.control)
    try bus.write(FpgaMap.Control.run.insert(isRunning, into: word), to: FpgaMap.control)
  }

  public mutating func setVariant(_ variant: TwirlVariant) throws(DriverFault) {
    let word = try bus.read(FpgaMap.control)
    let meaning: FpgaMap.Control.Variant =
      switch variant {
      case .perPulse: .perPulse
      case .perBlock: .perBlock
      }
    try bus.write(FpgaMap.Control.variant.insert(meaning, into: word), to: FpgaMap.control)
  }

  /// How long the heartbeat may stay away, at once and without a commit.
  public mutating func setWatchdog(milliseconds: UInt16) throws(DriverFault) {
    try bus.write(FpgaMap.Watchdog.periodMs.insert(UInt32(milliseconds), into: 0), to: FpgaMap.watchdog)
  }

  /// Clears a latch and checks that it stays clear; `readBackDiffers` then carries the whole STATUS.
  mutating func clear(_ field: Field, latch: Field) throws(DriverFault) {
    try bus.trigger(field.insert(true, into: 0), at: FpgaMap.clear)
    let word = try bus.read(FpgaMap.status)
    guard !latch.isSet(in: word) else {
      throw .readBackDiffers(address: FpgaMap.status.address, wrote: word & ~latch.mask, read: word)
    }
  }
}
