import BoardProtocol
import CLinux
import Console
import Controller
import Distillation
import FixedStorage
import Ports
import RegisterMap
import Units

/// Keeps time for `seconds` while this thread takes blocks through both ends of distillation without a pause, then
/// tells what the control thread has counted. With devices the gateware is asked for its identity once a round too.
/// Exit status 0 if no tick was missed and no page fault happened, 1 otherwise, 2 if it could not begin.
func runTiming(_ seconds: UInt64, _ place: BoardPlan?) -> Int32 {
  guard var load = DistillingLoad() else { return 2 }
  var control = ControlPlan()
  control.beatsAlone = true
  if case .devices(let folder)? = place {
    control.devices = BoardDevices(in: folder)
    control.devices.complain()
  }
  let error = startControl(control)
  guard error == 0 else {
    StartFault("--timing", "cannot lock memory and keep time", error).complain()
    return 2
  }
  let desk = DeviceDesk()
  // What the start itself cost is not part of it.
  gimbal_sleep_until(gimbal_monotonic_ns() + 100_000_000)
  guard let before = desk.tickReport() else { return 2 }
  let end = gimbal_monotonic_ns() + seconds * 1_000_000_000
  while gimbal_monotonic_ns() < end {
    load.work()
    if control.devices.spi >= 0 { askForIdentity(desk) }
  }
  guard let after = desk.tickReport() else { return 2 }
  tell(after, since: before, blocks: load.blocks)
  return after.missed == before.missed && after.faults == before.faults ? 0 : 1
}

private func askForIdentity(_ desk: DeviceDesk) {
  var command: [16 of UInt8] = .init(repeating: 0)
  command[0] = SpiProtocol.Opcode.read.rawValue
  var reply: [16 of UInt8] = .init(repeating: 0)
  var span = reply.mutableSpan
  do throws(BusError) {
    try desk.order(BoardRequest(.spi, payloadBytes: 16, replyBytes: 16), command.span, into: &span)
  } catch {
    return
  }
}

private func tell(_ after: TickReport, since before: TickReport, blocks: UInt64) {
  var text = Line()
  for number in 0..<UInt8(TickStep.count) {
    guard let step = TickStep(rawValue: number) else { continue }
    text.clear()
    text.append("timing step=")
    text.append(step.name)
    text.append(" budget_ns=")
    text.append(decimal: step.budgetNs)
    text.append(" worst_ns=")
    text.append(decimal: after.worstNs[Int(number)])
    text.append(" over=")
    text.append(decimal: after.over[Int(number)] - before.over[Int(number)])
    StandardStream.output.writeLine(text)
  }
  let ticks = after.ticks - before.ticks
  text.clear()
  text.append("timing ticks=")
  text.append(decimal: ticks)
  text.append(" missed=")
  text.append(decimal: after.missed - before.missed)
  text.append(" strobe_mean_ns=")
  text.append(decimal: ticks > 0 ? (after.strobeSumNs - before.strobeSumNs) / ticks : 0)
  text.append(" page_faults=")
  text.append(decimal: after.faults - before.faults)
  text.append(" blocks=")
  text.append(decimal: blocks)
  StandardStream.output.writeLine(text)
}

/// Two ends that distil the same block again and again.
private struct DistillingLoad: ~Copyable {
  private static var bits: Int { 1 << 17 }

  private var alice: DistillingEnd
  private var bob: DistillingEnd
  private var toBob = MemoryPipe(mappedBlock(of: UInt8.self, count: 1 << 20))
  private var toAlice = MemoryPipe(mappedBlock(of: UInt8.self, count: 1 << 20))
  private(set) var blocks: UInt64 = 0

  init?() {
    guard let plan = benchPlan(.ldpc) else { return nil }
    alice = DistillingEnd(.alice, plan: plan)
    bob = DistillingEnd(.bob, plan: plan)
    begin()
  }

  private mutating func begin() {
    fillEnds(&alice, &bob, bits: Self.bits, .ldpc)
    alice.open()
    bob.open()
  }

  /// A piece of both ends' work; begins anew when the block is over.
  mutating func work() {
    _ = alice.act(from: &toAlice, to: &toBob)
    _ = bob.act(from: &toBob, to: &toAlice)
    guard alice.isOver, bob.isOver else { return }
    blocks += 1
    alice.close()
    bob.close()
    begin()
  }
}
