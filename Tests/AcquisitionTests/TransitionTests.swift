import HostStorage
import Testing
import Units

@testable import Acquisition

private let limits: SyncLimits = {
  var limits = SyncLimits()
  limits.searchTimeout = Nanoseconds(100)
  limits.confirmTimeout = Nanoseconds(80)
  limits.coastTimeout = Nanoseconds(60)
  limits.reacquireTimeout = Nanoseconds(90)
  return limits
}()
private let start = Instant(ns: 1_000)
private let later = Instant(ns: 1_000_000)
private let peak = SyncPeak()

/// Errors far above the limit, and none.
private let bad: SyncErrors = {
  var errors = SyncErrors()
  let pattern = syncPattern()
  for slot in 0..<2_000 where pattern.isLit(slot) {
    errors.add(slot: slot, detector: pattern.laser(slot) ^ 1, in: pattern)
  }
  return errors
}()
private let events: [SyncEvent] = [
  .startRequested, .stopRequested, .found(peak), .confirmed(peak, SyncErrors()), .confirmed(peak, bad), .refuted(peak),
  .exhausted, .lightLost(LightCount()), .lightSeen(LightCount()), .doubtExceeded(.zero), .unsettled(peak),
  .errorsExceeded(bad), .tick,
]
private let states: [SyncState] = [
  .idle, .searching(attempt: 1, deadline: start), .confirming(attempt: 1, deadline: start), .tracking,
  .coasting(deadline: start), .reacquiring(deadline: start), .reconfirming(deadline: start), .failed(.noPeak),
]

@Test func goodAcquisition_walksToTrackingAndThroughAFade() {
  var state = SyncState.idle
  var actions: [SyncAction] = []
  for event: SyncEvent in [
    .startRequested, .found(peak), .confirmed(peak, SyncErrors()), .lightLost(LightCount()),
    .lightSeen(LightCount()), .lightLost(LightCount()), .doubtExceeded(.zero), .found(peak),
    .confirmed(peak, SyncErrors()), .stopRequested,
  ] {
    let step = state.next(on: event, at: start, within: limits)
    state = step.state
    actions.append(step.action)
  }
  #expect(state == .idle)
  #expect(actions == [.search, .confirm, .track, .coast, .track, .coast, .searchNear, .confirm, .track, .release])
}

/// SYNC-002: on random walks only these three ways lead to tracking, never with errors above the limit.
@Test(arguments: 0..<UInt64(200)) func trackingIsEnteredByConfirmationOrLightOnly(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var state = SyncState.idle
  var now = start
  for _ in 0..<500 {
    now = now + Nanoseconds(UInt64.random(in: 0...60, using: &random))
    let event = events.randomElement(using: &random)!
    let before = state
    let step = state.next(on: event, at: now, within: limits)
    state = step.state
    #expect((step.action == .track) == (state == .tracking && before != .tracking))
    guard state == .tracking, before != .tracking else { continue }
    switch (before, event) {
    case (.confirming, .confirmed(_, let errors)), (.reconfirming, .confirmed(_, let errors)):
      #expect(!errors.exceeds(limits.qberMax))
    case (.coasting, .lightSeen): break
    default: Issue.record("\(before) \(event)")
    }
  }
}

/// SYNC-003: a tick behind the deadline leaves every state that has one; attempts end.
@Test func deadlines_endEveryStateThatWaits() {
  for state in states {
    let step = state.next(on: .tick, at: later, within: limits)
    #expect(state.next(on: .tick, at: Instant(ns: 999), within: limits).state == state)
    switch state {
    case .searching, .confirming, .coasting, .reacquiring, .reconfirming: #expect(step.state != state)
    case .idle, .tracking, .failed: #expect(step.state == state && step.action == .none)
    }
  }
  var state = SyncState.idle.next(on: .startRequested, at: start, within: limits).state
  var now = start
  for _ in 0..<3 {
    now = now + Nanoseconds(100)
    state = state.next(on: .tick, at: now, within: limits).state
  }
  #expect(state == .failed(.noPeak))
}

@Test func stop_endsInIdleFromEveryState() {
  for state in states { #expect(state.next(on: .stopRequested, at: start, within: limits).state == .idle) }
}

@Test func errorsAboveTheLimit_neverEndInTracking() {
  for state in states where state != .tracking {
    #expect(state.next(on: .confirmed(peak, bad), at: start, within: limits).state != .tracking)
  }
  #expect(SyncState.tracking.next(on: .errorsExceeded(bad), at: start, within: limits).action == .search)
}

/// SYNC-001: whatever light does, an event counts as key only while tracking, settled, in a frame without the pattern.
@Test(arguments: UInt64(0)..<8) func keyCountsInSettledTrackingOnly(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var link = movingLink(seed: seed, lossDb: 38)
  let cuts = (0..<6).map { _ in Double.random(in: 60...1_500, using: &random) }.sorted()
  link.visibility = { time in cuts.count { $0 < time } % 2 == 1 ? 0 : 1 }
  var bench = SyncBench(link)
  var frames = 0
  for _ in 0..<1_500 {
    let frame = bench.frame
    let isKey = (UInt8(0)..<16).map { bench.sync.isKey($0) }
    if isKey.contains(true) {
      frames += 1
      #expect(bench.sync.state == .tracking && frame % 32 != 0)
      // Two sixteenths on each side of the arrival.
      #expect(isKey == (0..<16).map { $0 >= 1 && $0 <= 4 })
    }
    bench.step()
  }
  #expect(frames > 0)
}
