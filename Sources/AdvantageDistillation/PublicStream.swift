/// The ChaCha20 keystream (RFC 8439, section 2.3) as uniform 16-bit draws; it expands a public seed.
///
/// The seed is drawn after the last detection, so Eve's pattern cannot depend on it; all that is asked of the generator
/// is that it favours no pattern chosen before. No secret comes from it. See Documentation/Security.md.
public struct PublicStream {
  private typealias Lanes = SIMD4<UInt32>

  private let key: [8 of UInt32]
  private let nonce: [2 of UInt32]
  private var counter: UInt32 = 0
  /// Four blocks of sixteen words, block after block.
  private var words: [64 of UInt32] = .init(repeating: 0)
  /// Draws taken from `words`; two a word.
  private var taken = 128

  /// `seed` is the key, byte 0 first; `kind` and `index` are the first two words of the nonce, the third is zero.
  public init(seed: [32 of UInt8], kind: UInt32, index: UInt32) {
    var key: [8 of UInt32] = .init(repeating: 0)
    for i in 0..<32 { key[i / 4] |= UInt32(seed[i]) << UInt32(8 * (i % 4)) }
    self.key = key
    nonce = [kind, index]
  }

  /// The next draw: of each word of the keystream the low half, then the high half.
  @inline(__always)
  public mutating func next() -> UInt16 {
    if taken == 128 { refill() }
    let word = words[taken >> 1]
    let draw = taken & 1 == 0 ? word : word >> 16
    taken &+= 1
    return UInt16(truncatingIfNeeded: draw)
  }

  /// A uniform number below `range`, at most 65 535, by multiplication and rejection (Lemire, 2019): exact.
  @inline(__always)
  public mutating func next(below range: UInt32) -> Int {
    precondition(range > 0 && range < 65_536)
    while true {
      let product = UInt32(next()) &* range
      let low = product & 0xffff
      // 65536 mod range is below range, so most draws need no division.
      if low >= range || low >= 65_536 % range { return Int(truncatingIfNeeded: product >> 16) }
    }
  }

  private mutating func refill() {
    var state: [16 of Lanes] = .init(repeating: .zero)
    state[0] = Lanes(repeating: 0x6170_7865)
    state[1] = Lanes(repeating: 0x3320_646e)
    state[2] = Lanes(repeating: 0x7962_2d32)
    state[3] = Lanes(repeating: 0x6b20_6574)
    for i in 0..<8 { state[4 + i] = Lanes(repeating: key[i]) }
    state[12] = Lanes(counter, counter &+ 1, counter &+ 2, counter &+ 3)
    state[13] = Lanes(repeating: nonce[0])
    state[14] = Lanes(repeating: nonce[1])
    let start = state
    for _ in 0..<10 { Self.doubleRound(&state) }
    for i in 0..<16 {
      let sum = state[i] &+ start[i]
      for lane in 0..<4 { words[16 * lane + i] = sum[lane] }
    }
    counter &+= 4
    taken = 0
  }

  @inline(__always)
  private static func doubleRound(_ state: inout [16 of Lanes]) {
    for column in 0..<4 { quarterRound(&state, column, 4 + column, 8 + column, 12 + column) }
    for row in 0..<4 { quarterRound(&state, row, 4 + (row + 1) % 4, 8 + (row + 2) % 4, 12 + (row + 3) % 4) }
  }

  @inline(__always)
  private static func quarterRound(_ state: inout [16 of Lanes], _ a: Int, _ b: Int, _ c: Int, _ d: Int) {
    state[a] &+= state[b]
    state[d] = rotated(state[d] ^ state[a], by: 16)
    state[c] &+= state[d]
    state[b] = rotated(state[b] ^ state[c], by: 12)
    state[a] &+= state[b]
    state[d] = rotated(state[d] ^ state[a], by: 8)
    state[c] &+= state[d]
    state[b] = rotated(state[b] ^ state[c], by: 7)
  }

  @inline(__always)
  private static func rotated(_ lanes: Lanes, by bits: UInt32) -> Lanes {
    (lanes &<< Lanes(repeating: bits)) | (lanes &>> Lanes(repeating: 32 &- bits))
  }
}
