import BoardProtocol
import CLinux
import Controller
import Distillation
import FixedStorage
import Ports
import Sifting
import Units

/// What a module keeps in files.
struct ModuleFiles: ~Copyable {
  var journal: FileJournal
  var saved: ConfigurationFile
  var keys: KeyFile
  var program: ProgramFile
}

/// The board of a module: buses and lines over the wire to the control thread or the twin, the rest from Linux.
struct WiredBoard: ModuleBoard, ~Copyable {
  private let wire: BoardWire
  private var random: HardwareRandom
  private var link: TcpLink
  private var files: ModuleFiles

  init(wire: BoardWire, random: HardwareRandom, link: consuming TcpLink, files: consuming ModuleFiles) {
    self.wire = wire
    self.random = random
    self.link = link
    self.files = files
  }

  mutating func transfer(
    _ bytes: Span<UInt8>, to address: UInt8, reply: inout MutableSpan<UInt8>
  ) throws(BusError) {
    try wire.order(
      BoardRequest(.i2c, argument: address, payloadBytes: bytes.count, replyBytes: reply.count), bytes, into: &reply)
  }

  mutating func set(_ line: OutputLine, high: Bool) throws(BusError) {
    let level: [1 of UInt8] = [high ? 1 : 0]
    var nothing: [0 of UInt8] = []
    var span = nothing.mutableSpan
    try wire.order(BoardRequest(.setLine, argument: line.rawValue, payloadBytes: 1), level.span, into: &span)
  }

  mutating func isHigh(_ line: InputLine) throws(BusError) -> Bool {
    let nothing: [0 of UInt8] = []
    var level: [1 of UInt8] = [0]
    var span = level.mutableSpan
    try wire.order(BoardRequest(.readLine, argument: line.rawValue, replyBytes: 1), nothing.span, into: &span)
    return level[0] != 0
  }

  mutating func fill(_ bytes: inout MutableSpan<UInt8>) throws(EntropyError) { try random.fill(&bytes) }

  mutating func tickReport() -> TickReport? {
    guard case .desk(let desk) = wire else { return nil }
    return desk.tickReport()
  }

  mutating func disconnect() { link.disconnect() }
  mutating func send(_ bytes: Span<UInt8>) throws(LinkError) -> Int { try link.send(bytes) }
  mutating func receive(into bytes: inout MutableSpan<UInt8>) throws(LinkError) -> Int {
    try link.receive(into: &bytes)
  }

  mutating func recordedIndex() throws(JournalError) -> UInt64 { try files.journal.recordedIndex() }
  mutating func record(_ index: UInt64) throws(JournalError) { try files.journal.record(index) }

  mutating func save(_ text: Span<UInt8>) throws(StoreError) { try files.saved.save(text) }
  mutating func load(into bytes: inout MutableSpan<UInt8>) throws(StoreError) -> Int {
    try files.saved.load(into: &bytes)
  }

  mutating func readKeyRecord(_ place: Int, into record: inout MutableSpan<UInt8>) throws(StoreError) {
    try files.keys.readKeyRecord(place, into: &record)
  }
  mutating func writeKeyRecord(_ place: Int, _ record: Span<UInt8>) throws(StoreError) {
    try files.keys.writeKeyRecord(place, record)
  }
  mutating func syncKeyRecords() throws(StoreError) { try files.keys.syncKeyRecords() }
  mutating func wipeKeyRecords() throws(StoreError) { try files.keys.wipeKeyRecords() }

  mutating func candidateBytes() throws(StoreError) -> UInt64 { try files.program.candidateBytes() }
  mutating func beginTrial() throws(StoreError) { try files.program.beginTrial() }
  mutating func trialStatus() throws(StoreError) -> Int32? { try files.program.trialStatus() }
  mutating func install() throws(StoreError) { try files.program.install() }
  mutating func endTrial() { files.program.endTrial() }

  // Nothing leaves a module this way; only the twin watches blocks.
  mutating func eventsSifted(_ number: UInt32, announcements: Span<UInt8>, notes: Span<UInt8>) {}
  mutating func blockClosed(_ number: UInt32, store: borrowing SiftedStore, half: Half) {}
  mutating func blockKept(_ number: UInt32, keptKey: Span<UInt64>, bits: Int, permutationSeed: [32 of UInt8]) {}
  mutating func seedPart(_ number: UInt32, words: Span<UInt64>) {}
  mutating func blockFinished(_ summary: BlockSummary, confirmedKey: Span<UInt64>, secretKey: Span<UInt64>) {}
}
