import HostStorage

/// Alice by the definitions of Documentation/Protocol/Reconciliation.md: sets of tile bits, no prefix parities.
struct NaiveReference {
  let tile: [UInt64]
  let bits: Int
  let seed: UInt64
  /// For each open pass the tile bits in permuted order, and the number of top nodes.
  private(set) var orders: [[Int]] = []
  private(set) var tops: [Int] = []
  /// Every set of tile bits whose parity was told, by pass.
  private(set) var told: [[[Int]]] = []

  var slots: Int {
    var slots = 1
    while slots < bits { slots *= 2 }
    return slots
  }

  init(tile: [UInt64], bits: Int, seed: UInt64) {
    self.tile = tile
    self.bits = bits
    self.seed = seed
  }

  static func order(bits: Int, seed: UInt64, pass: Int) -> [Int] {
    var seeds = SeededRandom(seed: seed)
    let passSeeds = (0...pass).map { _ in seeds.next() }
    var random = SeededRandom(seed: passSeeds[pass])
    let rounds = (0..<4).map { _ in
      let draw = random.next()
      return (multiplier: draw % 4_294_967_296 | 1, offset: draw / 4_294_967_296)
    }
    let depth = (0...16).first { 1 << $0 >= bits } ?? 0
    let order = (0..<bits).map { position in
      var place = UInt64(position)
      repeat {
        for round in rounds {
          place = (place * round.multiplier + round.offset) % (1 << UInt64(depth))
          place ^= place / (1 << UInt64((depth + 1) / 2))
        }
      } while place >= UInt64(bits)
      return Int(place)
    }
    return order
  }

  /// The tile bits below a node: those at the positions `x` whose slot `x * slots / bits` lies below it.
  func members(of node: Int, pass: Int) -> [Int] {
    (0..<bits).filter { position in
      var ancestor = slots + position * slots / bits
      while ancestor > node { ancestor /= 2 }
      return ancestor == node
    }.map { orders[pass][$0] }
  }

  /// The reply to a well-formed request.
  mutating func answer(_ request: [UInt8]) -> [UInt8] {
    var sets: [[Int]] = []
    if request[0] == 1 {
      for (i, exponent) in request[3...].enumerated() {
        let pass = Int(request[1]) + i
        orders.append(Self.order(bits: bits, seed: seed, pass: pass))
        tops.append(slots >> Int(exponent))
        told.append([])
        for node in tops[pass]..<2 * tops[pass] where pass == 0 || node < 2 * tops[pass] - 1 {
          told[pass].append(members(of: node, pass: pass))
          sets.append(told[pass].last!)
        }
      }
    } else {
      var rest = request[2...]
      for _ in 0..<request[1] {
        let pass = Int(rest.removeFirst())
        let count = Int(rest.removeFirst()) + 256 * Int(rest.removeFirst())
        var node = tops[pass] - 1
        for _ in 0..<count {
          var gap = 0
          var unit = 1
          while rest.first! >= 128 {
            gap += unit * (Int(rest.removeFirst()) - 128)
            unit *= 128
          }
          node += gap + unit * Int(rest.removeFirst()) + 1
          told[pass].append(members(of: 2 * node, pass: pass))
          sets.append(told[pass].last!)
        }
      }
    }
    var reply = [UInt8](repeating: 0, count: (sets.count + 7) / 8)
    for (i, set) in sets.enumerated() where set.count(where: { tile[$0 / 64] >> UInt64($0 % 64) & 1 == 1 }) % 2 == 1 {
      reply[i / 8] += 1 << UInt8(i % 8)
    }
    return reply
  }
}

/// The rank over GF(2) of sets of numbers.
func rank(_ sets: [[Int]], bits: Int) -> Int {
  var rows = sets.map { set in
    var row = [Bool](repeating: false, count: bits)
    for i in set { row[i].toggle() }
    return row
  }
  var rank = 0
  for column in 0..<bits {
    guard let pivot = rows.indices.dropFirst(rank).first(where: { rows[$0][column] }) else { continue }
    rows.swapAt(rank, pivot)
    for i in rows.indices where i != rank && rows[i][column] {
      for j in 0..<bits where rows[rank][j] { rows[i][j].toggle() }
    }
    rank += 1
  }
  return rank
}
