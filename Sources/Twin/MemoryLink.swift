public import Ports

/// The classical link between two modules of one process: two bounded pipes with a delay.
public final class MemoryCable {
  private let capacity: Int
  private let delayTicks: UInt64
  private var tick: UInt64 = 0
  private var isCut = false
  private var pipes: [[(due: UInt64, byte: UInt8)]] = [[], []]
  private var heads = [0, 0]

  /// `capacity` is how many bytes one direction holds, `delayTicks` how many calls of `passTick` a byte waits.
  public init(capacity: Int, delayTicks: UInt64) {
    self.capacity = capacity
    self.delayTicks = delayTicks
  }

  public func passTick() { tick += 1 }

  /// Breaks the link for good; what is under way is lost.
  public func cut() {
    isCut = true
    pipes = [[], []]
    heads = [0, 0]
  }

  func send(_ bytes: Span<UInt8>, from end: Int) throws(LinkError) -> Int {
    guard !isCut else { throw .closedByPeer }
    let count = min(bytes.count, capacity - (pipes[end].count - heads[end]))
    for i in 0..<count { pipes[end].append((tick + delayTicks, bytes[i])) }
    return count
  }

  func receive(into bytes: inout MutableSpan<UInt8>, at end: Int) throws(LinkError) -> Int {
    guard !isCut else { throw .closedByPeer }
    let pipe = 1 - end
    var count = 0
    while count < bytes.count, heads[pipe] < pipes[pipe].count, pipes[pipe][heads[pipe]].due <= tick {
      bytes[count] = pipes[pipe][heads[pipe]].byte
      heads[pipe] += 1
      count += 1
    }
    if heads[pipe] >= capacity {
      pipes[pipe].removeFirst(heads[pipe])
      heads[pipe] = 0
    }
    return count
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
