import CLinux
import Console
import FixedStorage
import Ports

/// Where the operator types: a serial device, a pseudo terminal, the standard streams, or nowhere. Nothing here waits.
struct OperatorTerminal: TerminalPort, ~Copyable {
  private let kind: ConsoleKind
  private var input: Int32 = -1
  private var output: Int32 = -1
  /// The operator's end of a pseudo terminal, kept open so that the terminal survives an operator who leaves.
  private var operatorEnd: Int32 = -1

  /// Opens the terminal, and says on standard output where a pseudo terminal is; throws the error number.
  init(_ kind: ConsoleKind, baud: UInt32) throws(LinkError) {
    self.kind = kind
    switch kind {
    case .none: break
    case .stdio:
      gimbal_terminal_raw(0)
      input = 0
      output = gimbal_nonblocking_output(1)
    case .pty: try openPty()
    case .serial(let path):
      // The path is zero-ended and the result is written before the call returns.
      let error = unsafe gimbal_open_serial(path.path, baud, &input)
      guard error == 0 else { throw .system(error) }
      output = input
    }
  }

  private mutating func openPty() throws(LinkError) {
    var name: [64 of UInt8] = .init(repeating: 0)
    var other: Int32 = -1
    var span = name.mutableSpan
    var own: Int32 = -1
    // The callee writes a zero-ended path of at most 64 bytes and both descriptors.
    let error = unsafe span.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_open_pty(&own, &other, start.assumingMemoryBound(to: CChar.self), buffer.count)
    }
    guard error == 0 else { throw .system(error) }
    input = own
    output = own
    operatorEnd = other
    var text = Line()
    text.append("console: ")
    for i in name.indices where name[i] != 0 { text.append(name[i]) }
    StandardStream.output.writeLine(text)
  }

  var isThere: Bool { input >= 0 }

  mutating func read(into bytes: inout MutableSpan<UInt8>) -> Int {
    guard isThere else { return 0 }
    let input = input
    // The callee writes at most the bytes of the span.
    return unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return 0 }
      return unsafe Int(gimbal_read_waiting(input, start, buffer.count))
    }
  }

  mutating func write(_ bytes: Span<UInt8>) -> Int {
    guard isThere else { return bytes.count }
    let output = output
    // The callee reads at most the bytes of the span.
    return unsafe bytes.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return 0 }
      return unsafe Int(gimbal_write_some(output, start, buffer.count))
    }
  }

  /// Starts the program anew on this terminal; returns the error number if that cannot be.
  func restartProgram() -> Int32 {
    if case .pty = kind { return gimbal_restart(input, operatorEnd) }
    return gimbal_restart(-1, -1)
  }

  func restore() {
    if case .stdio = kind { gimbal_terminal_restore(0) }
  }
}
