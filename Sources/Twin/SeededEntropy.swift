import HostStorage
public import Ports

/// Repeatable bytes in place of hardware randomness. For simulation only: the seed gives all of it away.
public struct SeededEntropy: EntropySource, ~Copyable {
  private var random: SeededRandom
  /// After so many more bytes the source reports that it is unavailable.
  private var bytesLeft: Int

  public init(seed: UInt64, bytesMax: Int = .max) {
    random = SeededRandom(seed: seed)
    bytesLeft = bytesMax
  }

  public mutating func fill(_ bytes: inout MutableSpan<UInt8>) throws(EntropyError) {
    guard bytes.count <= bytesLeft else { throw .unavailable }
    bytesLeft -= bytes.count
    for i in bytes.indices { bytes[i] = UInt8(truncatingIfNeeded: random.next() &>> 56) }
  }
}
