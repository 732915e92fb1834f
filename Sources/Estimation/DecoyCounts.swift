/// What sifting counted in one block, per intensity, indexed by `Intensity.rawValue`.
public struct DecoyCounts: Sendable {
  /// Sifted bits, all of them key and test at once; rounds with clicks on more than one axis are not among them.
  public let sifted: [3 of UInt64]
  /// Sifted bits in which Alice and Bob differ.
  public let errors: [3 of UInt64]
  /// Rounds with clicks on more than one axis whose axis, drawn at random among the clicked ones, was Alice's.
  public let crossClicks: [3 of UInt64]

  public init(sifted: [3 of UInt64], errors: [3 of UInt64], crossClicks: [3 of UInt64] = [0, 0, 0]) {
    self.sifted = sifted
    self.errors = errors
    self.crossClicks = crossClicks
  }

  /// No more errors than bits, and every count below 2^50, where arithmetic on doubles is still exact.
  public var isConsistent: Bool {
    for k in 0..<3 where errors[k] > sifted[k] || sifted[k] >> 50 != 0 || crossClicks[k] >> 50 != 0 { return false }
    return true
  }

  /// All sifted bits; the counts must be consistent.
  public var bits: UInt64 { sifted[0] + sifted[1] + sifted[2] }

  /// Bits that error correction is expected to send: f nb (E^b + (1-E)^b) h(Q~) of theory.md section 2.6, rounded up.
  ///
  /// A model for planning and for the command line; a block that was really distilled is charged what it really sent.
  public func modelledLeakBits(block: Int, efficiency: Double) -> UInt64 {
    precondition(isConsistent && (1...16).contains(block) && efficiency >= 1 && efficiency <= 1000)
    let bits = bits
    guard bits > 0 else { return 0 }
    let qber = Double(errors[0] + errors[1] + errors[2]) / Double(bits)
    let wrong = power(qber, block)
    let accepted = wrong + power(1 - qber, block)
    let leak = efficiency * Double(bits / UInt64(block)) * accepted * binaryEntropy(wrong / accepted)
    let whole = UInt64(leak)
    return Double(whole) < leak ? whole + 1 : whole
  }
}
