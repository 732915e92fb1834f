import Foundation

/// The law of a click's phase within its slot, in sixteenths, for one position of the pulse in the gate.
///
/// Light is Gaussian about the pulse and cut by the gate: the part of a sixteenth is the difference of the normal
/// distribution at its edges, over the part that the gate captures. Darks and daylight are uniform in the gate.
struct ArrivalTable: Sendable {
  /// The chance that a click falls in this sixteenth or before, for those that the gate touches: of light, then, from
  /// `count` on, of noise.
  private let chances: [Double]
  private let count: Int
  private let firstSixteenth: Int

  init(gate: GateWindow) {
    let step = GateWindow.slotPs / 16
    let open = gate.centrePs - gate.widthPs / 2
    let close = gate.centrePs + gate.widthPs / 2
    let pulse = gate.centrePs + gate.offsetPs
    firstSixteenth = Int((open / step).rounded(.down))
    var light: [Double] = []
    var noise: [Double] = []
    let last = max(firstSixteenth, Int((close / step).rounded(.up)) - 1)
    for sixteenth in firstSixteenth...last {
      let edge = min(close, Double(sixteenth + 1) * step)
      noise.append(gate.widthPs > 0 ? (edge - open) / gate.widthPs : 1)
      light.append(Self.share(from: open, to: edge, of: gate))
    }
    let captured = Self.share(from: open, to: close, of: gate)
    for i in light.indices {
      // Where nothing measurable gets in, what does comes from the edge nearest to the pulse.
      light[i] = captured > 1e-12 ? light[i] / captured : pulse < gate.centrePs ? 1 : 0
    }
    count = light.count
    chances = light + noise
  }

  /// The part of the pulse's light between two times.
  private static func share(from start: Double, to end: Double, of gate: GateWindow) -> Double {
    let pulse = gate.centrePs + gate.offsetPs
    let scale = gate.spreadPs * 2.0.squareRoot()
    return (erf((end - pulse) / scale) - erf((start - pulse) / scale)) / 2
  }

  /// The phase of a click, 0...15, for `draw` uniform in 0 ..< 1.
  @inline(__always)
  func phase(isNoise: Bool, draw: Double) -> UInt8 {
    let start = isNoise ? count : 0
    var sixteenth = firstSixteenth
    // The last entry is one; rounding must not make a seventeenth of it.
    for i in start..<start + count - 1 { sixteenth += draw >= chances[i] ? 1 : 0 }
    return UInt8(truncatingIfNeeded: sixteenth & 15)
  }
}
