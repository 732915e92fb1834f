import Controller
import LinkControl
import Optics
import Testing
import Twin
import TwinRun
import Units

/// A link whose light comes and goes with the pointing: half of the time it is several times fainter.
private func fadingPlan(_ rateMinHz: UInt32, frames: UInt32 = 60, seed: UInt64 = 1) -> RunPlan {
  var plan = plan(frames: frames, seed: seed)
  plan.scenario.pointing.noiseRms = 0.4
  plan.scenario.pointing.noiseMs = 40
  plan.scenario.backgroundHz = 3_000
  let isTaken = plan.bobSettings.set(.binRateMin, to: UInt64(rateMinHz))
  #expect(isTaken)
  return plan
}

@Suite struct BinSelectionTests {
  /// Dropped bins are light that was lost: nothing else changes, and what is left has fewer errors.
  @Test func slowBins_areDropped_andKeysAreTheSame() {
    func run(_ rate: UInt32) -> RunResult {
      var link = LinkRun(fadingPlan(rate, frames: 200))
      return link.run { _ in }
    }
    let (all, some) = (run(0), run(300_000))
    #expect(all.bob.eventsDropped == 0 && all.keysMatch && some.keysMatch)
    #expect(some.bob.eventsDropped > 5_000 && some.bob.eventsDropped + some.bob.detections == all.bob.detections)
    #expect(some.alice.detections == some.bob.detections && some.alice.eventsDropped == 0)
    #expect(some.pulses == all.pulses && some.detections == all.detections)
    #expect(some.bob.qberPpm < all.bob.qberPpm, "\(some.bob.qberPpm) \(all.bob.qberPpm)")
    #expect(some.bob.blocksOk == 1 && some.deadlineMisses == 0)
  }

  /// A threshold that nothing reaches leaves the first batch of a block, which is too little for a key, and no module
  /// waits for more.
  @Test func allBinsTooSlow_endsTheSession() {
    var link = LinkRun(fadingPlan(100_000_000, frames: 30))
    let result = link.run { _ in }
    #expect(result.bob.batches == 1 && result.bob.blocksAborted == 1 && result.bob.blocksOk == 0)
    #expect(result.bob.eventsDropped > 0 && link.names == ["idle", "idle"])
  }

  /// Light that stays too faint for seconds does not make Bob fall silent: one bin in 64 frames is announced.
  @Test func longFade_keepsTheSessionAlive() {
    var link = LinkRun(fadingPlan(100_000_000, frames: 700))
    let result = link.run { _ in }
    #expect(result.ends == [.finished, .finished], "\(result.ends)")
    #expect(result.bob.batches >= 700 / 64 && result.bob.batches <= 700 / 64 + 2, "\(result.bob.batches)")
  }

  /// The operator's setting is in force from the next session on, and never changes within one.
  @Test func binRateMin_isSetBetweenSessionsOnly() {
    var link = LinkRun(fadingPlan(0, frames: 60))
    _ = link.startExchange()
    _ = answer("set bin_rate_min 100000000", of: &link.bob)
    let refused = answer("apply", of: &link.bob)
    _ = link.runUntilIdle()
    let (droppedBefore, batches) = (link.bob.totals.eventsDropped, link.bob.totals.batches)
    let applied = answer("apply", of: &link.bob)
    link.alice.start()
    link.run(ticksMax: 1000) { $0.simulation.bob.isOpen }
    _ = link.runUntilIdle()
    let dropped = link.bob.totals.eventsDropped
    #expect(refused.hasPrefix("error: apply: only between sessions") && applied == "applied\r\n")
    #expect(droppedBefore == 0 && dropped > 0 && link.bob.totals.batches == batches + 1)
  }

  /// Whatever the threshold, both modules end with the same key or with none.
  @Test(arguments: 0..<UInt64(8)) func anyThreshold_givesEqualKeysOrNone(seed: UInt64) {
    var plan = fadingPlan(UInt32(seed) * 90_000, frames: 40, seed: seed)
    plan.alice.blockBits = 1 << 14
    plan.bob.blockBits = 1 << 14
    var link = LinkRun(plan)
    let result = link.run { _ in }
    #expect(result.bob.blocksOk == result.alice.blocksOk && link.names == ["idle", "idle"])
    #expect(result.bob.blocksOk == 0 || result.keysMatch)
  }
}
