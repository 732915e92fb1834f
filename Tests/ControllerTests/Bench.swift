import Controller
import KeyStore
import LinkControl
import Optics
import Twin
import TwinRun
import Units

/// A plan for a quiet link on a table. One hundred frames are a second of light and some 200 000 sifted bits.
func plan(
  frames: UInt32 = 100, seed: UInt64 = 1, _ adjust: (inout LinkConfiguration) -> Void = { _ in }
) -> RunPlan {
  var configuration = LinkConfiguration()
  configuration.exchangeFrames = frames
  configuration.plannedSifted = max(1000, frames * 1200)
  configuration.plannedQber = PartsPerMillion(12_000)
  adjust(&configuration)
  let seconds = Double(UInt64(frames) * TimeBase.frameNs) * 1e-9
  return RunPlan(scenario: .bench, seconds: seconds, seed: seed, alice: configuration, bob: configuration)
}

extension LinkRun {
  var states: [ModuleState] { [alice.state, bob.state] }
  var names: [String] { ["\(alice.state.name)", "\(bob.state.name)"] }
  var ends: [SessionEnd] { [alice.lastEnd, bob.lastEnd] }
  /// Whether any laser may fire or any gate is open.
  var isLit: Bool { simulation.alice.isOpen || simulation.bob.isOpen }

  /// Lets ticks pass until `condition` holds; false if it never did within `ticksMax`.
  @discardableResult
  mutating func run(ticksMax: Int, until condition: (borrowing LinkRun) -> Bool = { _ in false }) -> Bool {
    for _ in 0..<ticksMax {
      step()
      if condition(self) { return true }
    }
    return false
  }

  /// Boots both modules.
  mutating func boot() -> Bool {
    run(ticksMax: 100) { $0.alice.state == .idle && $0.bob.state == .idle }
  }

  /// Boots both modules, starts Alice and waits for light.
  mutating func startExchange() -> Bool {
    guard boot() else { return false }
    alice.start()
    return run(ticksMax: 1000) { $0.simulation.alice.isOpen && $0.simulation.bob.isOpen }
  }

  /// Whether both come to rest in `idle`; they may agree on their keys then.
  mutating func runUntilIdle(ticksMax: Int = 30_000) -> Bool {
    guard run(ticksMax: ticksMax, until: { $0.alice.state == .idle && $0.bob.state == .idle }) else { return false }
    run(ticksMax: 20)
    return alice.state == .idle && bob.state == .idle
  }

  /// Every released key on either side, in order.
  mutating func deliverKeys() -> [[[UInt64]]] { [Self.keys(of: &alice), Self.keys(of: &bob)] }

  private static func keys<End: OpticalEnd & ~Copyable>(
    of module: inout Controller<End, TwinBoard>
  ) -> [[UInt64]] {
    var keys: [[UInt64]] = []
    while true {
      var key = [UInt64](repeating: 0, count: 4)
      var span = key.mutableSpan
      guard let id = module.takeKey(into: &span), module.sealKeys() else { return keys }
      keys.append(key + [id.epoch, UInt64(id.block), UInt64(id.index)])
    }
  }
}
