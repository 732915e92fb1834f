import Alignment
import FixedStorage
import Ports
import RegisterMap

/// Which part of the single clicks of each detector counts, so that all detectors count alike.
///
/// A click is forgotten as soon as it is read, before anything is announced: to everybody else it is light that was
/// lost, and the detector one of less efficiency (theory.md 4.4: exact for single photons; the common factor belongs to
/// the channel). That it depends on the detector, and so on the bit, is its purpose: the twirl and the bounds take both
/// outcomes of an axis to be detected alike (theory.md 1.3), and with equal products of efficiency and probability they
/// are. Slots with several clicks are never forgotten: cross clicks bound the events of several photons, and thinning
/// them would make that bound too small.
struct Keeping: Sendable {
  /// By the number of the one detector that clicked, of 65 536; entries 6 and 7 keep everything.
  private var thresholds: [8 of UInt32] = .init(repeating: 65_536)
  let isNeutral: Bool

  init(_ settings: LossSettings) {
    var forgets = false
    for i in settings.keepPpm.indices {
      thresholds[i] = UInt32((UInt64(settings.keepPpm[i]) * 65_536 + 500_000) / 1_000_000)
      if thresholds[i] < 65_536 { forgets = true }
    }
    isNeutral = !forgets
  }

  /// One for a word of the FIFO that counts and zero for one that is forgotten; `draw` is uniform in 0 ..< 65 536. The
  /// same work for every word, markers included.
  func keeps(_ word: UInt32, draw: UInt32) -> Int {
    let clicks = FpgaMap.Fifo.detectors.extract(from: word)
    let several: UInt32 = clicks & (clicks &- 1)
    // The place of the lowest click; 7 for a marker and for several clicks.
    let isSingle: UInt32 = clicks != 0 && several == 0 ? 7 : 0
    let place = Int(UInt32(truncatingIfNeeded: clicks.trailingZeroBitCount) & isSingle | (7 &- isSingle))
    return draw < thresholds[place] ? 1 : 0
  }
}

extension BobEnd where Bus: ~Copyable {
  /// Forgets what does not count among the words of a burst; how many are left, in order at its front.
  mutating func thinned(
    _ count: Int, _ board: inout some ModuleBoard & ~Copyable
  ) throws(SiftingFault) -> Int {
    guard !keeping.isNeutral else { return count }
    var kept = 0
    for first in stride(from: 0, to: count, by: 32) {
      var bytes: [64 of UInt8] = .init(repeating: 0)
      var span = bytes.mutableSpan
      do throws(EntropyError) { try board.fill(&span) } catch { throw .entropy }
      for i in first..<min(first + 32, count) {
        let draw = UInt32(bytes[2 * (i - first)]) | UInt32(bytes[2 * (i - first) + 1]) << 8
        let word = storage.words[i]
        storage.words[kept] = word
        kept += keeping.keeps(word, draw: draw)
      }
    }
    eventsThinned += UInt64(count - kept)
    return kept
  }
}
