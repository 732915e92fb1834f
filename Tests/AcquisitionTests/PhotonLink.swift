import Acquisition
import FixedStorage
import Foundation
import HostStorage

extension SeededRandom {
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  mutating func gaussian() -> Double {
    let radius = (-2 * log(1 - unit())).squareRoot()
    return radius * cos(2 * .pi * unit())
  }

  /// A Poisson number, by adding up exponential gaps.
  mutating func poisson(_ mean: Double) -> Int {
    var count = 0
    var time = -log(1 - unit())
    while time < mean {
      count += 1
      time -= log(1 - unit())
    }
    return count
  }
}

func syncPattern(seed: UInt64 = 0x9d2c_5680_1a2b_3c4d) -> SyncPattern {
  SyncPattern(seed: seed, words: Block<UInt64>.onHost(count: SyncPattern.wordCount))
}

func searchMemory() -> SearchMemory {
  SearchMemory(
    clicks: .onHost(count: SearchMemory.clicksMax), powers: .onHost(count: SearchMemory.powersCount),
    positions: .onHost(count: SearchMemory.positionsMax))
}

/// Clicks of a link whose pulses come late and run away: light of Alice, dark counts, jitter, one frame at a time.
///
/// Shares no code with what it tests, but for the pattern's table.
struct PhotonLink {
  /// From Alice's exit to the detectors.
  var lossDb = 40.0
  var efficiency = 0.5
  var signalMean = 0.5
  /// Mean photon number over the intensities of a frame with key.
  var keyMean = 0.41
  /// Of each of six detectors, gate always open.
  var darkHz = 500.0
  var jitterPs = 260.0
  var qber = 0.02
  /// Without it light comes as in frames with key, always.
  var sendsPattern = true
  var arrival: UInt8 = 3
  /// What Bob's clock needs, in slots, when it reads so many frames.
  var needed: (Double) -> Double = { _ in 0 }
  /// The part of the light that gets through, at a time in frames.
  var visibility: (Double) -> Double = { _ in 1 }
  /// What Bob's clock reads at the start of a frame, less the frame's number, in frames: a count that jumps ahead makes
  /// the frame shorter.
  var lead = 0.0
  var random: SeededRandom

  init(seed: UInt64) { random = SeededRandom(seed: seed) }

  /// Whether a photon that belongs to Alice's slot `slot` exists, by the pattern or by her choices of key.
  private mutating func isSent(_ slot: Int, _ schedule: SyncSchedule, _ pattern: borrowing SyncPattern) -> Bool {
    let frame = UInt32(truncatingIfNeeded: slot >> 20)
    guard sendsPattern && schedule.carries(frame) else { return random.unit() < keyMean / signalMean }
    return pattern.isLit(slot & (SyncPattern.periodSlots - 1))
  }

  private mutating func detector(_ slot: Int, _ pattern: borrowing SyncPattern) -> UInt8 {
    let laser = pattern.laser(slot & (SyncPattern.periodSlots - 1))
    let axis = UInt8.random(in: 0..<3, using: &random)
    guard axis == laser >> 1 else { return 2 * axis + UInt8.random(in: 0..<2, using: &random) }
    return random.unit() < qber ? laser ^ 1 : laser
  }

  /// The clicks that Bob's gateware sees in one frame under a command, in the order of time.
  mutating func clicks(
    in frame: UInt32, under alignment: Alignment, gate: SyncCommand.Gate, schedule: SyncSchedule,
    pattern: borrowing SyncPattern
  ) -> [SyncClick] {
    let slots = 1_048_576.0
    let offset = Double(alignment.offset.raw) * 0x1p-32
    let perFrame = Double(alignment.perFrame.raw) * 0x1p-32
    var found: [(time: Double, detector: UInt8)] = []
    let mean = signalMean * pow(10, -lossDb / 10) * efficiency * visibility(Double(frame)) * slots
    for _ in 0..<random.poisson(mean) {
      let part = random.unit()
      // How late the pulses are against the slots as Bob counts them.
      let late = offset + perFrame * part - needed(Double(frame) + lead + part)
      let slot = Int((Double(frame) * slots + part * slots - late).rounded(.down))
      guard slot >= 0, isSent(slot, schedule, pattern) else { continue }
      let time = Double(slot) + Double(arrival) / 16 + late + random.gaussian() * jitterPs / 10_000
      found.append((time - Double(frame) * slots, detector(slot, pattern)))
    }
    for _ in 0..<random.poisson(6 * darkHz * slots * 1e-8) {
      found.append((random.unit() * slots, UInt8.random(in: 0..<6, using: &random)))
    }
    found.sort { $0.time < $1.time }
    var result: [SyncClick] = []
    for click in found where click.time >= 0 && click.time < slots {
      let phase = UInt8((click.time - click.time.rounded(.down)) * 16)
      let miss = (Int(phase) - Int(arrival) + 24) % 16 - 8
      guard gate == .open || gate == .narrow && miss >= -4 && miss < 4 else { continue }
      result.append(SyncClick(slot: UInt32(click.time), phase: phase, detectors: 1 << click.detector))
    }
    return result
  }
}
