import Foundation
import HostStorage
import Testing
import Units

@testable import Acquisition

@Test func roots_areTheLargestWhoseSquareFits() {
  var random = SeededRandom(seed: 1)
  var values: [UInt64] = [.max, .max - 1, 1 << 62, 1 << 62 - 1]
  values += Array(UInt64(0)..<300)
  values += (0..<2_000).map { _ in random.next() >> UInt64.random(in: 0..<60, using: &random) }
  for value in values {
    let root = squareRoot(value)
    #expect(root.multipliedFullWidth(by: root).high == 0 && root * root <= value)
    let next = (root + 1).multipliedFullWidth(by: root + 1)
    #expect(next.high > 0 || next.low > value, "\(value)")
  }
}

@Test func logarithms_areRoundedDownInTheSixteenthPlace() {
  var random = SeededRandom(seed: 2)
  var values: [UInt64] = [1, 2, 3, 4, 5, 1 << 31, 1 << 32, .max]
  values += (0..<2_000).map { _ in max(1, random.next() >> (random.next() & 63)) }
  for value in values {
    let exact = log2(Double(value)) * 65_536
    let found = Double(binaryLogarithm(value))
    #expect(found <= exact + 0.01 && found > exact - 2, "\(value)")
  }
}

@Test func directions_agreeWithTheArcTangent() {
  var random = SeededRandom(seed: 3)
  for _ in 0..<3_000 {
    let scale = UInt64.random(in: 35..<63, using: &random)
    let x = Int64(bitPattern: random.next()) >> scale
    let y = Int64(bitPattern: random.next()) >> scale
    guard x != 0 || y != 0 else { continue }
    let exact = atan2(Double(y), Double(x)) / (2 * .pi)
    let found = Double(direction(x, y)) * 0x1p-32
    let miss = (found - exact).remainder(dividingBy: 1)
    #expect(abs(miss) < 0x1p-19, "\(x) \(y)")
  }
  #expect(direction(0, 0) == 0)
}

/// -log2 of the binomial tail itself, term by term.
private func exactBits(lit: Int, of clicks: Int, share: Double) -> Double {
  var tail = 0.0
  for x in lit...clicks {
    let ways = lgamma(Double(clicks + 1)) - lgamma(Double(x + 1)) - lgamma(Double(clicks - x + 1))
    tail += exp(ways + Double(x) * log(share) + Double(clicks - x) * log(1 - share))
  }
  return -log2(tail)
}

/// The bound never says that chance is less than it is, and gives little away.
@Test func significance_isALowerBoundOfTheExactTail() {
  var random = SeededRandom(seed: 4)
  for _ in 0..<2_000 {
    let clicks = Int.random(in: 1...4_096, using: &random)
    let share = UInt64.random(in: 30_000...50_000, using: &random)
    let mean = Double(clicks) * Double(share) / 65_536
    let spread = (mean * (1 - Double(share) / 65_536)).squareRoot()
    let lit = min(clicks, max(0, Int(mean + Double.random(in: -3...12, using: &random) * spread)))
    let bits = Double(Significance.bits(lit: lit, of: clicks, share: share)) / 65_536
    let exact = exactBits(lit: lit, of: clicks, share: Double(share) / 65_536)
    guard exact.isFinite, exact < 900 else { continue }
    #expect(bits <= exact + 1e-6, "\(lit) of \(clicks) at \(share)")
    // The factor in front of the exponential is between 1 and about 1 / (4 spread).
    if Double(lit) > mean + spread { #expect(bits > exact - 9, "\(lit) of \(clicks) at \(share)") }
  }
  #expect(Significance.bits(lit: 0, of: 1, share: 45_056) == 0)
}

@Test func threshold_paysForEveryCellAndLook() {
  let bits = Double(Significance.threshold(cells: 204_800, looks: 64)) / 65_536
  #expect(abs(bits - (20 + log2(204_800) + 6)) < 1e-3)
}

/// Gains, from the formulas in their doc comment.
@Test func gains_followFromTheNaturalFrequency() {
  let frame = 0.01048576
  for (gains, frequency) in [
    (TrackGains.fastest, 16.0), (.fast, 8), (.medium, 4), (.slow, 2),
  ] {
    let x = frequency * frame
    let exact = [2.4 * x, 1.1 * x * x, x * x * x].map { $0 * 0x1p32 }
    for (found, exact) in zip([gains.place, gains.rate, gains.growth], exact) {
      #expect(abs(Double(found) - exact) <= 0.5)
    }
    #expect(abs(Double(gains.noise) - 2 * 0.7845 * frequency * frame * 1024) < 1)
  }
}

/// Brighter light never gets a slower loop, and the noise of the chosen loop is what was promised.
@Test func gains_areTheFastestThatTheLightAllows() {
  for noise in [Int64(0), 256, 2_000, 20_000] {
    var before: Int64 = 0
    for light in stride(from: Int64(1), to: 40_000, by: 37) {
      let gains = TrackGains.suited(light: light, noise: noise)
      #expect(gains.noise >= before)
      before = gains.noise
      guard gains != .slow else { continue }
      let perFrame = 256 * Double(light + noise) / Double(light * light)
      let sigma = (perFrame * Double(gains.noise) / 1024).squareRoot() * 10 / 32
      #expect(sigma < (gains == .fastest ? 0.101 : 0.151), "light \(light) noise \(noise)")
    }
  }
}

@Test func errors_areMeasuredAgainstTheNoise() {
  var random = SeededRandom(seed: 5)
  let pattern = syncPattern()
  for (qber, dark, exceeds) in [(0.02, 0, false), (0.02, 12_000, false), (0.5, 0, true), (0.5, 2_000, true)] {
    var errors = SyncErrors()
    for _ in 0..<dark {
      let slot = Int(random.next() & 0x3ffff)
      errors.add(slot: slot, detector: UInt8.random(in: 0..<6, using: &random), in: pattern)
    }
    var light = 0
    while light < 900 {
      let slot = Int(random.next() & 0x3ffff)
      guard pattern.isLit(slot) else { continue }
      light += 1
      let laser = pattern.laser(slot)
      errors.add(slot: slot, detector: random.unit() < qber ? laser ^ 1 : laser, in: pattern)
    }
    #expect(errors.isMeasured)
    #expect(errors.exceeds(PartsPerMillion(300_000)) == exceeds, "\(qber) \(dark)")
  }
  var errors = SyncErrors()
  errors.add(slot: 0, detector: 7, in: pattern)
  #expect(errors == SyncErrors() && !errors.isMeasured && !errors.exceeds(PartsPerMillion(0)))
}
