import Foundation
import HostStorage
import Testing

@testable import Optics

private func read(_ text: String) throws(ScenarioFault) -> Scenario {
  try ScenarioReader.scenario(from: Array(text.utf8))
}

/// The fault of a text, nil if it has none.
private func fault(_ text: String) -> ScenarioFault? {
  do throws(ScenarioFault) { _ = try read(text) } catch { return error }
  return nil
}

/// A good line for a field that no other value of the text contradicts.
private func goodLine(_ field: ScenarioField, value: Double) -> String {
  "\(field.name) = \(value)" + (field.unit.isEmpty ? "" : " " + field.unit)
}

@Suite struct ScenarioFileTests {
  @Test(arguments: Scenario.all.map(\.name))
  func text_ofEveryScenario_readsBackExactly(name: String) throws {
    let scenario = try #require(Scenario.named(name))
    #expect(try read(scenario.text) == scenario)
    #expect(try read(scenario.text).text == scenario.text)
  }

  /// Random numbers in every field, with all their digits.
  @Test(arguments: 0..<UInt64(200)) func text_ofAnyScenario_readsBackExactly(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var draft = ScenarioDraft(.satellite)
    draft.scenario.name = "any-\(seed)"
    for field in ScenarioField.all where field.name != "loss" {
      var value = Double.random(in: field.range, using: &random)
      // Nothing that the checks of the whole would refuse.
      if field.name.contains("diattenuation") || field.name.hasSuffix("_rate") { value *= 1e-6 }
      if field.name.contains("tone") || field.name.hasSuffix("_noise") { value *= 1e-2 }
      if field.name.hasPrefix("range_tone") { value *= 1e-3 }
      if field.isWhole { value.round() }
      if field.name == "orbit_start" { value = 3 }
      if field.name == "rytov_variance" { value = 0 }
      draft[keyPath: field.place] = value
    }
    var scenario = draft.scenario
    scenario.pass = draft.pass
    for (index, field) in MotionField.all.enumerated() {
      var motion = draft.motions[index].motion
      motion.tones = zip(draft.motions[index].amplitudes, draft.motions[index].hz).prefix(Int(seed % 5)).map {
        Motion.Tone(amplitude: $0, hz: $1)
      }
      scenario[keyPath: field.place] = motion
    }
    #expect(try read(scenario.text) == scenario)
  }

  @Test func file_changesWhatItNames() throws {
    let scenario = try read(
      """
      # A comment, a blank line, tabs and a carriage return are all right.

      scenario = my-link-2
      base = drone\r
      loss\t=  20 dB  # twenty
      roll_tone_4 = 1 deg
      roll_tone_4_frequency = 30 Hz
      efficiency_r = .25
      """)
    var expected = Scenario.drone
    expected.name = "my-link-2"
    expected.peakTransmission = 0.01
    expected.rollDegrees.tones.append(.init(amplitude: 1, hz: 30))
    expected.receiver.efficiencies[4] = 0.25
    #expect(scenario == expected)
    #expect(try read("scenario = x\nloss = 3 dB\n").receiver == Scenario.bench.receiver)
  }

  /// Every field with every kind of bad value; the fault stands in the line of the field.
  @Test func field_withBadValue_isRefusedInItsLine() {
    for field in ScenarioField.all {
      let good = "\(field.range.lowerBound)"
      let unit = field.unit.isEmpty ? "" : " " + field.unit
      let above = "\(field.range.upperBound * 1.001 + 1e-3)"
      let below = "\(field.range.lowerBound - abs(field.range.lowerBound) * 1e-3 - 1e-3)"
      var bad: [(String, String)] = [
        ("", "has no value"), ("abc" + unit, "takes a number"), ("nan" + unit, "takes a number"),
        ("inf" + unit, "takes a number"), ("0x1" + unit, "takes a number"), ("1e999" + unit, "takes a number"),
        ("1,5" + unit, "takes a number"), ("--1" + unit, "takes a number"),
        (above + unit, "must be from"), (below + unit, "must be from"),
        (good + " parsecs", field.unit.isEmpty ? "takes no unit" : "takes the unit \(field.unit), not 'parsecs'"),
        (good + unit + " more of it", "not more"),
      ]
      if !field.unit.isEmpty { bad.append((good, "which is missing")) }
      if field.isWhole { bad.append(("1.5" + unit, "whole number")) }
      for (value, reason) in bad {
        let found = fault("scenario = x\n\n\(field.name) = \(value)\n")
        #expect(found?.line == 3, "\(field.name) = \(value): \(String(describing: found))")
        #expect(found?.reason.contains(reason) == true, "\(field.name) = \(value): \(String(describing: found))")
        #expect(found?.reason.contains("'\(field.name)'") == true)
      }
      let line = goodLine(field, value: field.range.lowerBound)
      let twice = fault("scenario = x\n\(line)\n\n\(line)\n")
      #expect(twice == ScenarioFault(line: 4, reason: "'\(field.name)' stands in line 2 already"))
    }
  }

  /// Lines that are wrong by themselves.
  @Test(arguments: [
    ("loss = 1 dB", 1, "the first field must be 'scenario'"), ("", 1, "no field 'scenario'"),
    ("scenario = x\nscenario = y", 2, "stands in line 1 already"), ("scenario = X", 1, "small letters"),
    ("scenario = a b", 1, "one word"), ("scenario =", 1, "no value"), ("scenario", 1, "not of the form"),
    ("scenario = abcdefghijklmnopqrstuvwxyz0123456", 1, "up to 32"),
    ("scenario = x\nbase = moon", 2, "unknown base 'moon'"),
    ("scenario = x\nloss = 1 dB\nbase = drone", 3, "must follow"),
    ("scenario = x\nfading = rayleigh", 2, "unknown fading 'rayleigh'"), ("scenario = x\nfading = 3 m", 2, "one word"),
    ("scenario = x\nloss 3 dB", 2, "not of the form"), ("scenario = x\nloss: 3 dB", 2, "not of the form"),
    ("scenario = x\nloss=3 dB", 2, "not of the form"), ("scenario = x\nlosses = 3 dB", 2, "unknown field 'losses'"),
    ("scenario = x\nLoss = 3 dB", 2, "unknown field 'Loss'"), ("scenario = x\nloss = 3 db", 2, "not 'db'"),
    ("scenario = x\nloss = -1 dB", 2, "must be from 0 to 100 dB, not -1"),
    ("scenario = x\nefficiency_h = 1.01", 2, "must be from 0 to 1, not 1.01"),
    ("scenario = x\nloss = 3 dB\ntransmission = 0.5", 3, "'loss' of line 2 are the same"),
    ("scenario = x\n\u{1}", 2, "byte 1"), ("scenario = x\nloss = 3 dB é", 2, "byte 195"),
  ])
  func line_thatMakesNoSense_isRefused(text: String, line: Int, reason: String) {
    let found = fault(text)
    #expect(found?.line == line && found?.reason.contains(reason) == true, "\(String(describing: found))")
  }

  /// Lines that are right by themselves and wrong together.
  @Test(arguments: [
    ("roll_tone_1 = 1 deg", 2, "has no 'roll_tone_1_frequency'"),
    ("roll_tone_1_frequency = 1 Hz", 2, "has no 'roll_tone_1'"),
    ("roll_tone_2 = 1 deg\nroll_tone_2_frequency = 1 Hz", 2, "no 'roll_tone_1' before"),
    ("roll_rate = 1000.5 deg/s", 2, "the model ends at 1000"),
    ("roll_rate = -2000 deg/s", 2, "the model ends at 1000"),
    ("roll_tone_1 = 10 deg\nroll_tone_1_frequency = 16 Hz", 3, "roll turns by up to 1005 deg/s"),
    ("pitch_noise = 5 deg\npitch_noise_time = 1 ms", 2, "pitch jitters by"),
    ("range_rate = -1000.5 m/s", 2, "range changes by up to 1000 m/s; the model ends at 1000"),
    ("range_tone_1 = 30 m\nrange_tone_1_frequency = 1 Hz\nrange_rate = 1 m/s", 4, "accelerates by up to 1184 m/s^2"),
    ("rytov_variance = 1", 2, "log-normal fading has no"), ("fading = gamma-gamma", 2, "needs a 'rytov_variance'"),
    ("fading = gamma-gamma\nrytov_variance = 1\nscintillation_index = 1", 4, "has no 'scintillation_index'"),
    ("bob_diattenuation_x = 0.8\nbob_diattenuation_z = 0.6", 3, "of bob is longer than 0.99"),
    ("orbit_aperture = 1 m", 2, "needs 'orbit_altitude'"),
    ("orbit_altitude = 500 km\norbit_start = -500 s", 3, "below the horizon"),
  ])
  func lines_thatContradict_areRefused(lines: String, line: Int, reason: String) {
    let found = fault("scenario = x\n" + lines)
    #expect(found?.line == line && found?.reason.contains(reason) == true, "\(String(describing: found))")
  }

  @Test func file_thatIsTooLong_isRefused() {
    let text = "scenario = x\n" + String(repeating: "#", count: ScenarioReader.bytesMax)
    #expect(fault(text)?.reason == "more than 65536 bytes")
  }

  /// Whatever a file holds, it is a link that can be flown and printed, or a fault at one of its lines.
  @Test(arguments: fuzzSeeds(400)) func file_bentAnywhere_isReadOrRefused(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let real = Array(Scenario.all[Int(seed % UInt64(Scenario.all.count))].text.utf8)
    let bytes = random.bent(real, bytesMax: ScenarioReader.bytesMax)
    do throws(ScenarioFault) {
      let scenario = try ScenarioReader.scenario(from: bytes)
      var process = ChannelProcess(scenario, seed: seed)
      for _ in 0..<20 {
        let state = process.next()
        #expect(state.transmission >= 0 && state.transmission <= 1 && state.roll.isFinite && state.arrivalPs.isFinite)
      }
      let again = try ScenarioReader.scenario(from: Array(scenario.text.utf8))
      #expect(again == scenario)
    } catch {
      #expect((1...bytes.split(separator: 10, omittingEmptySubsequences: false).count).contains(error.line))
      #expect(!error.reason.contains("\n"))
    }
  }
}
