public import Units

extension SyncState {
  public typealias Step = (state: SyncState, action: SyncAction)

  /// The whole transition table: a pure function. A stop acts in every state; then one table per state.
  public func next(on event: SyncEvent, at now: Instant, within limits: SyncLimits) -> Step {
    switch (self, event) {
    case (.idle, .stopRequested): return (self, .none)
    case (_, .stopRequested): return (.idle, .release)

    case (.idle, _), (.failed, _): return resting(event, now, limits)
    case (.searching(let attempt, let deadline), _): return searching(event, now, (attempt, deadline), limits)
    case (.confirming(let attempt, let deadline), _): return confirming(event, now, (attempt, deadline), limits)
    case (.tracking, _): return tracking(event, now, limits)
    case (.coasting(let deadline), _): return coasting(event, now, deadline, limits)
    case (.reacquiring(let deadline), _): return reacquiring(event, now, deadline, limits)
    case (.reconfirming(let deadline), _): return reconfirming(event, now, deadline, limits)
    }
  }

  private func resting(_ event: SyncEvent, _ now: Instant, _ limits: SyncLimits) -> Step {
    switch event {
    case .startRequested: return (.searching(attempt: 1, deadline: now + limits.searchTimeout), .search)
    case .stopRequested, .found, .confirmed, .refuted, .exhausted, .lightLost, .lightSeen, .doubtExceeded,
      .unsettled, .errorsExceeded, .tick:
      return (self, .none)
    }
  }

  /// Another attempt, while there is one.
  private func retrying(_ attempt: UInt8, _ now: Instant, _ limits: SyncLimits) -> Step {
    guard attempt < limits.attemptsMax else { return (.failed(.noPeak), .release) }
    return (.searching(attempt: attempt + 1, deadline: now + limits.searchTimeout), .search)
  }

  private func searching(
    _ event: SyncEvent, _ now: Instant, _ turn: (attempt: UInt8, deadline: Instant), _ limits: SyncLimits
  ) -> Step {
    switch event {
    case .found: return (.confirming(attempt: turn.attempt, deadline: now + limits.confirmTimeout), .confirm)
    case .exhausted: return retrying(turn.attempt, now, limits)
    case .tick where now >= turn.deadline: return retrying(turn.attempt, now, limits)
    case .startRequested, .stopRequested, .confirmed, .refuted, .lightLost, .lightSeen, .doubtExceeded,
      .unsettled, .errorsExceeded, .tick:
      return (self, .none)
    }
  }

  private func confirming(
    _ event: SyncEvent, _ now: Instant, _ turn: (attempt: UInt8, deadline: Instant), _ limits: SyncLimits
  ) -> Step {
    switch event {
    case .confirmed(_, let errors) where errors.exceeds(limits.qberMax):
      return (.failed(.errorsTooHigh), .release)
    case .confirmed: return (.tracking, .track)
    case .refuted: return retrying(turn.attempt, now, limits)
    case .tick where now >= turn.deadline: return retrying(turn.attempt, now, limits)
    case .startRequested, .stopRequested, .found, .exhausted, .lightLost, .lightSeen, .doubtExceeded,
      .unsettled, .errorsExceeded, .tick:
      return (self, .none)
    }
  }

  private func tracking(_ event: SyncEvent, _ now: Instant, _ limits: SyncLimits) -> Step {
    switch event {
    case .lightLost: return (.coasting(deadline: now + limits.coastTimeout), .coast)
    case .errorsExceeded: return (.searching(attempt: 1, deadline: now + limits.searchTimeout), .search)
    case .unsettled: return (.reacquiring(deadline: now + limits.reacquireTimeout), .searchNear)
    case .startRequested, .stopRequested, .found, .confirmed, .refuted, .exhausted, .lightSeen, .doubtExceeded, .tick:
      return (self, .none)
    }
  }

  private func coasting(_ event: SyncEvent, _ now: Instant, _ deadline: Instant, _ limits: SyncLimits) -> Step {
    switch event {
    case .lightSeen: return (.tracking, .track)
    case .doubtExceeded: return (.reacquiring(deadline: now + limits.reacquireTimeout), .searchNear)
    case .tick where now >= deadline:
      return (.reacquiring(deadline: now + limits.reacquireTimeout), .searchNear)
    case .startRequested, .stopRequested, .found, .confirmed, .refuted, .exhausted, .lightLost, .unsettled,
      .errorsExceeded, .tick:
      return (self, .none)
    }
  }

  private func reacquiring(_ event: SyncEvent, _ now: Instant, _ deadline: Instant, _ limits: SyncLimits) -> Step {
    switch event {
    case .found: return (.reconfirming(deadline: now + limits.confirmTimeout), .confirm)
    case .doubtExceeded, .exhausted:
      return (.searching(attempt: 1, deadline: now + limits.searchTimeout), .search)
    case .tick where now >= deadline:
      return (.searching(attempt: 1, deadline: now + limits.searchTimeout), .search)
    case .startRequested, .stopRequested, .confirmed, .refuted, .lightLost, .lightSeen, .unsettled,
      .errorsExceeded, .tick:
      return (self, .none)
    }
  }

  private func reconfirming(_ event: SyncEvent, _ now: Instant, _ deadline: Instant, _ limits: SyncLimits) -> Step {
    switch event {
    case .confirmed(_, let errors) where errors.exceeds(limits.qberMax):
      return (.failed(.errorsTooHigh), .release)
    case .confirmed: return (.tracking, .track)
    case .refuted: return (.reacquiring(deadline: now + limits.reacquireTimeout), .searchNear)
    case .tick where now >= deadline:
      return (.searching(attempt: 1, deadline: now + limits.searchTimeout), .search)
    case .startRequested, .stopRequested, .found, .exhausted, .lightLost, .lightSeen, .doubtExceeded, .unsettled,
      .errorsExceeded, .tick:
      return (self, .none)
    }
  }
}

/// A state without what it carries.
public enum SyncStateName: UInt8, Sendable {
  case idle, searching, confirming, tracking, coasting, reacquiring, reconfirming, failed

  /// The word that the console shows.
  public var name: StaticString {
    switch self {
    case .idle: "idle"
    case .searching: "searching"
    case .confirming: "confirming"
    case .tracking: "tracking"
    case .coasting: "coasting"
    case .reacquiring: "reacquiring"
    case .reconfirming: "reconfirming"
    case .failed: "failed"
    }
  }
}

extension SyncState {
  public var stateName: SyncStateName {
    switch self {
    case .idle: .idle
    case .searching: .searching
    case .confirming: .confirming
    case .tracking: .tracking
    case .coasting: .coasting
    case .reacquiring: .reacquiring
    case .reconfirming: .reconfirming
    case .failed: .failed
    }
  }
}
