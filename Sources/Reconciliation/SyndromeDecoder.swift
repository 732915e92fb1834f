import CMath
public import FixedStorage
public import Units

/// Bob's end of the few-message family: finds the errors of his tile from the syndrome of Alice's.
///
/// Layered belief propagation on the error pattern, in bytes. Call `begin` and then `step` until it says that the tile
/// is decoded or that it is stuck; after more of the stream has arrived, `resume` tries again with all of it. A
/// decoded tile agrees with all of the syndrome that was given and may still differ from Alice's: that is for
/// confirmation to find. The time depends on the errors, which are counted as public, and not on the key.
///
/// Documentation/Protocol/Codes.md has the rule and where it comes from.
public struct SyndromeDecoder: ~Copyable {
  public enum Step: Equatable, Sendable {
    /// Call `step` again.
    case working
    /// All parities agree; so many bits were flipped.
    case decoded(errors: Int)
    /// The errors were not found. So many checks still disagree: more of the syndrome is needed, or another way.
    case stuck(contradicted: Int)
  }

  /// `Int8` elements of `messages`, and `UInt64` elements of `words`, enough for the largest tile.
  public static var byteCount: Int { messagesAt + ParityCheckCode.entriesMax * TileCode.liftingMax }
  public static var wordCount: Int { planAt + ParityCheckCode.entriesMax }

  /// A column with the copy of its first lanes.
  private static var columnBytesMax: Int { TileCode.liftingMax + TileCode.liftingStep }
  private static var scratchAt: Int { ParityCheckCode.columns * columnBytesMax }
  private static var messagesAt: Int { scratchAt + ParityCheckCode.rowEntriesMax * TileCode.liftingStep }
  private static var tileAt: Int { ParityRows.wordCount }
  private static var targetsAt: Int { tileAt + TileCode.tileBitsMax / 64 }
  /// The parities of first halves stand behind those of the rows, or of second halves where a row is split.
  private static var halvesAt: Int { targetsAt + ParityCheckCode.rowsMax * ParityRows.rowWords }
  private static var planAt: Int { halvesAt + ParityCheckCode.rowsMax * ParityRows.rowWords }
  /// Updates of messages that one call of `step` makes at most, one row more or less.
  private static var updatesPerStep: Int { 1 << 18 }
  /// Without a lower count of contradicted checks for so many iterations the decoder gives up.
  private static var patience: Int { 12 }

  private var rows: ParityRows
  private var bytes: Block<Int8>
  private var code = TileCode(code: 0, lifting: 64, bits: 1)
  /// Lanes of all rows, one after the other, whose check is split.
  private var splitLanes = 0
  private var prior: Int8 = 0
  private var outcome = Step.stuck(contradicted: 0)
  private var row = 0
  private var contradicted = 0
  private var fewest = Int.max
  private var fewestAt = 0
  /// Iterations made since `begin` or `resume`.
  public private(set) var iterations = 0
  /// Iterations after which the decoder gives up.
  public var iterationsMax = 60

  /// The blocks must have at least `byteCount` and `wordCount` elements.
  public init(messages: consuming Block<Int8>, words: consuming Block<UInt64>) {
    precondition(words.count >= Self.wordCount && messages.count >= Self.byteCount)
    rows = ParityRows(words: words)
    bytes = messages
  }

  /// Erases the tile and everything derived from it.
  public mutating func wipe() {
    rows.wipe()
    bytes.wipe()
    outcome = .stuck(contradicted: 0)
    splitLanes = 0
  }

  /// Takes a copy of the tile and starts anew. `syndrome` holds the first `bits` bits of Alice's stream, at least
  /// `code.baseBits`, a multiple of 32; the part that splits rows takes effect 64 bits at a time.
  public mutating func begin(
    tile: Span<UInt64>, code: TileCode, qber: PartsPerMillion, syndrome: Span<UInt64>, bits: Int
  ) {
    checkStream(of: code, syndrome, bits: bits)
    self.code = code
    splitLanes = (bits - code.baseBits) / 64 * 64
    for i in 0..<Bits.words(for: code.bits) { rows.words[Self.tileAt + i] = tile[i] }
    rows.load(tile, of: code)
    takeTargets(syndrome, lanes: 0..<code.baseBits)
    let q = min(max(qber.value, 1e-4), 0.25)
    prior = Int8(min(127, log((1 - q) / q) * unitsPerNat + 0.5))
    lay(of: code)
    restart()
  }

  /// Tries again with more of the same stream. Beliefs that went astray would not come back: all begin anew.
  public mutating func resume(syndrome: Span<UInt64>, bits: Int) {
    guard let code else { preconditionFailure("nothing was begun") }
    checkStream(of: code, syndrome, bits: bits)
    let before = splitLanes
    let after = (bits - code.baseBits) / 64 * 64
    precondition(after >= before)
    rows.load(wordsAt: Self.tileAt, of: code)
    splitLanes = after
    takeTargets(syndrome, lanes: before..<after)
    lay(of: code)
    restart()
  }

  private func checkStream(of code: TileCode, _ syndrome: Span<UInt64>, bits: Int) {
    precondition(bits >= code.baseBits && bits <= code.syndromeBitsMax && bits % 32 == 0)
    precondition(syndrome.count >= Bits.words(for: bits))
  }

  private mutating func restart() {
    iterations = 0
    row = 0
    contradicted = 0
    fewest = .max
    fewestAt = 0
    outcome = .working
  }

  /// The priors, no messages, and where each entry finds its column.
  private mutating func lay(of code: TileCode) {
    let base = ParityCheckCode(code.code)
    let columnBytes = code.lifting + TileCode.liftingStep
    for column in 0..<ParityCheckCode.columns {
      for lane in 0..<columnBytes {
        // What fills the tile up is known to be right.
        let isInside = column * code.lifting + lane % code.lifting < code.bits
        bytes[column * columnBytes + lane] = isInside ? prior : 127
      }
    }
    let entries = base.entries(row: 0).lowerBound..<base.entries(row: base.rows - 1).upperBound
    bytes.clear(Self.messagesAt..<Self.messagesAt + entries.count * code.lifting)
    for entry in entries {
      let turn = UInt64(ParityCheckCode.shift(entry: entry, lifting: code.lifting))
      let start = UInt64(ParityCheckCode.column(entry: entry) * columnBytes)
      rows.words[Self.planAt + entry - entries.lowerBound] = turn << 32 | start
    }
  }

  /// Stores the difference of Alice's and the tile's own syndrome, of these lanes of all rows. A second half is the
  /// whole row less the first half.
  private mutating func takeTargets(_ syndrome: Span<UInt64>, lanes: Range<Int>) {
    guard let code, !lanes.isEmpty else { return }
    let base = ParityCheckCode(code.code)
    let laneWords = code.lifting / 64
    for row in lanes.lowerBound / code.lifting...(lanes.upperBound - 1) / code.lifting {
      let entries = base.entries(row: row)
      let half = entries.lowerBound..<entries.lowerBound + ParityCheckCode.firstHalf(of: entries.count)
      let whole = rows.checks(entries: entries)
      let first = rows.checks(entries: half)
      for word in 0..<laneWords where lanes.contains(64 * (row * laneWords + word)) {
        let at = row * laneWords + word
        var target = whole[word] ^ syndrome[at]
        if at * 64 < splitLanes {
          let part = first[word] ^ syndrome[base.rows * laneWords + at]
          target ^= part
          rows.words[Self.halvesAt + at] = part
        }
        rows.words[Self.targetsAt + at] = target
      }
    }
  }

  private static func part(_ edges: Range<Int>, _ lanes: Range<Int>, of code: TileCode) -> CheckPart {
    CheckPart(
      lanes: code.lifting, range: lanes, messages: Self.messagesAt + edges.lowerBound * code.lifting,
      scratch: Self.scratchAt)
  }

  // MARK: Iterations

  /// Some rows of an iteration. Bounded work.
  public mutating func step() -> Step {
    guard case .working = outcome, let code else { return outcome }
    let base = ParityCheckCode(code.code)
    let firstEntry = base.entries(row: 0).lowerBound
    var updates = 0
    while row < base.rows, updates < Self.updatesPerStep {
      let entries = base.entries(row: row)
      update(entries.lowerBound - firstEntry..<entries.upperBound - firstEntry, of: code)
      updates += entries.count * code.lifting
      row += 1
    }
    if row == base.rows { endIteration(of: code) }
    return outcome
  }

  private mutating func update(_ edges: Range<Int>, of code: TileCode) {
    let split = min(max(splitLanes - row * code.lifting, 0), code.lifting)
    let half = edges.lowerBound + ParityCheckCode.firstHalf(of: edges.count)
    update(edges.lowerBound..<half, 0..<split, targets: Self.halvesAt, of: code)
    update(half..<edges.upperBound, 0..<split, targets: Self.targetsAt, of: code)
    update(edges, split..<code.lifting, targets: Self.targetsAt, of: code)
  }

  private mutating func update(_ edges: Range<Int>, _ lanes: Range<Int>, targets: Int, of code: TileCode) {
    guard !lanes.isEmpty else { return }
    let laneWords = code.lifting / 64
    let words = targets + row * laneWords..<targets + (row + 1) * laneWords
    contradicted += Self.update(Self.part(edges, lanes, of: code), edges, targets: words, of: rows, &bytes)
  }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func update(
    _ part: CheckPart, _ edges: Range<Int>, targets: Range<Int>, of rows: borrowing ParityRows,
    _ bytes: inout Block<Int8>
  ) -> Int {
    let words = rows.words.span
    let plan = words.extracting(planAt + edges.lowerBound..<planAt + edges.upperBound)
    return bytes.updateChecks(part, plan: plan, targets: words.extracting(targets))
  }

  private mutating func endIteration(of code: TileCode) {
    iterations += 1
    row = 0
    if contradicted < fewest - fewest / 128 {
      fewest = contradicted
      fewestAt = iterations
    }
    let found = contradicted
    contradicted = 0
    // Most errors are found before it pays to look closely.
    if found * 32 <= code.baseBits, isSolved(code) {
      outcome = .decoded(errors: flip())
    } else if iterations >= iterationsMax || iterations - fewestAt >= Self.patience {
      outcome = .stuck(contradicted: found)
    }
  }

  // MARK: Decision

  /// Whether the hard decisions satisfy every check. They are left in the columns of `rows`.
  private mutating func isSolved(_ code: TileCode) -> Bool {
    decide(code)
    let base = ParityCheckCode(code.code)
    for row in 0..<base.rows where !isSolved(row: row, entries: base.entries(row: row), of: code) { return false }
    return true
  }

  private mutating func decide(_ code: TileCode) {
    let laneWords = code.lifting / 64
    rows.begin(lifting: code.lifting)
    for column in 0..<ParityCheckCode.columns {
      let start = column * (code.lifting + TileCode.liftingStep)
      for word in 0..<laneWords { rows.set(column: column, word: word, to: bytes.signs(from: start + 64 * word)) }
    }
  }

  private func isSolved(row: Int, entries: Range<Int>, of code: TileCode) -> Bool {
    let laneWords = code.lifting / 64
    let half = entries.lowerBound + ParityCheckCode.firstHalf(of: entries.count)
    let first = rows.checks(entries: entries.lowerBound..<half)
    let second = rows.checks(entries: half..<entries.upperBound)
    var wrong: UInt64 = 0
    for word in 0..<laneWords {
      let at = row * laneWords + word
      let target = rows.words[Self.targetsAt + at]
      if at * 64 < splitLanes {
        wrong |= first[word] ^ rows.words[Self.halvesAt + at] | second[word] ^ target
      } else {
        wrong |= first[word] ^ second[word] ^ target
      }
    }
    return wrong == 0
  }

  /// Flips in the tile what the decoder holds for errors although checks disagree: a stuck tile has few left, mostly.
  public mutating func flipDoubtful() -> Int {
    guard case .stuck = outcome, let code else { return 0 }
    decide(code)
    return flip()
  }

  /// Flips the decided errors in the tile and counts them.
  private mutating func flip() -> Int {
    guard let code else { return 0 }
    let laneWords = code.lifting / 64
    var count = 0
    for word in 0..<Bits.words(for: code.bits) {
      let mask: UInt64 = code.bits - word * 64 >= 64 ? .max : (1 << UInt64(code.bits - word * 64)) - 1
      let pattern = rows.word(column: word / laneWords, word: word % laneWords) & mask
      rows.words[Self.tileAt + word] ^= pattern
      count += pattern.nonzeroBitCount
    }
    return count
  }

  /// The tile with the decoded errors flipped; before, as it was given. Bits beyond its length are as they were given.
  public var corrected: Span<UInt64> {
    @_lifetime(borrow self)
    borrowing get { rows.words.span.extracting(Self.tileAt..<Self.tileAt + TileCode.tileBitsMax / 64) }
  }
}

/// Log-likelihood ratios are in sixths: coarser loses, and finer lets columns of many entries saturate and go astray.
private var unitsPerNat: Double { 6 }
