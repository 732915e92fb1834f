import HostStorage
import LinkControl
import Testing
import Units

private let limits: ModuleLimits = {
  var limits = ModuleLimits()
  limits.bootTimeout = Nanoseconds(100)
  limits.selfTestTimeout = Nanoseconds(100)
  limits.acquireTimeout = Nanoseconds(50)
  limits.peerSilenceMax = Nanoseconds(200)
  limits.drainTimeout = Nanoseconds(400)
  return limits
}()
private let cause = FaultCause(.stuckRegister, address: 8, expected: 1, found: 0)
private let events: [ModuleEvent] = [
  .configured, .selfTestPassed, .startRequested, .stopRequested, .windowAgreed, .refused, .peerHeard, .linkLost,
  .windowOver, .drained, .selfTestRequested, .tick, .failed(cause), .zeroizeRequested,
]
private let start = Instant(ns: 1000)
private let later = Instant(ns: 1_000_000)
private let states: [ModuleState] = [
  .booting(deadline: start), .selfTest(deadline: start), .idle, .acquiring(attempt: 1, deadline: start),
  .exchanging(deadline: start), .draining(deadline: start), .faulted(cause), .zeroized,
]

@Test func goodSession_walksAllStates() {
  var state = ModuleState.booting(deadline: later)
  var actions: [ModuleAction] = []
  for event: ModuleEvent in [
    .configured, .selfTestPassed, .startRequested, .windowAgreed, .peerHeard, .windowOver, .drained,
  ] {
    let step = state.next(on: event, at: start, within: limits)
    state = step.state
    actions.append(step.action)
  }
  #expect(state == .idle)
  #expect(actions == [.runSelfTest, .none, .greetPeer, .openOptics, .none, .closeOptics, .none])
}

/// LINK-001: on random walks the optics are open only while exchanging.
@Test(arguments: 0..<UInt64(300)) func opticsAreOpenOnlyWhileExchanging(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var state = ModuleState.booting(deadline: start)
  var isOpen = false
  var now = Instant(ns: 0)
  for _ in 0..<500 {
    now = now + Nanoseconds(UInt64.random(in: 0...80, using: &random))
    let event = events[Int.random(in: 0..<(events.count - (seed % 4 == 0 ? 0 : 2)), using: &random)]
    let step = state.next(on: event, at: now, within: limits)
    switch step.action {
    case .openOptics: isOpen = true
    case .closeOptics, .abandonSession, .eraseKeys: isOpen = false
    case .none, .runSelfTest, .greetPeer, .shortenWindow: break
    }
    state = step.state
    if case .exchanging = state {
      #expect(isOpen, "seed \(seed)")
    } else {
      #expect(!isOpen, "seed \(seed)")
    }
  }
}

/// LINK-002: a tick behind the deadline leaves every state that has one, or counts an attempt.
@Test func deadlines_endEveryTimedState() {
  for state in states {
    let next = state.next(on: .tick, at: later, within: limits).state
    switch state {
    case .booting, .selfTest, .acquiring, .exchanging, .draining: #expect(next != state)
    case .idle, .faulted, .zeroized: #expect(next == state)
    }
  }
  var state = ModuleState.idle.next(on: .startRequested, at: start, within: limits).state
  for turn in 1...3 { state = state.next(on: .tick, at: start + Nanoseconds(UInt64(turn) * 50), within: limits).state }
  #expect(state == .idle)
}

/// LINK-003: faults are final until the operator stops the module, and zeroization outlives them.
@Test func faults_endInFaultedFromEveryState() {
  for state in states {
    let step = state.next(on: .failed(cause), at: start, within: limits)
    if state == .zeroized {
      #expect(step.state == .zeroized)
    } else {
      #expect(step.state == .faulted(cause))
    }
    #expect(state.next(on: .zeroizeRequested, at: start, within: limits).state == .zeroized)
  }
  let restarted = ModuleState.faulted(cause).next(on: .stopRequested, at: start, within: limits)
  #expect(restarted.state == .booting(deadline: start + limits.bootTimeout))
}
