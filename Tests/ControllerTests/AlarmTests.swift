import Controller
import Health
import LinkControl
import Testing
import Twin
import TwinRun
import Units

/// An alarm becomes active with its cause, is latched behind it, and is cleared by the operator only.
@Test func alarm_ofAnOpenInterlock_isLatchedUntilCleared() {
  var link = booted()
  link.run(ticksMax: 300)
  let before = answer("alarm", of: &link.alice)
  link.simulation.fpga(of: .alice).isInterlockClosed = false
  link.run(ticksMax: 120)
  let active = answer("alarm", of: &link.alice)
  let refused = answer("clear interlock", of: &link.alice)
  link.simulation.fpga(of: .alice).isInterlockClosed = true
  link.run(ticksMax: 120)
  let latched = answer("alarm", of: &link.alice)
  let one = answer("alarm interlock_open", of: &link.alice)
  let cleared = answer("clear", of: &link.alice)
  let after = answer("alarm", of: &link.alice)
  #expect(before == "alarm    none\r\n" && active.contains("interlock_open") && active.contains("active"))
  #expect(refused.hasPrefix("error: clear: the cause is still there alarm=interlock_open"))
  #expect(latched.contains("latched") && one.contains("close the loop"))
  #expect(cleared == "cleared  still active 0\r\n" && after == before)
  let traced = answer("trace", of: &link.alice)
  #expect(traced.contains("alarm interlock_open  critical") && traced.contains("alarm over interlock_open"))
}

/// Causes that the twin can bring about, and the alarm of each.
@Test func alarms_followTheirCauses() {
  var link = booted()
  link.run(ticksMax: 300)
  link.simulation.fpga(of: .bob).isClockLocked = false
  link.run(ticksMax: 120)
  let clock = link.bob.alarms.isActive(.clockLost)
  link.simulation.fpga(of: .bob).isTampered = true
  link.run(ticksMax: 120)
  let (zeroized, empty) = (link.bob.alarms.isActive(.zeroized), link.bob.alarms.isActive(.authEmpty))
  #expect(clock && zeroized && empty)

  var plan = plan()
  plan.bobFaults = FaultPlan([.wrongIdentity(0x4749_4d43)])
  var faulty = LinkRun(plan)
  faulty.run(ticksMax: 300)
  let fault = faulty.bob.alarms.isActive(.fault)
  #expect(fault)

  var differing = booted()
  _ = answer("set link_id 7", of: &differing.alice)
  _ = answer("apply", of: &differing.alice)
  differing.alice.start()
  differing.run(ticksMax: 400)
  let refused = [differing.alice.alarms.isActive(.sessionRefused), differing.bob.alarms.isActive(.sessionRefused)]
  #expect(refused == [true, true])
}

@Test func alarm_ofTheErrorRate_comparesTheBound() {
  var link = LinkRun(plan(frames: 60))
  _ = answer("set alarm_qber_ppm 0", of: &link.alice)
  _ = link.boot()
  _ = answer("apply", of: &link.alice)
  _ = link.startExchange()
  _ = link.runUntilIdle()
  link.run(ticksMax: 120)
  let (low, usual) = (link.alice.alarms.isActive(.qberHigh), link.bob.alarms.isActive(.qberHigh))
  #expect(low && !usual)
}

@Test func alarm_ofAWarmDetector_followsItsLimit() {
  var link = booted()
  link.run(ticksMax: 300)
  let cold = link.bob.alarms.isActive(.detectorWarm)
  _ = answer("set alarm_detector_k 200", of: &link.bob)
  _ = answer("apply", of: &link.bob)
  link.run(ticksMax: 120)
  let warm = link.bob.alarms.isActive(.detectorWarm)
  #expect(!cold && warm)
}

/// At rest every detector is silent and none is to blame.
@Test func alarm_ofASilentDetector_needsLight() {
  var link = LinkRun(plan(frames: 0))
  _ = link.boot()
  link.run(ticksMax: 2500)
  let atRest = link.bob.alarms.isActive(.detectorSilent)
  _ = link.startExchange()
  link.run(ticksMax: 2500)
  let lit = link.bob.alarms.isActive(.detectorSilent)
  #expect(!atRest && !lit)
}

/// The console tells events from its level on, above the line that is typed; the default tells errors only.
@Test func log_tellsEventsOfItsLevel() {
  var link = booted()
  let quiet = link.alice.hasNews
  let level = answer("log notice", of: &link.alice)
  link.simulation.fpga(of: .alice).isInterlockClosed = false
  link.run(ticksMax: 120)
  let told = news(&link.alice)
  let again = link.alice.hasNews
  #expect(!quiet && level == "log      notice\r\n" && !again)
  #expect(told.contains("log_level 3") && told.contains("alarm interlock_open  critical"), "\(told)")
  _ = answer("log off", of: &link.alice)
  link.simulation.fpga(of: .alice).isInterlockClosed = true
  link.run(ticksMax: 120)
  let silent = link.alice.hasNews
  #expect(!silent)
}
