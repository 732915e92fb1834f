import Authentication
public import Distillation
import FixedStorage
public import KeyStore
import Ports
public import Sifting
import Units
public import Wire

/// What a session works on: sifted keys, the way to the peer, the distiller and the key stores.
public struct LinkCore: ~Copyable {
  var store: SiftedStore
  var channel: BlockChannel
  var distiller: Distiller
  var pool: AuthenticationPool
  var keys: KeyRing
  var payload: PayloadBuffer
  var binding = SessionBinding()
  var totals = SessionTotals()
  /// Bob's: follows the frame by what Alice tells of dropped events.
  var follower = FrameFollower()
  /// The half that new batches go to; nil between blocks.
  var filling: Half?
  var nextBlock: UInt32 = 0
  /// A block whose sifting is over and whose distillation has not begun.
  var sealed: Half?
  /// The half in distillation: its sifted key is fixed, whatever the peer sends.
  var distilling: Half?
  /// The last block that came to an end.
  private(set) var last: BlockSummary?
  private var keptIsShown = false

  public init(
    store: consuming SiftedStore, channel: consuming BlockChannel, distiller: consuming Distiller,
    stores: consuming KeyStores, payload: consuming PayloadBuffer
  ) {
    self.store = store
    self.channel = channel
    self.distiller = distiller
    pool = stores.pool
    keys = stores.keys
    self.payload = payload
  }

  /// The half that a new block may use, nil while both are taken.
  var freeHalf: Half? {
    if channel.number(.first) == nil { return .first }
    return channel.number(.second) == nil ? .second : nil
  }

  /// Opens a block with its one-time words from the pool.
  mutating func openBlock(
    _ number: UInt32, in half: Half, journal: inout some IndexJournal & ~Copyable
  ) throws(PoolFault) {
    var words: [8 of UInt64] = .init(repeating: 0)
    var span = words.mutableSpan
    try pool.take(block: number, into: &span, journal: &journal)
    channel.open(half, number: number, words: &span, binding: binding)
    totals.authBitsSpent += UInt64(8 * AuthenticationPool.bytesPerBlock)
    filling = half
    nextBlock = number + 1
  }

  /// Sends the composed payload as a message of a block.
  mutating func send(_ type: MessageType, in half: Half, discloses disclosure: Disclosure) {
    Self.send(type, in: half, payload, &channel, discloses: disclosure)
  }

  /// Sends the composed payload as a message of the session.
  mutating func sendSession(_ type: MessageType) {
    Self.send(type, in: nil, payload, &channel, discloses: .nothing)
  }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func send(
    _ type: MessageType, in half: Half?, _ payload: borrowing PayloadBuffer, _ channel: inout BlockChannel,
    discloses disclosure: Disclosure
  ) {
    if let half {
      channel.send(type, in: half, payload: payload.payload, discloses: disclosure)
    } else {
      channel.send(type, payload: payload.payload, discloses: disclosure)
    }
  }

  /// Hands a message to the distiller and, unless it is a tag, to the transcript.
  mutating func distil(
    _ header: FrameHeader, from inbox: borrowing Inbox, in half: Half, _ board: inout some ModuleBoard & ~Copyable
  ) {
    if header.type != .tag { channel.heard(header, payload: inbox.payload, in: half) }
    distiller.receive(header.type, inbox.payload, &channel)
    show(&board)
  }

  /// Does one slice of distillation; false when it waits for the peer or has nothing to do.
  mutating func distil(at now: Instant, _ board: inout some ModuleBoard & ~Copyable) -> Bool {
    if let half = sealed, distiller.isIdle { beginDistillation(half, &board) }
    switch distiller.phase {
    case .finished, .refused:
      settle(at: now, &board)
      return true
    case .idle, .comparingCounts, .drawingPermutation, .awaitingPermutation, .loading, .awaitingPeerLoad,
      .comparingParities, .reconciling, .awaitingHash, .hashing, .countingErrors, .awaitingVerdict,
      .amplifying:
      let worked = distiller.step(store: &store, &channel, entropy: &board)
      show(&board)
      return worked
    }
  }

  /// Lets the observer see what came into being.
  private mutating func show(_ board: inout some ModuleBoard & ~Copyable) {
    let number = distiller.summary.number
    if distiller.keptBits > 0, !keptIsShown {
      keptIsShown = true
      board.blockKept(
        number, keptKey: distiller.keptKey, bits: distiller.keptBits, permutationSeed: distiller.permutationSeed)
    }
    if !distiller.freshSeed.isEmpty {
      board.seedPart(number, words: distiller.freshSeed)
      distiller.markSeedShown()
    }
  }

  /// Whether the block that fills may take more: pages are free here and surely at the peer's.
  var hasSiftingRoom: Bool {
    guard let half = filling else { return true }
    let other = half.other
    let peerHasDrained = channel.number(other) == nil || (distilling == other && distiller.peerHasLoaded)
    return store.hasRoom(in: half, peerHasDrained: peerHasDrained)
  }

  mutating func beginDistillation(_ half: Half, _ board: inout some ModuleBoard & ~Copyable) {
    guard let number = channel.number(half), channel.hasRoom() else { return }
    if sealed == half { sealed = nil }
    distilling = half
    totals.siftedBits += UInt64(store.count(half))
    totals.crossClicks += store.cross(half).total
    keptIsShown = false
    board.blockClosed(number, store: store, half: half)
    distiller.begin(half, number: number, store: store, &channel)
  }

  /// Books a finished block, stores its key and frees its half.
  private mutating func settle(at now: Instant, _ board: inout some ModuleBoard & ~Copyable) {
    let summary = distiller.summary
    totals.book(summary)
    guard let half = channel.half(of: summary.number) else { preconditionFailure("its half is still open") }
    if summary.refusal == nil {
      board.blockFinished(summary, confirmedKey: distiller.keptKey, secretKey: distiller.secretKey)
      storeKey(of: summary, at: now, &board)
    } else {
      let nothing: [0 of UInt64] = []
      board.blockFinished(summary, confirmedKey: nothing.span, secretKey: nothing.span)
    }
    last = summary
    store.wipe(half)
    channel.close(half)
    distiller.release()
    distilling = nil
  }

  /// The first bytes of the key replenish the authentication pool, three words vouch for the rest, and that becomes
  /// 256-bit keys.
  private mutating func storeKey(
    of summary: BlockSummary, at now: Instant, _ vault: inout some KeyVault & ~Copyable
  ) {
    var bytes: [64 of UInt8] = .init(repeating: 0)
    let count = summary.replenishedBytes
    for i in 0..<count {
      bytes[i] = UInt8(truncatingIfNeeded: distiller.secretKey[i / 8] >> UInt64(56 - 8 * (i % 8)))
    }
    // Too short a key replenishes nothing; so it is on the other side.
    if count == AuthenticationPool.bytesPerBlock, pool.replenish(bytes.span, from: summary.number) {
      totals.replenishedBits += UInt64(8 * count)
    }
    var span = bytes.mutableSpan
    FixedStorage.wipe(&span)
    guard KeyLayout.keyCount(finalBits: summary.finalBits) > 0 else { return }
    totals.authBitsSpent += UInt64(64 * ReleaseTag.words)
    let link = binding.configuration[Int(ConfigurationField.linkId.rawValue)]
    let epoch = KeyId.epoch(link: link, aliceNonce: binding.aliceNonce, bobNonce: binding.bobNonce)
    keys.hold(
      distiller.secretKey.extracting(first: summary.finalBits / 64),
      as: KeyId(epoch: epoch, block: summary.number, index: 0), at: now, in: &vault)
  }

  /// Forgets the session: every open block is lost and its one-time words are spent.
  mutating func abandon() {
    store.wipe(.first)
    store.wipe(.second)
    channel.closeAll()
    distiller.release()
    payload.wipe()
    filling = nil
    sealed = nil
    distilling = nil
  }
}

/// The two stores that outlive a session.
public struct KeyStores: ~Copyable {
  var pool: AuthenticationPool
  var keys: KeyRing

  public init(pool: consuming AuthenticationPool, keys: consuming KeyRing) {
    self.pool = pool
    self.keys = keys
  }
}
