import Acquisition
import Controller
import Distillation
import Estimation
package import Foundation
import Health
import LinkControl
import Optics
import Ports
import Sifting
import Twin
import Units

/// What a run was like, window by window: what the light of the twin made of the bits that were sent, what the modules
/// said of themselves, and the blocks as they ended. Written down on the development machine only.
///
/// The file format is in Documentation/Twin.md.
package final class Timeline {
  /// Counts and states of one window, and the channel averaged over it.
  package struct Window: Codable {
    var endMs: UInt64
    var transmission: Double
    var rollDeg: Double
    var rollMinDeg: Double
    var rollMaxDeg: Double
    /// Slots with clicks in an open gate, before the common dead time.
    var detections: UInt64
    /// Single clicks on the axis that was sent, behind the common dead time, and those whose bit is wrong.
    var siftedX: UInt64
    var siftedY: UInt64
    var siftedZ: UInt64
    var errorsX: UInt64
    var errorsY: UInt64
    var errorsZ: UInt64
    /// Key that Bob has made so far.
    var finalBits: UInt64
    var alice: String
    var bob: String
    /// Bob's state of acquisition; nil with a common clock.
    var slots: String?
    /// The largest distance of the middle of the pulses from the middle of Bob's slot with Alice's number; negative if
    /// they were early. Nil with a common clock.
    var arrivalErrorNs: Double?
  }

  package struct Block: Codable {
    var number: UInt32
    /// End of the window in which Bob was done with it.
    var endMs: UInt64
    var sifted: UInt64
    var errors: UInt64
    /// Upper bound of the error rate of single photons; nil if the block was not confirmed.
    var qberUpper: Double?
    var finalBits: Int
    var refusal: String?
  }

  package struct Alarm: Codable {
    var module: String
    var name: String
    var beginMs: UInt64
    /// Nil if the cause was there at the end.
    var endMs: UInt64?
  }

  package static var windowMs: UInt64 { 100 }
  /// Where Bob's module wants the pulses in a slot: in the middle, at the start of sixteenth 8.
  private static var wantedArrivalPs: Double { 5_000 }

  package private(set) var windows: [Window] = []
  private var blocks: [Block] = []
  private var alarms: [Alarm] = []
  private let light: LightWatch
  private var states = 0
  private var transmission = 0.0
  private var rolls: [Double] = []
  private var arrivalErrorNs: Double?
  private var detectionsBefore: UInt64 = 0

  /// Begins to watch a run that has not begun.
  package init(watching run: borrowing LinkRun) { light = LightWatch(run.simulation) }

  /// Notes a millisecond that is over; true if a window ended with it.
  package func note(_ run: borrowing LinkRun) -> Bool {
    transmission += run.simulation.channel.transmission
    rolls.append(run.simulation.channel.roll * 180 / .pi)
    if let arrivalPs = run.simulation.arrivalPs {
      let error = (arrivalPs - Self.wantedArrivalPs) * 1e-3
      if abs(error) >= abs(arrivalErrorNs ?? 0) { arrivalErrorNs = error }
    }
    guard run.tick % Self.windowMs == 0 else { return false }
    close(run)
    return true
  }

  /// The run is over: what its last window has is noted too.
  package func end(_ run: borrowing LinkRun) {
    if !rolls.isEmpty { close(run) }
  }

  private func close(_ run: borrowing LinkRun) {
    let counts = light.take()
    let count = Double(rolls.count)
    windows.append(
      Window(
        endMs: run.tick, transmission: transmission / count, rollDeg: rolls.reduce(0, +) / count,
        rollMinDeg: rolls.min() ?? 0, rollMaxDeg: rolls.max() ?? 0,
        detections: run.simulation.detections - detectionsBefore, siftedX: counts.sifted[0], siftedY: counts.sifted[1],
        siftedZ: counts.sifted[2], errorsX: counts.errors[0], errorsY: counts.errors[1], errorsZ: counts.errors[2],
        finalBits: run.bob.totals.finalBits, alice: "\(run.alice.state.name)", bob: "\(run.bob.state.name)",
        slots: run.bob.syncState.map { "\($0.stateName.name)" }, arrivalErrorNs: arrivalErrorNs))
    arrivalErrorNs = nil
    detectionsBefore = run.simulation.detections
    transmission = 0
    rolls.removeAll(keepingCapacity: true)
    noteBlocks(run)
    noteAlarms(run.alice.alarms, of: "alice", at: run.tick)
    noteAlarms(run.bob.alarms, of: "bob", at: run.tick)
  }

  private func noteBlocks(_ run: borrowing LinkRun) {
    guard run.bob.totals.blocksOk + run.bob.totals.blocksAborted > UInt64(blocks.count) else { return }
    for (number, block) in run.recorder.blocks.sorted(by: { $0.key < $1.key }) {
      guard let summary = block.summaries[.bob], !blocks.contains(where: { $0.number == number }) else { continue }
      blocks.append(
        Block(
          number: number, endMs: run.tick, sifted: summary.sifted.total, errors: summary.errors.total,
          qberUpper: summary.result?.qberUpper, finalBits: summary.finalBits,
          refusal: summary.refusal.map { "\($0.name)" }))
    }
  }

  private func noteAlarms(_ book: AlarmBook, of module: String, at tick: UInt64) {
    for number in 0..<AlarmName.count {
      let name = AlarmName.numbered(number)
      let open = alarms.lastIndex { $0.module == module && $0.name == "\(name.name)" && $0.endMs == nil }
      switch (book.isActive(name), open) {
      case (true, nil):
        alarms.append(Alarm(module: module, name: "\(name.name)", beginMs: book.began(name).ns / 1_000_000))
      case (false, let open?): alarms[open].endMs = tick
      case (true, _?), (false, nil): break
      }
    }
  }

  /// Everything so far as JSON, with the lines of the report.
  package func json(of plan: RunPlan, report: [(String, String)]) throws -> Data {
    struct Document: Encodable {
      let format = "gimbal-timeline 1"
      let scenario: String
      let seconds: Double
      let seed: UInt64
      let variant: String
      let windowMs: UInt64
      let windows: [Window]
      let blocks: [Block]
      let alarms: [Alarm]
      let report: [String: String]
    }
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys]
    return try encoder.encode(
      Document(
        scenario: plan.scenario.name, seconds: plan.seconds, seed: plan.seed, variant: "\(plan.alice.variant)",
        windowMs: Self.windowMs, windows: windows, blocks: blocks, alarms: alarms,
        report: Dictionary(report, uniquingKeysWith: { $1 })))
  }
}

extension Timeline.Window {
  /// Errors over sifted bits of all axes; nil without any.
  package var qber: Double? {
    let sifted = siftedX + siftedY + siftedZ
    return sifted > 0 ? Double(errorsX + errorsY + errorsZ) / Double(sifted) : nil
  }
}
