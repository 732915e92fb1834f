import Foundation

/// Reads a scenario from lines `field = value unit`.
///
/// What a file does not say is as in the scenario that it names as its base, `bench` without one. A line is refused
/// with its reason rather than read in a way that nobody meant.
public struct ScenarioReader {
  public static var bytesMax: Int { 65_536 }

  private var draft = ScenarioDraft(.bench)
  private var hasOrbit = false
  /// The line of every field that was read.
  private var lines: [String: Int] = [:]
  private var line = 0

  private init() {}

  public static func scenario(from bytes: [UInt8]) throws(ScenarioFault) -> Scenario {
    var reader = ScenarioReader()
    try reader.read(bytes)
    return try reader.finished()
  }

  private mutating func read(_ bytes: [UInt8]) throws(ScenarioFault) {
    guard bytes.count <= Self.bytesMax else {
      throw ScenarioFault(line: 1, reason: "more than \(Self.bytesMax) bytes")
    }
    for row in bytes.split(separator: 10, omittingEmptySubsequences: false) {
      line += 1
      let content = row.last == 13 ? row.dropLast() : row
      for byte in content where byte > 126 || byte < 32 && byte != 9 {
        throw fault("byte \(byte) is no text of this format")
      }
      let words = String(decoding: content.prefix { $0 != 35 }, as: UTF8.self).split { $0 == " " || $0 == "\t" }
      if !words.isEmpty { try take(words.map(String.init)) }
    }
  }

  private func fault(_ reason: String) -> ScenarioFault { ScenarioFault(line: line, reason: reason) }
  private func fault(_ reason: String, at field: String) -> ScenarioFault {
    ScenarioFault(line: lines[field] ?? max(1, line), reason: reason)
  }

  private mutating func take(_ words: [String]) throws(ScenarioFault) {
    guard words.count >= 2, words[1] == "=" else { throw fault("not of the form 'field = value unit'") }
    let name = words[0]
    if name != "scenario", lines["scenario"] == nil { throw fault("the first field must be 'scenario'") }
    if let first = lines[name] { throw fault("'\(name)' stands in line \(first) already") }
    let isWord = ["scenario", "base", "fading"].contains(name)
    guard isWord || ScenarioField.named(name) != nil else { throw fault("unknown field '\(name)'") }
    guard words.count > 2 else { throw fault("'\(name)' has no value") }
    if isWord {
      guard words.count == 3 else { throw fault("'\(name)' takes one word") }
      try take(name, word: words[2])
    } else if let field = ScenarioField.named(name) {
      guard words.count <= 4 else { throw fault("'\(name)' takes a number and a unit, not more") }
      try take(field, number: words[2], unit: words.count == 4 ? words[3] : "")
    }
    lines[name] = line
  }

  private mutating func take(_ name: String, word: String) throws(ScenarioFault) {
    switch name {
    case "scenario":
      let isName = word.utf8.allSatisfy { 97...122 ~= $0 || 48...57 ~= $0 || $0 == 45 }
      guard isName, word.utf8.count <= 32 else {
        throw fault("a name has up to 32 small letters, digits and hyphens, unlike '\(word)'")
      }
      draft.scenario.name = word
    case "base":
      guard lines.count == 1 else { throw fault("'base' must follow 'scenario'") }
      guard let base = Scenario.named(word) else {
        throw fault("unknown base '\(word)': use \(Scenario.all.map(\.name).joined(separator: ", "))")
      }
      let name = draft.scenario.name
      draft = ScenarioDraft(base)
      draft.scenario.name = name
      hasOrbit = base.pass != nil
    default:
      guard let law = FadingLaw(rawValue: word) else {
        throw fault("unknown fading '\(word)': use \(FadingLaw.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      draft.scenario.fading = law
    }
  }

  private mutating func take(_ field: ScenarioField, number: String, unit: String) throws(ScenarioFault) {
    let digits = number.utf8.allSatisfy { 48...57 ~= $0 || [43, 45, 46, 69, 101].contains($0) }
    guard digits, let value = Double(number), value.isFinite else {
      throw fault("'\(field.name)' takes a number, not '\(number)'")
    }
    if unit != field.unit {
      if field.unit.isEmpty { throw fault("'\(field.name)' takes no unit, not '\(unit)'") }
      let found = unit.isEmpty ? "which is missing" : "not '\(unit)'"
      throw fault("'\(field.name)' takes the unit \(field.unit), \(found)")
    }
    guard field.range.contains(value) else {
      let unit = unit.isEmpty ? "" : " " + unit
      let (low, high) = (Self.plain(field.range.lowerBound), Self.plain(field.range.upperBound))
      throw fault("'\(field.name)' must be from \(low) to \(high)\(unit), not \(number)")
    }
    if field.isWhole, value != value.rounded() { throw fault("'\(field.name)' must be a whole number, not \(number)") }
    for (one, other) in [("loss", "transmission"), ("transmission", "loss")] where field.name == one {
      if let first = lines[other] { throw fault("'\(one)' and '\(other)' of line \(first) are the same thing") }
    }
    hasOrbit = hasOrbit || field.name == "orbit_altitude"
    draft[keyPath: field.place] = value
  }

  private static func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e9 ? "\(Int(value))" : "\(value)"
  }
}

// What single lines cannot show.
extension ScenarioReader {
  /// A faster turn is blurred by a state of the channel that lasts a millisecond: one degree in it is the limit.
  static var degreesPerSecondMax: Double { 1_000 }
  /// Metres a second, and a second squared: clocks go in a straight line over a millisecond, which is 0.12 mm or 0.4 ps
  /// off then.
  static var rangeSpeedMax: Double { 1_000 }
  static var rangeAccelerationMax: Double { 1_000 }
  /// A longer diattenuation vector is a polariser: 23 dB.
  static var diattenuationMax: Double { 0.99 }

  private mutating func finished() throws(ScenarioFault) -> Scenario {
    guard lines["scenario"] != nil else { throw ScenarioFault(line: 1, reason: "there is no field 'scenario'") }
    for (index, field) in MotionField.all.enumerated() { try finish(field, draft.motions[index]) }
    try checkFading()
    for (name, vector) in [
      ("alice", draft.scenario.aliceDiattenuation), ("bob", draft.scenario.bobDiattenuation),
    ] where (vector * vector).sum() > Self.diattenuationMax * Self.diattenuationMax {
      let last = ["x", "y", "z"].map { "\(name)_diattenuation_\($0)" }.max { lines[$0] ?? 0 < lines[$1] ?? 0 } ?? name
      throw fault("the diattenuation vector of \(name) is longer than \(Self.diattenuationMax)", at: last)
    }
    try checkOrbit()
    return draft.scenario
  }

  private mutating func finish(_ field: MotionField, _ read: MotionDraft) throws(ScenarioFault) {
    var motion = read.motion
    motion.tones = []
    for i in 0..<read.amplitudes.count {
      let tag = "\(field.name)_tone_\(i + 1)"
      let (amplitude, hz) = (read.amplitudes[i], read.hz[i])
      if amplitude.isNaN && hz.isNaN { continue }
      if hz.isNaN { throw fault("'\(tag)' has no '\(tag)_frequency'", at: tag) }
      if amplitude.isNaN { throw fault("'\(tag)_frequency' has no '\(tag)'", at: tag + "_frequency") }
      guard motion.tones.count == i else {
        throw fault("there is no '\(field.name)_tone_\(i)' before '\(tag)'", at: tag)
      }
      motion.tones.append(Motion.Tone(amplitude: amplitude, hz: hz))
    }
    if field.unit == "deg" { try checkSpeed(of: motion, field.name) }
    if field.isSmooth { try checkRange(motion, field.name) }
    draft.scenario[keyPath: field.place] = motion
  }

  private func checkSpeed(of motion: Motion, _ name: String) throws(ScenarioFault) {
    let speed = motion.tones.reduce(abs(motion.ratePerS)) { $0 + 2 * .pi * $1.amplitude * $1.hz }
    let parts = lines.keys.filter { $0.hasPrefix(name + "_tone_") || $0 == name + "_rate" }
    guard speed <= Self.degreesPerSecondMax else {
      throw fault(
        "\(name) turns by up to \(Int(min(speed, 1e15))) deg/s; the model ends at \(Int(Self.degreesPerSecondMax))",
        at: parts.max { lines[$0] ?? 0 < lines[$1] ?? 0 } ?? name)
    }
    // The difference of two values a millisecond apart, rms.
    let step = motion.noiseRms * (2 * (1 - motion.memory)).squareRoot()
    guard step * 1_000 <= Self.degreesPerSecondMax else {
      let field = lines[name + "_noise"] == nil ? name + "_noise_time" : name + "_noise"
      throw fault(
        "\(name) jitters by \(Int(step * 1_000)) deg/s from one millisecond to the next; the model ends at "
          + "\(Int(Self.degreesPerSecondMax))", at: field)
    }
  }

  private func checkRange(_ motion: Motion, _ name: String) throws(ScenarioFault) {
    let speed = motion.tones.reduce(abs(motion.ratePerS)) { $0 + 2 * .pi * $1.amplitude * $1.hz }
    let acceleration = motion.tones.reduce(0) { $0 + pow(2 * .pi * $1.hz, 2) * $1.amplitude }
    let parts = lines.keys.filter { $0.hasPrefix(name + "_tone_") || $0 == name + "_rate" }
    let last = parts.max { lines[$0] ?? 0 < lines[$1] ?? 0 } ?? name
    guard speed <= Self.rangeSpeedMax else {
      throw fault(
        "\(name) changes by up to \(Int(min(speed, 1e15))) m/s; the model ends at \(Int(Self.rangeSpeedMax))", at: last)
    }
    guard acceleration <= Self.rangeAccelerationMax else {
      throw fault(
        "\(name) accelerates by up to \(Int(min(acceleration, 1e15))) m/s^2; the model ends at "
          + "\(Int(Self.rangeAccelerationMax))", at: last)
    }
  }

  private func checkFading() throws(ScenarioFault) {
    let link = draft.scenario
    switch link.fading {
    case .logNormal:
      if link.rytovVariance != 0 { throw fault("log-normal fading has no 'rytov_variance'", at: "rytov_variance") }
    case .gammaGamma:
      if link.scintillationIndex != 0 {
        throw fault("gamma-gamma fading has no 'scintillation_index': set it to 0", at: "scintillation_index")
      }
      if link.rytovVariance < 1e-4 {
        let field = lines["rytov_variance"] == nil ? "fading" : "rytov_variance"
        throw fault("gamma-gamma fading needs a 'rytov_variance' of 0.0001 or more", at: field)
      }
    }
  }

  private mutating func checkOrbit() throws(ScenarioFault) {
    guard hasOrbit else {
      if let stray = ScenarioField.all.filter(\.isOrbit).first(where: { lines[$0.name] != nil }) {
        throw fault("'\(stray.name)' needs 'orbit_altitude'", at: stray.name)
      }
      return
    }
    guard draft.pass.point(at: draft.pass.startSeconds).elevationDegrees > 0 else {
      let field = lines["orbit_start"] == nil ? "orbit_altitude" : "orbit_start"
      throw fault("the satellite is below the horizon at 'orbit_start'", at: field)
    }
    draft.scenario.pass = draft.pass
  }
}
