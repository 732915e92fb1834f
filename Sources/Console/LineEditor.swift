public import FixedStorage
public import Ports

/// Collects what the operator types into lines and echoes it.
///
/// Printable ASCII is taken, backspace and delete remove, Ctrl-U clears, Ctrl-C abandons the line; any other
/// control byte is ignored, and a line that is too long takes no more until it is ended.
public struct LineEditor: ~Copyable {
  public static var lineBytesMax: Int { 128 }

  private var line = Text<128>()
  private var lastWasReturn = false

  public init() {}

  /// The characters typed so far; the whole line after `take` returned true.
  public var text: Span<UInt8> {
    @_lifetime(borrow self) borrowing get { line.utf8 }
  }

  public mutating func clear() { line.clear() }

  /// Takes one byte; true when it ended a line, which then stays until `clear()`.
  public mutating func take(_ byte: UInt8, echo terminal: inout some TerminalPort & ~Copyable) -> Bool {
    // A terminal may send CR LF for one key press.
    let isPairedNewline = byte == 0x0a && lastWasReturn
    lastWasReturn = byte == 0x0d
    guard !isPairedNewline else { return false }
    switch byte {
    case 0x0d, 0x0a:
      terminal.print("\r\n")
      return true
    case 0x08, 0x7f:
      if line.count > 0 {
        line.removeLast()
        terminal.print("\u{8} \u{8}")
      }
    case 0x15:
      for _ in 0..<line.count { terminal.print("\u{8} \u{8}") }
      line.clear()
    case 0x03:
      line.clear()
      terminal.print("^C\r\n")
      return true
    case 0x20...0x7e where line.count < Self.lineBytesMax:
      line.append(byte)
      let echo: [1 of UInt8] = [byte]
      terminal.write(echo.span)
    default:
      break
    }
    return false
  }
}

extension TerminalPort where Self: ~Copyable {
  public mutating func print(_ text: StaticString) { write(text.ascii) }

  /// Writes a line and ends it as terminals want.
  public mutating func printLine<let capacity: Int>(_ line: borrowing Text<capacity>) {
    write(line.utf8)
    print("\r\n")
  }
}
