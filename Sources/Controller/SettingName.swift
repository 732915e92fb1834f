import Checksum
import Console
import Distillation
import FixedStorage
import Units

/// Everything that `set` can set: a field that both modules share, or a setting of this module alone.
public enum SettingName: Equatable, Sendable {
  case shared(ConfigurationField)
  case own(ModuleSetting)

  public static var count: UInt8 { ConfigurationField.count + ModuleSetting.count }

  /// Shared fields first; `number` is below `count`.
  public static func numbered(_ number: UInt8) -> SettingName {
    guard number >= ConfigurationField.count else { return .shared(.numbered(number)) }
    return .own(.numbered(number - ConfigurationField.count))
  }

  public var name: StaticString {
    switch self {
    case .shared(let field): field.name
    case .own(let setting): setting.name
    }
  }

  public var unit: StaticString {
    switch self {
    case .shared(let field): field.unit
    case .own(let setting): setting.unit
    }
  }

  /// What is asked of a value, and what it is for.
  public var condition: StaticString {
    switch self {
    case .shared(let field): field.condition
    case .own(let setting): setting.condition
    }
  }

  /// The setting of this name, or the only one whose name begins so.
  public static func named(_ word: Span<UInt8>) -> SettingName? {
    var found: SettingName?
    var isAmbiguous = false
    guard !word.isEmpty else { return nil }
    for number in 0..<count {
      let name = numbered(number)
      guard name.name.beginsIgnoringCase(word) else { continue }
      if name.name.utf8CodeUnitCount == word.count { return name }
      isAmbiguous = found != nil || isAmbiguous
      found = name
    }
    return isAmbiguous ? nil : found
  }

  /// A value as a number or under its name, for those few that have one.
  public func value(of word: Span<UInt8>) -> UInt64? {
    if let number = Command.number(word) { return number }
    var index: UInt64 = 0
    while let name = valueName(index) {
      if name.matches(word) { return index }
      index += 1
    }
    let manual: StaticString = "manual"
    return self == .shared(.policyRow) && manual.matches(word) ? UInt64(LinkConfiguration.manualRow) : nil
  }

  /// The name of a value, nil behind the last and for settings whose values are plain numbers.
  public func valueName(_ value: UInt64) -> StaticString? {
    switch self {
    case .shared(.variant): value == 0 ? "perPulse" : value == 1 ? "perBlock" : nil
    case .shared(.reconciliation): value == 0 ? "leastLeak" : value == 1 ? "fewestExchanges" : nil
    case .own(.adaptive): value == 0 ? "off" : value == 1 ? "plates" : nil
    case .own(.logLevel): value < 5 ? ArgumentKind.level.word(Int(value)) : nil
    case .own(.clock): value == 0 ? "common" : value == 1 ? "recovered" : nil
    case .shared, .own: nil
    }
  }
}

/// What a module runs with, as a whole: set together, saved together, put into force together.
public struct ModuleConfiguration: Equatable, Sendable {
  public var link: LinkConfiguration
  public var own: ModuleSettings

  public init(_ link: LinkConfiguration = LinkConfiguration(), _ own: ModuleSettings = ModuleSettings()) {
    self.link = link
    self.own = own
  }

  public subscript(name: SettingName) -> UInt64 {
    switch name {
    case .shared(let field): link[field]
    case .own(let setting): own[setting]
    }
  }

  /// False, and nothing changed, for a value that the setting cannot have.
  public mutating func set(_ name: SettingName, to value: UInt64) -> Bool {
    switch name {
    case .shared(let field): link.set(field, to: value)
    case .own(let setting): own.set(setting, to: value)
    }
  }
}

extension LinkConfiguration {
  /// CRC-32 over the values of all fields in order, eight bytes each, most significant first. It is compared by people
  /// and at the greeting; what protects the configuration is that every field enters the tags of every block.
  public var hash: UInt32 {
    var bytes: [160 of UInt8] = .init(repeating: 0)
    precondition(bytes.count == 8 * Int(ConfigurationField.count))
    for number in 0..<ConfigurationField.count {
      let value = self[.numbered(number)]
      for i in 0..<8 { bytes[8 * Int(number) + i] = UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * i)) }
    }
    return Checksum.crc32(bytes.span)
  }
}
