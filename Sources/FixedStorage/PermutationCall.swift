import CPermutation

/// The permutation of the indices of a tile that the kernel computes; see `cpermutation.h`.
public struct IndexPermutation: Sendable {
  private var value: gimbal_permutation

  /// A permutation of 0 ..< `bits`, where `mask + 1` is a power of two that is not smaller.
  public init(bits: UInt32, mask: UInt32, fold: UInt32, multipliers: [4 of UInt32], offsets: [4 of UInt32]) {
    precondition(bits > 0 && bits &- 1 <= mask && mask & (mask &+ 1) == 0 && fold < 32)
    value = gimbal_permutation()
    value.bits = bits
    value.mask = mask
    value.fold = fold
    value.multipliers = (multipliers[0], multipliers[1], multipliers[2], multipliers[3])
    value.offsets = (offsets[0], offsets[1], offsets[2], offsets[3])
  }

  /// The bits of `tile` at the indices of at most 64 positions from `first` on, the first in bit 0.
  @inline(__always)
  public func bits(of tile: Span<UInt64>, from first: Int, count: Int) -> UInt64 {
    precondition(first >= 0 && count >= 0 && count <= 64 && first + count <= Int(value.bits))
    precondition(tile.count >= Bits.words(for: Int(value.bits)))
    // Every index is below the number of bits, which the tile has.
    return unsafe tile.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return 0 }
      return unsafe withUnsafePointer(to: value) { permutation in
        unsafe gimbal_permuted_bits(
          permutation, start, UInt32(truncatingIfNeeded: first), UInt32(truncatingIfNeeded: count))
      }
    }
  }
}
