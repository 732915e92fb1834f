import CLinux
import FixedStorage
import Ports

/// The file of the running program, and the file where a new one is put by whoever may write there.
///
/// A candidate is trusted like the program itself: the rights of its folder are what protects the module.
struct ProgramFile: ProgramStore, ~Copyable {
  private static var noSuchFile: Int32 { 2 }
  private static var tryAgain: Int32 { 11 }

  /// Nil if the program was started without one.
  private let candidate: Argument?
  private var child: Int32 = -1

  init(_ candidate: Argument?) { self.candidate = candidate }

  mutating func candidateBytes() throws(StoreError) -> UInt64 {
    guard let candidate else { throw .absent }
    var bytes: UInt64 = 0
    // The path is zero-ended and the result is written before the call returns.
    let error = unsafe gimbal_program_bytes(candidate.path, &bytes)
    guard error != Self.noSuchFile else { throw .empty }
    guard error == 0 else { throw .system(error) }
    return bytes
  }

  mutating func beginTrial() throws(StoreError) {
    guard let candidate else { throw .absent }
    precondition(child < 0)
    // Both paths are zero-ended, and the result is written before the call returns.
    let error = unsafe gimbal_begin_trial(candidate.path, gimbal_own_path(), &child)
    guard error == 0 else { throw .system(error) }
  }

  mutating func trialStatus() throws(StoreError) -> Int32? {
    var status: Int32 = 0
    // The result is written before the call returns.
    let error = unsafe gimbal_trial_status(child, &status)
    guard error != Self.tryAgain else { return nil }
    child = -1
    guard error == 0 else { throw .system(error) }
    return status
  }

  mutating func install() throws(StoreError) {
    guard let candidate else { throw .absent }
    // Both paths are zero-ended; the second lives as long as the process.
    let error = unsafe gimbal_install_program(candidate.path, gimbal_own_path())
    guard error == 0 else { throw .system(error) }
  }

  mutating func endTrial() {
    gimbal_end_trial(child)
    child = -1
  }
}
