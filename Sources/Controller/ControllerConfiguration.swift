import Console
import Distillation
import Drivers
import FixedStorage
import KeyStore
import LinkControl
import Ports
import Units

// The operator sets a candidate field by field and puts it into force as a whole: on the way from one configuration to
// another, single fields may contradict each other.
extension Controller where End: ~Copyable, Board: ~Copyable {
  /// What is in force.
  var running: ModuleConfiguration { ModuleConfiguration(configuration, settings) }

  /// One field with its condition, or all of them as lines that can be pasted back.
  func showConfiguration(_ name: Span<UInt8>, on terminal: inout Screen) { terminal.showConfiguration(name, running) }

  /// The configuration in short: what both modules must share, what waits, what a restart would find.
  mutating func showConfigurationState(on terminal: inout Screen) {
    // Looked up once a run: what the program began with may well be what was saved.
    if savedConfiguration == nil {
      do throws(LoadFault) { savedConfiguration = try readSaved() } catch { savedConfiguration = nil }
    }
    terminal.showState(candidate, running: running, isSaved: running == savedConfiguration, peerHash: peerHash)
  }

  mutating func set(_ name: Span<UInt8>, to word: Span<UInt8>, on terminal: inout Screen) {
    terminal.set(name, to: word, in: &candidate, running: running)
  }

  func showChanges(on terminal: inout Screen) { terminal.showChanges(candidate, running: running) }

  /// Everything or nothing. Between sessions only: what a key length depends on is fixed before the first pulse.
  mutating func applyChanges(on terminal: inout Screen) {
    guard candidate.differences(from: running) > 0 else { return terminal.print("nothing to apply\r\n") }
    do throws(ApplyRefusal) {
      try applyCandidate()
      terminal.print("applied\r\n")
    } catch {
      if case .notIdle = error { return refuse("apply", "only between sessions", on: &terminal) }
      terminal.tell(error, of: candidate.link)
    }
  }

  /// Puts the candidate into force, or says why not and changes nothing.
  mutating func applyCandidate() throws(ApplyRefusal) {
    guard case .idle = state, core.distiller.isIdle else { throw .notIdle }
    if let field = candidate.link.unusableField() { throw .unusable(field) }
    guard candidate.link.variant == configuration.variant else { throw .variant }
    guard candidate.own.keepsKeysAsLong(as: settings) || asking == .secure else { throw .shorterKeys }
    configuration = candidate.link
    let lossBefore = settings.loss
    settings = candidate.own
    core.keys.lifetime = settings.keyLifetime
    policyReason = .configured
    core.distiller.adopt(configuration.plan())
    if settings.loss != lossBefore { noteLossSet() }
    do throws(DriverFault) {
      try end.setLight(configuration)
      try end.setTiming(settings)
      try setAttenuator()
    } catch {
      fail(error)
      throw .device
    }
    trace(.applied(configuration.hash))
  }

  mutating func discardChanges(on terminal: inout Screen) {
    candidate = running
    terminal.print("forgotten\r\n")
  }

  mutating func setDefaults(on terminal: inout Screen) {
    candidate = ModuleConfiguration()
    showChanges(on: &terminal)
  }
}

/// Why a candidate is not put into force.
enum ApplyRefusal: Error {
  /// A session or its last block is under way, or the module is at fault.
  case notIdle
  case unusable(ConfigurationField)
  case variant
  /// Keys would be erased sooner, and the console may not destroy any.
  case shorterKeys
  /// The gateware did not take it: the module is in the fault state.
  case device
}

extension ConfigurationField {
  /// The field of a number below `count`.
  static func numbered(_ number: UInt8) -> ConfigurationField {
    guard let field = ConfigurationField(rawValue: number) else { preconditionFailure("fields have no gaps") }
    return field
  }

  public var unit: StaticString {
    switch self {
    case .meanSignal, .meanDecoy, .meanVacuum: "millionths of a photon"
    case .shareSignal, .shareDecoy: "of 65536 pulses"
    case .blockBits, .plannedSifted: "sifted bits"
    case .exchangeFrames: "frames"
    case .axisShareMax, .plannedQber, .plannedCross, .plannedVacuum: "ppm"
    case .epsilonSecret, .epsilonCorrect: "for 10^-N"
    case .adBlock: "bits a group"
    case .protocolVersion, .linkId, .variant, .policyRow, .reconciliation: ""
    }
  }
}
