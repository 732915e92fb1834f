import CLinux
import Console
import FixedStorage
import Ports

/// Where the devices of the module are.
enum BoardPlan {
  /// The twin's server, on a socket of the file system.
  case socket(Argument)
  /// Linux devices, or links to them, in one folder.
  case devices(Argument)

  init?(_ value: Argument) {
    if let path = value.after("unix:") {
      self = .socket(path)
    } else if let folder = value.after("linux:"), folder.count > 0 {
      self = .devices(folder)
    } else {
      return nil
    }
  }
}

/// The devices of the board in one folder, as descriptors; -1 for one that could not be opened, with why in `faults`.
///
/// A module without one of its devices starts all the same: its state says what is missing, and its console answers.
struct BoardDevices {
  /// Names of the devices in the folder.
  enum Name: UInt8 {
    case spi, i2c, gpio, watchdog, random

    static var count: UInt8 { 5 }

    var text: StaticString {
      switch self {
      case .spi: "spi"
      case .i2c: "i2c"
      case .gpio: "gpio"
      case .watchdog: "watchdog"
      case .random: "random"
      }
    }

    /// A board may have been built without it.
    var isOptional: Bool { self == .watchdog || self == .random }
  }

  /// Clock of the SPI bus. A burst of 4096 bytes takes 655 us and so fits in a tick; at 25 MHz it would not.
  static var spiHertz: UInt32 { 50_000_000 }
  static var i2cHertz: UInt64 { 400_000 }
  /// The watchdog of the board starts it anew when the control thread has not run for so long.
  static var watchdogSeconds: UInt32 { 10 }

  private(set) var spi: Int32 = -1
  private(set) var i2c: Int32 = -1
  private(set) var watchdog: Int32 = -1
  private(set) var random: Int32 = -1
  private(set) var hasLines = false
  /// Linux's error number of each device that could not be opened; 0 for one that is open or may be missing.
  private(set) var faults: [5 of Int32] = .init(repeating: 0)
  /// What the SPI driver made of the clock that was asked for.
  private(set) var spiHertzHad: UInt32 = 0
  /// The line that was not found or not given, numbered as in `gimbal_gpio_open`; -1 for none.
  private(set) var lineMissing: Int32 = -1

  private static var noSuchFile: Int32 { 2 }

  /// No devices at all, for a run that measures the thread alone.
  init() {}

  init(in folder: Argument) {
    for number in 0..<Name.count {
      guard let name = Name(rawValue: number) else { preconditionFailure("names have no gaps") }
      var path: [256 of CChar] = .init(repeating: 0)
      var span = path.mutableSpan
      let error = unsafe span.withUnsafeMutableBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return Int32(0) }
        // Both names are zero-ended, and so is what the callee makes of them within the buffer.
        let error = unsafe gimbal_path_in(
          folder.path, UnsafeRawPointer(name.text.utf8Start).assumingMemoryBound(to: CChar.self), start, buffer.count)
        return error == 0 ? unsafe open(name, start) : error
      }
      if error != 0, !(name.isOptional && error == Self.noSuchFile) { faults[Int(number)] = error }
    }
  }

  // `path` is zero-ended; the results are written before the callee returns.
  private mutating func open(_ name: Name, _ path: UnsafePointer<CChar>) -> Int32 {
    switch name {
    case .spi: return unsafe gimbal_spi_open(path, Self.spiHertz, &spi, &spiHertzHad)
    case .i2c: return unsafe gimbal_i2c_open(path, &i2c)
    case .gpio:
      let error = unsafe gimbal_gpio_open(path, &lineMissing)
      hasLines = error == 0
      return error
    case .watchdog: return unsafe gimbal_watchdog_open(path, Self.watchdogSeconds, &watchdog)
    case .random: return unsafe gimbal_source_open(path, &random)
    }
  }

  /// One line on standard error for each device that is missing.
  func complain() {
    for number in 0..<Name.count {
      guard let name = Name(rawValue: number), faults[Int(number)] != 0 else { continue }
      var text = Line()
      text.append("warning: --board: no ")
      text.append(name.text)
      if name == .gpio, lineMissing >= 0 {
        text.append(" line ")
        text.append(decimal: UInt64(lineMissing))
      }
      text.append(" errno=")
      text.append(decimal: UInt64(faults[Int(number)].magnitude))
      StandardStream.error.writeLine(text)
    }
  }
}
