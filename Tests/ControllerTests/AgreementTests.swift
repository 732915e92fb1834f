import Controller
import LinkControl
import Testing
import Twin
import TwinRun
import Units

/// Another usable value of a field, nil where the field has only one.
private func change(_ field: ConfigurationField, in configuration: inout LinkConfiguration) -> UInt64? {
  let value: UInt64
  switch field {
  // One version is spoken, and a row of the policy brings its fields with it.
  case .protocolVersion, .policyRow: return nil
  case .epsilonCorrect: value = configuration[field] - 1
  default: value = configuration[field] + 1
  }
  guard configuration.set(field, to: value), configuration.unusableField() == nil else { return nil }
  return value
}

/// Whichever field differs, both sides refuse, both name it, and no light is sent.
@Test(arguments: 0..<ConfigurationField.count) func configuration_thatDiffersInOneField_isRefused(number: UInt8) throws
{
  let field = try #require(ConfigurationField(rawValue: number))
  var plan = plan()
  let own = plan.alice[field]
  guard let value = change(field, in: &plan.bob) else {
    #expect(field == .protocolVersion || field == .policyRow)
    return
  }
  for starter in [Role.alice, .bob] {
    var link = LinkRun(plan)
    let isUp = link.boot()
    if starter == .alice { link.alice.start() } else { link.bob.start() }
    link.run(ticksMax: 10)
    let ends = link.ends
    #expect(isUp && ends[0] == .configurationDiffers(field, own: own, peer: value))
    #expect(ends[1] == .configurationDiffers(field, own: value, peer: own))
    link.run(ticksMax: 300)
    let states = link.states
    let pulses = link.simulation.pulsesSent
    #expect(states == [.idle, .idle] && pulses == 0)
  }
}

@Test func fields_haveDifferentNamesAndAreAllCompared() {
  var names: Set<String> = []
  var compared = 0
  for number in 0..<ConfigurationField.count {
    guard let field = ConfigurationField(rawValue: number) else { continue }
    names.insert("\(field.name)")
    var configuration = LinkConfiguration()
    guard change(field, in: &configuration) != nil else { continue }
    #expect(configuration.firstDifference(from: LinkConfiguration()) == field)
    compared += 1
  }
  #expect(names.count == 20 && compared == 18)
}

/// A peer that never answers is given up after three attempts.
@Test func start_withoutAnAnswer_givesUp() {
  var plan = plan()
  // Bob's gateware is not there, so he never leaves his self-test well.
  plan.bobFaults = FaultPlan([.wrongIdentity(1)])
  var link = LinkRun(plan)
  link.run(ticksMax: 50)
  link.alice.start()
  link.run(ticksMax: 5900)
  let name = link.names[0]
  #expect(name == "acquiring")
  link.run(ticksMax: 200)
  let end = link.ends[0]
  let state = link.states[0]
  #expect(state == .idle && end == .peerSilent)
}

@Test func stop_whileAcquiring_staysStopped() {
  var link = LinkRun(plan())
  let isUp = link.boot()
  link.alice.start()
  link.step()
  link.alice.stop()
  link.run(ticksMax: 500)
  let states = link.states
  let pulses = link.simulation.pulsesSent
  #expect(isUp && states == [.idle, .idle] && pulses == 0)
}
