import CMath
import FixedStorage
import Reconciliation

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
    /// The syndrome is here and the decoder is not at it yet.
    case complete
    case decoding
    /// The tile before it is under way with a syndrome of both.
    case joined
    /// The corrected tile is put aside until its confirmation.
    case corrected
  }

  var stage = Stage.untouched
  /// Requests and replies that followed one another.
  var exchanges = 0
  /// The public seed of Cascade's permutations.
  var seed: UInt64 = 0
  /// The code of the syndrome, and how many tiles from this one on it covers; nil in Cascade.
  var code: TileCode?
  var tiles = 1
  /// Bits of the syndrome that are wanted, asked for and here.
  var wanted = 0
  var asked = 0
  var held = 0
  var topUps = 0
  /// Whether the hashes of the tile differed once: Cascade it is, then.
  var isRetried = false
  /// Bits about the tile, and about those that share its syndrome, that Alice told.
  var parities = 0
  /// Errors that were found.
  var errors = 0

  /// Begins anew, by Cascade. What was told stays told.
  mutating func retry() {
    let before = self
    self = TileProgress()
    isRetried = true
    exchanges = before.exchanges
    tiles = before.tiles
    parities = before.parities
  }
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
  /// Syndrome bits told of each tile, and of those that share its syndrome.
  var told: [8 of Int] = .init(repeating: 0)
}

/// The families of requests, as the byte behind the tile's number says.
enum RequestFamily {
  static let cascade: UInt8 = 0
  static let syndrome: UInt8 = 1
}

/// Bits that Alice must have told about a tile of `bits` bits with `errors` errors: the logarithm of the number of such
/// error patterns, less 40, since a code can be lucky, but not by more. Below it an account is wrong.
///
/// C(n, k) >= sqrt(n / (8 k (n - k))) 2^(n h(k / n)): MacWilliams, Sloane, The theory of error-correcting codes,
/// chapter 10, lemma 7 (established).
func leastParities(bits: Int, errors: Int) -> Int {
  guard errors > 0, errors < bits else { return 0 }
  let (n, k) = (Double(bits), Double(errors))
  let nats = -k * log(k / n) - (n - k) * log1p(-k / n) + log(n / (8 * k * (n - k))) / 2
  return max(0, Int(nats / log(2)) - 40)
}
