public import FixedStorage
public import Ports
import Units

/// One client of the key port: the bytes that it sent, its mode, and the reply that is on its way to it.
///
/// A request is answered when the reply to the one before is out, and keys leave the ring only for a reply that is
/// empty: whoever does not read is not served, and holds up nobody else.
public struct KeyClient: ~Copyable {
  /// The longest request is 44 bytes.
  public static var inputBytes: Int { 128 }
  /// Room for `KeyRequest.keysMax` keys and the line behind them.
  public static var outputBytes: Int { 2048 }
  /// `key` or `push`, a name, a key and the end of the line.
  static var keyLineBytes: Int { 4 + 1 + KeyId.textBytes + 1 + 64 + 1 }
  /// The version of the protocol.
  static var version: UInt64 { 1 }

  private let inPlace = InPlace()
  private var input: [128 of UInt8] = .init(repeating: 0)
  private var inputCount = 0
  /// The rest of a line that was too long is passed over.
  private var skipsLine = false
  private var output: Block<UInt8>
  private var outputCount = 0
  private var sentCount = 0
  /// Lines with keys at the start of the output.
  private var keyLines = 0
  public private(set) var push = PushMode.off
  /// The client asked to leave, or is one that is not served: hang up when the reply is out.
  public private(set) var isLeaving = false

  public init(output: consuming Block<UInt8>) {
    precondition(output.count == Self.outputBytes)
    self.output = output
  }

  /// What is to be sent.
  public var pending: Span<UInt8> {
    @_lifetime(borrow self) borrowing get { output.span.extracting(sentCount..<outputCount) }
  }

  public var pendingBytes: Int { outputCount - sentCount }

  /// Bytes of input that fit.
  public var inputRoom: Int { Self.inputBytes - inputCount }

  /// Takes bytes of the client in, at most `inputRoom`.
  public mutating func receive(_ bytes: Span<UInt8>) {
    precondition(bytes.count <= inputRoom)
    for i in bytes.indices { input[inputCount + i] = bytes[i] }
    inputCount += bytes.count
  }

  /// So many bytes of `pending` are out. Sent keys are wiped with the end of the reply.
  public mutating func noteSent(_ count: Int) {
    precondition(count >= 0 && count <= outputCount - sentCount)
    sentCount += count
    if sentCount == outputCount { clear() }
  }

  /// Forgets the client and returns how many keys it was not sent whole; they are in no store any more.
  public mutating func close() -> Int {
    var unsent = 0
    for line in 0..<keyLines where (line + 1) * Self.keyLineBytes > sentCount { unsent += 1 }
    clear()
    inputCount = 0
    skipsLine = false
    push = .off
    isLeaving = false
    return unsent
  }

  /// Answers the next request, or pushes keys; nothing while a reply is on its way.
  public mutating func serve(
    _ keys: inout KeyRing, _ vault: inout some KeyVault & ~Copyable, state: StaticString
  ) {
    guard outputCount == 0, !isLeaving else { return }
    do throws(KeyRequestFault) {
      guard let request = try nextRequest() else { return pushKeys(&keys, &vault) }
      switch request {
      case .status: tellStatus(keys, state: state)
      case .get(let count): get(count, &keys, &vault)
      case .getId(let id): get(id, &keys, &vault)
      case .push(let mode):
        push = mode
        reply("ok push=", mode.name)
      case .quit:
        isLeaving = true
        reply("ok bye=1", "")
      }
    } catch {
      refuse(error.name, error.text)
    }
  }

  /// Refuses the client as a whole; it is hung up on behind the line.
  public mutating func turnAway(_ code: StaticString, _ text: StaticString) {
    refuse(code, text)
    isLeaving = true
  }

  /// Takes a whole line out of the input; nil while there is none.
  private mutating func nextRequest() throws(KeyRequestFault) -> KeyRequest? {
    var end = 0
    while end < inputCount, input[end] != 0x0a { end += 1 }
    guard end < inputCount else {
      guard inputCount == Self.inputBytes else { return nil }
      skipsLine = true
      inputCount = 0
      return nil
    }
    let wasSkipped = skipsLine
    skipsLine = false
    let length = end > 0 && input[end - 1] == 0x0d ? end - 1 : end
    defer { dropInput(end + 1) }
    guard !wasSkipped else { throw .lineTooLong }
    return try KeyRequest.parse(input.span.extracting(first: length))
  }

  private mutating func dropInput(_ count: Int) {
    for i in count..<inputCount { input[i - count] = input[i] }
    inputCount -= count
  }

  private mutating func get(_ count: Int, _ keys: inout KeyRing, _ vault: inout some KeyVault & ~Copyable) {
    var key: [4 of UInt64] = .init(repeating: 0)
    var span = key.mutableSpan
    do throws(DeliveryRefusal) {
      for _ in 0..<count where keys.ownReadyCount > 0 {
        let id = try keys.takeNext(.own, into: &span, in: &vault)
        append("key ", id, &span)
      }
      guard keyLines > 0 else { throw .empty }
      try keys.seal(&vault)
    } catch {
      return withdraw(error, &keys)
    }
    var text = Text<40>()
    text.append("ok keys=")
    text.append(decimal: UInt64(keyLines))
    end(&text)
  }

  private mutating func get(_ id: KeyId, _ keys: inout KeyRing, _ vault: inout some KeyVault & ~Copyable) {
    var key: [4 of UInt64] = .init(repeating: 0)
    var span = key.mutableSpan
    do throws(DeliveryRefusal) {
      try keys.take(id, into: &span, in: &vault)
      append("key ", id, &span)
      try keys.seal(&vault)
    } catch {
      return withdraw(error, &keys)
    }
    reply("ok keys=1", "")
  }

  private mutating func pushKeys(_ keys: inout KeyRing, _ vault: inout some KeyVault & ~Copyable) {
    guard push != .off else { return }
    var key: [4 of UInt64] = .init(repeating: 0)
    var span = key.mutableSpan
    let share = push == .all ? KeyShare.all : .own
    do throws(DeliveryRefusal) {
      for _ in 0..<KeyRequest.keysMax {
        guard share == .all ? keys.readyCount > 0 : keys.ownReadyCount > 0 else { break }
        let id = try keys.takeNext(share, into: &span, in: &vault)
        append("push ", id, &span)
      }
      if keyLines > 0 { try keys.seal(&vault) }
    } catch {
      push = .off
      withdraw(error, &keys)
    }
  }

  /// Keys that were taken and may not be handed out are wiped.
  private mutating func withdraw(_ refusal: DeliveryRefusal, _ keys: inout KeyRing) {
    keys.lose(keyLines)
    clear()
    refuse(refusal.name, refusal.text)
  }

  private mutating func append(_ word: StaticString, _ id: KeyId, _ key: inout MutableSpan<UInt64>) {
    var text = Text<120>()
    text.append(word)
    text.append(id)
    text.append(" ")
    for i in key.indices { text.append(hexadecimal: key[i], digits: 16) }
    wipe(&key)
    end(&text)
    text.wipe()
    keyLines += 1
  }

  private mutating func tellStatus(_ keys: borrowing KeyRing, state: StaticString) {
    var text = Text<600>()
    text.append("ok version=")
    text.append(decimal: Self.version)
    text.append(keys.role == .alice ? " role=alice state=" : " role=bob state=")
    text.append(state)
    text.append(fact: " key_size=", KeyRing.keyBits)
    text.append(fact: " stored_key_count=", keys.readyCount)
    text.append(fact: " own_key_count=", keys.ownReadyCount)
    text.append(fact: " held_key_count=", keys.heldCount)
    text.append(fact: " max_key_count=", KeyRing.capacity)
    text.append(fact: " max_key_per_request=", KeyRequest.keysMax)
    text.append(fact: " max_key_size=", KeyRing.keyBits)
    text.append(fact: " min_key_size=", KeyRing.keyBits)
    text.append(fact: " key_lifetime_s=", Int(keys.lifetime.count / 1_000_000_000))
    text.append(fact: " delivered=", Int(keys.counts.delivered))
    text.append(fact: " dropped=", Int(keys.counts.dropped))
    text.append(fact: " unshared=", Int(keys.counts.unshared))
    text.append(fact: " expired=", Int(keys.counts.expired))
    text.append(fact: " lost=", Int(keys.counts.lost))
    text.append(fact: " blocks_mismatched=", Int(keys.counts.blocksMismatched))
    text.append(keys.hasVault ? " vault=" : " vault=none")
    if keys.hasVault { text.append(keys.vaultFailed ? "failed" : "good") }
    text.append(" push=")
    text.append(push.name)
    end(&text)
  }

  private mutating func refuse(_ code: StaticString, _ sentence: StaticString) {
    var text = Text<160>()
    text.append("error code=")
    text.append(code)
    text.append(" ")
    text.append(sentence)
    end(&text)
  }

  private mutating func reply(_ line: StaticString, _ word: StaticString) {
    var text = Text<80>()
    text.append(line)
    text.append(word)
    end(&text)
  }

  /// Ends a line and puts it behind the output.
  private mutating func end<let capacity: Int>(_ text: inout Text<capacity>) {
    text.append(0x0a)
    precondition(!text.overflowed && text.count <= Self.outputBytes - outputCount)
    let bytes = text.utf8
    for i in bytes.indices { output[outputCount + i] = bytes[i] }
    outputCount += text.count
  }

  private mutating func clear() {
    output.wipe(0..<outputCount)
    outputCount = 0
    sentCount = 0
    keyLines = 0
  }
}

extension Text {
  fileprivate mutating func append(fact name: StaticString, _ value: Int) {
    append(name)
    append(decimal: UInt64(value))
  }
}

extension PushMode {
  var name: StaticString {
    switch self {
    case .off: "off"
    case .own: "on"
    case .all: "all"
    }
  }
}

extension KeyRequestFault {
  var name: StaticString {
    switch self {
    case .unknownRequest: "unknown_request"
    case .badCount: "bad_count"
    case .badId: "bad_id"
    case .lineTooLong: "line_too_long"
    }
  }

  var text: StaticString {
    switch self {
    case .unknownRequest: "requests are status, get [N], get-id UUID, push on|all|off, quit"
    case .badCount: "a request is for 1 to 16 keys"
    case .badId: "this is not the name of a key"
    case .lineTooLong: "no request is so long"
    }
  }
}

extension DeliveryRefusal {
  var name: StaticString {
    switch self {
    case .empty: "empty"
    case .unknown: "unknown_key"
    case .held: "held"
    case .delivered: "delivered"
    case .ownParity: "own_parity"
    case .vault: "vault"
    }
  }

  var text: StaticString {
    switch self {
    case .empty: "no key is in store, status tells the counts"
    case .unknown: "there is no such key, or no more"
    case .held: "the other module has not shown yet that it has this key"
    case .delivered: "this key was handed out already"
    case .ownParity: "this module hands keys of this parity out by get only"
    case .vault: "the vault failed, keys that were taken are lost"
    }
  }
}
