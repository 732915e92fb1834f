import Console
import Controller
import FixedStorage
import LinkControl
import Ports
import Testing
import TwinRun
import Units

/// The window is proposed 168 ms ahead, so that a link of 180 ms delivers every proposal too late: each is told with
/// its slot and how late it was, and no light is switched on.
@Test func window_thatReachesTheGatewareTooLate_isToldWithSlotAndSlack() {
  var plan = plan()
  plan.linkDelayTicks = 180
  var link = LinkRun(plan)
  let isUp = link.boot()
  link.alice.start()
  var wasLit = false
  link.run(ticksMax: 9000) {
    wasLit = wasLit || $0.isLit
    return $0.bob.lastEnd != .none && $0.bob.state == .idle
  }
  let trace = answer("trace", of: &link.bob)
  let timing = answer("timing", of: &link.bob)
  #expect(isUp && !wasLit)
  #expect(trace.contains("register written too late  slot ") && trace.contains("  slack -"))
  #expect(!timing.contains("writes   late 0") && timing.contains("least slack none yet"))
}

@Test func window_inTime_leavesItsSlack() {
  var link = LinkRun(plan())
  let isLit = link.startExchange()
  let timing = answer("timing", of: &link.bob)
  #expect(isLit && timing.contains("writes   late 0  least slack 16 frames"), "\(timing)")
  #expect(timing.contains("tick     the twin keeps time"))
}

@Test func timing_tellsWhatTheThreadCounted() {
  var report = TickReport()
  report.ticks = 1000
  report.missed = 2
  report.worstNs = [90_050, 151_000, 7_000, 0]
  report.over = [0, 3, 0, 0]
  report.withheld = 4
  report.interrupts = 5
  report.pulses = 6
  report.recoveries = 1
  var plan = plan()
  plan.aliceTicks = report
  var link = LinkRun(plan)
  let isUp = link.boot()
  let text = answer("timing", of: &link.alice)
  #expect(isUp)
  for row in [
    "wake_up        100.0 us      90.0 us       0\r\n", "strobe         150.0 us      151.0 us      3\r\n",
    "transfers      800.0 us      0.0 us        0\r\n",
    "tick     1000  missed 2  page faults 0  heartbeats withheld 4\r\n",
    "lines    interrupts 5  pulses 6  bus freed 1\r\n",
  ] {
    #expect(text.contains(row), "\(row)in\n\(text)")
  }
}
