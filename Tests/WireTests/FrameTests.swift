import FixedStorage
import HostStorage
import Ports
import Testing
import Wire

/// A link that keeps what it is given and hands it out in pieces of a chosen size.
private struct PieceLink: ClassicalLink, ~Copyable {
  var bytes: [UInt8] = []
  var piece = Int.max

  mutating func send(_ sent: Span<UInt8>) throws(LinkError) -> Int {
    let count = min(piece, sent.count)
    for i in 0..<count { bytes.append(sent[i]) }
    return count
  }

  mutating func receive(into room: inout MutableSpan<UInt8>) throws(LinkError) -> Int {
    let count = min(piece, min(room.count, bytes.count))
    for i in 0..<count { room[i] = bytes[i] }
    bytes.removeFirst(count)
    return count
  }
}

private func outbox() -> Outbox { Outbox(storage: Block.onHost(count: Outbox.capacityBytes)) }
private func inbox() -> Inbox { Inbox(storage: Block.onHost(count: Inbox.capacityBytes)) }

private func payload(of inbox: borrowing Inbox) -> [UInt8] {
  let span = inbox.payload
  return span.indices.map { span[$0] }
}

@Test func frame_hasTheDocumentedBytes() throws {
  var outbox = outbox()
  var link = PieceLink()
  let header = outbox.nextHeader(.tag, block: 0x0102_0304, payloadBytes: 2)
  outbox.append(header, payload: [0xaa, 0x55].span)
  try outbox.flush(to: &link)
  // Checksums by Python: binascii.crc_hqx(b, 0xffff) and zlib.crc32(b).
  #expect(
    link.bytes == [
      0x47, 0x51, 0x06, 0x1c, 0x01, 0x02, 0x03, 0x04, 0, 0, 0, 0, 0, 2, 0xd6, 0xcd, 0xaa, 0x55, 0x36, 0x7a, 0x69, 0xad,
    ])
}

/// Whatever the sizes of the pieces, frames arrive whole, in order and once.
@Test(arguments: [1, 2, 7, 16, 1000, 65_536]) func frames_surviveAnyFragmentation(piece: Int) throws {
  var random = SeededRandom(seed: UInt64(piece))
  var outbox = outbox()
  var inbox = inbox()
  var link = PieceLink(piece: piece)
  var expected: [[UInt8]] = []
  var arrived = 0
  for number in 0..<300 {
    let length = Int.random(in: 0...(number % 20 == 0 ? 4096 : 60), using: &random)
    let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
    outbox.append(outbox.nextHeader(.seed, block: UInt32(number), payloadBytes: length), payload: bytes.span)
    expected.append(bytes)
    try outbox.flush(to: &link)
    while true {
      try inbox.fill(from: &link)
      guard let header = try inbox.next() else { break }
      let received = payload(of: inbox)
      #expect(header.block == UInt32(arrived) && received == expected[arrived])
      inbox.drop()
      arrived += 1
    }
  }
  while arrived < 300 {
    try outbox.flush(to: &link)
    try inbox.fill(from: &link)
    guard try inbox.next() != nil else { continue }
    let received = payload(of: inbox)
    #expect(received == expected[arrived])
    inbox.drop()
    arrived += 1
  }
  let isEmpty = outbox.isEmpty
  #expect(isEmpty)
}

/// Any single changed bit of a frame is refused or leaves the reader waiting; none gets through.
@Test func flippedBits_neverGetThrough() throws {
  var box = outbox()
  var link = PieceLink()
  box.append(box.nextHeader(.counts, block: 7, payloadBytes: 5), payload: [1, 2, 3, 4, 5].span)
  try box.flush(to: &link)
  let good = link.bytes
  for bit in 0..<(good.count * 8) {
    var bad = good
    bad[bit / 8] ^= 1 << UInt8(bit % 8)
    var inbox = inbox()
    var link = PieceLink(bytes: bad)
    try inbox.fill(from: &link)
    do throws(WireFault) {
      let header = try inbox.next()
      #expect(header == nil, "bit \(bit)")
    } catch {
      // Refused, as it should be.
    }
  }
}

@Test func inbox_refusesRepeatedFrames() throws {
  var box = outbox()
  var link = PieceLink()
  box.append(box.nextHeader(.abort, block: 1, payloadBytes: 1), payload: [0].span)
  try box.flush(to: &link)
  link.bytes += link.bytes
  var inbox = inbox()
  try inbox.fill(from: &link)
  _ = try inbox.next()
  inbox.drop()
  do throws(WireFault) {
    _ = try inbox.next()
    Issue.record("a repeated frame was accepted")
  } catch {
    #expect(error == .sequence(expected: 1, received: 0))
  }
}

@Test func variableIntegers_roundTripAndAreBounded() throws {
  for value: UInt32 in [0, 1, 127, 128, 300, 0x3fff, 0x4000, 0xf_ffff] {
    var buffer = PayloadBuffer(storage: Block.onHost(count: PayloadBuffer.capacityBytes))
    buffer.putVariable(value)
    let length = buffer.count
    var reader = ByteReader()
    let read = try reader.takeVariable(from: buffer.payload)
    #expect(read == value && reader.offset == length)
  }
  var reader = ByteReader()
  let endless = [UInt8](repeating: 0xff, count: 8)
  do throws(PayloadError) {
    _ = try reader.takeVariable(from: endless.span)
    Issue.record("an endless integer was accepted")
  } catch {
    #expect(error == .outOfRange)
  }
}

/// Rising values go through the payload as single variable integers do, and come back.
@Test(arguments: 0..<UInt64(50)) func rises_roundTripAndEqualSingleIntegers(seed: UInt64) throws {
  var random = SeededRandom(seed: seed)
  let start = UInt32(random.next() % 1000)
  var values: [UInt32] = []
  var expected = PayloadBuffer(storage: Block.onHost(count: PayloadBuffer.capacityBytes))
  var least = start
  for _ in 0..<Int(seed) {
    let rise = UInt32(random.next() >> (40 + random.next() % 24))
    expected.putVariable(rise)
    values.append(least + rise)
    least += rise + 1
  }
  var buffer = PayloadBuffer(storage: Block.onHost(count: PayloadBuffer.capacityBytes))
  buffer.putRises(values.span, from: start)
  let (length, wanted) = (buffer.count, expected.count)
  #expect(length == wanted)
  for i in 0..<min(length, wanted) {
    let (byte, single) = (buffer.payload[i], expected.payload[i])
    #expect(byte == single)
  }
  var reader = ByteReader()
  var read = [UInt32](repeating: 0, count: values.count)
  var room = read.mutableSpan
  let next = try reader.takeRises(values.count, from: buffer.payload, start: start, below: least + 1, into: &room)
  #expect(read == values && next == least && reader.offset == length)
}

/// The last value has to be below the limit, and every byte has to be there.
@Test func rises_behindTheLimitOrTheEnd_areRefused() throws {
  func outcome(_ bytes: [UInt8], below limit: UInt32) -> PayloadError? {
    var reader = ByteReader()
    var values = [UInt32](repeating: 0, count: 3)
    var room = values.mutableSpan
    do throws(PayloadError) {
      _ = try reader.takeRises(3, from: bytes.span, start: 10, below: limit, into: &room)
      return nil
    } catch {
      return error
    }
  }
  #expect(outcome([0, 1, 2], below: 16) == nil && outcome([0, 1, 2], below: 15) == .outOfRange)
  #expect(outcome([0, 1], below: 16) == .tooShort && outcome([0, 1, 0x80], below: 16) == .tooShort)
  #expect(outcome([0xff, 0xff, 0xff, 0xff, 0], below: .max) == .outOfRange)
}
