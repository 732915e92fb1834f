import Checksum
public import FixedStorage

/// The last events, oldest first. What happens again at once is counted and takes no place.
///
/// Everything stands in the block itself, each record with its checksum, so that a ring in memory that outlives the
/// program is read by the next run: what the module did before it was started anew, and why.
public struct TraceRing: ~Copyable {
  public static var capacity: Int { 128 }
  public static var storageWords: Int { headWords + capacity * recordWords }
  private static var headWords: Int { 2 }
  private static var recordWords: Int { 5 }
  /// The letters GTRC and the version of the records.
  private static var mark: UInt64 { 0x4754_5243_0000_0001 }

  private var storage: Block<UInt64>
  /// The number of the next record; record `n` stands in place `n % capacity`.
  private var next: UInt32 = 0

  /// Takes over what an earlier run left; anything else counts as new.
  public init(storage: consuming Block<UInt64>) {
    precondition(storage.count == Self.storageWords)
    self.storage = storage
    if self.storage[0] == Self.mark { adopt() } else { erase() }
    self.storage[0] = Self.mark
    self.storage[1] &+= 1
  }

  /// How often the program was started on this ring, this time included.
  public var starts: UInt32 { UInt32(truncatingIfNeeded: storage[1]) }
  /// The numbers of the events that are kept; some may be torn.
  public var kept: Range<UInt32> { (next > UInt32(Self.capacity) ? next - UInt32(Self.capacity) : 0)..<next }

  private mutating func adopt() {
    for place in 0..<Self.capacity {
      guard let number = number(at: place), isWhole(number) else { continue }
      next = max(next, number &+ 1)
    }
  }

  private mutating func erase() {
    for i in 0..<Self.storageWords { storage[i] = 0 }
    next = 0
  }

  /// Notes an event at a time in nanoseconds; of one that repeats, the time of the first and how often.
  public mutating func note(_ event: TraceEvent, at nanoseconds: UInt64) {
    let words = event.words
    if next > 0, isWhole(next - 1), self.words(of: next - 1) == words {
      let times = UInt32(truncatingIfNeeded: storage[start(of: next - 1) + 1]) &+ 1
      return write(words, at: storage[start(of: next - 1)], times: times, as: next - 1)
    }
    write(words, at: nanoseconds, times: 1, as: next)
    next += 1
  }

  /// An event by its number, which is one of `kept`; nil if its record is torn or another program's.
  public func entry(_ number: UInt32) -> (event: TraceEvent, nanoseconds: UInt64, times: UInt32)? {
    precondition(kept.contains(number))
    guard isWhole(number), let event = TraceEvent(words(of: number)) else { return nil }
    let start = start(of: number)
    return (event, storage[start], UInt32(truncatingIfNeeded: storage[start + 1]))
  }

  // MARK: Records: time; kind, details, times; two words of evidence; number and checksum.

  private func start(of number: UInt32) -> Int { Self.headWords + Int(number) % Self.capacity * Self.recordWords }

  private func number(at place: Int) -> UInt32? {
    let last = storage[Self.headWords + place * Self.recordWords + 4]
    let number = UInt32(truncatingIfNeeded: last >> 32)
    // Numbers far from their end, so that counting on from a record that somebody made up cannot overflow.
    return Int(number) % Self.capacity == place && number < 1 << 31 ? number : nil
  }

  private mutating func write(_ words: TraceWords, at nanoseconds: UInt64, times: UInt32, as number: UInt32) {
    let start = start(of: number)
    storage[start] = nanoseconds
    var head = UInt64(words.kind) << 56 | UInt64(times)
    for i in 0..<3 { head |= UInt64(words.details[i]) << UInt64(48 - 8 * i) }
    storage[start + 1] = head
    storage[start + 2] = words.first
    storage[start + 3] = words.second
    storage[start + 4] = UInt64(number) << 32 | UInt64(checksum(of: number))
  }

  private func words(of number: UInt32) -> TraceWords {
    let start = start(of: number)
    var words = TraceWords(
      kind: UInt8(truncatingIfNeeded: storage[start + 1] >> 56), first: storage[start + 2], second: storage[start + 3])
    for i in 0..<3 { words.details[i] = UInt8(truncatingIfNeeded: storage[start + 1] >> UInt64(48 - 8 * i)) }
    return words
  }

  private func isWhole(_ number: UInt32) -> Bool {
    storage[start(of: number) + 4] == UInt64(number) << 32 | UInt64(checksum(of: number))
  }

  private func checksum(of number: UInt32) -> UInt32 {
    var bytes: [36 of UInt8] = .init(repeating: 0)
    let start = start(of: number)
    for i in 0..<32 { bytes[i] = UInt8(truncatingIfNeeded: storage[start + i / 8] >> UInt64(56 - 8 * (i % 8))) }
    for i in 0..<4 { bytes[32 + i] = UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * i)) }
    return Checksum.crc32(bytes.span)
  }
}
