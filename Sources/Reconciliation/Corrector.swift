public import FixedStorage

/// Bob's end: asks for parities until his tile agrees with Alice's, as far as the passes can tell.
///
/// Call `step` until it asks, send the request, give the reply to `accept`, and so on. One call of `step` opens at most
/// one pass (one permutation of the tile) or scans at most one bit set of 131 072 nodes and writes one request; one
/// call of `accept` takes in at most one message. A tile that finishes may still differ from Alice's: that is for
/// confirmation to find. The requests, and so the positions of the corrected errors, must be counted as public.
public struct Corrector: ~Copyable {
  public enum Step: Equatable, Sendable {
    /// A pass was opened and another is due: call `step` again.
    case working
    /// Send this many bytes of `request` and pass the reply to `accept`.
    case ask(bytes: Int)
    /// All passes agree; so many bits were flipped.
    case finished(errors: Int)
    /// The disclosure limit of the tile is too low to go on, or the parities contradicted each other.
    case failed
  }

  private enum Pending {
    case nothing
    case tops(first: Int, count: Int)
    case halves(count: Int)
  }

  /// `UInt64` elements of `words`: the tile and three bit sets per pass (776 KiB).
  public static var wordCount: Int { ParityForest.wordCount }
  /// `UInt32` elements of `asked`: the nodes of one request (16 KiB).
  public static var askedCount: Int { CascadeLimits.messageBytesMax }

  private var forest: ParityForest
  private var asked: Block<UInt32>
  private var pending = Pending.nothing
  private var schedule = CascadeSchedule(first: 0, second: 0, passes: 1, crowding: 0, passesAtOnce: 1)
  private var seed: UInt64 = 0
  /// Passes whose top nodes are known; those opened beyond are about to be asked.
  private var passesKnown = 0
  private var tileParity: UInt64 = 0
  private var disclosureMax = 0
  private var hasFailed = false
  /// Parities of Alice's tile that have arrived so far.
  public private(set) var disclosedBits = 0
  /// Requests written so far.
  public private(set) var roundTrips = 0

  /// The blocks must have at least `wordCount` and `askedCount` elements.
  public init(words: consuming Block<UInt64>, asked: consuming Block<UInt32>) {
    precondition(asked.count >= Self.askedCount)
    forest = ParityForest(words: words)
    self.asked = asked
  }

  /// Takes a copy of the first `bits` bits of `tile`. `seed` and `disclosureMax` are the values Alice was given.
  public mutating func begin(
    tile: Span<UInt64>, bits: Int, seed: UInt64, schedule: CascadeSchedule, disclosureMax: Int
  ) {
    precondition(disclosureMax >= 0)
    forest.begin(tile: tile, bits: bits)
    self.seed = seed
    self.schedule = schedule
    self.disclosureMax = disclosureMax
    restart()
  }

  /// Erases the tile and everything derived from it.
  public mutating func wipe() {
    forest.wipe()
    asked.wipe()
    disclosureMax = 0
    restart()
  }

  /// The tile with the corrections made so far. Bits beyond its length are as they were given.
  public var corrected: Span<UInt64> {
    @_lifetime(borrow self)
    borrowing get { forest.corrected }
  }

  private mutating func restart() {
    pending = .nothing
    passesKnown = 0
    tileParity = 0
    hasFailed = false
    disclosedBits = 0
    roundTrips = 0
  }

  // MARK: Asking

  /// Advances by one bounded piece of work. `request` needs `CascadeLimits.messageBytesMax` bytes.
  /// After `ask` the reply is due: another call before `accept` is a mistake.
  public mutating func step(into request: inout MutableSpan<UInt8>) -> Step {
    precondition(request.count >= CascadeLimits.messageBytesMax)
    guard case .nothing = pending else { preconditionFailure("a reply is due") }
    guard !hasFailed else { return .failed }
    if let smallest = forest.passOfSmallestOdd() {
      return askHalves(smallestIn: smallest, into: &request)
    }
    let end = groupEnd
    if forest.passes < end, let exponent = schedule.exponent(pass: forest.passes, of: forest.shape) {
      forest.open(exponent: exponent, seed: seed)
      return forest.passes < end ? .working : askTops(into: &request)
    }
    return .finished(errors: forest.errors)
  }

  /// The passes after the first two cost one parity each and are asked together.
  private var groupEnd: Int {
    guard passesKnown >= 2, passesKnown < schedule.passes else { return min(passesKnown + 1, schedule.passes) }
    return min(passesKnown + schedule.passesAtOnce, schedule.passes)
  }

  private mutating func askTops(into request: inout MutableSpan<UInt8>) -> Step {
    let count = forest.passes - passesKnown
    var bits = 0
    request[0] = RequestKind.tops
    request[1] = UInt8(truncatingIfNeeded: passesKnown)
    request[2] = UInt8(truncatingIfNeeded: count)
    for i in 0..<count {
      let exponent = forest.exponent(pass: passesKnown + i)
      bits += forest.shape.askedTops(exponent: exponent, pass: passesKnown + i)
      request[Message.topsHeaderBytes + i] = UInt8(truncatingIfNeeded: exponent)
    }
    guard bits <= disclosureMax - disclosedBits else { return fail() }
    pending = .tops(first: passesKnown, count: count)
    roundTrips += 1
    return .ask(bytes: Message.topsHeaderBytes + count)
  }

  /// Lists the odd nodes of the pass that has the smallest, and of those that have few.
  private mutating func askHalves(smallestIn smallest: Int, into request: inout MutableSpan<UInt8>) -> Step {
    var offset = Message.halvesHeaderBytes
    var lists = 0
    var count = 0
    for pass in 0..<forest.passes {
      let oddSlots = forest.oddSlots(pass: pass)
      guard oddSlots > 0, pass == smallest || oddSlots <= forest.shape.slots >> schedule.crowding else { continue }
      let listed = writeList(pass: pass, into: &request, at: &offset, after: count)
      lists += listed > 0 ? 1 : 0
      count += listed
    }
    guard count <= disclosureMax - disclosedBits else { return fail() }
    request[0] = RequestKind.halves
    request[1] = UInt8(truncatingIfNeeded: lists)
    pending = .halves(count: count)
    roundTrips += 1
    return .ask(bytes: offset)
  }

  /// Writes the odd nodes of a pass, as many as fit, notes them in `asked` from `after` on, and returns their number.
  private mutating func writeList(
    pass: Int, into request: inout MutableSpan<UInt8>, at offset: inout Int, after asked: Int
  ) -> Int {
    let header = offset
    var next = header + Message.listHeaderBytes
    let first = forest.firstTop(pass: pass)
    var from = first
    var count = 0
    while next + Message.gapBytesMax <= CascadeLimits.messageBytesMax,
      let node = forest.firstOdd(in: from..<forest.shape.slots, pass: pass)
    {
      Message.write(gap: node - from, into: &request, at: &next)
      self.asked[asked + count] = UInt32(truncatingIfNeeded: pass << 16 | node)
      count += 1
      from = node + 1
    }
    guard count > 0 else { return 0 }
    request[header] = UInt8(truncatingIfNeeded: pass)
    request[header + 1] = UInt8(truncatingIfNeeded: count & 0xff)
    request[header + 2] = UInt8(truncatingIfNeeded: count >> 8)
    offset = next
    return count
  }

  /// A tile that failed once stays failed: its open passes were never asked.
  private mutating func fail() -> Step {
    hasFailed = true
    return .failed
  }

  // MARK: Taking answers

  /// Takes in the reply to the last request and returns how many parities it disclosed.
  ///
  /// - Throws: `malformed` and `outOfOrder` leave the tile as it was, with the reply still due. After `contradiction`
  ///   every `step` answers `failed`.
  public mutating func accept(_ reply: Span<UInt8>) throws(ReconciliationFault) -> Int {
    let bits: Int
    switch pending {
    case .nothing: throw .outOfOrder
    case .halves(let count): bits = count
    case .tops(let first, let count): bits = askedTops(first: first, count: count)
    }
    try Message.checkReply(reply, bits: bits)
    disclosedBits += bits
    let answered = pending
    pending = .nothing
    do {
      switch answered {
      case .nothing: break
      case .halves(let count): try acceptHalves(reply, count: count)
      case .tops(let first, let count): try acceptTops(reply, first: first, count: count)
      }
    } catch {
      hasFailed = true
      throw error
    }
    return bits
  }

  private func askedTops(first: Int, count: Int) -> Int {
    var bits = 0
    for pass in first..<first + count {
      bits += forest.shape.askedTops(exponent: forest.exponent(pass: pass), pass: pass)
    }
    return bits
  }

  private mutating func acceptTops(_ reply: Span<UInt8>, first: Int, count: Int) throws(ReconciliationFault) {
    var at = 0
    for pass in first..<first + count {
      let top = forest.firstTop(pass: pass)
      let asked = forest.shape.askedTops(exponent: forest.exponent(pass: pass), pass: pass)
      var sum: UInt64 = 0
      for node in top..<top + asked {
        let parity = Message.parity(at, of: reply)
        at += 1
        sum ^= parity
        try forest.learn(top: node, parity: parity, pass: pass)
      }
      if pass == 0 {
        tileParity = sum
      } else {
        try forest.learn(top: 2 * top - 1, parity: tileParity ^ sum, pass: pass)
      }
    }
    passesKnown = first + count
  }

  private mutating func acceptHalves(_ reply: Span<UInt8>, count: Int) throws(ReconciliationFault) {
    for i in 0..<count {
      let node = Int(asked[i])
      try forest.halve(node & 0xffff, leftParity: Message.parity(i, of: reply), pass: node >> 16)
    }
  }
}
