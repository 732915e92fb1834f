import CMath
public import Units

/// A code of the table at one lifting, for a tile of `bits` bits padded with zeros that both know.
///
/// The syndrome is one stream of bits. First come the checks of every row, row by row, `lifting` a row; then, again row
/// by row, the first halves of the same checks. A prefix that ends in the second part leaves the rows before its end
/// split into two checks each, so that one code serves from its own rate to twice that.
public struct TileCode: Equatable, Sendable {
  /// Two tiles of Cascade, so that the working memory of the decoder stays below 1 MiB.
  public static var tileBitsMax: Int { ParityCheckCode.columns * liftingMax }
  /// Lanes a code is lifted by at a time; the decoder works on so many at once.
  static var liftingStep: Int { 64 }
  static var liftingMax: Int { 512 }

  public let code: Int
  public let lifting: Int
  public let bits: Int

  /// Nil if the table has no such code or lifting, or if the tile does not fit: the numbers may be a peer's.
  public init?(code: Int, lifting: Int, bits: Int) {
    guard code >= 0, code < ParityCheckCode.count else { return nil }
    guard lifting >= Self.liftingStep, lifting <= Self.liftingMax, lifting % Self.liftingStep == 0 else { return nil }
    guard bits >= 1, bits <= ParityCheckCode.columns * lifting else { return nil }
    self.code = code
    self.lifting = lifting
    self.bits = bits
  }

  /// The smallest lifting whose codes hold `bits` bits, 1...`tileBitsMax`.
  public static func lifting(for bits: Int) -> Int {
    precondition(bits >= 1 && bits <= tileBitsMax)
    let step = ParityCheckCode.columns * liftingStep
    return (bits + step - 1) / step * liftingStep
  }

  /// Syndrome bits with no row split.
  public var baseBits: Int { ParityCheckCode(code).rows * lifting }

  /// Syndrome bits with every row split.
  public var syndromeBitsMax: Int { 2 * baseBits }

  /// The code and how many bits of the syndrome stream to send first, at about `efficiency`: the ratio of the bits sent
  /// to the least that an error rate of `qber` allows, `bits` times its binary entropy.
  ///
  /// The code with most rows that does not exceed the target is taken and filled up with halves of rows, in steps of
  /// 64 bits. Below the rate of the first code its base syndrome is sent. Nil where no code has as many bits, or where
  /// the syndrome would be as long as the tile.
  public static func choose(
    bits: Int, qber: PartsPerMillion, efficiency: Double
  ) -> (code: TileCode, syndromeBits: Int)? {
    guard bits >= 1, bits <= tileBitsMax, efficiency > 0, qber.count < 500_000 else { return nil }
    let lifting = lifting(for: bits)
    let share = min(efficiency * binaryEntropy(qber.value), 1)
    let target = Int(share * Double(bits) / 64 + 0.5) * 64
    var chosen = 0
    for code in 0..<ParityCheckCode.count where ParityCheckCode(code).rows * lifting <= target { chosen = code }
    guard let code = TileCode(code: chosen, lifting: lifting, bits: bits) else { return nil }
    let sent = max(target, code.baseBits)
    guard sent < bits, sent <= code.syndromeBitsMax else { return nil }
    return (code, sent)
  }

  private static func binaryEntropy(_ q: Double) -> Double {
    q > 0 ? -(q * log(q) + (1 - q) * log1p(-q)) / 0.693_147_180_559_945_3 : 0
  }
}
