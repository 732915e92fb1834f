public import Units

extension ModuleState {
  /// The whole transition table: a pure function, one line per pair that acts, then the pairs that do nothing.
  public func next(
    on event: ModuleEvent, at now: Instant, within limits: ModuleLimits
  ) -> (state: ModuleState, action: ModuleAction) {
    switch (self, event) {
    case (.booting, .configured):
      return (.selfTest(deadline: now + limits.selfTestTimeout), .runSelfTest)
    case (.booting(let deadline), .tick) where now >= deadline:
      return (.faulted(FaultCause(.gatewareSilent)), .abandonSession)
    case (.selfTest, .selfTestPassed):
      return (.idle, .none)
    case (.selfTest(let deadline), .tick) where now >= deadline:
      return (.faulted(FaultCause(.selfTestFailed)), .abandonSession)

    case (.idle, .startRequested):
      return (.acquiring(attempt: 1, deadline: now + limits.acquireTimeout), .greetPeer)
    case (.acquiring, .windowAgreed):
      return (.exchanging(deadline: now + limits.peerSilenceMax), .openOptics)
    case (.acquiring(let attempt, let deadline), .tick) where now >= deadline:
      guard attempt < limits.acquireAttemptsMax else { return (.idle, .abandonSession) }
      return (.acquiring(attempt: attempt + 1, deadline: now + limits.acquireTimeout), .greetPeer)

    case (.exchanging, .peerHeard):
      return (.exchanging(deadline: now + limits.peerSilenceMax), .none)
    case (.exchanging, .stopRequested):
      return (self, .shortenWindow)
    case (.exchanging, .windowOver):
      return (.draining(deadline: now + limits.drainTimeout), .closeOptics)
    case (.exchanging(let deadline), .tick) where now >= deadline:
      return (.idle, .abandonSession)

    case (.draining, .drained):
      return (.idle, .none)
    case (.draining(let deadline), .tick) where now >= deadline:
      return (.idle, .abandonSession)

    case (.acquiring, .stopRequested), (.acquiring, .refused), (.acquiring, .linkLost),
      (.exchanging, .refused), (.exchanging, .linkLost), (.draining, .linkLost):
      return (.idle, .abandonSession)
    case (.faulted, .stopRequested):
      return (.booting(deadline: now + limits.bootTimeout), .abandonSession)

    case (.zeroized, _):
      return (self, .none)
    case (_, .zeroizeRequested):
      return (.zeroized, .eraseKeys)
    case (.faulted, .failed):
      return (self, .none)
    case (_, .failed(let cause)):
      return (.faulted(cause), .abandonSession)

    case (.booting, .selfTestPassed), (.booting, .startRequested), (.booting, .stopRequested),
      (.booting, .windowAgreed), (.booting, .refused), (.booting, .peerHeard), (.booting, .linkLost),
      (.booting, .windowOver), (.booting, .drained), (.booting, .tick),
      (.selfTest, .configured), (.selfTest, .startRequested), (.selfTest, .stopRequested),
      (.selfTest, .windowAgreed), (.selfTest, .refused), (.selfTest, .peerHeard), (.selfTest, .linkLost),
      (.selfTest, .windowOver), (.selfTest, .drained), (.selfTest, .tick),
      (.idle, .configured), (.idle, .selfTestPassed), (.idle, .stopRequested), (.idle, .windowAgreed),
      (.idle, .refused), (.idle, .peerHeard), (.idle, .linkLost), (.idle, .windowOver), (.idle, .drained),
      (.idle, .tick),
      (.acquiring, .configured), (.acquiring, .selfTestPassed), (.acquiring, .startRequested),
      (.acquiring, .peerHeard), (.acquiring, .windowOver), (.acquiring, .drained), (.acquiring, .tick),
      (.exchanging, .configured), (.exchanging, .selfTestPassed), (.exchanging, .startRequested),
      (.exchanging, .windowAgreed), (.exchanging, .drained), (.exchanging, .tick),
      (.draining, .configured), (.draining, .selfTestPassed), (.draining, .startRequested),
      (.draining, .stopRequested), (.draining, .windowAgreed), (.draining, .refused), (.draining, .peerHeard),
      (.draining, .windowOver), (.draining, .tick),
      (.faulted, .configured), (.faulted, .selfTestPassed), (.faulted, .startRequested),
      (.faulted, .windowAgreed), (.faulted, .refused), (.faulted, .peerHeard), (.faulted, .linkLost),
      (.faulted, .windowOver), (.faulted, .drained), (.faulted, .tick):
      return (self, .none)
    }
  }
}
