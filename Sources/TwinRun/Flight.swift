import Controller
import Optics
import Units

/// One flight of a link under all methods at once.
struct Flight {
  private(set) var counts: [Method: MethodCounts] = [:]
  /// Sum of the squared correlations of the frame-independent protocol.
  private(set) var c = 0.0
  private(set) var transmissionMean = 0.0
  /// Root of the mean square of the roll, in degrees.
  private(set) var rollRmsDegrees = 0.0
  private(set) var plateChanges = 0

  init(_ plan: ComparisonPlan, seed: UInt64) {
    var process = ChannelProcess(plan.scenario, seed: Philox.block(low: 1, high: 0, key: seed).0)
    func stream(_ head: OpticalHead) -> ClickStream {
      ClickStream(head, receiver: plan.scenario.receiver, light: plan.light, seed: seed)
    }
    func tracker(_ means: FrameTracker.Means) -> FrameTracker {
      FrameTracker(
        means, windowMs: plan.windowMs, latencyMs: plan.latencyMs, seed: Philox.block(low: 5, high: 0, key: seed).0)
    }
    var (still, steered) = (stream(.sixState), stream(.sixState))
    var (blind, followed) = (stream(.fourState), stream(.fourState))
    var (plates, names) = (tracker(.plates), tracker(.names))
    var (product, adaptive, renamed) = (MethodCounts(), MethodCounts(), MethodCounts())
    var (uncalibrated, tracked) = (MethodCounts(), MethodCounts())
    var frameFree = FrameFreeCounts(windowMs: plan.windowMs)
    var rolls: [Double] = []
    for millisecond in 0..<plan.milliseconds {
      var channel = process.next()
      rolls.append(channel.roll)
      transmissionMean += channel.transmission
      for round in still.next(channel) {
        product.note(round)
        frameFree.note(round)
        let other = Round(
          state: round.state, intensity: round.intensity, measurement: round.measurement.renamed(by: names.correction))
        if names.keeps(other) { renamed.note(other) }
      }
      for round in blind.next(channel) { uncalibrated.note(round) }
      channel.bobPlates = plates.correction
      for round in steered.next(channel) where plates.keeps(round) { adaptive.note(round) }
      channel.bobPlates = .roll(-rolls[max(0, millisecond - plan.latencyMs)])
      for round in followed.next(channel) { tracked.note(round) }
      plates.pass()
      names.pass()
      frameFree.pass()
    }
    transmissionMean /= Double(plan.milliseconds)
    rollRmsDegrees = (rolls.reduce(0) { $0 + $1 * $1 } / Double(rolls.count)).squareRoot() * 180 / .pi
    c = frameFree.c
    plateChanges = plates.changes
    counts = [
      .mp: product, .adaptivePlates: adaptive, .adaptiveNames: renamed, .uncalibrated: uncalibrated,
      .tracked: tracked, .frameIndependent: frameFree.key,
    ]
  }
}
