import Acquisition
import FixedStorage
import Foundation
import HostStorage
import Units

/// A synchroniser on a link, with gateware that takes up what it commands two frames later.
struct SyncBench: ~Copyable {
  var link: PhotonLink
  var sync: Synchroniser
  private(set) var frame: UInt32 = 0
  private var alignments: [UInt32: Alignment]
  /// In effect in the frame before.
  private var before = Alignment.zero
  private(set) var gate = SyncCommand.Gate.open
  private(set) var schedule = SyncSchedule.everyFrame
  private(set) var latest: SyncCommand?
  /// Whether the next frame carries no key because the alignment is not settled.
  private(set) var masked = true
  private var nextMasked = true
  /// Frames that Alice needs to hear of another schedule.
  var scheduleLag = 4
  private var schedules: [SyncSchedule] = []
  /// Four slices in each of ten ticks.
  var slices = 40
  /// Largest error of the slot phase in the last frame, in nanoseconds.
  private(set) var errorNs = 0.0

  init(_ link: PhotonLink, limits: SyncLimits = SyncLimits()) {
    self.link = link
    sync = Synchroniser(pattern: syncPattern(), memory: searchMemory(), arrival: link.arrival, limits: limits)
    alignments = [0: .zero, 1: .zero]
    sync.start(.zero, at: 0, now: Instant(ns: 0))
  }

  var seconds: Double { Double(frame) * 0.01048576 }
  private var now: Instant { Instant(ns: UInt64(frame) * 10_485_760) }

  mutating func step() {
    let alignment = alignments.removeValue(forKey: frame)!
    link.lead = -Double(before.end.raw) * 0x1p-52
    before = alignment
    errorNs = error(of: alignment)
    let clicks = link.clicks(in: frame, under: alignment, gate: gate, schedule: schedule, pattern: sync.pattern)
    for (i, click) in clicks.enumerated() {
      sync.take(click)
      if i % 8 == 7 { sync.work(slices: 1, at: now) }
    }
    sync.work(slices: max(0, slices - clicks.count / 8), at: now)
    frame += 1
    let command = sync.closeFrame(at: now)
    precondition(command.frame == frame + 1)
    alignments[command.frame] = command.alignment
    gate = command.gate
    schedules.append(command.schedule)
    if schedules.count > scheduleLag { schedule = schedules.removeFirst() }
    latest = command
    masked = nextMasked
    nextMasked = command.maskedSlots == 1 << 20
  }

  private func error(of alignment: Alignment) -> Double {
    let offset = Double(alignment.offset.raw) * 0x1p-32
    let perFrame = Double(alignment.perFrame.raw) * 0x1p-32
    return [0, 0.5, 1].map { abs(offset + perFrame * $0 - link.needed(Double(frame) + link.lead + $0)) * 10 }.max()!
  }

  /// Runs until the lock, at most so long; the time, nil without a lock.
  mutating func runUntilLocked(secondsMax: Double) -> Double? {
    let locks = sync.totals.locks
    while seconds < secondsMax {
      step()
      if sync.totals.locks > locks { return seconds }
    }
    return nil
  }
}

/// One pulse per second within 1 ms and clocks within 2 ppm of each other.
func clockError(seed: UInt64) -> (Double) -> Double {
  var random = SeededRandom(seed: seed ^ 0x5eed)
  let offset = (random.unit() * 2 - 1) * 1e5
  let perFrame = (random.unit() * 2 - 1) * 2e-6 * 1_048_576
  return { offset + perFrame * $0 }
}

/// The link of a test: clocks by the seed, and a motion in metres at a time in seconds.
func movingLink(seed: UInt64, lossDb: Double, _ motion: @escaping (Double) -> Double = { _ in 0 }) -> PhotonLink {
  var link = PhotonLink(seed: seed)
  link.lossDb = lossDb
  let clock = clockError(seed: seed)
  // Light goes 2.998 m in a slot.
  link.needed = { clock($0) + motion($0 * 0.01048576) / 2.99792458 }
  return link
}
