import Checksum
public import FixedStorage
public import Ports

/// Bytes from the peer, cut into checked frames. The peer may be anybody.
public struct Inbox: ~Copyable {
  public static var capacityBytes: Int { 1 << 16 }

  private var bytes: Block<UInt8>
  private var head = 0
  private var tail = 0
  private var sequence: UInt32 = 0
  private var current: FrameHeader?
  public private(set) var framesReceived: UInt64 = 0
  public private(set) var bytesReceived: UInt64 = 0

  public init(storage: consuming Block<UInt8>) {
    precondition(storage.count == Self.capacityBytes)
    bytes = storage
  }

  /// Takes what has arrived, as far as there is room.
  public mutating func fill(from link: inout some ClassicalLink & ~Copyable) throws(LinkError) {
    if head > 0 && tail > bytes.count / 2 { compact() }
    let free = tail..<bytes.count
    guard !free.isEmpty else { return }
    var room = bytes.mutableSpan
    var place = room._mutatingExtracting(free)
    let received = try link.receive(into: &place)
    precondition(received >= 0 && received <= free.count)
    tail += received
    bytesReceived += UInt64(received)
  }

  /// The header of the oldest complete frame, nil until one is there. Its payload stays lent until `drop()`.
  public mutating func next() throws(WireFault) -> FrameHeader? {
    if let current { return current }
    guard tail - head >= Frame.headerBytes else { return nil }
    let length = try checkHeader()
    guard tail - head >= Frame.headerBytes + length + Frame.trailerBytes else { return nil }
    let end = head + Frame.headerBytes + length
    let sent = UInt32(word(end)) << 16 | UInt32(word(end + 2))
    let computed = Checksum.crc32(bytes.span.extracting(head..<end))
    guard sent == computed else { throw .frameChecksum(sent: sent, computed: computed) }
    guard let type = MessageType(rawValue: bytes[head + 3]) else { throw .unknownType(bytes[head + 3]) }
    let received = UInt32(word(head + 8)) << 16 | UInt32(word(head + 10))
    guard received == sequence else { throw .sequence(expected: sequence, received: received) }
    let block = UInt32(word(head + 4)) << 16 | UInt32(word(head + 6))
    let header = FrameHeader(type: type, block: block, sequence: received, payloadBytes: length)
    current = header
    return header
  }

  /// The payload of the frame that `next()` returned.
  public var payload: Span<UInt8> {
    @_lifetime(borrow self) borrowing get {
      let length = current?.payloadBytes ?? 0
      return bytes.span.extracting((head + Frame.headerBytes)..<(head + Frame.headerBytes + length))
    }
  }

  /// Lets go of the frame that `next()` returned.
  public mutating func drop() {
    guard let header = current else { preconditionFailure("no frame to drop") }
    head += Frame.headerBytes + header.payloadBytes + Frame.trailerBytes
    current = nil
    sequence &+= 1
    framesReceived += 1
    if head == tail {
      head = 0
      tail = 0
    }
  }

  public mutating func reset() {
    head = 0
    tail = 0
    sequence = 0
    current = nil
  }

  private func checkHeader() throws(WireFault) -> Int {
    guard word(head) == Frame.magic else { throw .badMagic(word(head)) }
    guard bytes[head + 2] == Frame.version else { throw .badVersion(bytes[head + 2]) }
    let sent = word(head + 14)
    let computed = Checksum.crc16(bytes.span.extracting(head..<(head + 14)))
    guard sent == computed else { throw .headerChecksum(sent: sent, computed: computed) }
    let length = Int(word(head + 12))
    guard length <= Frame.payloadBytesMax else { throw .tooLong(length) }
    return length
  }

  private func word(_ place: Int) -> UInt16 { UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1]) }

  private mutating func compact() {
    bytes.move(head..<tail, to: 0)
    tail -= head
    head = 0
  }
}
