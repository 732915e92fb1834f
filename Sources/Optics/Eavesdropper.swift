/// Eve at the quantum channel: what she does in every slot, and what she knows of it later.
public struct Eavesdropper: Sendable {
  public let attack: EveAttack
  public let source: EveSource

  /// Her notebook: since when which rules held. One entry a stretch of constant light.
  private var pages: [Page] = []

  private struct Page: Sendable {
    let start: UInt64
    let settings: EmissionSettings
    let passes: SplitShares
  }

  public init(_ attack: EveAttack, seed: UInt64) {
    self.attack = attack
    source = EveSource(seed: seed)
  }

  /// Notes what holds from `slot` on. Slots must not go back.
  public mutating func note(from slot: UInt64, settings: EmissionSettings, passes: SplitShares) {
    pages.append(Page(start: slot, settings: settings, passes: passes))
  }

  /// Whether Eve knows Alice's bit of a slot, once twirl, axis and intensity are announced. The announced choice is
  /// `choice`, whose bit is not looked at.
  ///
  /// Intercept: she measured at least one photon, on the axis that turned out to be Alice's. Split: she holds a photon
  /// of the pulse and measures it now; that is any pulse of two photons or more, and one that she blocked.
  public func knows(slot: UInt64, _ choice: PulseChoice) -> Bool {
    guard let page = page(of: slot) else { return false }
    let draw = source.draw(slot: slot)
    let photons = draw.photonNumber(mean: page.settings.mean(of: choice.intensity))
    switch attack {
    case .intercept(let share):
      return draw.action < share && photons > 0 && draw.axis == choice.physicalAxis
    case .split: return page.passes.forwarded(of: photons, draw) < photons
    case .axisLoss: return false
    }
  }

  /// The last page that begins at or before `slot`.
  private func page(of slot: UInt64) -> Page? {
    var low = 0
    var high = pages.count
    while low < high {
      let middle = (low + high) / 2
      if pages[middle].start <= slot { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? pages[low - 1] : nil
  }
}
