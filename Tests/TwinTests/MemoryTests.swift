import HostStorage
import Ports
import Testing
import Twin

private func receive(_ link: inout MemoryLink, atMost count: Int) throws -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: count)
  var span = bytes.mutableSpan
  let got = try link.receive(into: &span)
  return Array(bytes[..<got])
}

@Test func memoryLink_deliversInOrderAfterTheDelay() throws {
  let cable = MemoryCable(capacity: 5, delayTicks: 2)
  var alice = MemoryLink(cable, end: 0)
  var bob = MemoryLink(cable, end: 1)
  let taken = try alice.send(([1, 2, 3, 4, 5, 6, 7] as [UInt8]).span)
  cable.passTick()
  let early = try receive(&bob, atMost: 9)
  cable.passTick()
  let first = try receive(&bob, atMost: 2)
  let more = try alice.send(([6, 7, 8] as [UInt8]).span)
  let rest = try receive(&bob, atMost: 9)
  cable.passTick()
  cable.passTick()
  let last = try receive(&bob, atMost: 9)
  let back = try bob.send(([9] as [UInt8]).span)
  let own = try receive(&bob, atMost: 9)
  #expect(taken == 5 && early.isEmpty && first == [1, 2] && more == 2 && rest == [3, 4, 5] && last == [6, 7])
  #expect(back == 1 && own.isEmpty)
}

/// Pieces of any length through a small pipe, against a list of bytes with their times.
@Test(arguments: 0..<UInt64(20)) func memoryLink_equalsAListOfBytes(seed: UInt64) throws {
  var random = SeededRandom(seed: seed)
  let cable = MemoryCable(capacity: 23, delayTicks: 2)
  var alice = MemoryLink(cable, end: 0)
  var bob = MemoryLink(cable, end: 1)
  var expected: [(due: Int, byte: UInt8)] = []
  for tick in 0..<500 {
    let bytes = (0..<Int.random(in: 0..<30, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let taken = try alice.send(bytes.span)
    #expect(taken == min(bytes.count, 23 - expected.count))
    expected += bytes.prefix(taken).map { (tick + 2, $0) }
    let most = Int.random(in: 0..<30, using: &random)
    let got = try receive(&bob, atMost: most)
    let due = expected.prefix(most).prefix { $0.due <= tick }.map(\.byte)
    expected.removeFirst(due.count)
    #expect(got == due)
    cable.passTick()
  }
}

@Test func memoryLink_cut_isClosedAtBothEnds() throws {
  let cable = MemoryCable(capacity: 5, delayTicks: 0)
  var alice = MemoryLink(cable, end: 0)
  var bob = MemoryLink(cable, end: 1)
  _ = try alice.send(([1] as [UInt8]).span)
  cable.cut()
  var failures: [LinkError] = []
  do { _ = try receive(&bob, atMost: 1) } catch let error as LinkError { failures.append(error) }
  do { _ = try alice.send(([1] as [UInt8]).span) } catch { failures.append(error) }
  #expect(failures == [.closedByPeer, .closedByPeer])
}

@Test func memoryJournal_outlivesItsWriter() throws {
  let medium = JournalMedium()
  var first = MemoryJournal(medium)
  try first.record(41)
  var second = MemoryJournal(medium)
  let found = try second.recordedIndex()
  medium.isCorrupt = true
  var failure: JournalError?
  do { _ = try second.recordedIndex() } catch { failure = error }
  #expect(found == 41 && failure == .corrupt)
}

@Test func seededEntropy_repeatsAndRunsOut() throws {
  func bytes(_ seed: UInt64, _ count: Int, max: Int = .max) throws -> [UInt8] {
    var source = SeededEntropy(seed: seed, bytesMax: max)
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    try source.fill(&span)
    return bytes
  }
  let first = try bytes(1, 4_096)
  let again = try bytes(1, 4_096)
  let other = try bytes(2, 4_096)
  let ones = first.reduce(0) { $0 + $1.nonzeroBitCount }
  #expect(first == again && first != other && abs(ones - 16_384) < 5 * 91)
  #expect(throws: EntropyError.unavailable) { try bytes(1, 11, max: 10) }
}
