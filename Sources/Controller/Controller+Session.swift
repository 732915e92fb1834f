import KeyStore
import Distillation
import LinkControl
import Ports
import Units
import Wire

extension Controller where End: ~Copyable, Board: ~Copyable {
  /// Sends role, whether it is an answer, nonce, next block and every field of the configuration.
  mutating func greet() {
    // Drawn also when there is no room yet, so that a later attempt never greets with the nonce of an earlier session.
    if case .acquiring(1, _) = state {
      guard let nonce = drawWord() else { return apply(.failed(FaultCause(.entropyLost))) }
      ownNonce = nonce
    }
    guard core.channel.hasRoom() else { return }
    lastEnd = .none
    core.payload.clear()
    core.payload.put(End.role.rawValue)
    core.payload.put(isAnswering ? 1 : 0)
    core.payload.put64(ownNonce)
    core.payload.put32(core.pool.nextUsableBlock() ?? .max)
    core.payload.put32(configuration.hash)
    core.payload.put(ConfigurationField.count)
    for number in 0..<ConfigurationField.count {
      guard let field = ConfigurationField(rawValue: number) else { preconditionFailure("fields have no gaps") }
      core.payload.put(number)
      core.payload.put64(configuration[field])
    }
    core.sendSession(.hello)
  }

  mutating func takeSession(_ type: MessageType) {
    do throws(PayloadError) {
      switch type {
      case .hello: try takeHello()
      case .refuse: try takeRefusal()
      case .window: try takeWindow()
      case .windowSet: try takeWindowSet()
      case .stop: try takeStop()
      case .drained: peerIsDrained = true
      default: throw .outOfRange
      }
    } catch {
      lastEnd = .protocolBroken
      apply(.refused)
    }
  }

  private mutating func takeHello() throws(PayloadError) {
    var reader = ByteReader()
    let role = try reader.take(from: inbox.payload)
    let isAnswer = try reader.take(from: inbox.payload) != 0
    // A module at rest joins a session that its peer asks for. An answer to a session given up meanwhile asks nothing.
    // The row of the policy is settled before the own greeting goes out.
    if case .idle = state, !isAnswer {
      guard !isPoked, !gateIsAstray, !platesAreAstray else { return }
      chooseRow()
      try followRowOfGreeting()
      isAnswering = true
      apply(.startRequested)
    }
    guard case .acquiring = state else { return }
    let nonce = try reader.take64(from: inbox.payload)
    let block = try reader.take32(from: inbox.payload)
    let hash = try reader.take32(from: inbox.payload)
    peerHash = hash
    guard try reader.take(from: inbox.payload) == ConfigurationField.count else { throw .outOfRange }
    guard role != End.role.rawValue else {
      lastEnd = .sameRole
      return refuse(RefusalCode.sameRole, own: UInt64(role))
    }
    guard try agreesOnConfiguration(&reader) else { return }
    // Every field is the same, so a hash that is not would be another program's.
    guard hash == configuration.hash else { throw .outOfRange }
    try reader.finish(inbox.payload)
    guard let own = core.pool.nextUsableBlock(), block != .max else {
      lastEnd = .keysExhausted
      return refuse(RefusalCode.keysExhausted, own: 0)
    }
    // A module that lost power is a few blocks ahead; a forged greeting must not burn the pool.
    guard max(own, block) - min(own, block) <= SessionTiming.blockSkipMax else { throw .outOfRange }
    agree(peerNonce: nonce, block: max(own, block))
  }

  /// Bob: follows the row in a greeting that he has not answered yet. Fields lie at the end, nine bytes each.
  private mutating func followRowOfGreeting() throws(PayloadError) {
    guard inbox.payload.count >= 9 * Int(ConfigurationField.count) else { throw .tooShort }
    let field = Int(ConfigurationField.policyRow.rawValue)
    let place = inbox.payload.count - 9 * (Int(ConfigurationField.count) - field) + 1
    var reader = ByteReader()
    let row = try reader.take64(from: inbox.payload.extracting(place..<inbox.payload.count))
    _ = followPeer(row: row)
  }

  /// Reads the peer's configuration. Bob follows its row of the policy first; then every field has to be the same.
  private mutating func agreesOnConfiguration(_ reader: inout ByteReader) throws(PayloadError) -> Bool {
    var values: [20 of UInt64] = .init(repeating: 0)
    for number in 0..<ConfigurationField.count {
      guard try reader.take(from: inbox.payload) == number else { throw .outOfRange }
      values[Int(number)] = try reader.take64(from: inbox.payload)
    }
    let row = values[Int(ConfigurationField.policyRow.rawValue)]
    if followPeer(row: row) {
      // Alice has passed over the greeting with the other row.
      greet()
    } else if isRowForPeerToFollow(row) {
      return false
    }
    for number in 0..<ConfigurationField.count {
      guard let field = ConfigurationField(rawValue: number) else { preconditionFailure("fields have no gaps") }
      let value = values[Int(number)]
      guard value == configuration[field] else {
        lastEnd = .configurationDiffers(field, own: configuration[field], peer: value)
        refuse(number, own: configuration[field])
        return false
      }
    }
    return true
  }

  /// Tells the peer why not, and gives up.
  private mutating func refuse(_ code: UInt8, own: UInt64) {
    core.payload.clear()
    core.payload.put(code)
    core.payload.put64(own)
    core.sendSession(.refuse)
    let reason = lastEnd
    apply(.refused)
    lastEnd = reason
  }

  private mutating func agree(peerNonce nonce: UInt64, block: UInt32) {
    peerNonce = nonce
    core.nextBlock = block
    core.binding.aliceNonce = End.role == .alice ? ownNonce : nonce
    core.binding.bobNonce = End.role == .alice ? nonce : ownNonce
    for number in 0..<ConfigurationField.count {
      guard let field = ConfigurationField(rawValue: number) else { preconditionFailure("fields have no gaps") }
      core.binding.configuration[Int(number)] = configuration[field]
    }
    guard End.role == .alice else { return }
    proposeWindow()
  }

  /// Alice chooses the frames, loads them and tells Bob.
  private mutating func proposeWindow() {
    let frame: UInt32
    do { frame = try end.frame() } catch { return fail(error) }
    // A gateware that has run for a year has no room for another window; it is brought up anew with the program.
    guard frame < UInt32.max - SessionTiming.startLeadFrames - LinkConfiguration.exchangeFramesMax - 1 else {
      lastEnd = .configurationUnusable(.exchangeFrames)
      return apply(.refused)
    }
    let start = frame + SessionTiming.startLeadFrames
    guard load(ExchangeWindow(start: start, stop: Self.stop(from: start, configuration))) else { return }
    windowIsProposed = true
    core.payload.clear()
    core.payload.put32(window.start)
    core.payload.put32(window.stop)
    core.payload.put32(core.nextBlock)
    core.sendSession(.window)
  }

  /// The end of a window that opens at `start`; without a length it stays open until it is shortened.
  private static func stop(from start: UInt32, _ configuration: LinkConfiguration) -> UInt32 {
    configuration.exchangeFrames == 0 ? ExchangeWindow.openStop : start + configuration.exchangeFrames
  }

  private mutating func takeWindow() throws(PayloadError) {
    guard case .acquiring = state, End.role == .bob, peerNonce != nil else { return }
    var reader = ByteReader()
    let start = try reader.take32(from: inbox.payload)
    let stop = try reader.take32(from: inbox.payload)
    let block = try reader.take32(from: inbox.payload)
    try reader.finish(inbox.payload)
    guard block == core.nextBlock, start < UInt32.max / 2, stop == Self.stop(from: start, configuration) else {
      throw .outOfRange
    }
    // Too late for this window: the next attempt proposes another.
    guard load(ExchangeWindow(start: start, stop: stop)) else { return }
    core.payload.clear()
    core.payload.put32(start)
    core.payload.put32(stop)
    core.sendSession(.windowSet)
    bindWindow()
    apply(.windowAgreed)
  }

  private mutating func takeWindowSet() throws(PayloadError) {
    guard case .acquiring = state, End.role == .alice, windowIsProposed else { return }
    var reader = ByteReader()
    let start = try reader.take32(from: inbox.payload)
    let stop = try reader.take32(from: inbox.payload)
    try reader.finish(inbox.payload)
    // The answer to an earlier proposal is of no use.
    guard ExchangeWindow(start: start, stop: stop) == window else { return }
    bindWindow()
    apply(.windowAgreed)
  }

  private mutating func bindWindow() {
    core.binding.startFrame = window.start
    core.binding.stopFrame = window.stop
  }

  private mutating func takeStop() throws(PayloadError) {
    var reader = ByteReader()
    let stop = try reader.take32(from: inbox.payload)
    try reader.finish(inbox.payload)
    guard case .exchanging = state, stop > window.start, stop < window.stop else { return }
    window.stop = stop
    lastEnd = .stopped
    do { try end.open(window) } catch { fail(error) }
  }

  private mutating func takeRefusal() throws(PayloadError) {
    var reader = ByteReader()
    let code = try reader.take(from: inbox.payload)
    let value = try reader.take64(from: inbox.payload)
    try reader.finish(inbox.payload)
    switch state {
    case .acquiring, .exchanging, .draining: break
    case .booting, .selfTest, .idle, .faulted, .zeroized: return
    }
    let reason: SessionEnd
    if let field = ConfigurationField(rawValue: code) {
      reason = .configurationDiffers(field, own: configuration[field], peer: value)
    } else {
      reason =
        code == RefusalCode.sameRole ? .sameRole : code == RefusalCode.keysExhausted ? .keysExhausted : .peerRefused
    }
    // Set first: a session that the peer ended is not ended a second time towards him.
    lastEnd = .peerRefused
    apply(.refused)
    lastEnd = reason
  }
}
