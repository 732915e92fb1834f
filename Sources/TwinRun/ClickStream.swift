import Controller
import HostStorage
import Optics
import Sifting
import Units

/// One slot with a click that was counted: what Alice's laser sent and what Bob made of the clicks.
struct Round {
  /// 0...5 for H V D A R L.
  let state: Int
  let intensity: Intensity
  let measurement: Measurement

  /// The axis that was sent, and its bit.
  var axis: Axis { axes[state / 2] }
  var bit: UInt8 { UInt8(state & 1) }
}

private let axes: [3 of Axis] = [.z, .x, .y]

/// The states that are sent and the receiver that looks at them.
enum OpticalHead {
  /// Six states, and a splitter with a third of the light for each of three axes.
  case sixState
  /// H V D A, and a splitter with half of the light for each of two axes: the analyser of six states whose third
  /// output is dark, with 3/2 of the light and of the daylight.
  case fourState

  var outputGain: Double { self == .sixState ? 1 : 1.5 }
  var detectors: UInt8 { self == .sixState ? 0b11_1111 : 0b1111 }
}

/// The counted slots of one link, a millisecond at a time: photons as in the twin, without registers and messages.
///
/// Light, gate, dead times and random assignment of double clicks are those of the modules in their default settings;
/// `DetectionSampler` draws the slots. Streams of one seed have the same random numbers for the same millisecond, so
/// that links that differ little in what they see differ little in their chances.
struct ClickStream {
  private let head: OpticalHead
  private let receiver: Receiver
  private let choices: ChoiceSource
  private let settings: EmissionSettings
  private let seed: UInt64
  private var sampler: DetectionSampler
  private var latestClick: UInt64?
  private var slot: UInt64 = 0
  private var found: [Detection] = []

  init(_ head: OpticalHead, receiver: Receiver, light: LinkConfiguration, seed: UInt64) {
    self.head = head
    self.receiver = receiver
    self.seed = seed
    choices = ChoiceSource(seed: Philox.block(low: 0, high: 0, key: seed).0)
    sampler = DetectionSampler(choices: choices, deadSlots: receiver.deadSlots)
    var settings = EmissionSettings()
    settings.signalMean = light.means[0].value
    settings.decoyMean = light.means[1].value
    settings.vacuumMean = light.means[2].value
    settings.signalShare = light.shareSignal.count
    settings.decoyShare = light.shareDecoy.count
    settings.variant = head == .sixState ? .perPulse : .perBlock
    settings.vcsels = head.detectors
    settings.pulseWidthPs = Double(ModuleSetting.pulseWidthPs.initial)
    settings.pulseDelayPs = Double(ModuleSetting.pulseDelayPs.initial)
    self.settings = settings
  }

  /// The rounds of the next millisecond.
  mutating func next(_ channel: ChannelState) -> [Round] {
    let gate = GateWindow(
      opensAtPs: Double(ModuleSetting.gateDelayPs.initial), widthPs: Double(ModuleSetting.gateWidthPs.initial),
      pulses: settings, latePs: channel.arrivalPs, jitterPs: receiver.jitterPs)
    var lit = channel
    lit.transmission *= head.outputGain
    lit.backgroundHz *= head.outputGain
    let table = ClickTable(channel: lit, settings: settings, receiver: receiver, gate: gate)
    sampler.restart(at: slot, seed: Philox.block(low: slot, high: 1, key: seed).0)
    found.removeAll(keepingCapacity: true)
    let end = slot + 1_000_000 / TimeBase.slotNs
    sampler.collect(into: &found, before: end, table: table, settings: settings, enabled: head.detectors)
    var random = SeededRandom(seed: Philox.block(low: slot, high: 4, key: seed).0)
    slot = end
    return found.compactMap { round($0, &random) }
  }

  /// Nil within the common dead time, which every click begins anew, as in the gateware.
  private mutating func round(_ detection: Detection, _ random: inout SeededRandom) -> Round? {
    let previous = latestClick
    latestClick = detection.slot
    if let previous, detection.slot - previous <= UInt64(BobEnd<TwinSpi>.deadTimeSlots) { return nil }
    let choice = choices.choice(
      frame: UInt32(truncatingIfNeeded: detection.slot >> 20), slot: UInt32(detection.slot & 0xf_ffff),
      settings: settings)
    let draw = UInt32(truncatingIfNeeded: random.next())
    return Round(
      state: choice.state, intensity: choice.intensity,
      measurement: Measurement(clicks: detection.detectors, random: draw))
  }
}
