import RegisterMap
import Units

/// The stored registers of one gateware: what reads back, what was committed, and what is in effect.
struct RegisterBank {
  var faults: FaultPlan
  private var written: [UInt32]
  private var staged: [UInt32]?
  private var active: [UInt32]
  private(set) var commits: UInt32 = 0

  init(faults: FaultPlan) {
    self.faults = faults
    written = [UInt32](repeating: 0, count: 64)
    for i in FpgaMap.all.indices {
      let register = FpgaMap.all[i]
      written[Int(register.address) / 4] = faults.stick(register.reset, at: register.address)
    }
    active = written
  }

  /// What a read of the register returns, whether or not it is in effect yet.
  func stored(_ register: Register) -> UInt32 { written[Int(register.address) / 4] }

  /// What the gateware works with.
  func inEffect(_ register: Register) -> UInt32 {
    register.isShadow ? active[Int(register.address) / 4] : stored(register)
  }

  mutating func store(_ word: UInt32, in register: Register) {
    written[Int(register.address) / 4] = faults.stick(word & register.defined, at: register.address)
  }

  /// Takes the shadow registers as they stand; they take effect at the next frame boundary.
  mutating func commit() {
    staged = written
    commits = (commits + 1) & FpgaMap.CommitCount.count.valueMax
  }

  /// Returns whether a commit took effect.
  mutating func beginFrame() -> Bool {
    guard let staged else { return false }
    active = staged
    self.staged = nil
    return true
  }

  /// What the watchdog does: the run bit in effect falls, and also that of a commit on its way.
  mutating func stopRunning() {
    let index = Int(FpgaMap.control.address) / 4
    active[index] = FpgaMap.Control.run.insert(false, into: active[index])
    if let word = staged?[index] { staged?[index] = FpgaMap.Control.run.insert(false, into: word) }
  }
}
