/// What may stand in the place of an argument.
public enum ArgumentKind: UInt8, Sendable {
  /// The name of a command.
  case command
  /// The name of a command that tells something and takes nothing.
  case subject
  /// The name of a field of the configuration, or what only one of them begins with.
  case field
  /// A number, or the name of a value of the field before it.
  case value
  /// The name of a register of the gateware, or what only one of them begins with; behind a point, of a field in it.
  case register
  /// An unsigned number, decimal or hexadecimal behind 0x.
  case number
  /// A time in picoseconds.
  case picoseconds
  /// An attenuation in hundredths of a decibel.
  case decibels
  /// A mean photon number in millionths.
  case millionths
  case intensity
  /// A seven-bit address on the I2C bus.
  case address
  /// How many of them.
  case count
  /// A distance in millimetres, a speed in millimetres a second and an acceleration in millimetres a second squared.
  case millimetres, speed, acceleration
  case level
  case alarm
  /// What to do about loss that depends on polarisation.
  case loss
  /// The word `run`.
  case run
  /// The word `now`, so that nothing is destroyed by a slip.
  case now

  public var usageName: StaticString {
    switch self {
    case .command: "COMMAND"
    case .subject: "SUBJECT"
    case .field: "FIELD"
    case .value: "VALUE"
    case .register: "REGISTER"
    case .number: "NUMBER"
    case .picoseconds: "PS"
    case .decibels: "CDB"
    case .millionths: "MILLIONTHS"
    case .intensity: "INTENSITY"
    case .address: "ADDRESS"
    case .count: "COUNT"
    case .millimetres: "MM"
    case .speed: "MM/S"
    case .acceleration: "MM/S2"
    case .level: "LEVEL"
    case .alarm: "ALARM"
    case .loss: "ACTION"
    case .run: "run"
    case .now: "now"
    }
  }

  /// What is wanted, for whoever typed something else.
  public var wanted: StaticString {
    switch self {
    case .command: "the name of a command"
    case .subject: "the name of a command that tells something and takes nothing"
    case .field: "the name of a field"
    case .value: "a number below 2^64, or the name of a value"
    case .register: "the name of a register, or REGISTER.FIELD"
    case .number: "a number below 2^64, as 30000 or 0x7530"
    case .picoseconds: "a time in picoseconds, 0 to 40950"
    case .decibels: "an attenuation in hundredths of a decibel, 0 to 4000"
    case .millionths: "a mean photon number in millionths, 0 to 1048575"
    case .intensity: "signal, decoy or vacuum"
    case .address: "an address on the I2C bus, 0x08 to 0x77"
    case .count: "how many, 1 to 1000"
    case .millimetres: "0 to 10000000000 mm"
    case .speed: "-9000000 to 9000000 mm/s"
    case .acceleration: "-100000 to 100000 mm/s2"
    case .level: "off, error, warning, notice or debug"
    case .alarm: "the name of an alarm"
    case .loss: "show, measure, run or undo"
    case .run: "the word run"
    case .now: "the word now, because this cannot be undone"
    }
  }

  /// The numbers that are of this kind; nil for a kind that is a name.
  var range: ClosedRange<UInt64>? {
    switch self {
    case .number: 0...UInt64.max
    case .picoseconds: 0...40_950
    case .decibels: 0...4000
    case .millionths: 0...1_048_575
    case .address: 0x08...0x77
    case .count: 1...1000
    case .millimetres: 0...10_000_000_000
    case .command, .subject, .field, .value, .register, .intensity, .level, .alarm, .loss, .run, .now, .speed,
      .acceleration:
      nil
    }
  }

  /// The largest magnitude of a number of this kind that may be negative; nil for any other kind.
  var magnitudeMax: UInt64? {
    switch self {
    case .speed: 9_000_000
    case .acceleration: 100_000
    case .command, .subject, .field, .value, .register, .number, .picoseconds, .decibels, .millionths, .intensity,
      .address, .count, .millimetres, .level, .alarm, .loss, .run, .now:
      nil
    }
  }

  /// The words of a kind that has few and fixed ones, nil behind the last.
  public func word(_ index: Int) -> StaticString? {
    switch self {
    case .intensity: index == 0 ? "signal" : index == 1 ? "decoy" : index == 2 ? "vacuum" : nil
    case .level:
      switch index {
      case 0: "off"
      case 1: "error"
      case 2: "warning"
      case 3: "notice"
      case 4: "debug"
      default: nil
      }
    case .loss:
      switch index {
      case 0: "show"
      case 1: "measure"
      case 2: "run"
      case 3: "undo"
      default: nil
      }
    case .run, .now: index == 0 ? usageName : nil
    case .command, .subject, .field, .value, .register, .number, .picoseconds, .decibels, .millionths, .address, .count,
      .millimetres, .speed, .acceleration, .alarm:
      nil
    }
  }

  /// Whether `word` decides about this kind.
  var hasFixedWords: Bool { word(0) != nil }
}
