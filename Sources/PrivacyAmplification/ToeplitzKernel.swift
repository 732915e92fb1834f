import FixedStorage

/// How the smallest products are made. Both give the same bits.
public enum ToeplitzKernel: Sendable {
  /// Carry-less multiplications of the processor.
  case carryless
  /// Vectors of integers: four bits of the public seed choose among sixteen multiples of the key.
  case portable

  /// The kernel of this build: what the processor of the board has, or `portable` if the build was told so.
  public static var ofThisBuild: ToeplitzKernel {
    #if arch(x86_64) && !PORTABLE_KERNELS
      .carryless
    #else
      .portable
    #endif
  }

  /// Words of key, and of output, of the smallest product.
  static var words: Int { Block<UInt64>.toeplitzWords }
  static var scratchWords: Int { Block<UInt64>.toeplitzScratchWords }

  /// Adds to the words at `out` the product of the key words at `key` and the seed at `seed`, all in `arena`; the last
  /// `scratchWords` of the arena are scratch.
  func multiply(seed: Int, key: Int, out: Int, in arena: inout Block<UInt64>) {
    arena.addToeplitzProduct(seed: seed, key: key, out: out, carryless: self == .carryless)
  }
}
