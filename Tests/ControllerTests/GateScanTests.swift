import Controller
import HostStorage
import Testing
import Twin
import TwinRun
import Units

/// Runs a scan over a gate whose count at a delay is given; returns what it found.
private func scanned(_ rate: (UInt32) -> UInt64) -> UInt32? {
  var scan = GateScan()
  var now = Instant(ns: 1_000)
  var delay: UInt32 = 0
  var sum: UInt64 = 77
  var step = scan.begin(at: now)
  for _ in 0..<10_000 {
    switch step {
    case .move(let place):
      delay = place
      step = .none
    case .none:
      now = now + Nanoseconds(milliseconds: 1)
      sum += rate(delay)
      step = scan.step(at: now)
    case .count: step = scan.take(sum, at: now)
    case .finished: return scan.best
    }
  }
  Issue.record("the scan does not end")
  return nil
}

@Test(arguments: [UInt32(0), 500, 1750, 3000, 6000]) func scan_findsWhereTheLightIs(centre: UInt32) {
  let best = scanned { delay in
    let distance = Int(delay) - Int(centre)
    return distance.magnitude <= 750 ? 40 : 2
  }
  let places = (0..<UInt32(GateScan.placeCount)).map { $0 * GateScan.stepPs }.filter {
    (Int($0) - Int(centre)).magnitude <= 750
  }
  #expect(best == places.reduce(0, +) / UInt32(places.count) / 10 * 10)
}

@Test func scan_inTheDark_findsNothing() {
  #expect(scanned { _ in 0 } == nil)
  #expect(scanned { _ in 5 } == nil)
  var random = SeededRandom(seed: 3)
  let noisy = scanned { _ in UInt64.random(in: 4...6, using: &random) }
  #expect(noisy == nil)
}

/// Counters that run over cost one place and no trap.
@Test func scan_overCountersThatStartAnew_goesOn() {
  var scan = GateScan()
  var now = Instant(ns: 0)
  _ = scan.begin(at: now)
  for sum in [UInt64(1_000), 3, 4, 5] {
    now = now + Nanoseconds(milliseconds: 200)
    let step = scan.step(at: now)
    #expect(step == .count)
    _ = scan.take(sum, at: now)
  }
  let counts = scan.counts
  #expect(counts[0] == 0 && counts[1] == 1)
}

/// On the link the scan finds the pulse wherever Alice puts it, and the session of the scan gives no key.
@Test(arguments: [(UInt32(1750), 1000...1500), (4000, 3250...3750)])
func align_onTheLink_findsThePulse(pulse: UInt32, expected: ClosedRange<Int>) {
  var link = LinkRun(plan(frames: 0))
  _ = link.boot()
  let moved = answer("delay \(pulse)", of: &link.alice)
  #expect(moved == "pulse    delay \(pulse) ps  width 500 ps\r\n")
  link.alice.start()
  let isLit = link.run(ticksMax: 1000) { $0.simulation.alice.isOpen && $0.simulation.bob.isOpen }
  link.run(ticksMax: 30)
  let begun = answer("align run", of: &link.bob)
  let during = answer("align", of: &link.bob)
  let isOver = link.run(ticksMax: 5000) { $0.names == ["idle", "idle"] }
  let (found, keys) = (Int(link.bob.settings[.gateDelayPs]), link.deliverKeys())
  #expect(isLit && begun.hasPrefix("scanning") && during.contains("of 32") && isOver)
  #expect(expected.contains(found) && keys == [[], []], "\(found)")
  let table = answer("align", of: &link.bob)
  #expect(table.hasSuffix("align    gate_delay_ps \(found)\r\n") && table.contains("####"))
  let traced = answer("trace", of: &link.bob)
  #expect(traced.contains("gate aligned  gate_delay_ps \(found)"))
}

/// However a scan ends, the gate is back at its setting, and nothing that was sifted meanwhile becomes key.
@Test(arguments: [0, 1, 2]) func align_thatIsCutShort_leavesTheGateAsItWas(ending: Int) {
  var link = LinkRun(plan(frames: ending == 0 ? 300 : 0) { $0.blockBits = 1 << 12 })
  _ = link.startExchange()
  link.run(ticksMax: 300)
  let before = link.bob.totals.blocksOk
  _ = answer("align run", of: &link.bob)
  link.run(ticksMax: 300)
  let (moved, closed) = (answer("peek GATE.delay", of: &link.bob), link.bob.totals.blocksOk)
  switch ending {
  case 0: break
  case 1: _ = answer("abort now", of: &link.bob)
  default: link.cable.cut()
  }
  let isDark = link.run(ticksMax: 8000) { $0.names == ["idle", "idle"] }
  link.run(ticksMax: 300)
  let (back, after) = (answer("peek GATE.delay", of: &link.bob), link.bob.totals.blocksOk)
  #expect(isDark && !moved.hasSuffix(" 100\r\n") && back.hasSuffix(" 100\r\n"), "\(moved) \(back)")
  #expect(closed <= before + 2 && after == closed, "\(before) \(closed) \(after)")
}
