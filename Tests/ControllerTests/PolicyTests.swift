import Controller
import LinkControl
import Testing
import TwinRun
import Units

private func isLit(_ state: ModuleState) -> Bool {
  if case .exchanging = state { return true }
  return false
}

/// Modules that both follow the policy meet in Alice's row, whoever starts; the light is that of the row.
@Test(arguments: [Role.alice, .bob]) func policy_rowsThatDiffer_becomeThatOfAlice(starter: Role) {
  var plan = plan()
  plan.alice.follow(row: 1)
  plan.bob.follow(row: 0)
  var link = LinkRun(plan)
  let isUp = link.boot()
  if starter == .alice { link.alice.start() } else { link.bob.start() }
  link.run(ticksMax: 1000)
  let states = link.states
  let ends = link.ends
  #expect(isUp && isLit(states[0]) && isLit(states[1]), "\(states) \(ends)")
  #expect(link.bob.configuration == link.alice.configuration && link.bob.configuration.policyRow == 1)
  #expect(link.bob.policyReason == .peer && link.alice.policyReason == .configured)
}

/// A row and settings made by hand do not meet: the field that differs is named.
@Test func policy_againstSettingsByHand_isRefused() {
  var plan = plan()
  plan.alice.follow(row: 1)
  var link = LinkRun(plan)
  let isUp = link.boot()
  link.alice.start()
  link.run(ticksMax: 100)
  let ends = link.ends
  let states = link.states
  #expect(isUp && states == [.idle, .idle])
  #expect(ends.allSatisfy { if case .configurationDiffers = $0 { true } else { false } })
}

@Test func settings_afterARow_leaveThePolicy() {
  var configuration = LinkConfiguration()
  let taken = configuration.set(.policyRow, to: 3)
  let row = configuration.policyRow
  let kept = configuration.set(.blockBits, to: 1 << 22)
  let stillRow = configuration.policyRow
  let changed = configuration.set(.meanSignal, to: 400_000)
  let manual = configuration.policyRow
  let none = configuration.set(.policyRow, to: 60_000)
  #expect(taken && kept && changed && !none)
  #expect(row == 3 && stillRow == 3 && manual == LinkConfiguration.manualRow)
  #expect(configuration.unusableField() == nil)
}
