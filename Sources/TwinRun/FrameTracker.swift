import Alignment
import HostStorage
import Optics
import Sifting
import Units

/// Feeds the frame forward from rounds that carry no key: counts for a window, estimates the turn, and corrects it a
/// while later.
///
/// Rounds of unequal axes tell their bits at no price. Of rounds of equal axes a share is disclosed and lost to the
/// key, so that all nine correlations are known and a turn of any size is (Documentation/Alignment.md). While a
/// correction is on its way nothing is counted, so a window sees one correction. Below three standard deviations
/// nothing moves.
struct FrameTracker {
  /// What may stand before, or behind, the analyser.
  enum Means {
    /// Three wave plates, which make every turn; they stand in place exactly, at once, when the latency is over.
    case plates
    /// Bob's names of axes and bits: the 24 turns that carry axes to axes.
    case names
  }

  /// One of so many sifted rounds is disclosed while a window is counted.
  static var disclosedOneIn: UInt64 { 16 }

  /// Acts on what Bob sees, after the turn of the link.
  private(set) var correction = BlochMatrix.identity
  /// How often it was changed.
  private(set) var changes = 0
  private let means: Means
  private let windowMs: Int
  private let latencyMs: Int
  private var counts = CorrelationCounts()
  private var elapsedMs = 0
  /// What will be set when the latency is over.
  private var pending: BlochMatrix?
  private var random: SeededRandom

  init(_ means: Means, windowMs: Int, latencyMs: Int, seed: UInt64) {
    self.means = means
    self.windowMs = windowMs
    self.latencyMs = latencyMs
    random = SeededRandom(seed: seed)
  }

  /// Notes a round as Bob names it; true if it may be key.
  mutating func keeps(_ round: Round) -> Bool {
    let isSifted = round.measurement.axis == round.axis
    guard !round.measurement.isCross, elapsedMs < windowMs else { return isSifted }
    if isSifted, random.next() % Self.disclosedOneIn != 0 { return true }
    counts[round.state, detector(of: round.measurement)] += 1
    return false
  }

  /// A millisecond is over.
  mutating func pass() {
    elapsedMs += 1
    if elapsedMs == windowMs { pending = estimate() }
    guard elapsedMs >= windowMs + latencyMs else { return }
    if let pending, pending != correction {
      correction = pending
      changes += 1
    }
    pending = nil
    counts = CorrelationCounts()
    elapsedMs = 0
  }

  /// What would undo the turn that the counts show, nil if they show none.
  private func estimate() -> BlochMatrix? {
    guard let seen = CorrelationMatrix(counts).rotation(), seen.isSignificant else { return nil }
    let wanted = BlochMatrix(seen.rotation.inverse).after(correction)
    switch means {
    case .plates: return wanted
    case .names:
      return axisTurns.max {
        wanted.transposed.after($0).trace < wanted.transposed.after($1).trace
      }
    }
  }

  private func detector(of measurement: Measurement) -> Int {
    let pair =
      switch measurement.axis {
      case .z: 0
      case .x: 1
      case .y: 2
      }
    return 2 * pair + Int(measurement.outcome)
  }
}

extension BlochMatrix {
  init(_ rotation: Rotation) {
    func image(_ axis: Axis) -> BlochVector {
      let v = rotation.applied(to: StokesVector(axis.unitVector.x, axis.unitVector.y, axis.unitVector.z))
      return BlochVector(v.x, v.y, v.z)
    }
    self.init(imageOfX: image(.x), imageOfY: image(.y), imageOfZ: image(.z))
  }
}

extension Measurement {
  /// The same clicks under other names: `turn` carries axes to axes.
  func renamed(by turn: BlochMatrix) -> Measurement {
    let image = turn.applied(to: axis.unitVector)
    let along: Axis = abs(image.x) > 0.5 ? .x : abs(image.y) > 0.5 ? .y : .z
    let isFlipped = image.sum() < 0
    return Measurement(axis: along, outcome: outcome ^ (isFlipped ? 1 : 0), isCross: isCross)
  }
}

/// The 24 turns that carry axes to axes: images of X and Y along two axes, that of Z by the right hand.
let axisTurns: [BlochMatrix] = {
  let ends = [Axis.x, .y, .z].flatMap { [$0.unitVector, -$0.unitVector] }
  return ends.flatMap { x in
    ends.filter { abs(($0 * x).sum()) < 0.5 }.map { y in
      let z = BlochVector(x.y * y.z - x.z * y.y, x.z * y.x - x.x * y.z, x.x * y.y - x.y * y.x)
      return BlochMatrix(imageOfX: x, imageOfY: y, imageOfZ: z)
    }
  }
}()
