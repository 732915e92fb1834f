/// Tiles that are reconciled side by side, so that their round trips overlap, and confirmed with one exchange.
struct TileBatch {
  /// Tiles of one batch.
  static let tilesMax = 8

  /// Number of the first tile in the block.
  var first = 0
  var count = 0
  var tiles: [8 of TileProgress] = .init(repeating: TileProgress())
  /// Tiles are worked on in turn.
  var turn = 0
  /// How often hashes of the batch were compared.
  var rounds = 0
  /// Groups of tiles whose hashes were not yet found equal, a bit each.
  var openGroups: UInt16 = 0
  /// Confirmed tiles that were stored, and the errors they had.
  var stored = 0
  var errors: UInt64 = 0

  /// Begins a batch in groups of `groupTiles` tiles that share a confirmation.
  mutating func begin(first: Int, count: Int, groupTiles: Int) {
    precondition(count >= 1 && count <= Self.tilesMax)
    self = TileBatch()
    self.first = first
    self.count = count
    openGroups = UInt16(truncatingIfNeeded: 1 << ((count + groupTiles - 1) / groupTiles) - 1)
  }

  /// The place of a tile in the batch.
  func place(of tile: Int) -> Int? { tile >= first && tile < first + count ? tile - first : nil }

  var isCorrected: Bool {
    for place in 0..<count where tiles[place].stage != .corrected { return false }
    return true
  }

  /// Message exchanges that followed one another: those of the slowest tile.
  var exchanges: Int {
    var most = 0
    for place in 0..<count where tiles[place].exchanges > most { most = tiles[place].exchanges }
    return most
  }

  /// The tiles of a group, by place.
  func places(ofGroup group: Int, of groupTiles: Int) -> Range<Int> {
    group * groupTiles..<min(count, (group + 1) * groupTiles)
  }
}

/// How far Bob is with one tile.
struct TileProgress {
  enum Stage: Equatable {
    case untouched
    /// A request has to be made.
    case asking
    /// A reply is due.
    case waiting
    /// The corrected tile is put aside until its confirmation.
    case corrected
  }

  var stage = Stage.untouched
  /// Requests and replies that followed one another.
  var exchanges = 0
  /// The public seed of the permutations.
  var seed: UInt64 = 0
}

/// What Alice keeps of the batch that Bob asks about.
struct AnsweredBatch {
  var first = 0
  /// Tiles that were hashed for Bob; none before the first hash.
  var hashed = 0
  var rounds = 0
  /// The seed of the open permutations of each tile, and how often they were opened.
  var seeds: [8 of UInt64] = .init(repeating: 0)
  var openings: [8 of Int] = .init(repeating: 0)
}
