import AdvantageDistillation
import Controller
import Distillation
import Estimation
import FixedStorage
import HostStorage
import Ports
import Sifting
import TwinRun
import Units
import Wire

/// A direction of the classical link: what was sent arrives after a delay of simulated time.
struct ChainPipe: ClassicalLink, ~Copyable {
  /// Simulated nanoseconds of the sender and of the receiver, set before they use the pipe.
  var sendTime = 0.0
  var receiveTime = 0.0
  private let delay: Double
  private var bytes: [UInt8] = []
  private var head = 0
  /// What was sent together: where it ends among all bytes ever sent, and when it arrives.
  private var batches: [(end: Int, arrival: Double)] = []
  private var firstBatch = 0
  private var dropped = 0

  init(delayNs: Double) { delay = delayNs }

  mutating func send(_ sent: Span<UInt8>) throws(LinkError) -> Int {
    for i in sent.indices { bytes.append(sent[i]) }
    batches.append((dropped + bytes.count, sendTime + delay))
    return sent.count
  }

  /// When the next unread byte arrives; nil when none is under way.
  var nextArrival: Double? { firstBatch < batches.count ? batches[firstBatch].arrival : nil }

  mutating func receive(into room: inout MutableSpan<UInt8>) throws(LinkError) -> Int {
    var count = 0
    while count < room.count, firstBatch < batches.count, batches[firstBatch].arrival <= receiveTime {
      let part = min(room.count - count, batches[firstBatch].end - dropped - head)
      for i in 0..<part { room[count + i] = bytes[head + i] }
      head += part
      count += part
      if dropped + head == batches[firstBatch].end { firstBatch += 1 }
    }
    if head == bytes.count {
      dropped += head
      bytes.removeAll(keepingCapacity: true)
      batches.removeAll(keepingCapacity: true)
      head = 0
      firstBatch = 0
    }
    return count
  }
}

/// Memory of the development machine, with the bytes of all but the strings of a block.
struct CountedBlocks: StorageSource, ~Copyable {
  private var blocks = HostBlocks()
  private(set) var stageBytes = 0

  mutating func block<Element: FixedWidthInteger & BitwiseCopyable>(
    _ name: StorageName, of element: Element.Type, count: Int
  ) -> Block<Element> {
    if name != .blockString, name != .keptString { stageBytes += count * MemoryLayout<Element>.stride }
    return blocks.block(name, of: element, count: count)
  }
}

/// One module's distillation with everything it works on, and a clock that its own work moves.
struct ChainEnd: ~Copyable {
  let role: Role
  var store: SiftedStore
  private(set) var channel: BlockChannel
  private(set) var distiller: Distiller
  private var inbox: Inbox
  private var entropy: ChainEntropy
  /// Simulated nanoseconds: own work as long as it takes here, and waiting for messages.
  var clock = 0.0
  /// Nanoseconds of work by stage.
  private(set) var work = [Double](repeating: 0, count: DistillationStage.countOfCases)
  private(set) var messages = 0
  /// Bytes of working memory of all stages, without the strings of the block.
  let stageBytes: Int
  /// Nothing to do until the peer's next message.
  private(set) var waits = false

  init(_ role: Role, plan: DistillationPlan, bits: Int, seed: UInt64) {
    self.role = role
    var blocks = CountedBlocks()
    let pages = (bits / SiftedStore.pageBits + 1) + 2 * SiftedStore.reservePages
    store = SiftedStore(pages: .onHost(count: pages * SiftedStore.pageWords), links: .onHost(count: pages))
    channel = BlockChannel(role: role, outbox: Outbox(storage: .onHost(count: Outbox.capacityBytes)))
    distiller = Distiller(role: role, plan: plan, storage: .taken(from: &blocks))
    stageBytes = blocks.stageBytes
    inbox = Inbox(storage: .onHost(count: Inbox.capacityBytes))
    entropy = ChainEntropy(random: SeededRandom(seed: seed))
  }

  var isOver: Bool { distiller.phase == .finished || distiller.phase == .refused }
  var totalWork: Double { work.reduce(0, +) }
  var bytesSent: UInt64 { channel.bytesSent }

  mutating func begin(words: [UInt64]) {
    var words = words
    var span = words.mutableSpan
    channel.open(.first, number: 0, words: &span, binding: SessionBinding())
    distiller.begin(.first, number: 0, store: store, &channel)
  }

  /// When this end has something to do; nil when it waits and nothing is under way to it.
  func nextAction(_ arriving: borrowing ChainPipe) -> Double? {
    if !waits && !isOver { return clock }
    return arriving.nextArrival.map { max(clock, $0) }
  }

  /// One message or one step of work at `now`, which is not before its clock.
  mutating func act(at now: Double, _ arriving: inout ChainPipe, _ leaving: inout ChainPipe) throws {
    clock = now
    arriving.receiveTime = now
    let began = ContinuousClock.now
    let stage = distiller.phase.stage
    try inbox.fill(from: &arriving)
    if let header = try inbox.next() {
      Self.take(header, inbox, &channel, &distiller)
      inbox.drop()
      messages += 1
      waits = false
    } else {
      waits = !distiller.step(store: &store, &channel, entropy: &entropy)
    }
    distiller.markSeedShown()
    let spent = nanoseconds(began.duration(to: .now))
    work[Int(stage.rawValue)] += spent
    clock += spent
    leaving.sendTime = clock
    try channel.flush(to: &leaving)
  }
}

extension ChainEnd {
  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  fileprivate static func take(
    _ header: FrameHeader, _ inbox: borrowing Inbox, _ channel: inout BlockChannel, _ distiller: inout Distiller
  ) {
    if header.type != .tag { channel.heard(header, payload: inbox.payload, in: .first) }
    distiller.receive(header.type, inbox.payload, &channel)
  }
}

func nanoseconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) * 1e9 + Double(duration.components.attoseconds) * 1e-9
}

/// Repeatable bytes where a module has its hardware's.
struct ChainEntropy: EntropySource, ~Copyable {
  var random: SeededRandom

  mutating func fill(_ bytes: inout MutableSpan<UInt8>) throws(EntropyError) {
    for i in bytes.indices { bytes[i] = UInt8(truncatingIfNeeded: random.next() &>> 56) }
  }
}
