/// Secret bits per sifted bit of long blocks with advantage distillation (theory.md sections 2.2, 2.3 and 2.5).
///
/// At block length 1 this is the Devetak-Winter rate of BB84 and of the six-state protocol (established); for longer
/// blocks it is the two-way rate of Bell-diagonal states (derived here, checked against simulation).
struct AsymptoticRate {
  private let conditions: RateConditions

  init(_ conditions: RateConditions) { self.conditions = conditions }

  init(qber: Double, block: Int, efficiency: Double) {
    precondition(qber >= 0 && qber < 0.5 && (1...16).contains(block) && efficiency >= 1)
    conditions = RateConditions(usableQber: qber, block: block, efficiency: efficiency, light: .singlePhotons)
  }

  /// Werner state (1 - 3Q/2, Q/2, Q/2, Q/2): erroneous bits keep nothing.
  var sixState: Double { rate(correctBias: 1 - 2 * photonQber, wrongBias: 0) }

  /// The worst state with both error rates Q, that is (1 - 2Q + x, Q - x, Q - x, x) with the least favourable x in
  /// [0, Q]. The rate is convex in x, since its biases are linear in x and `secrecy` is a series of even powers with
  /// positive terms; with pre-processing that is checked numerically only. So a ternary search finds the minimum.
  var bb84: Double {
    var low = 0.0
    var high = photonQber
    for _ in 0..<100 {
      let left = low + (high - low) / 3
      let right = high - (high - low) / 3
      if bb84(overlap: left) < bb84(overlap: right) { high = right } else { low = left }
    }
    return bb84(overlap: (low + high) / 2)
  }

  private func bb84(overlap x: Double) -> Double {
    rate(correctBias: 1 - 3 * photonQber + 2 * x, wrongBias: photonQber - 2 * x)
  }

  /// Error rate of single photons.
  private var photonQber: Double {
    if case .weakPulses(_, let singleQber) = conditions.light { return singleQber }
    return conditions.qber
  }

  /// r_b of theory.md section 2.3; `correctBias` is a = l_I - l_Z, `wrongBias` is c = l_X - l_Y.
  private func rate(correctBias: Double, wrongBias: Double) -> Double {
    let block = conditions.block
    let qber = conditions.qber
    let correct = power(1 - qber, block)
    let wrong = power(qber, block)
    let accepted = correct + wrong
    let leak = conditions.efficiency * accepted * binaryEntropy(wrong / accepted)
    switch conditions.light {
    case .singlePhotons:
      return (secret(correctBias, wrongBias) - leak) / Double(block)
    case .weakPulses(let singleShare, _):
      return (power(singleShare, block) * secret(correctBias, wrongBias) - leak) / Double(block)
    case .preprocessed(let flip):
      let kept = DistilledState(
        identity: (correct + power(correctBias, block)) / (2 * accepted),
        phase: (correct - power(correctBias, block)) / (2 * accepted),
        bit: (wrong + power(wrongBias, block)) / (2 * accepted),
        both: (wrong - power(wrongBias, block)) / (2 * accepted))
      return accepted * kept.rate(flip: flip, efficiency: conditions.efficiency) / Double(block)
    }
  }

  /// A^b (1 - h(p0)) + B^b (1 - h(p1)): what the kept bits of single photons hold before error correction.
  private func secret(_ correctBias: Double, _ wrongBias: Double) -> Double {
    let block = conditions.block
    let qber = photonQber
    var secret = power(1 - qber, block) * secrecy(ofBias: power(correctBias / (1 - qber), block))
    if qber > 0 { secret += power(qber, block) * secrecy(ofBias: power(wrongBias / qber, block)) }
    return secret
  }
}

/// Bell-diagonal state of a kept bit, by error pattern.
private struct DistilledState {
  let identity: Double
  let phase: Double
  let bit: Double
  let both: Double

  /// 1 - f h(Q~ * q) - [S(E) - S(E|x)] of theory.md section 2.3, per kept bit.
  func rate(flip: Double, efficiency: Double) -> Double {
    let wrong = bit + both
    let flipped = wrong * (1 - flip) + (1 - wrong) * flip
    let ofEve = entropyTerm(identity) + entropyTerm(phase) + entropyTerm(bit) + entropyTerm(both)
    let given = conditional(identity, phase, flip) + conditional(bit, both, flip)
    return 1 - efficiency * binaryEntropy(flipped) - (ofEve - given)
  }

  /// Entropy terms of the 2x2 block of Eve's state given a flipped bit: ((u+v) +- sqrt((u-v)^2 + 4 (1-2q)^2 uv))/2.
  private func conditional(_ u: Double, _ v: Double, _ flip: Double) -> Double {
    let visible = 1 - 2 * flip
    let root = ((u - v) * (u - v) + 4 * visible * visible * u * v).squareRoot()
    return entropyTerm((u + v + root) / 2) + entropyTerm((u + v - root) / 2)
  }

  private func entropyTerm(_ p: Double) -> Double { p > 0 ? -p * log2(p) : 0 }
}
