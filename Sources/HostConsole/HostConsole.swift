package import Console
import FixedStorage
import HostStorage
import Ports

/// A terminal that takes everything at once and remembers it.
private struct Paper: TerminalPort, ~Copyable {
  var shown: [UInt8] = []

  mutating func read(into bytes: inout MutableSpan<UInt8>) -> Int { 0 }
  mutating func write(_ bytes: Span<UInt8>) -> Int {
    for i in bytes.indices { shown.append(bytes[i]) }
    return bytes.count
  }
}

extension Screen {
  package static func onHost() -> Screen { Screen(storage: .onHost(count: capacityBytes)) }

  /// What was printed since the last call.
  package mutating func taken() -> [UInt8] {
    var paper = Paper()
    drain(to: &paper)
    return paper.shown
  }
}
