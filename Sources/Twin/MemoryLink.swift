import FixedStorage
public import Ports

/// Bytes on their way in one direction, and when they arrive.
private struct Pipe {
  private var bytes: [UInt8]
  private var head = 0
  private(set) var count = 0
  /// What was sent together arrives together.
  private var runs: [(due: UInt64, count: Int)] = []

  var capacity: Int { bytes.count }

  init(capacity: Int) { bytes = [UInt8](repeating: 0, count: capacity) }

  /// Takes as much as there is room for and returns how much that was.
  mutating func send(_ source: Span<UInt8>, due: UInt64) -> Int {
    let total = min(source.count, bytes.count - count)
    guard total > 0 else { return 0 }
    let start = (head + count) % bytes.count
    let first = min(total, bytes.count - start)
    var room = bytes.mutableSpan
    room.store(source.extracting(..<first), at: start)
    room.store(source.extracting(first..<total), at: 0)
    count += total
    runs.append((due, total))
    return total
  }

  /// Hands out what has arrived, as much as fits, and returns how much that was.
  mutating func receive(into destination: inout MutableSpan<UInt8>, at tick: UInt64) -> Int {
    var total = 0
    var finished = 0
    while finished < runs.count, runs[finished].due <= tick, total < destination.count {
      let part = min(runs[finished].count, destination.count - total)
      let first = min(part, bytes.count - head)
      destination.store(bytes.span.extracting(head..<head + first), at: total)
      destination.store(bytes.span.extracting(..<(part - first)), at: total + first)
      head = (head + part) % bytes.count
      count -= part
      total += part
      runs[finished].count -= part
      if runs[finished].count == 0 { finished += 1 }
    }
    runs.removeFirst(finished)
    return total
  }
}

/// The classical link between two modules of one process: two bounded pipes with a delay.
public final class MemoryCable {
  private let delayTicks: UInt64
  private var tick: UInt64 = 0
  private var isCut = false
  private var pipes: [Pipe]

  /// `capacity` is how many bytes one direction holds, `delayTicks` how many calls of `passTick` a byte waits.
  public init(capacity: Int, delayTicks: UInt64) {
    self.delayTicks = delayTicks
    pipes = [Pipe(capacity: capacity), Pipe(capacity: capacity)]
  }

  public func passTick() { tick += 1 }

  /// Breaks the link; what is under way is lost.
  public func cut() { isCut = true }

  /// Joins the link again, empty.
  public func mend() {
    isCut = false
    for i in pipes.indices { pipes[i] = Pipe(capacity: pipes[i].capacity) }
  }

  func send(_ bytes: Span<UInt8>, from end: Int) throws(LinkError) -> Int {
    guard !isCut else { throw .closedByPeer }
    return pipes[end].send(bytes, due: tick + delayTicks)
  }

  func receive(into bytes: inout MutableSpan<UInt8>, at end: Int) throws(LinkError) -> Int {
    guard !isCut else { throw .closedByPeer }
    return pipes[1 - end].receive(into: &bytes, at: tick)
  }
}

/// One end of a `MemoryCable`.
public struct MemoryLink: ClassicalLink, ~Copyable {
  private let cable: MemoryCable
  private let end: Int

  /// `end` is 0 or 1.
  public init(_ cable: MemoryCable, end: Int) {
    precondition(end == 0 || end == 1)
    self.cable = cable
    self.end = end
  }

  public mutating func send(_ bytes: Span<UInt8>) throws(LinkError) -> Int { try cable.send(bytes, from: end) }

  public mutating func receive(into bytes: inout MutableSpan<UInt8>) throws(LinkError) -> Int {
    try cable.receive(into: &bytes, at: end)
  }
}
