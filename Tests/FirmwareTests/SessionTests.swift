import Foundation
import Testing
import Twin
import Units

/// Short enough for a test, long enough for a key.
private let settings = [
  "--set", "exchange_frames=200", "--set", "planned_sifted=250000", "--set", "block_bits=1000000", "--exit-when-done",
]

@Test func twoProcesses_makeTheSameKeys() throws {
  let session = try Session()
  let modules = try session.start(
    alice: settings + ["--start", "--deliver", session.file("keys.alice").path],
    bob: settings + ["--deliver", session.file("keys.bob").path])
  let bob = modules.bob.finish()
  let alice = modules.alice.finish()
  #expect(alice.status == 0 && bob.status == 0, "\(alice) \(bob)")
  #expect(alice.output == "session: finished\n" && bob.output == "session: finished\n")
  #expect(alice.complaints.isEmpty && bob.complaints.isEmpty)
  let keys = session.text("keys.alice")
  #expect(!keys.isEmpty && keys == session.text("keys.bob"))
  #expect(session.serverEnds())
}
