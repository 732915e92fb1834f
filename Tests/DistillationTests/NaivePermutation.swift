/// The permutation of a block as Documentation/Protocol.md describes it, written apart from the product's: which source
/// bit stands at each place.
func naivePermutation(bits: Int, seed: [UInt8]) -> [Int] {
  var count = 1
  while count * 57_344 < bits { count *= 2 }
  var bins = [[Int]](repeating: [], count: count)
  var draws = NaiveDraws(seed: seed, nonce: [0, 0, 0])
  for bit in 0..<bits { bins[Int(draws.next()) % count].append(bit) }
  for bin in bins.indices {
    var draws = NaiveDraws(seed: seed, nonce: [1, UInt32(bin), 0])
    for last in stride(from: bins[bin].count - 1, to: 0, by: -1) {
      let range = last + 1
      var product = Int(draws.next()) * range
      while product % 65_536 < 65_536 % range { product = Int(draws.next()) * range }
      bins[bin].swapAt(last, product / 65_536)
    }
  }
  return bins.flatMap { $0 }
}

/// The ChaCha20 block function of RFC 8439, a block at a time, in halves of its words.
struct NaiveDraws {
  private let key: [UInt32]
  private let nonce: [UInt32]
  private var counter: UInt32 = 0
  private var waiting: [UInt16] = []

  init(seed: [UInt8], nonce: [UInt32]) {
    key = (0..<8).map { word in (0..<4).reduce(UInt32(0)) { $0 | UInt32(seed[4 * word + $1]) << UInt32(8 * $1) } }
    self.nonce = nonce
  }

  mutating func next() -> UInt16 {
    if waiting.isEmpty {
      waiting = block().flatMap { [UInt16($0 & 0xffff), UInt16($0 >> 16)] }.reversed()
      counter += 1
    }
    return waiting.removeLast()
  }

  private func block() -> [UInt32] {
    let start: [UInt32] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574] + key + [counter] + nonce
    var x = start
    func quarter(_ a: Int, _ b: Int, _ c: Int, _ d: Int) {
      for (into, from, other, turn) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        x[into] = x[into] &+ x[from]
        let mixed = x[other] ^ x[into]
        x[other] = mixed << UInt32(turn) | mixed >> UInt32(32 - turn)
      }
    }
    for _ in 0..<10 {
      quarter(0, 4, 8, 12)
      quarter(1, 5, 9, 13)
      quarter(2, 6, 10, 14)
      quarter(3, 7, 11, 15)
      quarter(0, 5, 10, 15)
      quarter(1, 6, 11, 12)
      quarter(2, 7, 8, 13)
      quarter(3, 4, 9, 14)
    }
    return zip(x, start).map { $0 &+ $1 }
  }
}
