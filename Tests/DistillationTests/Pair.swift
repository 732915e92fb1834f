import Distillation
import Estimation
import FixedStorage
import HostStorage
import Ports
import Sifting
import Units
import Wire

/// Bytes under way from one module to the other.
struct ByteLink: ClassicalLink, ~Copyable {
  private var bytes: [UInt8] = []
  private var head = 0

  mutating func send(_ sent: Span<UInt8>) throws(LinkError) -> Int {
    for i in sent.indices { bytes.append(sent[i]) }
    return sent.count
  }

  mutating func receive(into room: inout MutableSpan<UInt8>) throws(LinkError) -> Int {
    let count = min(room.count, bytes.count - head)
    for i in 0..<count { room[i] = bytes[head + i] }
    head += count
    if head == bytes.count {
      bytes = []
      head = 0
    }
    return count
  }
}

/// Repeatable bytes that run out when told to.
struct TestEntropy: EntropySource, ~Copyable {
  var random: SeededRandom
  var bytesLeft = Int.max

  init(seed: UInt64) { random = SeededRandom(seed: seed) }

  mutating func fill(_ bytes: inout MutableSpan<UInt8>) throws(EntropyError) {
    guard bytes.count <= bytesLeft else { throw .unavailable }
    bytesLeft -= bytes.count
    for i in bytes.indices { bytes[i] = UInt8(truncatingIfNeeded: random.next() &>> 56) }
  }
}

/// A message as it leaves one module; what a tap returns is what arrives at the other.
struct Message: Equatable {
  let sender: Role
  let type: MessageType
  var payload: [UInt8]
}

/// One module's half of a block: sifted key, channel and distiller.
struct Side: ~Copyable {
  let role: Role
  let watch: [WatchedMemory]
  var store: SiftedStore
  var channel: BlockChannel
  var distiller: Distiller
  var inbox = Inbox(storage: .onHost(count: Inbox.capacityBytes))
  var entropy: TestEntropy
  /// The Toeplitz seed of the block, as it came.
  private(set) var seed: [UInt64] = []

  init(_ role: Role, plan: DistillationPlan) {
    self.role = role
    store = SiftedStore(
      pages: .onHost(count: 64 * SiftedStore.pageWords), links: .onHost(count: 64))
    channel = BlockChannel(role: role, outbox: Outbox(storage: .onHost(count: Outbox.capacityBytes)))
    var watch: [WatchedMemory] = []
    distiller = Distiller(role: role, plan: plan, storage: .watched(&watch))
    self.watch = watch
    entropy = TestEntropy(seed: 0)
  }

  /// Puts back what a new connection and a new block start from.
  /// An event whose axes agree, with clicks on several.
  mutating func countCrossClick() {
    let table = SiftTable(.perPulse)
    let notes = [Measurement(axis: .x, outcome: 0, isCross: true).note] + [UInt8](repeating: 0, count: 7)
    let told = [Announcement(twirl: Twirl(index: 0)!, axis: .x, intensity: .signal).byte]
    let planes = table.sift(told.span, with: notes.span, from: 0, count: 1)!
    precondition(store.append(planes, to: .first))
  }

  mutating func reset(seed: UInt64) {
    distiller.release()
    channel.reset()
    inbox.reset()
    store.wipe(.first)
    self.seed = []
    entropy = TestEntropy(seed: seed)
  }

  mutating func open(_ words: [UInt64], number: UInt32) {
    var words = words
    var span = words.mutableSpan
    var binding = SessionBinding()
    binding.aliceNonce = 0x0123_4567_89ab_cdef
    binding.bobNonce = 0xfedc_ba98_7654_3210
    binding.configuration[0] = 42
    channel.open(.first, number: number, words: &span, binding: binding)
  }

  mutating func send(_ message: Message) {
    channel.send(message.type, in: .first, payload: message.payload.span, discloses: .nothing)
  }

  /// Works until the peer has to answer; false if there was nothing to do.
  mutating func work() -> Bool {
    var worked = false
    while distiller.step(store: &store, &channel, entropy: &entropy) {
      worked = true
      noteSeed()
    }
    return worked
  }

  mutating func take(_ header: FrameHeader, _ payload: [UInt8]) {
    if header.type != .tag { channel.heard(header, payload: payload.span, in: .first) }
    switch header.type {
    case .detections, .choices, .sifted: break
    default: distiller.receive(header.type, payload.span, &channel)
    }
    noteSeed()
  }

  private mutating func noteSeed() {
    seed += words(distiller.freshSeed)
    distiller.markSeedShown()
  }

  /// What is reconciled, or was.
  var key: [UInt64] { words(distiller.keptKey) }
  var secretKey: [UInt64] { words(distiller.secretKey) }

  func memory(_ name: String) -> WatchedMemory {
    watch.first { $0.name == name }!
  }

  private func words(_ span: Span<UInt64>) -> [UInt64] { span.indices.map { span[$0] } }
}

/// Two modules with a block each, joined by byte links that a tap listens to.
struct Pair: ~Copyable {
  var alice: Side
  var bob: Side
  /// Everything that was delivered, as it was sent.
  private(set) var messages: [Message] = []

  init(_ plan: DistillationPlan = plan()) {
    alice = Side(.alice, plan: plan)
    bob = Side(.bob, plan: plan)
  }

  /// Fills both sifted keys and opens the block on both sides. The distillers do not begin yet.
  mutating func open(_ block: TestBlock, seed: UInt64) {
    alice.reset(seed: seed)
    bob.reset(seed: seed ^ 0xb0b)
    messages = []
    for i in 0..<block.bits {
      _ = alice.store.append(block.sent[i], block.labels[i], to: .first)
      _ = bob.store.append(block.received[i], block.labels[i], to: .first)
    }
    for _ in 0..<block.crossClicks { bob.countCrossClick() }
    var random = SeededRandom(seed: seed ^ 0xa17)
    let words = (0..<8).map { _ in random.next() }
    alice.open(words, number: 7)
    bob.open(words, number: 7)
  }

  mutating func begin() {
    alice.distiller.begin(.first, number: 7, store: alice.store, &alice.channel)
    bob.distiller.begin(.first, number: 7, store: bob.store, &bob.channel)
  }

  /// Runs until neither side has anything to do. `tap` may change a message or swallow it.
  mutating func run(tap: (Message) -> Message? = { $0 }) throws {
    while try advance(tap: tap) {}
  }

  /// Lets both sides work and delivers what they sent; false when nothing happened.
  mutating func advance(tap: (Message) -> Message? = { $0 }) throws -> Bool {
    var isBusy = alice.work()
    isBusy = bob.work() || isBusy
    isBusy = try Self.deliver(from: &alice, to: &bob, &messages, tap) || isBusy
    return try Self.deliver(from: &bob, to: &alice, &messages, tap) || isBusy
  }

  private static func deliver(
    from sender: inout Side, to receiver: inout Side, _ messages: inout [Message], _ tap: (Message) -> Message?
  ) throws -> Bool {
    var link = ByteLink()
    var delivered = false
    try sender.channel.flush(to: &link)
    while true {
      try receiver.inbox.fill(from: &link)
      guard let header = try receiver.inbox.next() else { return delivered }
      let sent = Message(sender: sender.role, type: header.type, payload: payload(in: receiver.inbox))
      receiver.inbox.drop()
      delivered = true
      messages.append(sent)
      guard let arrived = tap(sent) else { continue }
      let changed = FrameHeader(
        type: arrived.type, block: header.block, sequence: header.sequence, payloadBytes: arrived.payload.count)
      receiver.take(changed, arrived.payload)
    }
  }

  private static func payload(in inbox: borrowing Inbox) -> [UInt8] {
    let span = inbox.payload
    return span.indices.map { span[$0] }
  }

  var phases: [DistillerPhase] { [alice.distiller.phase, bob.distiller.phase] }
  var refusals: [BlockRefusal?] { [alice.distiller.summary.refusal, bob.distiller.summary.refusal] }
}

/// Sifted keys of one block before reconciliation.
struct TestBlock {
  let sent: [UInt8]
  var received: [UInt8]
  let labels: [Intensity]
  var crossClicks = 0
  var bits: Int { sent.count }
  var errors: Int { (0..<bits).count { sent[$0] != received[$0] } }

  /// Independent errors; intensities as a link with the means of `plan` would sift them, in class order.
  init(bits: Int, qber: Double, seed: UInt64) {
    var random = SeededRandom(seed: seed)
    sent = (0..<bits).map { _ in UInt8.random(in: 0...1, using: &random) }
    received = sent
    labels = (0..<bits).map { _ in
      let draw = Double.random(in: 0..<1, using: &random)
      return draw < 0.926 ? .signal : draw < 0.999 ? .decoy : .vacuum
    }.sorted { $0.rawValue < $1.rawValue }
    for i in 0..<bits where Double.random(in: 0..<1, using: &random) < qber { received[i] ^= 1 }
  }
}

/// A plan that leaves short blocks a key: its failure probability is far from what a link would be run with.
func plan(epsilonSecret: Double = 0.1, expectedQber: UInt32 = 20_000, adBlock: Int = 1) -> DistillationPlan {
  let means: [3 of MeanPhotonNumber] = [
    MeanPhotonNumber(millionths: 500_000), MeanPhotonNumber(millionths: 150_000), MeanPhotonNumber(millionths: 200),
  ]
  let shares: [3 of Share] = [Share(of65536: 49_807), Share(of65536: 13_107), Share(of65536: 2_622)]
  guard let settings = DecoySettings(means: means, shares: shares) else { preconditionFailure("usable settings") }
  var keyLength = KeyLengthPlan(
    credit: PerPulse(), settings: settings, block: adBlock, tails: .inversion, multiPhotonTag: .crossClicks())
  keyLength.target = SecurityTarget(epsilonSecret: epsilonSecret, epsilonCorrect: 1e-10)
  return DistillationPlan(
    credit: .perPulse(keyLength), expectedQber: PartsPerMillion(expectedQber), axisShareMax: PartsPerMillion(400_000)
  )
}
