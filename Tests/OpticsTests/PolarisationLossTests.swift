import Foundation
import HostStorage
import Testing
import Units

@testable import Optics

/// Complex numbers and Jones matrices, for a second way to the same light.
private struct Complex {
  var re = 0.0
  var im = 0.0
  var squared: Double { re * re + im * im }
  static func * (a: Complex, b: Complex) -> Complex {
    Complex(re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re)
  }
  static func + (a: Complex, b: Complex) -> Complex { Complex(re: a.re + b.re, im: a.im + b.im) }
  var conjugate: Complex { Complex(re: re, im: -im) }
}

private func jones(_ state: BlochVector) -> (Complex, Complex) {
  // cos(t/2) |H> + e^(i f) sin(t/2) |V> with z = cos t, x = sin t cos f, y = sin t sin f.
  let theta = acos(min(1, max(-1, state.z)))
  let phi = atan2(state.y, state.x)
  return (Complex(re: cos(theta / 2)), Complex(re: sin(theta / 2) * cos(phi), im: sin(theta / 2) * sin(phi)))
}

private func unitVector(_ random: inout SeededRandom) -> BlochVector {
  let z = Double.random(in: -1...1, using: &random)
  let phi = Double.random(in: 0...(2 * .pi), using: &random)
  let r = (1 - z * z).squareRoot()
  return BlochVector(r * cos(phi), r * sin(phi), z)
}

@Suite struct PolarisationLossTests {
  /// M = |n><n| + sqrt(tau) |-n><-n| on the state vector.
  @Test(arguments: 0..<UInt64(50)) func diattenuator_agreesWithJones(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let (n, s) = (unitVector(&random), unitVector(&random))
    let tau = Double.random(in: 0.05...0.99, using: &random)
    let element = try #require(Diattenuator((1 - tau) / (1 + tau) * n))
    let light = element.applied(to: PolarisedLight(stokes: s))
    let (state, best, worst) = (jones(s), jones(n), jones(-1 * n))
    func part(_ basis: (Complex, Complex), _ weight: Double) -> (Complex, Complex) {
      let amplitude = basis.0.conjugate * state.0 + basis.1.conjugate * state.1
      let scaled = Complex(re: weight) * amplitude
      return (scaled * basis.0, scaled * basis.1)
    }
    let (a, b) = (part(best, 1), part(worst, tau.squareRoot()))
    let out = (a.0 + b.0, a.1 + b.1)
    let cross = out.0.conjugate * out.1
    #expect(abs(light.intensity - (out.0.squared + out.1.squared)) < 1e-12)
    let expected = BlochVector(2 * cross.re, 2 * cross.im, out.0.squared - out.1.squared)
    let error = light.stokes - expected
    #expect((error * error).sum().squareRoot() < 1e-12)
    // The best state passes whole: intensities are defined at the plane before the element.
    #expect(abs(element.applied(to: PolarisedLight(stokes: n)).intensity - 1) < 1e-12)
    #expect(abs(element.applied(to: PolarisedLight(stokes: -1 * n)).intensity - tau) < 1e-12)
  }

  /// theory.md 4.1, acceptance test 22: at 3 dB along H the twirled error rate is 1.894 %, that of D/A 2.841 %.
  @Test func clickTable_ofThreeDecibels_hasTheErrorRatesOfTheory() {
    var experiment = Experiment(mean: 1e-6)
    let tau = pow(10, -0.3)
    experiment.channel.aliceDiattenuator = Diattenuator(BlochVector(0, 0, (1 - tau) / (1 + tau)))
    let table = experiment.table
    func errors(_ axis: Int) -> Double {
      var wrong = 0.0
      var all = 0.0
      for bit in 0..<2 {
        wrong += table.mean(state: 2 * axis + bit, intensity: .signal, detector: 2 * axis + 1 - bit)
        all += table.mean(state: 2 * axis + bit, intensity: .signal, detector: 2 * axis + bit)
      }
      return wrong / (wrong + all)
    }
    #expect(abs(errors(0)) < 1e-9)
    #expect(abs(errors(1) - 0.02841) < 1e-5 && abs(errors(2) - 0.02841) < 1e-5)
    let pooled = (errors(0) + errors(1) + errors(2)) / 3
    #expect(abs(pooled - 0.01894) < 1e-5)
    // H and V arrive as 1 : tau.
    let (h, v) = (0, 1)
    let passed = table.mean(state: h, intensity: .signal, detector: h)
    #expect(abs(table.mean(state: v, intensity: .signal, detector: v) / passed - tau) < 1e-9)
  }

  /// In front of the plates a swap of H and V turns the sign of what the counters say; mismatch of detectors stays.
  @Test func bobDiattenuator_swapsSignBehindThePlates() {
    var experiment = Experiment(mean: 0.5)
    experiment.receiver.efficiencies = [1, 0.9, 1, 1, 1, 1]
    experiment.channel.bobDiattenuator = Diattenuator(BlochVector(0, 0, 0.2))
    func ratio() -> Double {
      let table = experiment.table
      return table.mean(of: 0, under: experiment.settings) / table.mean(of: 1, under: experiment.settings)
    }
    let straight = ratio()
    experiment.channel.bobPlates = .platesTriplet(0, -45, 0)
    let swapped = ratio()
    #expect(abs(straight - 1.2 / 0.8 / 0.9) < 1e-9 && abs(swapped - 0.8 / 1.2 / 0.9) < 1e-9)
  }

  /// Eve who measures every photon leaves no polarisation, and a diattenuator then gives her light one.
  @Test func eve_behindDiattenuator_sendsWhatItPasses() {
    var experiment = Experiment(mean: 0.5)
    experiment.channel.bobDiattenuator = Diattenuator(BlochVector(0, 0, 0.5))
    let eve = Eavesdropper(.intercept(share: 1), seed: 3)
    let table = EveClickTable(
      eve, channel: experiment.channel, settings: experiment.settings, receiver: experiment.receiver,
      gate: experiment.gate)
    // A pulse of D, measured on Z: what is left is the mixture, of which the element passes (1 +- 0.5)/1.5 / 6.
    let choice = PulseChoice(twirl: 0, axis: .x, bit: 0, intensity: .signal)
    let draw = EveDraw(photons: 0.999, action: 0, axis: .z)
    let h = table.probability(of: 1, choice, draw)
    let v = table.probability(of: 2, choice, draw)
    #expect(abs(h / v - 3) < 0.1)
  }
}
