import Optics
import RegisterMap
public import Units

/// The gateware of one module as its registers show it. Time is given in slots since the common epoch.
///
/// The light itself is not computed here: `Simulation` asks whether lasers or gates are open and delivers the clicks.
public final class FpgaModel {
  public let role: Role
  public internal(set) var faults: FaultPlan {
    didSet { bank.faults = faults }
  }
  /// The LASER_ARM line.
  public internal(set) var isArmed = false
  /// The interlock loop: light of Alice needs it closed.
  public var isInterlockClosed = true
  public var isClockLocked = true
  /// The tamper switch of the case.
  public var isTampered = false

  /// Slots since the epoch up to which the model has lived.
  var slot: UInt64 = 0
  var bank: RegisterBank
  var choices: ChoiceMemory
  var events: EventFifo
  var wire = SpiWire()
  private var isInWindow = false
  public private(set) var watchdogExpired = false
  private var overflowed = false
  public private(set) var heartbeatIsHigh = false
  private var latestHeartbeat: UInt64 = 0

  init(role: Role, faults: FaultPlan, choices: ChoiceSource) {
    self.role = role
    self.faults = faults
    bank = RegisterBank(faults: faults)
    self.choices = ChoiceMemory(source: choices)
    events = EventFifo(faults: faults)
  }

  /// The frame that is running by the module's own count.
  private(set) var frame: UInt32 = 0
  /// The pattern that was asked for last; a seed makes one for good.
  var latestPattern: SyncLight?

  /// Whether lasers may fire (Alice) or gates open (Bob) now.
  public var isOpen: Bool {
    guard isInWindow, runs, !watchdogExpired else { return false }
    switch role {
    case .alice: return isArmed && isInterlockClosed
    case .bob: return true
    }
  }

  private var runs: Bool { FpgaMap.Control.run.isSet(in: bank.inEffect(FpgaMap.control)) }

  // MARK: Time

  /// What happens at the first slot of a frame: commits take effect, the window opens or closes, markers are written.
  /// Returns whether a commit took effect.
  func beginFrame(_ number: UInt32) -> Bool {
    frame = number
    let wasOpen = isOpen
    let committed = bank.beginFrame()
    if committed && watchdogExpired { bank.stopRunning() }
    isInWindow =
      frame >= bank.inEffect(FpgaMap.startFrame) && frame < bank.inEffect(FpgaMap.stopFrame)
    if role == .bob, wasOpen || isOpen, !events.pushMarker(frame: frame) { overflowed = true }
    return committed
  }

  /// The slot at which the watchdog will trip unless the heartbeat comes, nil while nothing runs.
  var watchdogDeadline: UInt64? {
    guard runs, !watchdogExpired else { return nil }
    let period = FpgaMap.Watchdog.periodMs.extract(from: bank.inEffect(FpgaMap.watchdog))
    return latestHeartbeat + UInt64(period) * slotsPerMillisecond
  }

  /// Trips the watchdog if its time has come; returns whether it did.
  func checkWatchdog() -> Bool {
    guard let deadline = watchdogDeadline, deadline <= slot else { return false }
    watchdogExpired = true
    bank.stopRunning()
    return true
  }

  /// Both edges of the heartbeat line feed the watchdog.
  func setHeartbeat(high: Bool) {
    if high != heartbeatIsHigh { latestHeartbeat = slot }
    heartbeatIsHigh = high
  }

  func receive(_ detections: [Detection]) {
    let dead = FpgaMap.DeadTime.slots.extract(from: bank.inEffect(FpgaMap.deadTime))
    if !events.push(detections, deadSlots: UInt64(dead)) { overflowed = true }
  }

  /// Clicks with what the clock read for each, in whole slots: dead time goes by the clock, which no alignment moves.
  func receive(_ detections: [Detection], readings: [Int64]) {
    let dead = FpgaMap.DeadTime.slots.extract(from: bank.inEffect(FpgaMap.deadTime))
    for (detection, reading) in zip(detections, readings)
    where !events.push(detection, at: reading, deadSlots: Int64(dead)) { overflowed = true }
  }

  /// The interrupt line: Bob's FIFO is half full, or a latch of STATUS is set.
  var interruptIsHigh: Bool { watchdogExpired || overflowed || events.count >= FpgaMap.fifoCapacityWords / 2 }

  // MARK: Registers

  /// Every register that this role has.
  func register(at address: UInt8) -> Register? {
    let foreign = role == .alice ? address >= FpgaMap.gate.address : (0x40..<0x80).contains(address)
    guard !foreign else { return nil }
    for i in FpgaMap.all.indices where FpgaMap.all[i].address == address { return FpgaMap.all[i] }
    return nil
  }

  func read(_ register: Register) -> UInt32 { faults.stick(value(of: register), at: register.address) }

  func write(_ word: UInt32, to register: Register) {
    switch register {
    case FpgaMap.commit:
      if FpgaMap.Commit.strobe.isSet(in: word) { bank.commit() }
    case FpgaMap.clear:
      if FpgaMap.Clear.watchdog.isSet(in: word) { watchdogExpired = false }
      if FpgaMap.Clear.overflow.isSet(in: word) { overflowed = false }
    default:
      bank.store(word, in: register)
    }
  }

  private func value(of register: Register) -> UInt32 {
    switch register {
    case FpgaMap.ident:
      for case .wrongIdentity(let word) in faults.faults { return word }
      return register.reset
    case FpgaMap.version:
      return FpgaMap.Version.role.insert(role == .alice ? FpgaMap.Version.Role.alice : .bob, into: register.reset)
    case FpgaMap.commitCount: return bank.commits
    case FpgaMap.status: return status
    case FpgaMap.frame: return frame
    case FpgaMap.crcErrors: return wire.refusedCommands
    case FpgaMap.choicesOldest: return ChoiceMemory.oldest(at: frame)
    case FpgaMap.fifoLevel: return UInt32(events.count)
    case FpgaMap.fifoLost: return events.lost
    case FpgaMap.discarded: return events.discarded
    default: return register.access == .readWrite ? bank.stored(register) : 0
    }
  }

  private var status: UInt32 {
    typealias Status = FpgaMap.Status
    var word = Status.running.insert(isOpen, into: 0)
    word = Status.armed.insert(isArmed, into: word)
    word = Status.watchdogExpired.insert(watchdogExpired, into: word)
    word = Status.fifoOverflow.insert(overflowed, into: word)
    word = Status.clockLocked.insert(isClockLocked, into: word)
    return Status.interlock.insert(isInterlockClosed, into: word)
  }
}

let slotsPerMillisecond: UInt64 = 1_000_000 / TimeBase.slotNs
