import FixedStorage
import Sifting

/// Sizes of the announcement exchange.
public enum SiftingBatch {
  /// Detections of one batch; all of one frame.
  public static var eventsMax: Int { 512 }
  /// Batches whose choices are not announced yet.
  public static var inFlightMax: Int { 32 }
  /// Words of one burst of the event FIFO.
  public static var burstWords: Int { 1000 }
  /// One byte of private notes per event in flight.
  public static var noteBytes: Int { eventsMax * inFlightMax }
}

/// Capacity of one sifted key.
public enum SiftedBits {
  public static var max: Int { SiftedStore.bitsMax }
}

/// Batches in flight, oldest first: which block each belongs to and how many events it has.
struct BatchWindow: ~Copyable {
  private let inPlace = InPlace()
  private var blocks: [32 of UInt32] = .init(repeating: 0)
  private var counts: [32 of UInt16] = .init(repeating: 0)
  /// Number of the oldest batch in flight.
  private(set) var oldest: UInt32 = 0
  /// Number of the next batch to open.
  private(set) var next: UInt32 = 0

  func hasRoom(for batches: UInt32) -> Bool { next &- oldest + batches <= UInt32(SiftingBatch.inFlightMax) }

  var isFull: Bool { next &- oldest == UInt32(SiftingBatch.inFlightMax) }

  mutating func open(block: UInt32, events: Int) -> UInt32 {
    precondition(!isFull && events <= SiftingBatch.eventsMax)
    let place = Int(next) % SiftingBatch.inFlightMax
    blocks[place] = block
    counts[place] = UInt16(events)
    next &+= 1
    return next &- 1
  }

  /// Events of the oldest batch, nil if `number` is not the oldest or belongs to another block.
  func events(ofOldest number: UInt32, block: UInt32) -> Int? {
    let place = Int(oldest) % SiftingBatch.inFlightMax
    guard number == oldest, oldest != next, blocks[place] == block else { return nil }
    return Int(counts[place])
  }

  mutating func closeOldest() {
    precondition(oldest != next)
    oldest &+= 1
  }

  func inFlight(of block: UInt32) -> Int {
    var count = 0
    for i in 0..<(next &- oldest) where blocks[Int(oldest &+ i) % SiftingBatch.inFlightMax] == block { count += 1 }
    return count
  }

  mutating func reset() {
    oldest = 0
    next = 0
  }

  /// Where the notes of a batch begin.
  static func noteOffset(_ number: UInt32) -> Int { Int(number) % SiftingBatch.inFlightMax * SiftingBatch.eventsMax }
}
