import CLinux
import Console
import FixedStorage
import Ports

/// Where the operator types: a pseudo terminal, the standard streams, or nowhere.
struct OperatorTerminal: TerminalPort, ~Copyable {
  private let kind: ConsoleKind
  /// The program's end of the pseudo terminal.
  private var descriptor: Int32 = -1

  /// Opens the terminal and says on standard output where it is; throws the error number.
  init(_ kind: ConsoleKind) throws(LinkError) {
    self.kind = kind
    switch kind {
    case .none: break
    case .stdio: gimbal_terminal_raw(0)
    case .pty: try openPty()
    }
  }

  private mutating func openPty() throws(LinkError) {
    var name: [64 of UInt8] = .init(repeating: 0)
    var operatorEnd: Int32 = -1
    var span = name.mutableSpan
    var own: Int32 = -1
    // The callee writes a zero-ended path of at most 64 bytes and both descriptors.
    let error = unsafe span.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_open_pty(&own, &operatorEnd, start.assumingMemoryBound(to: CChar.self), buffer.count)
    }
    guard error == 0 else { throw .system(error) }
    descriptor = own
    var text = Text<80>()
    text.append("console: ")
    for i in name.indices where name[i] != 0 { text.append(name[i]) }
    StandardStream.output.writeLine(text)
  }

  var isThere: Bool {
    switch kind {
    case .pty, .stdio: true
    case .none: false
    }
  }

  mutating func read(into bytes: inout MutableSpan<UInt8>) -> Int {
    guard isThere else { return 0 }
    let source: Int32 = kind == .pty ? descriptor : 0
    // The callee writes at most the bytes of the span.
    return unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return 0 }
      return unsafe Int(gimbal_read_waiting(source, start, buffer.count))
    }
  }

  /// A pseudo terminal that nobody reads loses what does not fit, so that the control loop never waits for an operator.
  mutating func write(_ bytes: Span<UInt8>) {
    let descriptor = descriptor
    // The callees read exactly the bytes of the span.
    unsafe bytes.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return }
      switch kind {
      case .pty: unsafe gimbal_write_some(descriptor, start, buffer.count)
      case .stdio: _ = unsafe gimbal_write(1, start, buffer.count)
      case .none: break
      }
    }
  }

  func restore() {
    if kind == .stdio { gimbal_terminal_restore(0) }
  }
}
