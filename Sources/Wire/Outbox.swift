import Checksum
public import FixedStorage
public import Ports

/// Frames on their way to the peer, in order. Full means that the caller has to wait, never that a frame is lost.
public struct Outbox: ~Copyable {
  public static var capacityBytes: Int { 1 << 18 }

  private var bytes: Block<UInt8>
  private var head = 0
  private var tail = 0
  private var sequence: UInt32 = 0
  public private(set) var framesSent: UInt64 = 0
  public private(set) var bytesSent: UInt64 = 0

  public init(storage: consuming Block<UInt8>) {
    precondition(storage.count == Self.capacityBytes)
    bytes = storage
  }

  /// Room for this many full frames. A check before composing, so that composing cannot fail.
  public func hasRoom(forFrames count: Int = 1) -> Bool {
    bytes.count - tail + head >= count * Frame.bytesMax
  }

  public var isEmpty: Bool { head == tail }

  /// The header that the next frame of this kind will carry; the transcript hashes it before it is sent.
  public func nextHeader(_ type: MessageType, block: UInt32, payloadBytes: Int) -> FrameHeader {
    FrameHeader(type: type, block: block, sequence: sequence, payloadBytes: payloadBytes)
  }

  public mutating func append(_ header: FrameHeader, payload: Span<UInt8>) {
    precondition(payload.count == header.payloadBytes && payload.count <= Frame.payloadBytesMax)
    precondition(header.sequence == sequence && hasRoom())
    compact()
    let start = tail
    var place = start
    var out = bytes.mutableSpan
    Self.put(Frame.magic, at: &place, in: &out)
    out[place] = Frame.version
    out[place + 1] = header.type.rawValue
    place += 2
    Self.put(header.block, at: &place, in: &out)
    Self.put(header.sequence, at: &place, in: &out)
    Self.put(UInt16(truncatingIfNeeded: payload.count), at: &place, in: &out)
    Self.put(Checksum.crc16(out.span.extracting(start..<place)), at: &place, in: &out)
    out.store(payload, at: place)
    place += payload.count
    Self.put(Checksum.crc32(out.span.extracting(start..<place)), at: &place, in: &out)
    tail = place
    sequence &+= 1
    framesSent += 1
  }

  /// Hands as much as the link takes to it.
  public mutating func flush(to link: inout some ClassicalLink & ~Copyable) throws(LinkError) {
    while head < tail {
      let sent = try link.send(bytes.span.extracting(head..<tail))
      precondition(sent >= 0 && sent <= tail - head)
      guard sent > 0 else { return }
      head += sent
      bytesSent += UInt64(sent)
    }
    head = 0
    tail = 0
  }

  /// Forgets what was not sent; a new session starts at sequence zero.
  public mutating func reset() {
    head = 0
    tail = 0
    sequence = 0
  }

  private mutating func compact() {
    guard head > 0, tail + Frame.bytesMax > bytes.count else { return }
    bytes.move(head..<tail, to: 0)
    tail -= head
    head = 0
  }

  private static func put(_ value: UInt16, at place: inout Int, in out: inout MutableSpan<UInt8>) {
    out[place] = UInt8(truncatingIfNeeded: value >> 8)
    out[place + 1] = UInt8(truncatingIfNeeded: value)
    place += 2
  }

  private static func put(_ value: UInt32, at place: inout Int, in out: inout MutableSpan<UInt8>) {
    put(UInt16(truncatingIfNeeded: value >> 16), at: &place, in: &out)
    put(UInt16(truncatingIfNeeded: value), at: &place, in: &out)
  }
}
