import FixedStorage

/// Computes rows of checks over a packed tile, the kernel that both ends share.
///
/// Every column is kept twice in a row, so that a rotated one is read as a run of words. Nothing here branches or
/// addresses by the bits of the tile.
struct ParityRows: ~Copyable {
  /// Words of one check row at the largest lifting.
  static var rowWords: Int { TileCode.liftingMax / 64 }
  /// The last word of the second copy has a successor, which is read and shifted out.
  static var wordCount: Int { ParityCheckCode.columns * (2 * rowWords + 1) }

  /// The words from `wordCount` on are the owner's.
  var words: Block<UInt64>
  private var laneWords = 1

  init(words: consuming Block<UInt64>) {
    precondition(words.count >= Self.wordCount)
    self.words = words
  }

  mutating func wipe() { words.wipe() }

  private var columnWords: Int { 2 * laneWords + 1 }

  /// Sets the lifting of the columns that are stored one by one.
  mutating func begin(lifting: Int) {
    precondition(lifting >= 64 && lifting <= TileCode.liftingMax)
    laneWords = lifting / 64
  }

  /// Lanes `64 * word` up to `64 * word + 63` of a column.
  @inline(__always)
  mutating func set(column: Int, word: Int, to value: UInt64) {
    let at = column * columnWords + word
    words[at] = value
    words[at + laneWords] = value
  }

  @inline(__always)
  func word(column: Int, word: Int) -> UInt64 { words[column * columnWords + word] }

  /// Takes a tile in, padded with zeros.
  mutating func load(_ tile: Span<UInt64>, of code: TileCode) {
    precondition(tile.count >= Bits.words(for: code.bits))
    begin(lifting: code.lifting)
    for column in 0..<ParityCheckCode.columns {
      for word in 0..<laneWords {
        let first = (column * laneWords + word) * 64
        let value = first < code.bits ? tile[first / 64] : 0
        let mask: UInt64 = code.bits - first >= 64 ? .max : (1 << UInt64(max(0, code.bits - first))) - 1
        set(column: column, word: word, to: value & mask)
      }
    }
  }

  /// Takes a tile in that stands in the words of the owner.
  mutating func load(wordsAt start: Int, of code: TileCode) {
    begin(lifting: code.lifting)
    for column in 0..<ParityCheckCode.columns {
      for word in 0..<laneWords {
        let first = (column * laneWords + word) * 64
        let value = first < code.bits ? words[start + first / 64] : 0
        let mask: UInt64 = code.bits - first >= 64 ? .max : (1 << UInt64(max(0, code.bits - first))) - 1
        set(column: column, word: word, to: value & mask)
      }
    }
  }

  /// The checks of one row over some of its entries, lane `i` at bit `i % 64` of word `i / 64`.
  func checks(entries: Range<Int>) -> [16 of UInt64] {
    var sums: [16 of UInt64] = .init(repeating: 0)
    for entry in entries {
      let shift = ParityCheckCode.shift(entry: entry, lifting: laneWords * 64)
      let first = ParityCheckCode.column(entry: entry) * columnWords + shift / 64
      let low = UInt64(shift % 64)
      for word in 0..<laneWords {
        // Two shifts, because the upper part of an unshifted word is empty and a shift by 64 is not defined.
        sums[word] ^= words[first + word] &>> low | (words[first + word + 1] &<< 1) &<< (63 - low)
      }
    }
    return sums
  }
}
