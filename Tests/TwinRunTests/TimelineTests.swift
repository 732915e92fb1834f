import Controller
import Foundation
import Optics
import Testing
import Twin
import Units

@testable import TwinRun

@Suite struct TimelineTests {
  private func plan(seconds: Double, variant: TwirlVariant = .perPulse) -> RunPlan {
    var configuration = LinkConfiguration()
    configuration.variant = variant
    configuration.exchangeFrames = UInt32(seconds * 1e9 / Double(TimeBase.frameNs))
    configuration.plannedSifted = UInt32(130_000 * seconds)
    return RunPlan(scenario: .bench, seconds: seconds, seed: 3, alice: configuration, bob: configuration)
  }

  /// Who watches changes nothing of what is watched.
  @Test func watchedRun_isTheSameRun() throws {
    let plan = plan(seconds: 0.7)
    var alone = LinkRun(plan)
    let unseen = alone.run { _ in }
    var pair = LinkRun(plan)
    let timeline = Timeline(watching: pair)
    var ended = 0
    let seen = pair.run { ended += timeline.note($0) ? 1 : 0 }
    timeline.end(pair)
    #expect(seen.detections == unseen.detections && seen.bob.finalBits == unseen.bob.finalBits)
    #expect(timeline.windows.count == ended + (pair.tick % Timeline.windowMs == 0 ? 0 : 1))
    #expect(timeline.windows.last?.endMs == pair.tick)
    // Sifted single clicks are what the modules sifted but for double clicks, which the bench hardly has.
    let sifted = timeline.windows.reduce(0) { $0 + $1.siftedX + $1.siftedY + $1.siftedZ }
    #expect(abs(Double(sifted) / Double(seen.bob.siftedBits) - 1) < 0.01)
    let document = try JSONSerialization.jsonObject(with: timeline.json(of: plan, report: [("a_b", "1")]))
    let object = try #require(document as? [String: Any])
    #expect(object["format"] as? String == "gimbal-timeline 1")
    #expect((object["report"] as? [String: String]) == ["a_b": "1"])
    #expect((object["blocks"] as? [Any])?.count == Int(seen.bob.blocksOk))
  }

  /// Two clocks that nobody has set: slots are found in the light, key is made, and the timeline tells both.
  @Test func ownClocks_makeKeyOnceTheSlotsAreFound() throws {
    var plan = plan(seconds: 3)
    plan.clocks = .own
    let isSet = plan.bobSettings.set(.clock, to: 1)
    var pair = LinkRun(plan)
    let timeline = Timeline(watching: pair)
    let result = pair.run { _ = timeline.note($0) }
    timeline.end(pair)
    #expect(isSet && result.keysMatch && result.bob.netSecretBits > 0 && result.deadlineMisses == 0)
    #expect(result.bob.siftedBits > 200_000, "\(result.bob.siftedBits)")
    #expect(timeline.windows[1].slots == "searching" && timeline.windows[25].slots == "tracking")
    let errors = timeline.windows.compactMap(\.arrivalErrorNs)
    #expect(errors.count == timeline.windows.count && abs(errors[1]) > 10)
    #expect(errors[12..<28].allSatisfy { abs($0) < 1 }, "\(errors)")
    // The light that the twin looks at is that of key, in Alice's slots.
    let qber = timeline.windows[12..<28].compactMap(\.qber)
    #expect(qber.count == 16 && qber.allSatisfy { $0 < 0.02 }, "\(qber)")
  }

  /// A module whose device breaks has an alarm from the window in which it broke.
  @Test func fault_isInTheAlarms() throws {
    var plan = plan(seconds: 0.4)
    plan.bobFaults = FaultPlan([.wrongIdentity(0)])
    var pair = LinkRun(plan)
    let timeline = Timeline(watching: pair)
    for _ in 0..<400 {
      pair.step()
      _ = timeline.note(pair)
    }
    #expect(timeline.windows.count == 4)
    #expect(timeline.windows.allSatisfy { $0.bob == "faulted" && $0.qber == nil })
    let document = try JSONSerialization.jsonObject(with: timeline.json(of: plan, report: []))
    let alarms = try #require((document as? [String: Any])?["alarms"] as? [[String: Any]])
    #expect(alarms.contains { $0["module"] as? String == "bob" && $0["name"] as? String == "fault" })
  }
}
