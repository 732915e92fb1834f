/// Light of one pulse: its intensity over the intensity that was sent, and its Stokes vector on the same scale.
public struct PolarisedLight: Equatable, Sendable {
  public var intensity: Double
  public var stokes: BlochVector

  public init(intensity: Double = 1, stokes: BlochVector) {
    self.intensity = intensity
    self.stokes = stokes
  }
}

/// An element that loses one polarisation more than the opposite one.
///
/// Its diattenuation vector points at the state that it passes best; with the largest and the least transmission T and
/// t its length is D = (T - t)/(T + t), and the loss differs by 10 log10((1 + D)/(1 - D)) decibels. The best state is
/// passed whole: the plane before the element is where mean photon numbers are defined, and what all states lose alike
/// belongs to the channel (theory.md 4.3; derived).
///
/// Lu and Chipman, J. Opt. Soc. Am. A 13, 1106 (1996), for light of intensity I and Stokes vector S, here with T = 1:
/// I' = (I + D.S)/(1 + D),  S' = (D I + w S + (1 - w)(n.S) n)/(1 + D),  w = sqrt(1 - D^2), n = D/|D|.
public struct Diattenuator: Equatable, Sendable {
  public let vector: BlochVector
  private let length: Double

  /// Nil for no difference at all, which is no element. A vector must be shorter than one.
  public init?(_ vector: BlochVector) {
    guard vector != .zero else { return nil }
    self.vector = vector
    length = (vector * vector).sum().squareRoot()
    precondition(length < 1, "a diattenuation of one is a polariser")
  }

  public func applied(to light: PolarisedLight) -> PolarisedLight {
    let along = (vector * light.stokes).sum()
    let w = (1 - length * length).squareRoot()
    // (n.S) n = (D.S) D/|D|^2, and (1 - w)/|D|^2 = 1/(1 + w).
    let stokes = light.intensity * vector + w * light.stokes + along / (1 + w) * vector
    return PolarisedLight(intensity: (light.intensity + along) / (1 + length), stokes: 1 / (1 + length) * stokes)
  }
}
