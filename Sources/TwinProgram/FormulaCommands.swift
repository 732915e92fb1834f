import ArgumentParser
import Estimation

/// Which security credit an asymptotic rate is asked for.
enum Model: String, ExpressibleByArgument, CaseIterable {
  case sixState = "six-state"
  case bb84
}

/// Asymptotic rates (theory.md sections 2.2, 2.3 and 2.5).
struct Rate: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(abstract: "Print the asymptotic rate; single photons unless stated otherwise.")
  }

  @Option(help: "six-state or bb84.") var model: Model
  @Option(help: "Error rate of the sifted key, at least 0 and below 0.5.") var qber: Double
  @Option(help: "Block length of advantage distillation, 1...16; 1 is none.") var block = 1
  @Option(help: "Error correction over the Shannon limit, 1...1000.") var efficiency = 1.0
  @Option(help: "Probability with which Alice flips a kept bit; no key length knows it.") var preprocessing: Double?
  @Option(help: "Share of single photons among the sifted bits.") var singleShare: Double?
  @Option(help: "Error rate of single photons; that of the key without it.") var singleQber: Double?

  func run() throws {
    guard preprocessing == nil || (singleShare ?? singleQber) == nil else {
      throw ValidationError("preprocessing goes with single photons only")
    }
    let conditions: RateConditions
    do throws(ParameterRefusal) {
      conditions = try .checked(qber: qber, block: block, efficiency: efficiency, light: light)
    } catch {
      throw ValidationError("\(error.condition): \(values(behind: error))")
    }
    let rate =
      switch model {
      case .sixState: PerPulse.secretBitsPerSiftedBit(conditions)
      case .bb84: PerBlock.secretBitsPerSiftedBit(conditions)
      }
    print("secret_bits_per_sifted_bit=\(max(0, rate))")
  }

  private var light: RateConditions.Light {
    if let preprocessing { return .preprocessed(flip: preprocessing) }
    guard singleShare != nil || singleQber != nil else { return .singlePhotons }
    return .weakPulses(singleShare: singleShare ?? 1, singleQber: singleQber ?? qber)
  }

  private func values(behind refusal: ParameterRefusal) -> String {
    switch refusal {
    case .blockOutsideRange: "block=\(block)"
    case .efficiencyOutsideRange: "efficiency=\(efficiency)"
    case .flipOutsideRange: "preprocessing=\(preprocessing ?? 0)"
    case .singleShareOutsideRange: "single-share=\(singleShare ?? 1)"
    default: "qber=\(qber)" + (singleQber.map { " single-qber=\($0)" } ?? "")
    }
  }
}
