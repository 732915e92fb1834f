import Foundation

/// A satellite in a circular low orbit that passes over a ground station, which receives.
///
/// Spherical Earth that does not turn during the pass: that changes angular rates by less than a tenth (assumed).
public struct OrbitalPass: Equatable, Sendable {
  /// Above the ground, in kilometres.
  public var altitudeKm = 500.0
  /// The highest elevation of the pass, in degrees.
  public var culminationDegrees = 70.0
  /// When light begins, in seconds after culmination; negative is before it.
  public var startSeconds = -150.0
  /// What the air lets through from the zenith.
  public var zenithTransmission = 0.7
  /// Half angle of the beam to 1/e^2 of its intensity, in microradians.
  public var divergenceUrad = 7.0
  /// Diameter of the receiving telescope, in metres.
  public var apertureM = 1.0
  /// The part of the turning of the frame that the compensating half-wave plate leaves.
  public var frameResidual = 0.02
  /// The part of the range rate that the prediction of the orbit leaves in the clock.
  public var rangeRateResidual = 1e-3

  public init() {}

  static var earthRadiusKm: Double { 6_371 }
  /// Gravitational parameter of the Earth, in km^3/s^2 (IERS Conventions 2010, table 1.1).
  static var gravity: Double { 398_600.441_8 }
  static var lightSpeedKmS: Double { 299_792.458 }
}

/// Where the satellite is seen at one time of the pass.
public struct OrbitalPoint: Equatable, Sendable {
  public let elevationDegrees: Double
  public let rangeKm: Double
  /// Positive while the satellite goes away, in kilometres a second.
  public let rangeRateKmS: Double
  /// How far the satellite's frame has turned about the line of sight since culmination, as an altazimuth telescope
  /// sees it, in degrees.
  public let frameDegrees: Double

  /// Relative change of every frequency that is received, of the light's and of the pulses'; first order in v/c.
  public var doppler: Double { -rangeRateKmS / OrbitalPass.lightSpeedKmS }

  /// Air on the way, over that to the zenith (Kasten and Young, Appl. Opt. 28, 4735 (1989), equation 3); below the
  /// horizon that at the horizon.
  public var airMass: Double {
    let e = max(0, elevationDegrees)
    return 1 / (sin(e * .pi / 180) + 0.505_72 * pow(e + 6.079_95, -1.6364))
  }

  /// Rytov variance over that to the zenith: the power 11/6 of the secant of the zenith angle in weak turbulence
  /// (Andrews and Phillips, Laser Beam Propagation through Random Media, 2nd ed., chapter 12; from memory).
  public var turbulence: Double { pow(airMass, 11.0 / 6) }
}

extension OrbitalPass {
  private var radiusKm: Double { Self.earthRadiusKm + altitudeKm }

  /// Radians a second about the Earth's centre (Kepler's third law).
  public var angularRate: Double { (Self.gravity / (radiusKm * radiusKm * radiusKm)).squareRoot() }

  /// Angle at the Earth's centre between station and satellite at culmination: of the triangle of centre, station and
  /// satellite, by the law of sines cos(angle + e) = R cos(e)/(R + h).
  var nearestAngle: Double {
    let e = culminationDegrees * .pi / 180
    return acos(Self.earthRadiusKm * cos(e) / radiusKm) - e
  }

  /// The satellite `seconds` after culmination.
  ///
  /// With the angle g at the centre, cos g = cos(nearest) cos(w t): range d^2 = R^2 + r^2 - 2 R r cos g, elevation
  /// sin e = (r cos g - R)/d, range rate R r w cos(nearest) sin(w t)/d; the same geometry as in Ali, Al-Dhahir and
  /// Hershey, IEEE Trans. Commun. 46, 309 (1998), here derived.
  public func point(at seconds: Double) -> OrbitalPoint {
    let (earth, orbit) = (Self.earthRadiusKm, radiusKm)
    let turn = angularRate * seconds
    let offset = cos(nearestAngle)
    let cosine = offset * cos(turn)
    let range = (earth * earth + orbit * orbit - 2 * earth * orbit * cosine).squareRoot()
    let elevation = asin(min(1, max(-1, (orbit * cosine - earth) / range)))
    let since = frameAngle(turn) - frameAngle(0)
    return OrbitalPoint(
      elevationDegrees: elevation * 180 / .pi, rangeKm: range,
      rangeRateKmS: earth * orbit * angularRate * offset * sin(turn) / range,
      frameDegrees: since.remainder(dividingBy: 2 * .pi) * 180 / .pi)
  }

  /// Angle about the line of sight from the horizontal of the telescope to the satellite's direction of flight.
  ///
  /// The satellite flies level and keeps its polarisation axes by its direction of flight; the telescope keeps its own
  /// by the horizon (altazimuth mount). How this turns in a pass: Bonato et al., Opt. Express 14, 10050 (2006).
  private func frameAngle(_ turn: Double) -> Double {
    let up = BlochVector(cos(nearestAngle), 0, sin(nearestAngle))
    let place = radiusKm * BlochVector(cos(turn), sin(turn), 0)
    let way = Self.earthRadiusKm * up - place
    let sight = 1 / (way * way).sum().squareRoot() * way
    let flight = BlochVector(-sin(turn), cos(turn), 0)
    let flightAcross = flight - (flight * sight).sum() * sight
    let level = Self.cross(up, sight)
    return atan2((sight * Self.cross(level, flightAcross)).sum(), (level * flightAcross).sum())
  }

  private static func cross(_ a: BlochVector, _ b: BlochVector) -> BlochVector {
    BlochVector(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
  }

  /// What of the beam enters the telescope, times what the air lets through; zero below the horizon.
  ///
  /// A Gaussian beam of radius w at the telescope: 1 - exp(-2 a^2/w^2) enters a radius a. Far from its waist w is the
  /// half angle times the range. The air takes its zenith value once for every air mass (Bouguer's law).
  public func transmission(at point: OrbitalPoint) -> Double {
    guard point.elevationDegrees > 0 else { return 0 }
    let ratio = apertureM / 2 / (divergenceUrad * 1e-3 * point.rangeKm)
    return -expm1(-2 * ratio * ratio) * pow(zenithTransmission, point.airMass)
  }
}
