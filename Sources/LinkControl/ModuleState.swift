public import Units

/// Where a module is in its life. Holds no hardware and reads no clock.
///
/// LINK-001 Light and gates are open in no state but `exchanging`.
/// LINK-002 Every state with a deadline leaves it when the deadline has passed.
/// LINK-003 Every hardware fault ends in `faulted`, whatever the state, except after zeroization.
public enum ModuleState: Equatable, Sendable {
  /// Waiting for the gateware to say that it is configured.
  case booting(deadline: Instant)
  case selfTest(deadline: Instant)
  case idle
  /// Comparing configurations with the peer and agreeing on the frames.
  case acquiring(attempt: UInt8, deadline: Instant)
  /// Light is on or about to be. The deadline moves with every sign of life of the peer.
  case exchanging(deadline: Instant)
  /// The optics are closed; what was detected is still being distilled. The deadline moves like that of `exchanging`.
  case draining(deadline: Instant)
  case faulted(FaultCause)
  case zeroized
}

/// Kinds of faults, numbered from zero without gaps.
public enum FaultKind: UInt8, Sendable {
  case wrongIdentity, wrongMapVersion, wrongRole, stuckRegister, busChecksum, busRefused, commitLost
  case gatewareSilent, watchdogExpired, frontEnd, entropyLost, journalLost, selfTestFailed, tampered, wavePlates
}

/// Why a module gave up, with what was seen.
public struct FaultCause: Equatable, Sendable {
  public let kind: FaultKind
  /// Register address, or the number of the failed self-test, where there is one.
  public let address: UInt16
  public let expected: UInt32
  public let found: UInt32

  public init(_ kind: FaultKind, address: UInt16 = 0, expected: UInt32 = 0, found: UInt32 = 0) {
    self.kind = kind
    self.address = address
    self.expected = expected
    self.found = found
  }
}

public enum ModuleEvent: Equatable, Sendable {
  case configured
  case selfTestPassed
  case startRequested
  case stopRequested
  /// The peer agreed on configuration and frames.
  case windowAgreed
  /// The configurations of the two modules differ, or the peer refused.
  case refused
  /// Anything valid from the peer.
  case peerHeard
  /// The stream to the peer is broken.
  case linkLost
  /// The last frame of the window is over and read out.
  case windowOver
  /// The last block is finished or given up.
  case drained
  case failed(FaultCause)
  case zeroizeRequested
  /// The operator wants the devices brought up and tested again.
  case selfTestRequested
  case tick
}

/// What the caller must do after a transition.
public enum ModuleAction: Equatable, Sendable {
  case none
  case runSelfTest
  case greetPeer
  case openOptics
  /// Agree with the peer on an early end of the window.
  case shortenWindow
  /// Close lasers and gates; keep distilling.
  case closeOptics
  /// Close lasers and gates and forget the session.
  case abandonSession
  case eraseKeys
}

/// How long each state may last.
public struct ModuleLimits: Sendable {
  public var bootTimeout = Nanoseconds(milliseconds: 2000)
  public var selfTestTimeout = Nanoseconds(milliseconds: 5000)
  public var acquireAttemptsMax: UInt8 = 3
  public var acquireTimeout = Nanoseconds(milliseconds: 2000)
  public var peerSilenceMax = Nanoseconds(milliseconds: 5000)
  /// Without a sign of the peer while the last blocks are distilled; longer than any silent piece of his work.
  public var drainTimeout = Nanoseconds(milliseconds: 30_000)

  public init() {}
}
