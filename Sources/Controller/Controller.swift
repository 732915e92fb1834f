public import Acquisition
import Console
import Distillation
public import Drivers
import FixedStorage
public import Health
public import KeyStore
public import LinkControl
import Ports
import RegisterMap
public import Units
public import Wire

/// Why the module last went back to idle without a key, or refused to begin.
public enum SessionEnd: Equatable, Sendable {
  case none
  case finished
  /// The modules differ in this field; `peer` is what the other one has.
  case configurationDiffers(ConfigurationField, own: UInt64, peer: UInt64)
  /// A field of the own configuration cannot be used.
  case configurationUnusable(ConfigurationField)
  case sameRole
  case peerRefused
  case peerSilent
  case linkLost
  case keysExhausted
  case protocolBroken
  case stopped
  /// Bob did not find the slots of the light, or lost them for good.
  case notAligned(SyncFailure)
}

/// Detector readings of the last housekeeping round.
public struct DetectorReadings: Equatable, Sendable {
  public var counts: [6 of UInt32] = .init(repeating: 0)
  public var biasNa: [6 of UInt32] = .init(repeating: 0)
  public var temperatureMilliC: [6 of Int32] = .init(repeating: 0)

  public init() {}

  public static func == (a: DetectorReadings, b: DetectorReadings) -> Bool {
    for i in 0..<6 {
      guard a.counts[i] == b.counts[i], a.biasNa[i] == b.biasNa[i] else { return false }
      guard a.temperatureMilliC[i] == b.temperatureMilliC[i] else { return false }
    }
    return true
  }
}

/// The tick loop of a module: events in, tables, actions out. It owns the optics, the board and the session.
///
/// `turn(at:)` is called once a tick and does all device I/O; between ticks `distil` is called as long as there is
/// time. Neither waits for anything.
public struct Controller<End: OpticalEnd & ~Copyable, Board: ModuleBoard & ~Copyable>: ~Copyable {
  public internal(set) var configuration: LinkConfiguration
  /// What this module has for itself.
  public internal(set) var settings: ModuleSettings
  /// What the operator has set, which `apply` puts into force.
  public internal(set) var candidate: ModuleConfiguration
  public internal(set) var policyReason = PolicyReason.configured
  let limits: ModuleLimits
  var end: End
  var board: Board
  var core: LinkCore
  var inbox: Inbox
  var frontEnd = FrontEnd()
  var drive = PlateDrive()
  /// Bob's plates stand elsewhere than at zero, or may, and are a fault if they are not there by then.
  var homeBy: Instant?
  /// Blocks whose errors the follower of the frame has heard of.
  var blocksFollowed: UInt64 = 0
  var parts = BoardParts()
  public internal(set) var state: ModuleState
  public internal(set) var lastEnd = SessionEnd.none
  var window = ExchangeWindow(start: 0, stop: 0)
  var windowIsProposed = false
  var ownNonce: UInt64 = 0
  var peerNonce: UInt64?
  var peerIsDrained = false
  var drainIsTold = false
  /// The session was asked for by the peer, so that this module's greeting is an answer.
  var isAnswering = false
  var linkIsUp = false
  var heartbeatIsHigh = false
  var ticks: UInt64 = 0
  var lastTurn: Instant?
  public internal(set) var deadlineMisses: UInt64 = 0
  /// Windows that reached the gateware too late, and the least frames that were left when one did not.
  var lateWrites: UInt64 = 0
  var slackFrames = UInt32.max
  public internal(set) var now: Instant
  public internal(set) var readings = DetectorReadings()
  public internal(set) var framesRun: UInt64 = 0
  /// What the totals were when the light of the session began, for its rates.
  var siftedBefore: UInt64 = 0
  var secretBefore: UInt64 = 0
  /// What happened, what of it was noted already, and up to which event it was told on the console.
  var traced: TraceRing
  let started: Instant
  var tracedEnd = SessionEnd.none
  var tracedRetries: UInt64 = 0
  var tracedBlock: UInt32?
  var tracedSync: SyncStateName?
  /// When the light of the session began, and how often Bob had locked on light by then.
  var lightSince = Instant(ns: 0)
  var locksBefore: UInt64 = 0
  var logged: UInt32
  public internal(set) var alarms = AlarmBook()
  var watch = HealthWatch()
  public internal(set) var rates: RateMeter
  var scan = GateScan()
  /// Loss that depends on polarisation: what is measured and what is done about it.
  var loss = LossControl()
  /// The gate stands where a scan put it.
  var gateIsAstray = false
  /// What the console that asks is trusted with.
  var asking = Privilege.secure
  /// The gateware as it was seen in this tick.
  var fpgaStatus = FpgaStatus(word: 0)
  /// A register was written past the drivers, so that nothing is certain until the devices are brought up again.
  public internal(set) var isPoked = false
  /// The operator wants the program to start anew.
  public internal(set) var wantsRestart = false
  var updatePhase = UpdatePhase.none
  /// Zeroization did not reach everything that outlives the program.
  var eraseFailed = false
  /// What a restart would find, as far as this run has saved or loaded it.
  var savedConfiguration: ModuleConfiguration?
  /// The hash of the configuration that the peer greeted with last.
  var peerHash: UInt32?
  var telemetryLines: UInt64 = 0
  /// The counter front-end has been read at least once.
  var hasReadings = false

  public init(
    configuration: LinkConfiguration, settings: ModuleSettings = ModuleSettings(), end: consuming End,
    board: consuming Board, session: consuming SessionMemory, now: Instant
  ) {
    precondition(configuration.unusableField() == nil)
    self.configuration = configuration
    self.settings = settings
    candidate = ModuleConfiguration(configuration, settings)
    limits = ModuleLimits()
    self.end = end
    self.board = board
    core = session.core
    inbox = session.inbox
    traced = session.trace
    self.now = now
    started = now
    rates = RateMeter(at: now)
    core.keys.lifetime = settings.keyLifetime
    traced.note(.started(traced.starts), at: 0)
    logged = traced.kept.upperBound
    state = .booting(deadline: now + limits.bootTimeout)
  }

  public var role: Role { End.role }
  public var totals: SessionTotals { core.totals }
  public var wireCounters: WireCounters { end.wireCounters }
  /// How Bob's slots stand to the light; nil for Alice, and where both modules have one clock.
  public var slotAlignment: SlotAlignment? { end.slotAlignment }
  /// Where Bob is with finding the slots of the light.
  public var syncState: SyncState? { end.slotAlignment?.state }
  /// Keys in store, and those of them that the peer has not shown to have.
  public var keyCount: Int { core.keys.count }
  public var heldKeyCount: Int { core.keys.heldCount }
  public var exchangeWindow: ExchangeWindow { window }

  /// One tick: heartbeat, deadlines, link, optics, a slice of distillation.
  public mutating func turn(at now: Instant) {
    noteDeadline(now)
    self.now = now
    ticks += 1
    beat()
    watchTamper()
    apply(.tick)
    if case .booting = state { watchConfiguration() }
    serviceLink()
    turnPlates()
    followFrame()
    serviceOptics()
    keepHouse()
    scanGate()
    tendLoss()
    distil(slicesMax: 4)
    core.tendKeys(at: now, linkIsUp: linkIsUp, &board)
    flush()
    watchUpdate()
    traceChanges()
    watchHealth()
  }

  /// Works on the block in distillation until it waits or `slicesMax` bounded pieces are done; true if work is left.
  @discardableResult
  public mutating func distil(slicesMax: Int) -> Bool {
    for _ in 0..<slicesMax where !core.distil(at: now, &board) {
      noteDrained()
      return false
    }
    return true
  }

  /// The operator's wishes.
  public mutating func start() {
    if case .idle = state {
      guard !isPoked, !gateIsAstray, !platesAreAstray else { return }
      isAnswering = false
      chooseRow()
    }
    apply(.startRequested)
  }
  public mutating func stop() {
    if case .idle = state { return }
    lastEnd = .stopped
    apply(.stopRequested)
  }

  /// Gives a session up at once: its open blocks are lost, and their one-time words are spent.
  public mutating func abort() {
    switch state {
    case .acquiring, .exchanging, .draining:
      apply(.refused)
      lastEnd = .stopped
    case .booting, .selfTest, .idle, .faulted, .zeroized: return
    }
  }

  /// Erases every key and ends the module's life until it is given new ones.
  public mutating func zeroize() { apply(.zeroizeRequested) }

  /// What an ephemeris or a flight computer says of the peer; it moves Bob's slots if he recovers his clock.
  public mutating func foretell(_ motion: PeerMotion?) { end.foretell(motion) }

  /// Loads the pre-shared authentication key; the module starts with none.
  public mutating func loadAuthenticationKey(_ secret: Span<UInt8>) throws(PoolFault) {
    try core.pool.load(secret, journal: &board)
  }

  /// The loop begins now: what was done since the module was made, as reading many keys, is no part of booting.
  public mutating func begin(at now: Instant) {
    self.now = now
    if case .booting = state { state = .booting(deadline: now + limits.bootTimeout) }
  }

  /// Puts an event through the transition table and performs the action.
  mutating func apply(_ event: ModuleEvent) {
    let before = state
    let step = state.next(on: event, at: now, within: limits)
    state = step.state
    if event == .tick { noteTimeout(from: before) }
    if before.stateName != state.stateName {
      if case .faulted(let cause) = state { trace(.fault(cause)) }
      trace(.moved(from: before.stateName, to: state.stateName, on: event.eventName))
    }
    perform(step.action)
  }

  private mutating func noteDeadline(_ now: Instant) {
    if let last = lastTurn, now >= last + Nanoseconds(2 * TimeBase.tick.count) {
      deadlineMisses += 1
      trace(.late)
    }
    lastTurn = now
  }

  private mutating func noteTimeout(from before: ModuleState) {
    switch (before, state) {
    case (.acquiring, .idle), (.exchanging, .idle), (.draining, .idle): lastEnd = .peerSilent
    default: break
    }
  }

  // The gateware's watchdog is fed by edges: a loop that hangs shuts lasers and gates.
  private mutating func beat() {
    // A zeroized module cannot fault any more; if its bus refused to close the optics, only this does.
    switch state {
    case .faulted, .zeroized: return
    case .booting, .selfTest, .idle, .acquiring, .exchanging, .draining: break
    }
    heartbeatIsHigh.toggle()
    do throws(BusError) { try board.set(.heartbeat, high: heartbeatIsHigh) } catch { fail(.bus(error, address: 0)) }
  }

  private mutating func watchConfiguration() {
    do throws(BusError) {
      if try board.isHigh(.fpgaDone) { apply(.configured) }
    } catch {
      fail(.bus(error, address: 0))
    }
  }
}

/// The working memory of a module, handed over once.
public struct SessionMemory: ~Copyable {
  var core: LinkCore
  var inbox: Inbox
  var trace: TraceRing

  public init(core: consuming LinkCore, inbox: consuming Inbox, trace: consuming TraceRing) {
    self.core = core
    self.inbox = inbox
    self.trace = trace
  }
}
