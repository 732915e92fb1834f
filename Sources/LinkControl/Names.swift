extension ModuleState {
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

extension FaultKind {
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
    }
  }
}
