import FixedStorage
import HostStorage
import KeyStore
import Testing
import Twin
import Units

/// A client of the port, and the store that serves it.
private final class Customer {
  let store: Store
  var client = KeyClient(output: Block.onHost(count: KeyClient.outputBytes))

  init(_ store: Store) { self.store = store }

  func send(_ text: String) { send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) { client.receive(bytes.span) }

  func serve() { client.serve(&store.ring, &store.vault, state: "idle") }

  /// What is to be read now, taken at most so many bytes at a time.
  func read(_ count: Int = .max) -> String {
    let bytes = Self.pending(client).prefix(count)
    client.noteSent(bytes.count)
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func pending(_ client: borrowing KeyClient) -> [UInt8] {
    let span = client.pending
    return span.indices.map { span[$0] }
  }

  func ask(_ line: String) -> String {
    send(line + "\n")
    serve()
    return read()
  }
}

private func hexadecimal(_ key: [UInt64]) -> String {
  key.map { word in
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }.joined()
}

/// Two stores with one released block.
private func pair(keys: Int = 6, _ medium: VaultMedium? = nil) throws -> (alice: Store, bob: Store, key: [UInt64]) {
  let key = finalKey(keys: keys, seed: 21)
  let (alice, bob) = (try Store(.alice, medium), try Store(.bob))
  alice.hold(key, block: 0x11)
  bob.hold(key, block: 0x11)
  agree(alice, bob)
  return (alice, bob, key)
}

private func name(_ index: Int) -> String { "00000000-0000-8004-800d-00000011000\(index)" }

@Test func get_givesOwnKeysWithNames_andThePeerGivesThemByName() throws {
  let (alice, bob, key) = try pair()
  let (first, second) = (Customer(alice), Customer(bob))
  #expect(
    first.ask("get 2") == (0..<2).map { "key \(name(2 * $0)) \(hexadecimal(slice(key, UInt16(2 * $0))))\n" }.joined()
      + "ok keys=2\n")
  #expect(second.ask("get-id \(name(2))") == "key \(name(2)) \(hexadecimal(slice(key, 2)))\nok keys=1\n")
  #expect(second.ask("get-id \(name(2))").hasPrefix("error code=delivered "))
  #expect(first.ask("get-id \(name(4))").hasPrefix("error code=own_parity "))
  #expect(first.ask("get-id \(name(7))").hasPrefix("error code=unknown_key "))
  #expect(first.ask("get").hasSuffix("ok keys=1\n") && first.ask("get").hasPrefix("error code=empty "))
  #expect(second.ask("get 16").hasSuffix("ok keys=3\n"))
}

@Test func status_tellsCountsAndLimits() throws {
  let (alice, _, _) = try pair()
  alice.hold(finalKey(keys: 2, seed: 22), block: 0x12)
  let customer = Customer(alice)
  _ = customer.ask("get")
  #expect(
    customer.ask("status")
      == "ok version=1 role=alice state=idle key_size=256 stored_key_count=5 own_key_count=2 held_key_count=2 "
      + "max_key_count=32768 max_key_per_request=16 max_key_size=256 min_key_size=256 key_lifetime_s=86400 delivered=1 "
      + "dropped=0 unshared=0 expired=0 lost=0 blocks_mismatched=0 vault=none push=off\n")
}

@Test(arguments: [
  ("", "unknown_request"), ("get 0", "bad_count"), ("get 17", "bad_count"), ("get 007", "bad_count"),
  ("get ", "bad_count"), ("get 1 ", "bad_count"), ("get  1", "bad_count"), ("get-id", "unknown_request"),
  ("get-id 5", "bad_id"), ("push", "unknown_request"), ("push maybe", "unknown_request"), ("STATUS", "unknown_request"),
  ("status now", "unknown_request"), ("\u{0}", "unknown_request"),
  (String(repeating: "a", count: 300), "line_too_long"),
])
func request_thatIsNone_isRefusedAndTakesNoKey(line: String, code: String) throws {
  let (alice, _, _) = try pair()
  let customer = Customer(alice)
  var rest = Array((line + "\n").utf8)[...]
  while !rest.isEmpty {
    let part = Array(rest.prefix(customer.client.inputRoom))
    customer.send(part)
    rest = rest.dropFirst(part.count)
    customer.serve()
  }
  #expect(customer.read().hasPrefix("error code=\(code) "))
  #expect(alice.ready == 6 && customer.ask("get").hasSuffix("ok keys=1\n"))
}

@Test func push_givesKeysAsTheyAreReleased_toBothEndsWithAll() throws {
  let (alice, bob) = (try Store(.alice), try Store(.bob))
  let (first, second, third) = (Customer(alice), Customer(bob), Customer(bob))
  #expect(first.ask("push all") == "ok push=all\n" && second.ask("push all") == "ok push=all\n")
  first.serve()
  #expect(first.read().isEmpty)
  let key = finalKey(keys: 40, seed: 23)
  alice.hold(key, block: 0x11)
  bob.hold(key, block: 0x11)
  agree(alice, bob)
  var texts = ["", ""]
  for _ in 0..<3 {
    for (i, customer) in [first, second].enumerated() {
      customer.serve()
      texts[i] += customer.read()
    }
  }
  #expect(texts[0] == texts[1] && texts[0].split(separator: "\n").count == 40)
  #expect(texts[0].hasPrefix("push \(name(0)) \(hexadecimal(slice(key, 0)))\n"))
  #expect(second.ask("push off") == "ok push=off\n")
  alice.hold(key, block: 0x12)
  bob.hold(key, block: 0x12)
  agree(alice, bob)
  second.serve()
  #expect(second.read().isEmpty)
  _ = third.ask("push on")
  third.serve()
  let pushed = third.read().split(separator: "\n")
  #expect(pushed.count == 16 && pushed.allSatisfy { "13579bdf".contains($0.dropFirst(40).first ?? "x") })
}

/// A client that does not read gets nothing more; what it was not sent whole is lost and counted, never given twice.
@Test func clientThatDoesNotRead_holdsItsReplyOnly() throws {
  let (alice, _, key) = try pair(keys: 60)
  let customer = Customer(alice)
  #expect(customer.ask("push on") == "ok push=on\n")
  customer.serve()
  #expect(customer.client.pendingBytes == 16 * 107)
  let first = customer.read(107 + 50)
  #expect(first.hasPrefix("push \(name(0)) "))
  for _ in 0..<5 { customer.serve() }
  #expect(alice.ready == 44)
  // One line was sent whole, fifteen were not.
  let lost = customer.client.close()
  alice.ring.lose(lost)
  #expect(lost == 15 && alice.counts.delivered == 1 && alice.counts.lost == 15 && customer.client.pendingBytes == 0)
  let next = try #require(alice.next(.own))
  #expect(next.id.index == 32 && next.key == slice(key, 32))
}

/// The buffer of a reply holds no key once the reply is out.
@Test func reply_thatIsSent_isWipedFromTheBuffer() throws {
  let (alice, _, _) = try pair()
  // Never returned, as every block; the test looks at it while nobody writes.
  let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: KeyClient.outputBytes)
  unsafe memory.initialize(repeating: 0, count: KeyClient.outputBytes)
  var peek: [UInt8] { (0..<KeyClient.outputBytes).map { unsafe memory[$0] } }
  var client = KeyClient(output: unsafe Block(unsafeStart: memory, count: KeyClient.outputBytes))
  client.receive(Array("get 3\n".utf8).span)
  client.serve(&alice.ring, &alice.vault, state: "idle")
  #expect(peek.contains { $0 != 0 })
  client.noteSent(client.pendingBytes - 1)
  #expect(peek.contains { $0 != 0 })
  client.noteSent(1)
  #expect(peek.allSatisfy { $0 == 0 })
}

/// A vault that fails gives no key, and what was taken counts as lost.
@Test(arguments: 1...4) func vaultThatFails_givesNoKey(after operations: Int) throws {
  let medium = VaultMedium()
  let (alice, _, _) = try pair(medium)
  medium.cut = VaultMedium.Cut(operations: medium.operations + operations - 1, seed: 1)
  let customer = Customer(alice)
  let reply = customer.ask("get 3")
  // Three writes and the sync behind them.
  #expect(reply.hasPrefix("error code=vault ") && reply.filter { $0 == "\n" }.count == 1)
  #expect(alice.counts.delivered == 0 && alice.counts.lost == UInt64(operations - 1))
  #expect(customer.ask("status").contains("vault=failed"))
}

/// Any bytes in any portions: every line is answered by whole lines, keys leave once, and the client can go on.
@Test(arguments: fuzzSeeds(300)) func anyBytes_areAnsweredByWholeLines(seed: UInt64) throws {
  var random = SeededRandom(seed: seed)
  let (alice, bob, _) = try pair(keys: 30)
  let customer = Customer(random.next() & 1 == 0 ? alice : bob)
  let lines = [
    "status", "get", "get 16", "get-id \(name(1))", "get-id \(name(2))", "push on", "push all", "push off", "quit",
  ]
  var text = ""
  for _ in 0..<40 {
    let line = Array((lines.randomElement(using: &random) ?? "").utf8) + [0x0a]
    let bytes = random.next() & 3 == 0 ? line : random.bent(line, bytesMax: 160)
    customer.send(Array(bytes.prefix(customer.client.inputRoom)))
    for _ in 0..<3 {
      customer.serve()
      text += customer.read(Int.random(in: 1...3000, using: &random))
    }
  }
  text += customer.read()
  #expect(text.isEmpty || text.hasSuffix("\n"))
  var names: Set<Substring> = []
  for line in text.split(separator: "\n") {
    let words = line.split(separator: " ")
    #expect(["ok", "error", "key", "push"].contains(words[0]), "\(line)")
    guard words[0] == "key" || words[0] == "push" else { continue }
    #expect(words.count == 3 && words[1].count == 36 && words[2].count == 64 && names.insert(words[1]).inserted)
  }
  #expect(names.count + customer.store.count == 30 - Int(customer.store.counts.lost))
}
