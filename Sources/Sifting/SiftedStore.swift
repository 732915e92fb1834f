public import FixedStorage
public import Units

/// Which of two sifted keys: one fills while the other is distilled.
public enum Half: UInt8, Sendable {
  case first, second

  public var other: Half { self == .first ? .second : .first }
}

/// Sifted bits by intensity, in pages of one pool: two blocks share it, one that fills and one that is drained.
///
/// The string of a block is its signal bits, then its decoy bits, then its vacuum bits, each in the order of sifting
/// (its *class order*). So the place of a bit tells its intensity, and no label is stored. Pages go back to the pool as
/// they are drained, wiped.
///
/// Invariant: bits of a page behind the last that was appended are zero.
public struct SiftedStore: ~Copyable {
  /// Sifted bits that one block may hold.
  public static var bitsMax: Int { 1 << 28 }
  public static var pageWords: Int { 1024 }
  public static var pageBits: Int { pageWords * 64 }
  /// Pages that a block may fill while the peer has not yet drained the one before: 15 million bits.
  public static var sparePages: Int { 236 }
  /// A full block, the spare pages, and the half-filled last page of each class of two blocks.
  public static var pageCount: Int { bitsMax / pageBits + sparePages + 2 * classes }
  /// Words of the block `pages`.
  public static var words: Int { pageCount * pageWords }
  /// Pages that every class of a block may begin with the batches that are in flight.
  public static var reservePages: Int { 2 * classes }

  private static var classes: Int { 3 }
  private static var none: UInt16 { .max }

  private let inPlace = InPlace()
  private var pages: Block<UInt64>
  /// The page behind each page of its class, or the next free one.
  private var following: Block<UInt16>
  private var firstFree: UInt16
  public private(set) var freePages: Int
  private var bitCounts: [2 of Int] = .init(repeating: 0)
  private var chains: [6 of PageChain] = .init(repeating: PageChain())
  private var axisCounts: [2 of AxisCounts] = .init(repeating: AxisCounts())
  private var crossCounts: [2 of IntensityCounts] = .init(repeating: IntensityCounts())

  /// Takes zeroed memory: whole pages, and a link for each.
  public init(pages: consuming Block<UInt64>, links: consuming Block<UInt16>) {
    let count = links.count
    precondition(count > Self.reservePages && count < Int(Self.none) && pages.count == count * Self.pageWords)
    self.pages = pages
    following = links
    for page in 0..<count { following[page] = page + 1 < count ? UInt16(page + 1) : Self.none }
    firstFree = 0
    freePages = count
  }

  public func count(_ half: Half) -> Int { bitCounts[Int(half.rawValue)] }

  public func sifted(_ half: Half) -> IntensityCounts {
    IntensityCounts(
      signal: UInt64(chains[place(.signal, half)].bits), decoy: UInt64(chains[place(.decoy, half)].bits),
      vacuum: UInt64(chains[place(.vacuum, half)].bits))
  }

  public func axes(_ half: Half) -> AxisCounts { axisCounts[Int(half.rawValue)] }
  public func cross(_ half: Half) -> IntensityCounts { crossCounts[Int(half.rawValue)] }

  /// Pages that a block holds now.
  public func pages(of half: Half) -> Int {
    var count = 0
    for index in chains(of: half) { count += chains[index].pages }
    return count
  }

  /// Whether `half` may take the batches in flight and one more. While the peer may still hold all pages of the other
  /// block (`peerHasDrained` false), the block keeps to the spare pages.
  public func hasRoom(in half: Half, peerHasDrained: Bool) -> Bool {
    guard freePages >= Self.reservePages else { return false }
    return peerHasDrained || pages(of: half) + Self.reservePages <= Self.sparePages
  }

  /// Adds a sifted bit; false if the block or the pool is full.
  @inline(__always)
  public mutating func append(_ bit: UInt8, _ intensity: Intensity, to half: Half) -> Bool {
    let index = place(intensity, half)
    let offset = chains[index].bits % Self.pageBits
    guard bitCounts[Int(half.rawValue)] < Self.bitsMax, offset != 0 || addPage(to: index) else { return false }
    let word = Int(chains[index].last) * Self.pageWords + offset / 64
    pages[word] |= UInt64(bit & 1) << UInt64(offset % 64)
    chains[index].bits += 1
    bitCounts[Int(half.rawValue)] += 1
    return true
  }

  /// Adds the kept bits of up to 64 events, each to its intensity; false if the block or the pool is full.
  public mutating func append(_ planes: SiftedPlanes, to half: Half) -> Bool {
    append(planes, .signal, to: half) && append(planes, .decoy, to: half) && append(planes, .vacuum, to: half)
  }

  /// As for Alice's, and counts the axes of the kept and the intensities of the cross clicks.
  public mutating func append(_ planes: BobPlanes, to half: Half) -> Bool {
    let place = Int(half.rawValue)
    axisCounts[place].x += planes.count(.x)
    axisCounts[place].y += planes.count(.y)
    axisCounts[place].z += planes.count(.z)
    var crossed = planes.sifted
    crossed.kept = planes.agreed & planes.cross
    if crossed.kept != 0 {
      crossCounts[place].signal += UInt64(crossed.kept(.signal).nonzeroBitCount)
      crossCounts[place].decoy += UInt64(crossed.kept(.decoy).nonzeroBitCount)
      crossCounts[place].vacuum += UInt64(crossed.kept(.vacuum).nonzeroBitCount)
    }
    return append(planes.sifted, to: half)
  }

  @inline(__always)
  private mutating func append(_ planes: SiftedPlanes, _ intensity: Intensity, to half: Half) -> Bool {
    let mask = planes.kept(intensity)
    return append(closedUp(planes.bits, at: mask), bits: mask.nonzeroBitCount, intensity, to: half)
  }

  /// Adds `count` bits of one intensity, the first in bit 0 of `word`; higher ones are zero.
  private mutating func append(_ word: UInt64, bits count: Int, _ intensity: Intensity, to half: Half) -> Bool {
    guard count > 0 else { return true }
    let index = place(intensity, half)
    guard bitCounts[Int(half.rawValue)] + count <= Self.bitsMax else { return false }
    var rest = word
    var left = count
    while left > 0 {
      let offset = chains[index].bits % Self.pageBits
      guard offset != 0 || addPage(to: index) else { return false }
      let shift = offset % 64
      let here = min(left, 64 - shift)
      pages[Int(chains[index].last) * Self.pageWords + offset / 64] |= rest &<< UInt64(truncatingIfNeeded: shift)
      rest >>= UInt64(truncatingIfNeeded: here)
      chains[index].bits += here
      bitCounts[Int(half.rawValue)] += here
      left -= here
    }
    return true
  }

  /// Reads on in class order: up to 64 bits, the first in bit 0, and how many; 0 behind the last. Words do not cross
  /// from one class to the next.
  public func read(_ reader: inout SiftedReader) -> (word: UInt64, bits: Int) {
    while !reader.isDone {
      let chain = chains[place(reader.intensity, reader.half)]
      guard reader.bitsRead < chain.bits else {
        reader.goOn()
        continue
      }
      let offset = reader.bitsRead % Self.pageBits
      if offset == 0 { reader.page = reader.bitsRead == 0 ? chain.first : following[Int(reader.page)] }
      let bits = min(64, chain.bits - reader.bitsRead)
      reader.bitsRead += bits
      return (pages[Int(reader.page) * Self.pageWords + offset / 64], bits)
    }
    return (0, 0)
  }

  /// As `read`, and gives back the pages that were read to their end. Counts stay until `wipe`.
  public mutating func drain(_ reader: inout SiftedReader) -> (word: UInt64, bits: Int) {
    let before = reader
    let result = read(&reader)
    let hasLeft = reader.isDone || reader.intensity != before.intensity || reader.page != before.page
    // A page that was entered is left once: when another one, another class or the end comes.
    if hasLeft, !before.isDone, before.bitsRead > 0 { releaseFirst(of: place(before.intensity, reader.half)) }
    return result
  }

  /// Gives back all pages of a block and forgets its counts.
  public mutating func wipe(_ half: Half) {
    for index in chains(of: half) {
      while chains[index].pages > 0 { releaseFirst(of: index) }
      chains[index] = PageChain()
    }
    bitCounts[Int(half.rawValue)] = 0
    axisCounts[Int(half.rawValue)] = AxisCounts()
    crossCounts[Int(half.rawValue)] = IntensityCounts()
  }

  private func chains(of half: Half) -> Range<Int> {
    let first = Int(half.rawValue) * Self.classes
    return first..<(first + Self.classes)
  }

  @inline(__always)
  private func place(_ intensity: Intensity, _ half: Half) -> Int {
    Int(half.rawValue) * Self.classes + Int(intensity.rawValue)
  }

  private mutating func addPage(to index: Int) -> Bool {
    guard firstFree != Self.none else { return false }
    let page = firstFree
    firstFree = following[Int(page)]
    freePages -= 1
    following[Int(page)] = Self.none
    if chains[index].pages == 0 { chains[index].first = page } else { following[Int(chains[index].last)] = page }
    chains[index].last = page
    chains[index].pages += 1
    return true
  }

  private mutating func releaseFirst(of index: Int) {
    precondition(chains[index].pages > 0)
    let page = chains[index].first
    chains[index].first = following[Int(page)]
    chains[index].pages -= 1
    let start = Int(page) * Self.pageWords
    pages.wipe(start..<(start + Self.pageWords))
    following[Int(page)] = firstFree
    firstFree = page
    freePages += 1
  }
}

/// The pages of one intensity of one block.
private struct PageChain: BitwiseCopyable {
  var first: UInt16 = .max
  var last: UInt16 = .max
  var pages = 0
  var bits = 0
}

/// A place in the string of a block.
public struct SiftedReader: Sendable {
  let half: Half
  var intensity = Intensity.signal
  var page: UInt16 = .max
  var bitsRead = 0
  /// Nothing is left to read.
  var isDone = false

  public init(_ half: Half) { self.half = half }

  /// Goes on to the next class.
  mutating func goOn() {
    guard let next = Intensity(rawValue: intensity.rawValue + 1) else {
      isDone = true
      return
    }
    intensity = next
    page = .max
    bitsRead = 0
  }
}
