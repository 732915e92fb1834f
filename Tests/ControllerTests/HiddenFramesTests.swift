import Alignment
import LinkControl
import Optics
import Sifting
import Testing
import TwinRun
import Units

@testable import Controller

/// What is decided by counts is decided by those of hidden frames: they are of no bit of key.
@Suite struct HiddenFramesTests {
  /// From the third frame on nothing of hidden frames is announced. The first stretch is the window of the watch, the
  /// next ones are the measurement that it asks for.
  @Test func hiddenFrames_areNotAnnounced() {
    var dim = brightPlan(3, frames: 600)
    dim.scenario.peakTransmission = 0.03
    var link = rested(dim) { $0.bobSettings.loss.keepPpm[2] = 700_000 }
    link.bob.loss.isWatching = true
    link.light()
    var (announced, stretches, longest, hiddenTicks, shownBatches) = (UInt64(0), 0, UInt64(0), 0, UInt64(0))
    var (isFirstHidden, wasHidden, batches) = (false, false, UInt64(0))
    let clicks = link.bob.readings.counts[0]
    for tick in 0..<5000 {
      if tick == 0 { isFirstHidden = link.bob.loss.hidesFrames }
      let since = link.bob.loss.hiddenSince
      if since != nil, !wasHidden { stretches += 1 }
      let age = since.map { (link.bob.now - $0).count / 1_000_000 } ?? 0
      longest = max(longest, age)
      link.step()
      if age > 40, wasHidden, link.bob.loss.hidesFrames {
        announced += link.bob.totals.batches - batches
        hiddenTicks += 1
      } else if since == nil {
        shownBatches += link.bob.totals.batches - batches
      }
      batches = link.bob.totals.batches
      wasHidden = since != nil
    }
    let counted = link.bob.readings.counts[0] &- clicks
    #expect(isFirstHidden && announced == 0 && hiddenTicks > 2500 && shownBatches > 50 && counted > 10_000)
    #expect(stretches > 2 && longest > 900 && longest < 4000, "\(stretches) \(longest)")
    let measured = link.bob.lossFinding != nil || link.bob.isMeasuringLoss
    #expect(measured)
  }

  /// The watch sees the same whatever is clicked outside of its windows, and within the first two frames of one.
  @Test func watch_takesNothingOutsideOfWindows() {
    func seen(_ outside: UInt32, unevenInside: UInt32 = 0) -> Bool {
      var loss = LossControl()
      loss.isWatching = true
      loss.watch.expect(LossSettings())
      loss.beginLight()
      for i in 0..<30 { loss.darks.take(.init(repeating: 0), at: Instant(ns: UInt64(i) * 100_000_000), isDark: true) }
      var running = [6 of UInt32](repeating: 0)
      var differs = false
      for tick in UInt64(0)..<700 {
        let now = Instant(ns: 3_000_000_000 + 100_000_000 * tick)
        let isOpen = loss.wantsWindow(at: now, recoversClock: false)
        for i in 0..<6 { running[i] &+= 5000 }
        running[0] &+= loss.hidesFrames ? unevenInside : outside
        if isOpen != loss.hidesFrames { isOpen ? loss.noteHidden(at: now) : loss.noteShown() }
        loss.take(running, at: now)
        differs = differs || loss.asksForMeasurement
      }
      return differs
    }
    let (even, lopsided, uneven) = (seen(0), seen(2500), seen(0, unevenInside: 2500))
    #expect(!even && !lopsided && uneven)
  }

  /// One second in 64, the first or half a period later, whatever is counted.
  @Test func windows_followTheClock() {
    for recovers in [false, true] {
      let open = (0..<1280).filter {
        WatchSchedule.isOpen(Nanoseconds(milliseconds: UInt64($0) * 100), recoversClock: recovers)
      }
      let first = recovers ? 320 : 0
      #expect(open == Array(first..<(first + 10)) + Array((first + 640)..<(first + 650)))
    }
  }

  /// A session that ends within a window, however it does, leaves nothing hidden; the next one hides its own.
  @Test(arguments: [0, 1]) func sessionThatEndsInAWindow_shows(ending: Int) {
    var link = rested(brightPlan(0, frames: ending == 0 ? 60 : 300))
    link.bob.loss.isWatching = true
    link.light()
    link.run(ticksMax: 300)
    let wasHidden = link.bob.loss.hidesFrames
    if ending == 1 { _ = answer("abort now", of: &link.bob) }
    link.run(ticksMax: 3000) { $0.bob.state == .idle }
    link.run(ticksMax: 20)
    let (isHidden, announced) = (link.bob.loss.hidesFrames, link.bob.totals.batches)
    link.bob.loss.isWatching = false
    link.light()
    link.run(ticksMax: 300)
    let later = link.bob.totals.batches
    #expect(wasHidden && !isHidden && announced < 20 && later > announced)
  }

  /// Whoever does not watch hides nothing.
  @Test func withoutWatch_nothingIsHidden() {
    var link = rested(brightPlan(0, frames: 100))
    link.light()
    let isHidden = link.run(ticksMax: 800) { $0.bob.loss.hidesFrames }
    #expect(!isHidden)
  }
}
