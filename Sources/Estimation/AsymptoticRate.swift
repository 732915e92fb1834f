/// Secret bits per sifted bit of long single-photon blocks with advantage distillation (theory.md sections 2.2, 2.3).
///
/// At block length 1 this is the Devetak-Winter rate of BB84 and of the six-state protocol (established); for longer
/// blocks it is the two-way rate of Bell-diagonal states (derived here, checked against simulation).
struct AsymptoticRate {
  private let qber: Double
  private let block: Int
  private let efficiency: Double

  init(qber: Double, block: Int, efficiency: Double) {
    precondition(qber >= 0 && qber < 0.5 && (1...16).contains(block) && efficiency >= 1)
    self.qber = qber
    self.block = block
    self.efficiency = efficiency
  }

  /// Werner state (1 - 3Q/2, Q/2, Q/2, Q/2): erroneous bits keep nothing.
  var sixState: Double { rate(correctBias: 1 - 2 * qber, wrongBias: 0) }

  /// The worst state with both error rates Q, that is (1 - 2Q + x, Q - x, Q - x, x) with the least favourable x in
  /// [0, Q]. The rate is convex in x, since its biases are linear in x and `secrecy` is a series of even powers with
  /// positive terms; so a ternary search finds the minimum.
  var bb84: Double {
    var low = 0.0
    var high = qber
    for _ in 0..<100 {
      let left = low + (high - low) / 3
      let right = high - (high - low) / 3
      if bb84(overlap: left) < bb84(overlap: right) { high = right } else { low = left }
    }
    return bb84(overlap: (low + high) / 2)
  }

  private func bb84(overlap x: Double) -> Double {
    rate(correctBias: 1 - 3 * qber + 2 * x, wrongBias: qber - 2 * x)
  }

  /// r_b of theory.md section 2.3; `correctBias` is a = l_I - l_Z, `wrongBias` is c = l_X - l_Y.
  private func rate(correctBias: Double, wrongBias: Double) -> Double {
    let correct = power(1 - qber, block)
    let wrong = power(qber, block)
    let accepted = correct + wrong
    var secret = correct * secrecy(ofBias: power(correctBias / (1 - qber), block))
    if qber > 0 { secret += wrong * secrecy(ofBias: power(wrongBias / qber, block)) }
    return (secret - efficiency * accepted * binaryEntropy(wrong / accepted)) / Double(block)
  }
}
