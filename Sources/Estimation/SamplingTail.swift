/// Bound of the error rate of rounds that were not looked at, from those that were: sampling without replacement.
///
/// finite-key.md section 2. Both forms are established: the first by Hoeffding (1963, section 6: the hypergeometric
/// tail is below the binomial one), the second by Serfling (1974). The `gamma` of Lim et al. and of Fung, Ma and Chau
/// is not used: it fails more often than it states (finite-key.md section 0, W2).
public enum SamplingTail {
  /// Upper bound of the error rate of the key.
  ///
  /// `errors` of the `sample` were wrong, and which rounds became sample and which `key` was drawn without regard to
  /// errors. Two tails, each failing with probability at most e^-nats: that of the smaller of two bounds. An upper
  /// bound of `errors` and lower bounds of `sample` and `key` may stand for what is not known exactly.
  public static func fractionUpper(errors: Double, ofSample sample: Double, inKeyOf key: Double, nats: Double)
    -> Double
  {
    precondition(errors >= 0 && sample > 0 && key > 0 && nats > 0)
    guard errors < sample else { return 1 }
    let seen = errors / sample
    let all = ChernoffTail.fractionUpper(seen, of: sample, nats: nats)
    let hoeffding = all + sample / key * (all - seen)
    let width = (key + sample) * (sample + 1) * padded(nats) / (2 * key * sample * sample)
    return min(1, min(hoeffding, seen + width.squareRoot()))
  }
}
