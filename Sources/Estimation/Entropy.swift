import CMath

private var ln2: Double { 0.693147180559945309417 }

func log2(_ x: Double) -> Double { log(x) / ln2 }

/// Binary entropy in bits, exact zeros at both ends.
public func binaryEntropy(_ p: Double) -> Double {
  guard p > 0, p < 1 else { return 0 }
  return -(p * log(p) + (1 - p) * log1p(-p)) / ln2
}

/// 1 - h((1 - bias)/2): what a bit keeps when its phase error is (1 - bias)/2.
///
/// Near bias 0 the difference cancels, so the power series of 1 - h takes over; below 0.03 its four terms are exact to
/// 2e-14.
func secrecy(ofBias bias: Double) -> Double {
  let w = bias * bias
  guard w < 0.0009 else { return 1 - binaryEntropy((1 - bias) / 2) }
  return w * (0.5 + w * (1.0 / 12 + w * (1.0 / 30 + w / 56))) / ln2
}

/// `base` to a small whole power, by repeated multiplication so that every build rounds alike.
func power(_ base: Double, _ exponent: Int) -> Double {
  var product = 1.0
  for _ in 0..<exponent { product *= base }
  return product
}
