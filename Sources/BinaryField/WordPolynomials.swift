/// Products of long polynomials over GF(2), held in words (bit order: see CarrylessProduct.swift).
///
/// Time and addresses depend on the lengths alone.
public enum WordPolynomials {
  /// The longest operand, which bounds the recursion to `log2(wordsMax)` levels.
  public static let wordsMax = 4096

  // Measured: pairs of words have a kernel of their own, and from four words on two pairs a side are faster by
  // Karatsuba (a limit of 4 makes long products 1.5 times slower, one of 8 twice).
  static let schoolbookWordsMax = 3

  /// Words of the arena that `multiply(words:in:)` wants for operands of `words` words.
  public static func arenaWords(for words: Int) -> Int {
    precondition(words >= 0 && words <= wordsMax)
    var total = 4 * words
    var count = words
    while count > schoolbookWordsMax {
      count -= count / 2
      total += 2 * count
    }
    return total
  }

  /// Multiplies two operands of `count` words that lie in `arena` at 0 and at `count`, and stores the product, twice as
  /// long, at `2 * count`.
  ///
  /// The rest of the arena, `arenaWords(for: count)` words in all, is left full of intermediate values: if an operand
  /// is secret, so is the arena.
  public static func multiply(words count: Int, in arena: inout MutableSpan<UInt64>) {
    precondition(count > 0 && arena.count >= arenaWords(for: count))
    multiply(Frame(left: 0, right: count, product: 2 * count, free: 4 * count, count: count), in: &arena)
  }

  /// Stores `left * right` in `product`; `arena` is scratch as in `multiply(words:in:)`.
  ///
  /// The operands have the same number of words and the product twice as many.
  public static func multiply(
    _ left: Span<UInt64>, _ right: Span<UInt64>,
    into product: inout MutableSpan<UInt64>, arena: inout MutableSpan<UInt64>
  ) {
    let count = left.count
    precondition(right.count == count && product.count == 2 * count)
    for i in 0..<count {
      arena[i] = left[i]
      arena[count + i] = right[i]
    }
    multiply(words: count, in: &arena)
    for i in 0..<2 * count { product[i] = arena[2 * count + i] }
  }

  // Operands, product and free words of one level, as offsets into the one span that holds them all: a span cannot be
  // split into two mutable parts.
  private struct Frame {
    var left: Int
    var right: Int
    var product: Int
    var free: Int
    var count: Int
  }

  private static func multiply(_ frame: Frame, in words: inout MutableSpan<UInt64>) {
    if frame.count == 2 {
      multiplyPairs(frame, in: &words)
    } else if frame.count <= schoolbookWordsMax {
      multiplySchoolbook(frame, in: &words)
    } else {
      multiplyKaratsuba(frame, in: &words)
    }
  }

  private static func multiplyPairs(_ frame: Frame, in words: inout MutableSpan<UInt64>) {
    let left = (words[frame.left], words[frame.left + 1])
    let right = (words[frame.right], words[frame.right + 1])
    let product = carrylessPairProduct(left, right)
    words[frame.product] = product.0
    words[frame.product + 1] = product.1
    words[frame.product + 2] = product.2
    words[frame.product + 3] = product.3
  }

  private static func multiplySchoolbook(_ frame: Frame, in words: inout MutableSpan<UInt64>) {
    for i in 0..<2 * frame.count { words[frame.product + i] = 0 }
    for i in 0..<frame.count {
      for j in 0..<frame.count {
        let part = carrylessProduct(words[frame.left + i], words[frame.right + j])
        words[frame.product + i + j] ^= part.low
        words[frame.product + i + j + 1] ^= part.high
      }
    }
  }

  // With a = a0 + a1 y and b = b0 + b1 y, y = x^(64 half): the term in y is (a0 + a1)(b0 + b1) - a0 b0 - a1 b1.
  private static func multiplyKaratsuba(_ frame: Frame, in words: inout MutableSpan<UInt64>) {
    let half = frame.count - frame.count / 2
    let rest = frame.count / 2
    // The place of the product serves for the two sums until the products of the halves are stored there.
    let sums = Frame(
      left: frame.product, right: frame.product + half, product: frame.free, free: frame.free + 2 * half, count: half)
    for i in 0..<half {
      let isPaired = i < rest
      words[sums.left + i] = words[frame.left + i] ^ (isPaired ? words[frame.left + half + i] : 0)
      words[sums.right + i] = words[frame.right + i] ^ (isPaired ? words[frame.right + half + i] : 0)
    }
    multiply(sums, in: &words)
    multiply(
      Frame(left: frame.left, right: frame.right, product: frame.product, free: sums.free, count: half), in: &words)
    multiply(
      Frame(
        left: frame.left + half, right: frame.right + half, product: frame.product + 2 * half, free: sums.free,
        count: rest), in: &words)
    for i in 0..<2 * half {
      let high = i < 2 * rest ? words[frame.product + 2 * half + i] : 0
      words[frame.free + i] ^= words[frame.product + i] ^ high
    }
    for i in 0..<2 * half { words[frame.product + half + i] ^= words[frame.free + i] }
  }
}
