import Foundation
import Testing

@testable import Optics

/// The pass by vectors in an Earth-centred frame, with derivatives by differences: another way to the same figures.
private struct NaivePass {
  let altitudeKm: Double
  let culmination: Double
  let earth = 6_371.0

  func places(_ seconds: Double) -> (satellite: BlochVector, station: BlochVector) {
    let radius = earth + altitudeKm
    let rate = (398_600.441_8 / pow(radius, 3)).squareRoot()
    // The station's distance from the plane of the orbit, found by bisection on the elevation at culmination.
    var (low, high) = (0.0, 1.2)
    for _ in 0..<100 {
      let middle = (low + high) / 2
      let seen = elevation(radius * BlochVector(1, 0, 0), earth * BlochVector(cos(middle), 0, sin(middle)))
      if seen > culmination * .pi / 180 { low = middle } else { high = middle }
    }
    let turn = rate * seconds
    return (radius * BlochVector(cos(turn), sin(turn), 0), earth * BlochVector(cos(low), 0, sin(low)))
  }

  func elevation(_ satellite: BlochVector, _ station: BlochVector) -> Double {
    let way = satellite - station
    return asin((way * station).sum() / ((way * way).sum() * (station * station).sum()).squareRoot())
  }

  func range(_ seconds: Double) -> Double {
    let (satellite, station) = places(seconds)
    let way = satellite - station
    return (way * way).sum().squareRoot()
  }
}

@Suite struct OrbitalPassTests {
  @Test(arguments: [(500.0, 70.0), (500.0, 20.0), (1_200.0, 85.0), (300.0, 45.0)])
  func point_agreesWithVectors(altitude: Double, culmination: Double) {
    var pass = OrbitalPass()
    pass.altitudeKm = altitude
    pass.culminationDegrees = culmination
    let naive = NaivePass(altitudeKm: altitude, culmination: culmination)
    for seconds in stride(from: -240.0, through: 240, by: 40) {
      let point = pass.point(at: seconds)
      let (satellite, station) = naive.places(seconds)
      #expect(abs(point.elevationDegrees - naive.elevation(satellite, station) * 180 / .pi) < 1e-6)
      #expect(abs(point.rangeKm - naive.range(seconds)) < 1e-6)
      let rate = (naive.range(seconds + 0.01) - naive.range(seconds - 0.01)) / 0.02
      #expect(abs(point.rangeRateKmS - rate) < 1e-6)
      #expect(abs(point.doppler + point.rangeRateKmS / 299_792.458) < 1e-15)
    }
    #expect(abs(pass.point(at: 0).elevationDegrees - culmination) < 1e-9)
  }

  /// Figures that anyone can check: 94.5 minutes of period at 500 km, 500 km of range at the zenith, 7.6 km/s of
  /// speed, and the horizon at acos(R/(R + h)).
  @Test func pass_hasTextbookFigures() {
    var pass = OrbitalPass()
    pass.culminationDegrees = 90
    #expect(abs(2 * .pi / pass.angularRate / 60 - 94.47) < 0.1)
    #expect(abs(pass.point(at: 0).rangeKm - 500) < 1e-6)
    #expect(abs(pass.angularRate * 6_871 - 7.616) < 0.002)
    let horizon = acos(6_371.0 / 6_871.0) / pass.angularRate
    #expect(abs(pass.point(at: horizon).elevationDegrees) < 1e-6)
    // The largest range rate of a pass is R w cos(nearest angle), at the horizon of the orbit's sphere.
    #expect(abs(pass.point(at: horizon).rangeRateKmS - 6_371 * pass.angularRate) < 1e-6)
  }

  /// Kasten and Young's table: 1 at the zenith, 1.994 at 30 degrees, 5.59 at 10 degrees, 38 at the horizon.
  @Test(arguments: [(90.0, 1.0), (30.0, 1.994), (10.0, 5.586), (0.0, 37.92)])
  func airMass_agreesWithTable(elevation: Double, mass: Double) {
    let point = OrbitalPoint(elevationDegrees: elevation, rangeKm: 1, rangeRateKmS: 0, frameDegrees: 0)
    #expect(abs(point.airMass / mass - 1) < 2e-3)
  }

  /// Far from a large aperture the beam enters as the square of aperture over diameter, times two.
  @Test func transmission_isDiffractionTimesAir() {
    let pass = OrbitalPass()
    let point = pass.point(at: -150)
    let radius = 7e-6 * point.rangeKm * 1e3
    var entered = 0.0
    // The Gaussian beam summed over rings of the aperture.
    for i in 0..<1_000 {
      let r = (Double(i) + 0.5) * 0.5e-3
      entered += 4 * r / (radius * radius) * exp(-2 * r * r / (radius * radius)) * 0.5e-3
    }
    #expect(abs(pass.transmission(at: point) / (entered * pow(0.7, point.airMass)) - 1) < 1e-6)
    #expect(pass.transmission(at: pass.point(at: 1_000)) == 0)
  }

  /// The frame turns most about culmination, evenly to both sides, and its rate near the zenith is that of the azimuth.
  @Test func frame_turnsWithTheAzimuth() {
    var pass = OrbitalPass()
    for seconds in [10.0, 60, 150] {
      let (before, after) = (pass.point(at: -seconds), pass.point(at: seconds))
      #expect(abs(before.frameDegrees + after.frameDegrees) < 1e-9)
      #expect(abs(after.frameDegrees) > 1)
    }
    pass.culminationDegrees = 89
    // Near the zenith the telescope turns by v/(range cos(elevation)) about the vertical: here 50 degrees a second.
    let rate = pass.point(at: 0.001).frameDegrees / 0.001
    #expect(abs(abs(rate) / (pass.angularRate * 6_871 / (500 * cos(89 * .pi / 180)) * 180 / .pi) - 1) < 0.02)
  }

  /// Loss, range rate and turn of the frame of the pass arrive in the channel.
  @Test func process_followsThePass() throws {
    var scenario = Scenario.satellite
    scenario.pointing = Motion()
    scenario.rollDegrees = Motion()
    scenario.arrivalPs = Motion()
    scenario.scintillationIndex = 0
    var process = ChannelProcess(scenario, seed: 1)
    let pass = try #require(scenario.pass)
    for millisecond in 0..<2_500 {
      let state = process.next()
      guard millisecond % 499 == 0 else { continue }
      let point = pass.point(at: -150 + Double(millisecond) * 1e-3)
      let transmission = scenario.peakTransmission * pass.transmission(at: point)
      #expect(abs(state.transmission / transmission - 1) < 1e-12)
      #expect(abs(state.roll * 180 / .pi - 0.02 * point.frameDegrees) < 1e-12)
      let drift = 10 + 1e-3 * point.rangeRateKmS / 299_792.458 * 1e9
      #expect(abs(state.arrivalPs - drift * Double(millisecond % 10)) < 1e-6)
    }
  }
}
