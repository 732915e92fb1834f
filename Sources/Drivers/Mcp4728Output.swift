public import RegisterMap
public import Units

/// A channel of the converter, in the order of its pins.
public enum Mcp4728Channel: UInt8, Sendable { case a, b, c, d }

/// What one channel gives out: a code, and what it is a share of.
public struct Mcp4728Output: Equatable, Sendable {
  /// The channel's word, data sheet figure 5-8.
  let word: UInt32

  /// What the word of an input register or of the EEPROM means.
  init(word: UInt32) { self.word = word }

  /// A voltage from the internal reference, to the nearest step: 0.5 mV up to 2.0475 V, or with `isDoubled` 1 mV up to
  /// 4.095 V, which the supply must exceed. Nil outside of that.
  public init?(_ voltage: Microvolts, isDoubled: Bool = false) {
    let step = Int32(Mcp4728Map.referenceMicrovolts / (Mcp4728Map.codeMax + 1)) * (isDoubled ? 2 : 1)
    guard voltage.count >= 0, voltage.count <= step * Int32(Mcp4728Map.codeMax) else { return nil }
    let code = UInt32((voltage.count + step / 2) / step)
    var word = Mcp4728Map.Word.hasInternalReference.insert(true, into: 0)
    word = Mcp4728Map.Word.isDoubled.insert(isDoubled, into: word)
    self.word = Mcp4728Map.Word.code.insert(code, into: word)
  }

  /// A channel that is switched off, held to ground by a resistor; nil for `.normal`, which is on.
  public init?(off power: Mcp4728Map.Word.Power) {
    guard power != .normal else { return nil }
    let word = Mcp4728Map.Word.hasInternalReference.insert(true, into: 0)
    self.word = Mcp4728Map.Word.power.insert(power, into: word)
  }

  /// The voltage, nil if it is a share of the supply; a channel that is off gives none.
  public var voltage: Microvolts? {
    guard isOn else { return Microvolts(0) }
    guard Mcp4728Map.Word.hasInternalReference.isSet(in: word) else { return nil }
    let step = Mcp4728Map.referenceMicrovolts / (Mcp4728Map.codeMax + 1)
    return Microvolts(Int32(code * step * (isDoubled ? 2 : 1)))
  }

  public var code: UInt32 { Mcp4728Map.Word.code.extract(from: word) }
  public var isDoubled: Bool { Mcp4728Map.Word.isDoubled.isSet(in: word) }
  public var isOn: Bool { Mcp4728Map.Word.power.extract(from: word) == Mcp4728Map.Word.Power.normal.rawValue }
}

/// All that the converter tells about itself at one moment.
public struct Mcp4728State: Sendable {
  /// The input registers; the outputs follow them, since the board holds the pin LDAC low.
  public internal(set) var outputs: [4 of Mcp4728Output]
  /// What the part comes up with, from its EEPROM.
  public internal(set) var powerOnOutputs: [4 of Mcp4728Output]
  /// The EEPROM is being written.
  public internal(set) var isStoring: Bool
}
