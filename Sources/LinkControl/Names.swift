/// A state without its deadline or cause.
public enum StateName: UInt8, Sendable {
  case booting, selfTest, idle, acquiring, exchanging, draining, faulted, zeroized

  /// The word that the console shows.
  public var name: StaticString {
    switch self {
    case .booting: "booting"
    case .selfTest: "selftest"
    case .idle: "idle"
    case .acquiring: "acquiring"
    case .exchanging: "exchanging"
    case .draining: "draining"
    case .faulted: "faulted"
    case .zeroized: "zeroized"
    }
  }
}

extension ModuleState {
  public var stateName: StateName {
    switch self {
    case .booting: .booting
    case .selfTest: .selfTest
    case .idle: .idle
    case .acquiring: .acquiring
    case .exchanging: .exchanging
    case .draining: .draining
    case .faulted: .faulted
    case .zeroized: .zeroized
    }
  }

  /// The word that the console shows.
  public var name: StaticString { stateName.name }
}

/// An event without its cause.
public enum EventName: UInt8, Sendable {
  case configured, selfTestPassed, startRequested, stopRequested, windowAgreed, refused, peerHeard, linkLost
  case windowOver, drained, failed, zeroizeRequested, tick, selfTestRequested

  /// What the console says about it.
  public var name: StaticString {
    switch self {
    case .configured: "gateware is configured"
    case .selfTestPassed: "self-test passed"
    case .startRequested: "start was asked for"
    case .stopRequested: "stop was asked for"
    case .windowAgreed: "frames agreed on"
    case .refused: "refused or given up"
    case .peerHeard: "peer heard"
    case .linkLost: "link lost"
    case .windowOver: "last frame is over"
    case .drained: "last block is done"
    case .failed: "fault"
    case .zeroizeRequested: "zeroize was asked for"
    case .tick: "deadline passed"
    case .selfTestRequested: "self-test was asked for"
    }
  }
}

extension ModuleEvent {
  public var eventName: EventName {
    switch self {
    case .configured: .configured
    case .selfTestPassed: .selfTestPassed
    case .startRequested: .startRequested
    case .stopRequested: .stopRequested
    case .windowAgreed: .windowAgreed
    case .refused: .refused
    case .peerHeard: .peerHeard
    case .linkLost: .linkLost
    case .windowOver: .windowOver
    case .drained: .drained
    case .failed: .failed
    case .zeroizeRequested: .zeroizeRequested
    case .tick: .tick
    case .selfTestRequested: .selfTestRequested
    }
  }
}

extension FaultKind {
  /// The word that scripts know the fault by.
  public var name: StaticString {
    switch self {
    case .wrongIdentity: "wrong_identity"
    case .wrongMapVersion: "wrong_map_version"
    case .wrongRole: "wrong_role"
    case .stuckRegister: "stuck_register"
    case .busChecksum: "bus_checksum"
    case .busRefused: "bus_refused"
    case .commitLost: "commit_lost"
    case .gatewareSilent: "gateware_silent"
    case .watchdogExpired: "watchdog_expired"
    case .frontEnd: "front_end"
    case .entropyLost: "entropy_lost"
    case .journalLost: "journal_lost"
    case .selfTestFailed: "self_test_failed"
    case .tampered: "tampered"
    case .wavePlates: "wave_plates"
    }
  }

  /// What the console says about the fault.
  public var summary: StaticString {
    switch self {
    case .wrongIdentity: "gateware has the wrong identity"
    case .wrongMapVersion: "gateware has another register map"
    case .wrongRole: "gateware is built for the other role"
    case .stuckRegister: "register does not hold what was written"
    case .busChecksum: "register transfers keep failing their checksum"
    case .busRefused: "bus or gateware refused the transfer"
    case .commitLost: "commit strobe had no effect"
    case .gatewareSilent: "gateware did not report that it is configured"
    case .watchdogExpired: "gateware watchdog expired"
    case .frontEnd: "counter front-end does not answer as it should"
    case .entropyLost: "random source failed"
    case .journalLost: "authentication index could not be recorded"
    case .selfTestFailed: "self-test failed"
    case .tampered: "tamper line is active"
    case .wavePlates: "wave plates do not stand where they should"
    }
  }
}
