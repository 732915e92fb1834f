import Foundation

extension RandomNumberGenerator {
  /// A standard normal number (Box and Muller, 1958; the sine half is not used).
  mutating func gaussian() -> Double {
    let radius = (-2 * log(1 - unit())).squareRoot()
    return radius * cos(2 * .pi * unit())
  }

  /// A Poisson number: Knuth's product below a mean of 30, above that the rounded normal number of the same mean and
  /// variance, whose skewness differs by less than 0.2.
  public mutating func poisson(mean: Double) -> UInt64 {
    guard mean > 0 else { return 0 }
    guard mean < 30 else { return UInt64(max(0, (mean + mean.squareRoot() * gaussian()).rounded())) }
    let limit = exp(-mean)
    var product = unit()
    var count: UInt64 = 0
    while product > limit {
      product *= unit()
      count += 1
    }
    return count
  }
}
