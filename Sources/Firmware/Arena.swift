import CArena
import Controller
import FixedStorage

/// The static blocks that have found their owner. A block lent twice would break the exclusive access of `Block`.
struct Arena: StorageSource, ~Copyable {
  private var taken: UInt64 = 0
  private let trace: TraceFile

  init(trace: TraceFile = TraceFile()) { self.trace = trace }

  mutating func block<Element: FixedWidthInteger & BitwiseCopyable>(
    _ name: StorageName, of element: Element.Type, count: Int
  ) -> Block<Element> {
    let block = take(ArenaBlock(name), of: element)
    precondition(block.count == count)
    return block
  }

  /// What the console has still to show; the controller does not know of it.
  mutating func screen() -> Block<UInt8> { take(.screen, of: UInt8.self) }

  /// Hands a static block to its only owner.
  private mutating func take<Element: BitwiseCopyable>(
    _ name: ArenaBlock, of element: Element.Type
  ) -> Block<Element> {
    let number = name.rawValue
    precondition(taken & 1 << UInt64(number) == 0)
    precondition(gimbal_arena_stride(number) == MemoryLayout<Element>.stride)
    taken |= 1 << UInt64(number)
    let count = Int(gimbal_arena_bytes(number)) / MemoryLayout<Element>.stride
    let mapped = unsafe name == .trace ? trace.start : nil
    guard let start = unsafe mapped ?? gimbal_arena_address(number) else { preconditionFailure() }
    // The memory is static or mapped for good, zeroed or of an earlier run, aligned to 64 and `count` elements long;
    // `taken` keeps it unshared.
    return unsafe Block(unsafeStart: start.bindMemory(to: element, capacity: count), count: count)
  }
}

extension ArenaBlock {
  /// The static block of each name; a name without a block does not compile.
  init(_ name: StorageName) {
    switch name {
    case .siftedPages: self = .siftedPages
    case .pageLinks: self = .pageLinks
    case .blockString: self = .blockString
    case .keptString: self = .keptString
    case .correctedTiles: self = .correctedTiles
    case .permutationBins: self = .permutationBins
    case .permutationLabels: self = .permutationLabels
    case .parityWords: self = .parityWords
    case .correctorWords: self = .correctorWords
    case .correctorAsked: self = .correctorAsked
    case .encoderWords: self = .encoderWords
    case .decoderMessages: self = .decoderMessages
    case .decoderWords: self = .decoderWords
    case .syndromes: self = .syndromes
    case .toeplitzSums: self = .toeplitzSums
    case .toeplitzArena: self = .toeplitzArena
    case .toeplitzSeed: self = .toeplitzSeed
    case .secretKey: self = .secretKey
    case .authenticationPool: self = .authenticationPool
    case .keyRing: self = .keyRing
    case .keyReplies: self = .keyReplies
    case .outbox: self = .outbox
    case .inbox: self = .inbox
    case .sessionPayload: self = .sessionPayload
    case .distillerPayload: self = .distillerPayload
    case .spiCommand: self = .spiCommand
    case .spiReply: self = .spiReply
    case .notes: self = .notes
    case .batchNotes: self = .batchNotes
    case .slots: self = .slots
    case .words: self = .words
    case .trace: self = .trace
    case .syncPattern: self = .syncPattern
    case .syncClicks: self = .syncClicks
    case .syncPowers: self = .syncPowers
    case .syncPositions: self = .syncPositions
    }
  }
}
