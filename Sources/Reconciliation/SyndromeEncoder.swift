public import FixedStorage

/// Alice's end of the few-message family: the syndrome stream of a tile, any part of it at a time.
public struct SyndromeEncoder: ~Copyable {
  /// `UInt64` elements of `words` (66 KiB).
  public static var wordCount: Int { ParityRows.wordCount }

  private var rows: ParityRows

  /// The block must have at least `wordCount` elements.
  public init(words: consuming Block<UInt64>) { rows = ParityRows(words: words) }

  /// Writes the bits `range` of the syndrome stream of the tile, bit `i` of the stream at bit `i - range.lowerBound`,
  /// the low bit of a byte first. The bounds are multiples of 32 within `code.syndromeBitsMax`; `bytes` has room for
  /// `range.count / 8` and keeps what follows. Time and addresses do not depend on the bits of the tile.
  public mutating func write(
    _ range: Range<Int>, of code: TileCode, tile: Span<UInt64>, into bytes: inout MutableSpan<UInt8>
  ) {
    precondition(range.lowerBound >= 0 && range.upperBound <= code.syndromeBitsMax)
    precondition(range.lowerBound % 32 == 0 && range.upperBound % 32 == 0 && bytes.count >= range.count / 8)
    guard !range.isEmpty else { return }
    rows.load(tile, of: code)
    let base = ParityCheckCode(code.code)
    for streamRow in range.lowerBound / code.lifting...(range.upperBound - 1) / code.lifting {
      let isSplit = streamRow >= base.rows
      let entries = base.entries(row: isSplit ? streamRow - base.rows : streamRow)
      let count = isSplit ? ParityCheckCode.firstHalf(of: entries.count) : entries.count
      let sums = rows.checks(entries: entries.lowerBound..<entries.lowerBound + count)
      let first = streamRow * code.lifting
      for lane in stride(from: 0, to: code.lifting, by: 32) where range.contains(first + lane) {
        let half = UInt32(truncatingIfNeeded: sums[lane / 64] &>> UInt64(lane % 64))
        // Most significant byte first, so the order of the bytes is turned round.
        bytes.storeBigEndian(half.byteSwapped, at: (first + lane - range.lowerBound) / 8)
      }
    }
  }

  /// Erases what is derived from the tile.
  public mutating func wipe() { rows.wipe() }
}
