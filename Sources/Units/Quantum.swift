/// Which end of the link a module is.
public enum Role: UInt8, Sendable { case alice, bob }

/// A polarisation axis of the Bloch sphere: X is D/A, Y is R/L, Z is H/V. On an axis, bit 0 is D, R or H.
public enum Axis: UInt8, Sendable { case x, y, z }

/// A decoy-state level.
public enum Intensity: UInt8, Sendable { case signal, decoy, vacuum }

/// How fast the random local operation changes; see Documentation/Security.md for what each is worth.
public enum TwirlVariant: UInt8, Sendable { case perPulse, perBlock }

/// Mean photon number of a pulse, counted in millionths of a photon, at the plane before any common loss.
public struct MeanPhotonNumber: Equatable, Sendable {
  public let millionths: UInt32

  public init(millionths: UInt32) { self.millionths = millionths }

  public var value: Double { Double(millionths) / 1_000_000 }
}

/// A probability as the gateware draws it: `count` of 65 536 equally likely values.
public struct Share: Equatable, Sendable {
  public let count: UInt32

  public init(of65536 count: UInt32) {
    precondition(count <= 65_536)
    self.count = count
  }

  public var value: Double { Double(count) / 65_536 }
}

/// A ratio such as an error rate, in millionths.
public struct PartsPerMillion: Comparable, Sendable {
  public let count: UInt32

  public init(_ count: UInt32) { self.count = count }

  public var value: Double { Double(count) / 1_000_000 }
  public static func < (a: PartsPerMillion, b: PartsPerMillion) -> Bool { a.count < b.count }
}
