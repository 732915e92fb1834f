public import Units

/// Where Bob is with the alignment of his slots. Holds no hardware and reads no clock.
///
/// SYNC-001 Key counts in no state but `tracking`.
/// SYNC-002 No way leads to `tracking` but a confirmed peak, or light within the doubt of a short fade.
/// SYNC-003 Every state that waits leaves it when its deadline has passed.
public enum SyncState: Equatable, Sendable {
  case idle
  /// Looking for the pulses in the whole doubt of one pulse per second and clocks.
  case searching(attempt: UInt8, deadline: Instant)
  /// Asking later clicks about a peak.
  case confirming(attempt: UInt8, deadline: Instant)
  case tracking
  /// No light for a moment; the alignment goes on as it was.
  case coasting(deadline: Instant)
  /// No light for so long that the slot is in doubt: looking near where it should be.
  case reacquiring(deadline: Instant)
  case reconfirming(deadline: Instant)
  /// Given up; only the operator or a new session begins anew.
  case failed(SyncFailure)
}

/// Why the alignment was given up.
public enum SyncFailure: UInt8, Sendable { case noPeak, errorsTooHigh }

public enum SyncEvent: Equatable, Sendable {
  case startRequested
  case stopRequested
  case found(SyncPeak)
  case confirmed(SyncPeak, SyncErrors)
  case refuted(SyncPeak)
  /// All looks of the search are used.
  case exhausted
  case lightLost(LightCount)
  case lightSeen(LightCount)
  /// The slot can no longer be taken from where it was.
  case doubtExceeded(SlotSpan)
  /// The tracked slots do not show the pattern.
  case unsettled(SyncPeak)
  /// Errors of the public states are above the limit.
  case errorsExceeded(SyncErrors)
  case tick
}

/// What the caller must do after a transition.
public enum SyncAction: Equatable, Sendable {
  case none
  /// Open the gate wide, ask the peer for the pattern in every frame, search everything.
  case search
  case confirm
  /// Take the alignment, narrow the gate, let the peer return to the sparse schedule.
  case track
  case coast
  /// As `search`, near the expected place.
  case searchNear
  /// Give the alignment up.
  case release
}

/// How long each state may last.
public struct SyncLimits: Equatable, Sendable {
  public var attemptsMax: UInt8 = 3
  public var searchTimeout = Nanoseconds(milliseconds: 15_000)
  public var confirmTimeout = Nanoseconds(milliseconds: 8_000)
  /// The doubt ends coasting long before.
  public var coastTimeout = Nanoseconds(milliseconds: 2_000)
  /// Behind it the search begins anew with the whole doubt.
  public var reacquireTimeout = Nanoseconds(milliseconds: 6_000)
  /// Error rate of public states above which a lock is not believed.
  public var qberMax = PartsPerMillion(300_000)
  /// Largest unforeseen acceleration, in millimetres a second squared.
  public var accelerationMax: UInt32 = 10_000

  public init() {}
}
