import FixedStorage
import HostStorage
import Ports
import Testing
import Wire

/// Bytes on their way.
private struct ByteLink: ClassicalLink, ~Copyable {
  var bytes: [UInt8] = []

  mutating func send(_ sent: Span<UInt8>) throws(LinkError) -> Int {
    for i in sent.indices { bytes.append(sent[i]) }
    return sent.count
  }

  mutating func receive(into room: inout MutableSpan<UInt8>) throws(LinkError) -> Int {
    let count = min(room.count, bytes.count)
    for i in 0..<count { room[i] = bytes[i] }
    bytes.removeFirst(count)
    return count
  }
}

private func payload(of inbox: borrowing Inbox) -> [UInt8] {
  let span = inbox.payload
  return span.indices.map { span[$0] }
}

/// A stream of frames that was bent anywhere: what comes out before the first fault is what was sent, in order.
@Test(arguments: fuzzSeeds(300)) func stream_bentAnywhere_givesOnlyWhatWasSent(seed: UInt64) throws {
  var random = SeededRandom(seed: seed)
  var outbox = Outbox(storage: .onHost(count: Outbox.capacityBytes))
  var link = ByteLink()
  var sent: [[UInt8]] = []
  for block in 0..<UInt32.random(in: 1...6, using: &random) {
    let length = Int.random(in: 0...300, using: &random)
    let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
    outbox.append(outbox.nextHeader(.seed, block: block, payloadBytes: length), payload: bytes.span)
    sent.append(bytes)
  }
  try outbox.flush(to: &link)
  link.bytes = random.bent(link.bytes, bytesMax: Inbox.capacityBytes)
  var inbox = Inbox(storage: .onHost(count: Inbox.capacityBytes))
  try inbox.fill(from: &link)
  var arrived: [[UInt8]] = []
  do throws(WireFault) {
    while let header = try inbox.next() {
      arrived.append(payload(of: inbox))
      inbox.drop()
      #expect(header.payloadBytes == arrived.last?.count)
    }
  } catch {}
  #expect(arrived.count <= sent.count && arrived == Array(sent.prefix(arrived.count)))
}

/// Integers of variable length and bit fields from any bytes: either a value within its bound or a refusal.
@Test(arguments: fuzzSeeds(200)) func readers_ofAnyBytes_stayInside(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let bytes = random.bent([0x80, 0x80, 0x01, 0xff, 0x7f], bytesMax: 40)
  var reader = ByteReader()
  var taken = 0
  do throws(PayloadError) {
    while taken < 100 {
      _ = try reader.takeVariable(from: bytes.span)
      taken += 1
    }
  } catch {}
  #expect(reader.offset <= bytes.count && taken <= bytes.count)
  var bits = BitReader(at: 0)
  var read = 0
  do throws(PayloadError) {
    while read < 1000 {
      let count = Int.random(in: 1...16, using: &random)
      let value = try bits.take(bits: count, from: bytes.span)
      read += count
      #expect(value >> UInt64(count) == 0)
    }
  } catch {}
  #expect(read <= 8 * bytes.count)
}
