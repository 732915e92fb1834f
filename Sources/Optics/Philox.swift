/// Philox 2x64-10, a counter-based generator: any block of the sequence can be asked for at any time.
///
/// Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), table 2. Strong in the
/// statistical sense (it passes BigCrush) and for simulation only: no secret of a real module may come from it.
public enum Philox {
  /// The 128 bits that belong to the counter `(low, high)` under `key`.
  @inline(__always)
  public static func block(low: UInt64, high: UInt64, key: UInt64) -> (UInt64, UInt64) {
    var x0 = low
    var x1 = high
    var roundKey = key
    for _ in 0..<10 {
      let product = x0.multipliedFullWidth(by: 0xd2b7_4407_b1ce_6e93)
      x0 = product.high ^ roundKey ^ x1
      x1 = product.low
      roundKey &+= 0x9e37_79b9_7f4a_7c15
    }
    return (x0, x1)
  }
}

extension RandomNumberGenerator {
  /// A uniform number in 0 ..< 1 on a grid of 2^-53.
  @inline(__always)
  mutating func unit() -> Double { Double(next() &>> 11) * 0x1p-53 }
}
