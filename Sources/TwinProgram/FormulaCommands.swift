import ArgumentParser
import Estimation

/// Which security credit a formula is asked for.
enum Model: String, ExpressibleByArgument, CaseIterable {
  case sixState = "six-state"
  case bb84
}

/// Asymptotic rates (theory.md sections 2.2 and 2.3).
struct Rate: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(abstract: "Print the asymptotic rate of single photons.")
  }

  @Option(help: "six-state or bb84.") var model: Model
  @Option(help: "Error rate of the sifted key, at least 0 and below 0.5.") var qber: Double
  @Option(help: "Block length of advantage distillation, 1...16; 1 is none.") var block = 1
  @Option(help: "Error correction over the Shannon limit, 1...1000.") var efficiency = 1.0

  func run() throws {
    guard qber >= 0, qber < 0.5 else { throw ValidationError("qber must be at least 0 and below 0.5") }
    guard (1...16).contains(block) else { throw ValidationError("block must be 1...16") }
    guard (1...1000).contains(efficiency) else { throw ValidationError("efficiency must be 1...1000") }
    let rate =
      switch model {
      case .sixState: PerPulse.secretBitsPerSiftedBit(qber: qber, block: block, efficiency: efficiency)
      case .bb84: PerBlock.secretBitsPerSiftedBit(qber: qber, block: block, efficiency: efficiency)
      }
    print("secret_bits_per_sifted_bit=\(max(0, rate))")
  }
}

/// The finite key length (finite-key.md sections 2, 3 and 5).
struct Length: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(abstract: "Print the key length of a block with these counts.")
  }

  @Option(help: "six-state (perPulse) or bb84 (perBlock).") var mode: Model
  @Option(help: "Sifted bits of signal, decoy and vacuum.") var sifted: Triple<UInt64>
  @Option(help: "Errors among them.") var errors: Triple<UInt64>
  @Option(help: "Mean photon numbers.") var mu: Triple<Double>
  @Option(help: "Probabilities, together 1.") var probabilities: Triple<Double>
  @Option(help: "Clicks on several axes; without them nothing is tagged.") var cross: Triple<UInt64>?
  @Option(help: "Block length of advantage distillation, 1...16; 1 is none.") var block = 1
  @Option(help: "Error correction over the Shannon limit, 1...1000.") var efficiency = 1.16
  @Option(help: "Largest share of an axis (six-state) or basis (bb84).") var axisMax: Double?
  @Flag(help: "Bounds for announcements on the way; the counts are taken as planned.") var streaming = false

  func run() throws {
    guard (1...16).contains(block) else { throw ValidationError("block must be 1...16") }
    guard (1...1000).contains(efficiency) else { throw ValidationError("efficiency must be 1...1000") }
    guard let settings = DecoySettings(means: triple(mu.values), shares: triple(probabilities.values)) else {
      throw ValidationError("mu must fall, with mu1 > mu2 + mu3, and probabilities be positive and sum to 1")
    }
    let counts = DecoyCounts(
      sifted: triple(sifted.values), errors: triple(errors.values), crossClicks: triple(cross?.values ?? [0, 0, 0]))
    guard counts.isConsistent else { throw ValidationError("more errors than sifted bits, or counts too large") }
    switch mode {
    case .sixState:
      let credit = axisMax.map { PerPulse(axisShareMax: $0) } ?? PerPulse()
      guard let credit else { throw ValidationError("axis-max must be at least 1/3 and below 1") }
      show(result(credit, settings, counts))
    case .bb84:
      let credit = axisMax.map { PerBlock(basisShareMax: $0) } ?? PerBlock()
      guard let credit else { throw ValidationError("axis-max must be at least 1/2 and below 1") }
      show(result(credit, settings, counts))
    }
  }

  private func result<Credit: SecurityCredit>(
    _ credit: Credit, _ settings: DecoySettings, _ counts: DecoyCounts
  ) -> KeyLengthResult {
    let axis = mode == .sixState ? max(axisMax ?? 0, 1.0 / 3) : 1.0 / 3
    let plan = KeyLengthPlan(
      credit: credit, settings: settings, block: block, tails: streaming ? .streaming(planned: counts) : .inversion,
      multiPhotonTag: cross == nil ? .absent : .crossClicks(axisShareMax: axis))
    return plan.result(for: counts, leakBits: counts.modelledLeakBits(block: block, efficiency: efficiency))
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

  private func triple<Value>(_ values: [Value]) -> [3 of Value] { [values[0], values[1], values[2]] }
}
