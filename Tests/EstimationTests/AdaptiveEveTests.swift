import Estimation
import HostStorage
import Testing

/// About ln 20: each bound may fail in 5 % of blocks.
private let nats = 3.0
private let trials = 2000
private let rounds = 1500

/// Eve reads each announced axis and stops at the moment her luck has beaten a bound. That for a fixed number of rounds
/// then fails more often than the 5 % it states; that for announcements on the way holds at every moment. The shares
/// are those of a physical axis, of a biased one, of a logical basis, and of a key with one test round in twenty.
@Test(arguments: [1.0 / 3, 0.34, 0.5, 0.95])
func hiddenUpper_againstAnEveWhoStopsInTime_holdsWhereTheInversionFails(share: Double) {
  let table = (0...rounds).map { ChernoffTail.trialsUpper(Double($0), chance: 1 - share, nats: nats) - Double($0) }
  let lambda = MartingaleTail.lambda(plannedSeen: (1 - share) * Double(rounds), share: share, nats: nats)
  let anytime = (0...rounds).map {
    MartingaleTail.hiddenUpper(Double($0), share: share, lambda: lambda, nats: nats)
  }
  var random = SeededRandom(seed: 11)
  var failures = (inversion: 0, martingale: 0)
  for _ in 0..<trials {
    var seen = 0
    var beaten = (inversion: false, martingale: false)
    for hidden in 0..<rounds {
      // Bounds only grow with what is seen, so it is enough to look after each hidden round.
      while seen < rounds && !chance(share, &random) { seen += 1 }
      guard hidden + seen < rounds else { break }
      if Double(hidden + 1) > table[seen] { beaten.inversion = true }
      if Double(hidden + 1) > anytime[seen] { beaten.martingale = true }
    }
    if beaten.inversion { failures.inversion += 1 }
    if beaten.martingale { failures.martingale += 1 }
  }
  #expect(Double(failures.inversion) > 0.05 * Double(trials), "\(failures)")
  #expect(Double(failures.martingale) <= 0.05 * Double(trials), "\(failures)")
}

/// The same for the mean of a count, from above and from below: she stops when what was announced of an intensity lies
/// outside of what a bound allows.
@Test(arguments: [true, false])
func mean_againstAnEveWhoStopsInTime_isBoundedWhereTheInversionFails(fromAbove: Bool) {
  let share = 0.3
  /// Whether the inversion is beaten by `x` of `n`; it is once and for all beyond a threshold that moves with n.
  func isBeaten(_ x: Int, _ n: Int) -> Bool {
    fromAbove
      ? ChernoffTail.meanUpper(Double(x), of: Double(n), nats: nats) < share * Double(n)
      : ChernoffTail.meanLower(Double(x), of: Double(n), nats: nats) > share * Double(n)
  }
  var threshold = [0]
  for n in 1...rounds {
    var x = threshold[n - 1]
    while x <= n && isBeaten(x, n) == fromAbove { x += 1 }
    threshold.append(x)
  }
  let lambda = MartingaleTail.lambda(planned: share * Double(rounds), nats: nats)
  var random = SeededRandom(seed: 17)
  var failures = (inversion: 0, martingale: 0)
  for _ in 0..<trials {
    var x = 0
    var beaten = (inversion: false, martingale: false)
    for n in 1...rounds {
      if chance(share, &random) { x += 1 }
      let mean = share * Double(n)
      if fromAbove {
        beaten.inversion = beaten.inversion || x < threshold[n]
        let upper = MartingaleTail.meanUpper(Double(x), lambda: lambda, nats: nats)
        beaten.martingale = beaten.martingale || upper < mean
      } else {
        beaten.inversion = beaten.inversion || x >= threshold[n] && x > 0
        let lower = MartingaleTail.meanLower(Double(x), lambda: lambda, nats: nats)
        beaten.martingale = beaten.martingale || lower > mean
      }
    }
    if beaten.inversion { failures.inversion += 1 }
    if beaten.martingale { failures.martingale += 1 }
  }
  #expect(Double(failures.inversion) > 0.05 * Double(trials), "\(failures)")
  #expect(Double(failures.martingale) <= 0.05 * Double(trials), "\(failures)")
}

/// Eve spoils single photons only until the announced intensities would make the inversion miss some of what she did,
/// looking every ten rounds; from then on she leaves all alone. Two tails: the streaming bound stays within 10 %.
@Test func singlesUpper_againstAnEveWhoStopsInTime_holds() {
  let bounds = DecoyBounds(Population.settings, nats: nats)
  let weights = Population.intensityWeights(photons: 1)
  var random = SeededRandom(seed: 19)
  var planned: [3 of UInt64] = [0, 0, 0]
  for _ in 0..<600 { planned[draw(weights, &random)] += 1 }
  var failures = (inversion: 0, streaming: 0)
  for _ in 0..<trials / 2 {
    // Two hundred errors of other signal pulses keep the bound below its cap, which is all errors.
    var errors: [3 of UInt64] = [200, 0, 0]
    var spoilt = 0
    while spoilt < 600 {
      for _ in 0..<10 { errors[draw(weights, &random)] += 1 }
      spoilt += 10
      if bounds.singlesUpper(errors, tails: .inversion) < Double(spoilt) { break }
    }
    if bounds.singlesUpper(errors, tails: .inversion) < Double(spoilt) { failures.inversion += 1 }
    if bounds.singlesUpper(errors, tails: .streaming(planned: planned)) < Double(spoilt) { failures.streaming += 1 }
  }
  #expect(Double(failures.streaming) <= 0.1 * Double(trials / 2), "\(failures)")
  #expect(failures.inversion > 2 * failures.streaming, "\(failures)")
}
