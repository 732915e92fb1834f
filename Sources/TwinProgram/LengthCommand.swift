import ArgumentParser
import Estimation

/// Numbers in rows: commas between the numbers of a row, colons between rows.
struct Rows<Value: LosslessStringConvertible & Sendable>: ExpressibleByArgument, Sendable {
  let rows: [[Value]]

  init?(argument: String) {
    var rows: [[Value]] = []
    for part in argument.split(separator: ":", omittingEmptySubsequences: false) {
      let texts = part.split(separator: ",", omittingEmptySubsequences: false)
      let values = texts.compactMap { Value(String($0)) }
      guard values.count == texts.count else { return nil }
      rows.append(values)
    }
    self.rows = rows
  }

  init(zeros count: Int, rows: Int) where Value: FixedWidthInteger {
    self.rows = [[Value]](repeating: [Value](repeating: 0, count: count), count: rows)
  }

  func hasShape(_ rowCount: Int, _ columns: Int) -> Bool {
    rows.count == rowCount && rows.allSatisfy { $0.count == columns }
  }

  var text: String {
    rows.map { row in row.map { "\($0)" }.joined(separator: ",") }.joined(separator: ":")
  }
}

/// What a key length rests on: the credit and where the phase errors are seen.
enum LengthMode: String, ExpressibleByArgument, CaseIterable {
  case sixState = "six-state"
  case bb84
  case perBlockGrouped = "perblock-grouped"
  case perBlockSplit = "perblock-split"
  case sixStateTested = "six-state-tested"
  case bb84Tested = "bb84-tested"

  /// Rows of counts: one, one for each 3-cycle, or one for each 3-cycle and logical basis.
  var rows: Int {
    switch self {
    case .sixState, .bb84, .sixStateTested, .bb84Tested: 1
    case .perBlockGrouped: 3
    case .perBlockSplit: 6
    }
  }
}

/// The finite key length (finite-key.md sections 2, 3 and 5).
struct Length: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      abstract: "Print the key length of a block with these counts.",
      discussion: """
        Counts are those of signal, decoy and vacuum: N1,N2,N3. perblock-grouped takes three such rows, one for each \
        3-cycle: N1,N2,N3:N1,N2,N3:N1,N2,N3. perblock-split takes six: Z and X of each 3-cycle in turn.
        """)
  }

  @Option(help: "six-state, bb84, perblock-grouped, perblock-split, six-state-tested or bb84-tested.")
  var mode: LengthMode
  @Option(help: "Sifted bits of signal, decoy and vacuum.") var sifted: Rows<UInt64>
  @Option(help: "Errors among them.") var errors: Rows<UInt64>
  @Option(help: "Mean photon numbers.") var mu: Rows<Double>
  @Option(help: "Probabilities, together 1.") var probabilities: Rows<Double>
  @Option(help: "Clicks on several axes; without them nothing is tagged.") var cross: Rows<UInt64>?
  @Option(help: "Disclosed X rounds of a tested mode.") var xSifted: Rows<UInt64>?
  @Option(help: "Errors among them.") var xErrors: Rows<UInt64>?
  @Option(help: "Disclosed Y rounds of six-state-tested.") var ySifted: Rows<UInt64>?
  @Option(help: "Errors among them.") var yErrors: Rows<UInt64>?
  @Option(help: "Tested and streaming: largest key/(key + test) share of rounds.") var keyShareMax: Double?
  @Option(help: "Block length of advantage distillation, 1...16; 1 is none.") var block = 1
  @Option(help: "Error correction over the Shannon limit, 1...1000.") var efficiency = 1.16
  @Option(help: "Largest share of an axis (six-state) or basis (bb84).") var axisMax: Double?
  @Option(help: "How far the key may be from secret.") var epsilonSecret = 1e-10
  @Option(help: "How often the keys may differ.") var epsilonCorrect = 1e-15
  @Flag(help: "Bounds for announcements on the way; the counts are taken as planned.") var streaming = false
  @Flag(help: "Two intensities, signal and decoy; six-state and bb84 only.") var oneDecoy = false
  @Flag(help: "perblock-grouped with block 1: the larger of grouped and pooled.") var orPooled = false

  func run() throws {
    try checkShapes()
    do throws(ParameterRefusal) {
      let result = try keyLength()
      if mode == .perBlockGrouped { print("way=\(result.way)") }
      show(result.bounds)
    } catch {
      throw ValidationError("\(error.condition): \(values(behind: error))")
    }
  }

  private func checkShapes() throws {
    let tested = mode == .sixStateTested || mode == .bb84Tested
    if oneDecoy && mode != .sixState && mode != .bb84 {
      throw ValidationError("one-decoy goes with six-state and bb84 only")
    }
    if orPooled && mode != .perBlockGrouped { throw ValidationError("or-pooled goes with perblock-grouped only") }
    if (xSifted != nil || xErrors != nil) != tested { throw ValidationError("x rounds go with tested modes, and only") }
    if (ySifted != nil || yErrors != nil) != (mode == .sixStateTested) {
      throw ValidationError("y rounds go with six-state-tested, and only")
    }
    if (keyShareMax != nil) != (tested && streaming) {
      throw ValidationError("key-share-max goes with tested modes that stream, and only")
    }
    if mode == .perBlockSplit && streaming { throw ValidationError("perblock-split cannot stream") }
    if (tested || mode == .perBlockSplit) && (cross != nil || axisMax != nil) {
      throw ValidationError("cross and axis-max go with pooled modes only")
    }
    let columns = oneDecoy ? 2 : 3
    let counts = [("sifted", sifted), ("errors", errors), ("cross", cross ?? sifted)]
    for (name, rows) in counts where !rows.hasShape(mode.rows, columns) {
      throw ValidationError("\(name) takes \(mode.rows) row(s) of \(columns) numbers: \(rows.text)")
    }
    for (name, rows) in [("x-sifted", xSifted), ("x-errors", xErrors), ("y-sifted", ySifted), ("y-errors", yErrors)] {
      let wanted = tested && (name.hasPrefix("x") || mode == .sixStateTested)
      guard wanted, !(rows?.hasShape(1, 3) ?? false) else { continue }
      throw ValidationError("\(name) takes 3 numbers: \(rows?.text ?? "none")")
    }
    for (name, rows) in [("mu", mu), ("probabilities", probabilities)] where !rows.hasShape(1, columns) {
      throw ValidationError("\(name) takes \(columns) numbers: \(rows.text)")
    }
  }

  private func values(behind refusal: ParameterRefusal) -> String {
    switch refusal {
    case .meanOutsideRange, .signalNotAboveDecoyPlusVacuum, .decoyNotAboveVacuum: "mu=\(mu.text)"
    case .shareNotPositive, .sharesNotSummingToOne: "probabilities=\(probabilities.text)"
    case .epsilonOutsideRange: "epsilon-secret=\(epsilonSecret) epsilon-correct=\(epsilonCorrect)"
    case .blockOutsideRange, .largerOfTwoPermutations: "block=\(block)"
    case .efficiencyOutsideRange: "efficiency=\(efficiency)"
    case .axisShareOutsideRange: keyShareMax.map { "key-share-max=\($0)" } ?? "axis-max=\(axisMax ?? 0)"
    case .countsInconsistent, .qberOutsideRange, .singleShareOutsideRange, .flipOutsideRange: countsText
    }
  }

  private var countsText: String {
    var text = "sifted=\(sifted.text) errors=\(errors.text)"
    let others = [
      ("cross", cross), ("x-sifted", xSifted), ("x-errors", xErrors), ("y-sifted", ySifted), ("y-errors", yErrors),
    ]
    for (name, rows) in others {
      if let rows { text += " \(name)=\(rows.text)" }
    }
    return text
  }

  private func show(_ result: KeyLengthResult) {
    print("s1=\(result.singlePhotons)")
    print("v=\(result.singlePhotonErrors)")
    print("ne=\(result.errorPatterns)")
    print("z0=\(result.phaseErrorBefore)")
    print("m0=\(result.goodBlocks)")
    print("p0=\(result.phaseErrorAfter)")
    print("leak=\(result.leakBits)")
    if let refusal = result.refusal { print("refusal=\(refusal)") }
    print("final_length=\(result.length)")
  }
}
