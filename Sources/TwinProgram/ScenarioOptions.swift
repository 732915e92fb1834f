import ArgumentParser
import Foundation
import Optics

/// Which link is simulated: one that the program knows, or one from a file.
struct ScenarioOptions: ParsableArguments {
  @Option(
    help: """
      What moves and how much is lost on the way: \(Scenario.all.map(\.name).joined(separator: ", ")). (default: drone)
      """)
  var scenario: String?
  @Option(
    help: ArgumentHelp(
      "Take the link from lines 'field = value unit', as 'twin scenario NAME' prints them.", valueName: "file"))
  var scenarioFile: String?

  func load() throws -> Scenario {
    guard let scenarioFile else { return try Self.named(scenario ?? Scenario.drone.name) }
    guard scenario == nil else { throw ValidationError("use scenario or scenario-file, not both") }
    return try Self.read(scenarioFile)
  }

  /// The link with numbers of the channel changed, `name=value` each.
  func load(changedBy settings: [String]) throws -> Scenario {
    var scenario = try load()
    for setting in settings {
      let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let value = Double(parts[1]), scenario.set(parts[0], to: value) else {
        throw ValidationError("bad channel setting '\(setting)'")
      }
    }
    return scenario
  }

  static func named(_ name: String) throws -> Scenario {
    guard let scenario = Scenario.named(name) else {
      throw ValidationError("unknown scenario '\(name)': use \(Scenario.all.map(\.name).joined(separator: ", "))")
    }
    return scenario
  }

  static func read(_ path: String) throws -> Scenario {
    let data: Data
    do {
      // One byte more than a file may have tells that it has too many, however long it is.
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      data = try file.read(upToCount: ScenarioReader.bytesMax + 1) ?? Data()
    } catch {
      throw InputFault(text: "scenario: \(path): cannot be read")
    }
    do throws(ScenarioFault) {
      return try ScenarioReader.scenario(from: [UInt8](data))
    } catch {
      throw InputFault(text: "scenario: \(path):\(error.line): \(error.reason)")
    }
  }
}
