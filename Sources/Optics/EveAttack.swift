import Foundation
public import Units

/// What Eve does to the light.
public enum EveAttack: Equatable, Sendable {
  /// She takes this share of the pulses, measures every photon of such a pulse on one of the three axes, and sends as
  /// many photons in the states she found on to Bob. She stands at Alice's exit.
  case intercept(share: Double)
  /// She counts the photons of every pulse, keeps one of two and more, sends the others over a channel of her own
  /// without loss, and blocks what would make Bob count more signal pulses than without her.
  case split
  /// She loses Alice's light on one physical axis on its way to the detectors, by this many decibels.
  case axisLoss(decibels: Double)

  /// The axis that `axisLoss` attenuates.
  public static var attenuatedAxis: Axis { .y }

  /// The receiver behind the attack.
  public func receiver(_ receiver: Receiver) -> Receiver {
    guard case .axisLoss(let decibels) = self else { return receiver }
    var receiver = receiver
    for detector in 0..<Analyser.detectorCount
    where Analyser.direction(ofDetector: detector) * Self.attenuatedAxis.unitVector != .zero {
      receiver.efficiencies[detector] *= pow(10, -decibels / 10)
    }
    return receiver
  }
}

/// Eve's own randomness of one slot.
public struct EveDraw: Equatable, Sendable {
  /// Uniform in 0 ..< 1; decides how many photons the pulse has.
  public let photons: Double
  /// Uniform in 0 ..< 1; decides whether she attacks, or whether she lets the pulse pass.
  public let action: Double
  /// The axis that she measures on.
  public let axis: Axis

  public init(photons: Double, action: Double, axis: Axis) {
    self.photons = photons
    self.action = action
    self.axis = axis
  }

  /// Photon numbers above this one count as this one; at a mean of one photon it is exceeded once in 10^14 pulses.
  public static var photonsMax: Int { 15 }

  /// The photon number of a pulse of the given mean: the inverse of the Poisson distribution at `photons`.
  public func photonNumber(mean: Double) -> Int {
    var share = exp(-mean)
    var below = share
    var number = 0
    while photons >= below, number < Self.photonsMax {
      number += 1
      share *= mean / Double(number)
      below += share
    }
    return number
  }
}

/// Eve's draws as a pure function of seed and slot, as `ChoiceSource` is for Alice: her record of any slot can be
/// asked for at any time.
public struct EveSource: Sendable {
  private let key: UInt64

  public init(seed: UInt64) { key = seed }

  @inline(__always)
  public func draw(slot: UInt64) -> EveDraw {
    let block = Philox.block(low: slot, high: 0, key: key)
    // Thirty-two bits for the action and thirty-two for the axis: each axis has 1/3 within 2^-32.
    return EveDraw(
      photons: Double(block.0 &>> 11) * 0x1p-53, action: Double(block.1 &>> 32) * 0x1p-32,
      axis: axes[Int(((block.1 & 0xffff_ffff) &* 3) &>> 32)])
  }
}

private let axes: [3 of Axis] = [.x, .y, .z]
