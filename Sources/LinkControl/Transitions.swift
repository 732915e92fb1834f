public import Units

extension ModuleState {
  public typealias Step = (state: ModuleState, action: ModuleAction)

  /// The whole transition table: a pure function. Faults and zeroization first, since they act in every state; then one
  /// table per state, in which every event stands.
  public func next(on event: ModuleEvent, at now: Instant, within limits: ModuleLimits) -> Step {
    switch (self, event) {
    case (.zeroized, _): return (self, .none)
    case (_, .zeroizeRequested): return (.zeroized, .eraseKeys)
    case (.faulted, .failed): return (self, .none)
    case (_, .failed(let cause)): return (.faulted(cause), .abandonSession)

    case (.booting(let deadline), _): return booting(event, now, deadline, limits)
    case (.selfTest(let deadline), _): return testing(event, now, deadline)
    case (.idle, _): return resting(event, now, limits)
    case (.acquiring(let attempt, let deadline), _): return acquiring(event, now, (attempt, deadline), limits)
    case (.exchanging(let deadline), _): return exchanging(event, now, deadline, limits)
    case (.draining(let deadline), _): return draining(event, now, deadline, limits)
    case (.faulted, _): return faulted(event, now, limits)
    }
  }

  private func booting(_ event: ModuleEvent, _ now: Instant, _ deadline: Instant, _ limits: ModuleLimits) -> Step {
    switch event {
    case .configured: return (.selfTest(deadline: now + limits.selfTestTimeout), .runSelfTest)
    case .tick where now >= deadline: return (.faulted(FaultCause(.gatewareSilent)), .abandonSession)
    case .selfTestPassed, .startRequested, .stopRequested, .windowAgreed, .refused, .peerHeard, .linkLost,
      .windowOver, .drained, .failed, .zeroizeRequested, .selfTestRequested, .tick:
      return (self, .none)
    }
  }

  private func testing(_ event: ModuleEvent, _ now: Instant, _ deadline: Instant) -> Step {
    switch event {
    case .selfTestPassed: return (.idle, .none)
    case .tick where now >= deadline: return (.faulted(FaultCause(.selfTestFailed)), .abandonSession)
    case .configured, .startRequested, .stopRequested, .windowAgreed, .refused, .peerHeard, .linkLost,
      .windowOver, .drained, .failed, .zeroizeRequested, .selfTestRequested, .tick:
      return (self, .none)
    }
  }

  private func resting(_ event: ModuleEvent, _ now: Instant, _ limits: ModuleLimits) -> Step {
    switch event {
    case .startRequested: return (.acquiring(attempt: 1, deadline: now + limits.acquireTimeout), .greetPeer)
    case .selfTestRequested: return (.selfTest(deadline: now + limits.selfTestTimeout), .runSelfTest)
    case .configured, .selfTestPassed, .stopRequested, .windowAgreed, .refused, .peerHeard, .linkLost, .windowOver,
      .drained, .failed, .zeroizeRequested, .tick:
      return (self, .none)
    }
  }

  private func acquiring(
    _ event: ModuleEvent, _ now: Instant, _ turn: (attempt: UInt8, deadline: Instant), _ limits: ModuleLimits
  ) -> Step {
    switch event {
    case .windowAgreed: return (.exchanging(deadline: now + limits.peerSilenceMax), .openOptics)
    case .tick where now >= turn.deadline:
      guard turn.attempt < limits.acquireAttemptsMax else { return (.idle, .abandonSession) }
      return (.acquiring(attempt: turn.attempt + 1, deadline: now + limits.acquireTimeout), .greetPeer)
    case .stopRequested, .refused, .linkLost: return (.idle, .abandonSession)
    case .configured, .selfTestPassed, .startRequested, .peerHeard, .windowOver, .drained, .failed,
      .zeroizeRequested, .selfTestRequested, .tick:
      return (self, .none)
    }
  }

  private func exchanging(
    _ event: ModuleEvent, _ now: Instant, _ deadline: Instant, _ limits: ModuleLimits
  ) -> Step {
    switch event {
    case .peerHeard: return (.exchanging(deadline: now + limits.peerSilenceMax), .none)
    case .stopRequested: return (self, .shortenWindow)
    case .windowOver: return (.draining(deadline: now + limits.drainTimeout), .closeOptics)
    case .tick where now >= deadline: return (.idle, .abandonSession)
    case .refused, .linkLost: return (.idle, .abandonSession)
    case .configured, .selfTestPassed, .startRequested, .windowAgreed, .drained, .failed, .zeroizeRequested,
      .selfTestRequested, .tick:
      return (self, .none)
    }
  }

  private func draining(
    _ event: ModuleEvent, _ now: Instant, _ deadline: Instant, _ limits: ModuleLimits
  ) -> Step {
    switch event {
    case .drained: return (.idle, .none)
    case .peerHeard: return (.draining(deadline: now + limits.drainTimeout), .none)
    case .tick where now >= deadline: return (.idle, .abandonSession)
    case .refused, .linkLost: return (.idle, .abandonSession)
    case .configured, .selfTestPassed, .startRequested, .stopRequested, .windowAgreed, .windowOver, .failed,
      .zeroizeRequested, .selfTestRequested, .tick:
      return (self, .none)
    }
  }

  private func faulted(_ event: ModuleEvent, _ now: Instant, _ limits: ModuleLimits) -> Step {
    switch event {
    case .stopRequested: return (.booting(deadline: now + limits.bootTimeout), .abandonSession)
    case .configured, .selfTestPassed, .startRequested, .windowAgreed, .refused, .peerHeard, .linkLost, .windowOver,
      .drained, .failed, .zeroizeRequested, .selfTestRequested, .tick:
      return (self, .none)
    }
  }
}
