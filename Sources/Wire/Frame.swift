/// What a frame on the classical link says. The byte layouts are in Documentation/Protocol.md.
public enum MessageType: UInt8, Sendable {
  // Session.
  case hello = 1
  case refuse = 3
  case window = 4
  case windowSet = 5
  case stop = 6
  case drained = 7
  /// About the keys of a finished block, in a session or outside of one.
  case held = 8
  /// Which frames Bob wants the public pattern in, and Alice's answer.
  case pattern = 9
  case patternSet = 10
  // Sifting, every batch of a block.
  case detections = 16
  case choices = 17
  case sifted = 18
  // Distillation, once a block is complete.
  case close = 19
  case closed = 20
  case parityRequest = 21
  case parityReply = 22
  case reconciled = 23
  case confirm = 24
  case counts = 25
  case length = 26
  case seed = 27
  case tag = 28
  case abort = 29
  case permutation = 30
  case loaded = 31
  case parities = 32
  case accepted = 33
  case rejected = 34
  case seedTaken = 35
  /// Sifting: Alice's bits of the events of a batch that gave no key, told if Bob asked for them.
  case told = 36
}

/// The fixed part in front of every payload.
public struct FrameHeader: Equatable, Sendable {
  public let type: MessageType
  /// The block that the message belongs to or tells of; zero for other messages of the session.
  public let block: UInt32
  /// Counts the frames of one direction of one session from zero.
  public let sequence: UInt32
  public let payloadBytes: Int

  public init(type: MessageType, block: UInt32, sequence: UInt32, payloadBytes: Int) {
    self.type = type
    self.block = block
    self.sequence = sequence
    self.payloadBytes = payloadBytes
  }
}

/// Sizes of the frame format.
public enum Frame {
  public static var magic: UInt16 { 0x4751 }
  public static var version: UInt8 { 6 }
  public static var headerBytes: Int { 16 }
  public static var trailerBytes: Int { 4 }
  public static var payloadBytesMax: Int { 4160 }
  public static var bytesMax: Int { headerBytes + payloadBytesMax + trailerBytes }
}

/// Why the bytes of the peer make no frame. The stream cannot be trusted past such a place.
public enum WireFault: Error, Equatable, Sendable {
  case badMagic(UInt16)
  case badVersion(UInt8)
  case headerChecksum(sent: UInt16, computed: UInt16)
  case frameChecksum(sent: UInt32, computed: UInt32)
  case unknownType(UInt8)
  case tooLong(Int)
  /// A frame is missing, repeated or out of order.
  case sequence(expected: UInt32, received: UInt32)
}
