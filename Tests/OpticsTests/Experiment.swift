import HostStorage
import Optics
import Units

/// A still channel and one set of detectors, sampled for a number of slots.
struct Experiment {
  var channel = ChannelState(transmission: 0.1)
  var settings = EmissionSettings()
  var receiver = Receiver(
    efficiencies: [1, 1, 1, 1, 1, 1], darkHz: [0, 0, 0, 0, 0, 0], deadSlots: 0, jitterPs: 100)
  var gate = GateWindow(widthPs: 10_000, centrePs: 5_000, offsetPs: 0, spreadPs: 100)
  var enabled: UInt8 = 63
  var seed: UInt64 = 1

  init(mean: Double) {
    settings.signalMean = mean
    settings.signalShare = 65_536
    settings.vcsels = 63
  }

  var table: ClickTable { ClickTable(channel: channel, settings: settings, receiver: receiver, gate: gate) }
  var choices: ChoiceSource { ChoiceSource(seed: seed) }

  func choice(at slot: UInt64) -> PulseChoice {
    choices.choice(frame: UInt32(slot >> 20), slot: UInt32(slot & 0xf_ffff), settings: settings)
  }

  /// The detections of the slots 0 ..< `slots`, fetched in pieces that end at `stops` as well.
  func detections(slots: UInt64, stops: [UInt64] = []) -> [Detection] {
    var sampler = DetectionSampler(choices: choices, deadSlots: receiver.deadSlots)
    sampler.restart(at: 0, seed: seed &+ 77)
    let table = table
    var found: [Detection] = []
    for end in stops + [slots] {
      while let next = sampler.next(before: end, table: table, settings: settings, enabled: enabled) {
        found.append(next)
      }
    }
    return found
  }
}

/// Whether `count` of `trials` is within five standard deviations of probability `p`.
func agrees(_ count: Int, of trials: Int, with p: Double) -> Bool {
  let mean = Double(trials) * p
  return abs(Double(count) - mean) < 5 * (mean * (1 - p)).squareRoot() + 1e-9
}

/// Whether the chi-square statistic is below its mean plus five standard deviations.
func isPlausible(chiSquare: Double, freedom: Int) -> Bool {
  chiSquare < Double(freedom) + 5 * (2 * Double(freedom)).squareRoot()
}
