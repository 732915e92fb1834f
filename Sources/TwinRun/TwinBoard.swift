import CAllocationWatch
package import Controller
package import Distillation
package import Sifting
package import FixedStorage
package import HostStorage
package import Ports
package import Twin
package import Units

/// The working memory of a module, from the heap of the development machine: for good, or as long as `memory` lives.
package struct HostBlocks: StorageSource, ~Copyable {
  private let memory: HostMemory?

  package init(in memory: HostMemory? = nil) { self.memory = memory }

  package mutating func block<Element: FixedWidthInteger & BitwiseCopyable>(
    _ name: StorageName, of element: Element.Type, count: Int
  ) -> Block<Element> {
    memory?.block(of: element, count: count) ?? Block<Element>.onHost(count: count)
  }
}

/// The gateware's wire, answered by the twin.
package struct TwinSpi: SpiBus, ~Copyable {
  private var bus: SimulatedSpiBus

  package init(_ simulation: Simulation, role: Role) { bus = SimulatedSpiBus(simulation, role: role) }

  package mutating func transfer(_ command: Span<UInt8>, reply: inout MutableSpan<UInt8>) throws(BusError) {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    try bus.transfer(command, reply: &reply)
  }
}

/// A program that waits to take a module's place, as the twin has it: nothing runs.
package final class ProgramShelf {
  /// Its size, the status of its self-test, and after how many looks the self-test ends.
  package var candidate: (bytes: UInt64, status: Int32, looks: Int)?
  package fileprivate(set) var isInstalled = false

  package init() {}

  fileprivate func look() -> Int32? {
    guard let running = candidate else { return nil }
    candidate?.looks -= 1
    return running.looks > 0 ? nil : running.status
  }
}

/// The rest of a module's board, answered by the twin.
package struct TwinBoard: ModuleBoard, ~Copyable {
  private var i2c: SimulatedI2cBus
  private var lines: SimulatedLines
  private var entropy: SeededEntropy
  private var link: MemoryLink
  package var journal = MemoryJournal(JournalMedium())
  package var vault = MemoryVault(nil)
  /// Where a new program may wait.
  package var program = ProgramShelf()
  /// What was saved of the configuration.
  package var saved: [UInt8]?
  /// What a thread that keeps time would have counted.
  package var ticks: TickReport?
  private let recorder: Recorder
  private let role: Role

  package init(_ simulation: Simulation, role: Role, seed: UInt64, link: consuming MemoryLink, recorder: Recorder) {
    i2c = SimulatedI2cBus(simulation, role: role)
    lines = SimulatedLines(simulation, role: role)
    entropy = SeededEntropy(seed: seed)
    self.link = link
    self.recorder = recorder
    self.role = role
  }

  package mutating func tickReport() -> TickReport? { ticks }

  package mutating func transfer(
    _ bytes: Span<UInt8>, to address: UInt8, reply: inout MutableSpan<UInt8>
  ) throws(BusError) {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    try i2c.transfer(bytes, to: address, reply: &reply)
  }

  package mutating func set(_ line: OutputLine, high: Bool) throws(BusError) {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    try lines.set(line, high: high)
  }

  package mutating func isHigh(_ line: InputLine) throws(BusError) -> Bool {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    return try lines.isHigh(line)
  }

  package mutating func fill(_ bytes: inout MutableSpan<UInt8>) throws(EntropyError) {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    try entropy.fill(&bytes)
  }

  package mutating func send(_ bytes: Span<UInt8>) throws(LinkError) -> Int {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    return try link.send(bytes)
  }

  package mutating func receive(into bytes: inout MutableSpan<UInt8>) throws(LinkError) -> Int {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    return try link.receive(into: &bytes)
  }

  package mutating func recordedIndex() throws(JournalError) -> UInt64 { try journal.recordedIndex() }
  package mutating func record(_ index: UInt64) throws(JournalError) { try journal.record(index) }

  package mutating func readKeyRecord(_ place: Int, into record: inout MutableSpan<UInt8>) throws(StoreError) {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    try vault.readKeyRecord(place, into: &record)
  }

  package mutating func writeKeyRecord(_ place: Int, _ record: Span<UInt8>) throws(StoreError) {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    try vault.writeKeyRecord(place, record)
  }

  package mutating func syncKeyRecords() throws(StoreError) {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    try vault.syncKeyRecords()
  }

  package mutating func candidateBytes() throws(StoreError) -> UInt64 {
    guard let candidate = program.candidate else { throw .empty }
    return candidate.bytes
  }
  package mutating func beginTrial() throws(StoreError) {}
  package mutating func trialStatus() throws(StoreError) -> Int32? { program.look() }
  package mutating func install() throws(StoreError) { program.isInstalled = true }
  package mutating func endTrial() { program.candidate = nil }

  package mutating func wipeKeyRecords() throws(StoreError) { try vault.wipeKeyRecords() }

  package mutating func save(_ text: Span<UInt8>) throws(StoreError) {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    saved = text.indices.map { text[$0] }
  }

  package mutating func load(into bytes: inout MutableSpan<UInt8>) throws(StoreError) -> Int {
    guard let saved else { throw .empty }
    guard saved.count <= bytes.count else { throw .system(27) }
    for i in saved.indices { bytes[i] = saved[i] }
    return saved.count
  }

  package mutating func blockClosed(_ number: UInt32, store: borrowing SiftedStore, half: Half) {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    recorder.noteClosed(number, role, store, half)
  }

  package mutating func blockKept(
    _ number: UInt32, keptKey: Span<UInt64>, bits: Int, permutationSeed: [32 of UInt8]
  ) {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    recorder.noteKept(number, role, keptKey, bits: bits, permutationSeed)
  }

  package mutating func seedPart(_ number: UInt32, words: Span<UInt64>) {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    recorder.noteSeed(number, role, words)
  }

  package mutating func eventsSifted(_ number: UInt32, announcements: Span<UInt8>, notes: Span<UInt8>) {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    recorder.noteEvents(number, announcements, notes)
  }

  package mutating func blockFinished(_ summary: BlockSummary, confirmedKey: Span<UInt64>, secretKey: Span<UInt64>) {
    gimbal_watch_pause()
    defer { gimbal_watch_resume() }
    recorder.noteFinished(summary, role, confirmedKey, secretKey)
  }
}
