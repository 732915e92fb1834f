import CToeplitz

extension Block<UInt64> {
  /// Words of key, and of output, of the kernels in C.
  public static var toeplitzWords: Int { Int(gimbal_toeplitz_words) }
  /// Words at the end of a block that the kernels use as they like.
  public static var toeplitzScratchWords: Int { Int(gimbal_toeplitz_scratch_words) }

  /// Adds to the words at `out` the product of the key words at `key` and the seed at `seed`; see `ctoeplitz.h`.
  ///
  /// `carryless` takes the kernel of carry-less multiplications, which only x86-64 has.
  public mutating func addToeplitzProduct(seed: Int, key: Int, out: Int, carryless: Bool) {
    let words = Self.toeplitzWords
    let scratch = count - Self.toeplitzScratchWords
    precondition(seed >= 0 && key >= 0 && out >= 0)
    precondition(seed + 2 * words <= scratch && key + words <= scratch && out + words <= scratch)
    var span = mutableSpan
    // The runs were checked against the block, and the callee stays inside of them.
    unsafe span.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      if carryless {
        unsafe gimbal_toeplitz_carryless(start + seed, start + key, start + out, start + scratch)
      } else {
        unsafe gimbal_toeplitz_portable(start + seed, start + key, start + out, start + scratch)
      }
    }
  }
}
