import Foundation
import HostStorage
import Testing
import Units

@testable import Alignment

@Suite struct FrameIndependentRateTests {
  /// White noise: the rate is that of six states, 1 - H(1 - 3Q/2, Q/2, Q/2, Q/2), which is another formula.
  @Test(arguments: [0.001, 0.01, 0.02, 0.05, 0.08, 0.11, 0.126]) func rate_ofWhiteNoise_isThatOfSixStates(q: Double) {
    func plogp(_ p: Double) -> Double { p > 0 ? p * log2(p) : 0 }
    let expected = 1 + plogp(1 - 1.5 * q) + 3 * plogp(q / 2)
    let rate = FrameIndependentRate(qber: q, c: 2 * (1 - 2 * q) * (1 - 2 * q)).secretBitsPerSiftedBit
    #expect(abs(rate - expected) < 1e-9)
  }

  /// The table of the theory, one-way six states.
  @Test(arguments: [(0.01, 0.86386), (0.02, 0.75806), (0.05, 0.49682), (0.10, 0.15242)])
  func rate_hasTheFiguresOfTheTable(q: Double, expected: Double) {
    #expect(abs(FrameIndependentRate(qber: q, c: 2 * pow(1 - 2 * q, 2)).secretBitsPerSiftedBit - expected) < 1e-5)
  }

  /// Full knowledge of both halves: only wrong bits cost, 1 - h(Q). Without it of the wrong ones they cost one each.
  @Test func rate_countsWhatIsKnownOfWrongBits() {
    let entropy = -(0.1 * log2(0.1) + 0.9 * log2(0.9))
    #expect(abs(FrameIndependentRate(qber: 0.1, c: 2 * 0.82).secretBitsPerSiftedBit - (1 - entropy)) < 1e-9)
    #expect(abs(FrameIndependentRate(qber: 0.1, c: 2 * 0.81).secretBitsPerSiftedBit - (0.9 - entropy)) < 1e-9)
  }

  @Test func rate_isZero_whereNothingIsKnown() {
    #expect(FrameIndependentRate(qber: 0.02, c: 0).secretBitsPerSiftedBit == 0)
    #expect(FrameIndependentRate(qber: 0.5, c: 2).secretBitsPerSiftedBit == 0)
    #expect(FrameIndependentRate(qber: 0, c: 2).secretBitsPerSiftedBit == 1)
    #expect(FrameIndependentRate(qber: 0, c: 3).c == 2)
  }

  /// A roll turns about R/L: C is the same for every roll, the twirled error rate is not. Error bars hold.
  @Test func c_isTheSameForEveryRoll() throws {
    var coverage = Coverage()
    for seed in 0..<UInt64(400) {
      var random = SeededRandom(seed: seed)
      var link = TestLink()
      link.rotation = turn([0, 1, 0], Double.random(in: 0...(2 * .pi), using: &random))
      link.depolarisation = 0.06
      let photons = pow(10, Double.random(in: 5...6, using: &random))
      let counts = CorrelationMatrix(link.correlations(photons: photons, &random))
      let found = try #require(FrameIndependentRate(counts, stable: .y))
      coverage.add(found.c - 2 * 0.94 * 0.94, sigma: found.cSigma)
      #expect(abs(found.qber - 0.03) < 0.01)
      #expect(found.secretBitsPerSiftedBit > 0.5)
      let turned = (1 - (link.rotation[0][0] * 2 + 1) * 0.94 / 3) / 2
      #expect(abs(counts.twirledQber - turned) < 0.015)
    }
    #expect(coverage.isNormal, "\(coverage.text)")
    #expect(FrameIndependentRate(CorrelationMatrix(CorrelationCounts()), stable: .y) == nil)
  }
}
