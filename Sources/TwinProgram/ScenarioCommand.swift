import ArgumentParser
import Foundation
import Optics

/// A link as a file, or what it does in the course of time.
struct ScenarioCommand: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "scenario", abstract: "Print a link as a file that --scenario-file reads, or its course in time.")
  }

  @Argument(help: "Which link: \(Scenario.all.map(\.name).joined(separator: ", ")).")
  var name: String?
  @Option(help: ArgumentHelp("Check and print the link of a file.", valueName: "file"))
  var scenarioFile: String?
  @Option(help: "Print the channel once a second for so many seconds, at most 86400, in place of the file.")
  var trace: Int?
  @Option(help: "Everything random in the trace follows from this number.")
  var seed: UInt64 = 1

  func run() throws {
    let scenario: Scenario
    switch (name, scenarioFile) {
    case (let name?, nil): scenario = try ScenarioOptions.named(name)
    case (nil, let file?): scenario = try ScenarioOptions.read(file)
    case (nil, nil): throw ValidationError("name a scenario or a scenario-file")
    case (_?, _?): throw ValidationError("use a name or a scenario-file, not both")
    }
    guard let trace else { return print(scenario.text, terminator: "") }
    guard (1...86_400).contains(trace) else { throw ValidationError("trace must be from 1 to 86400, not \(trace)") }
    printTrace(of: scenario, seconds: trace)
  }

  /// One line a second: the channel of its first millisecond, and where the satellite is.
  private func printTrace(of scenario: Scenario, seconds: Int) {
    var process = ChannelProcess(scenario, seed: seed)
    var heading = "time_s,loss_db,roll_deg,arrival_ps"
    if scenario.pass != nil { heading += ",elevation_deg,range_km,range_rate_km_s,doppler_ppm,frame_deg" }
    print(heading)
    for second in 0..<seconds {
      let state = process.next()
      for _ in 1..<1_000 { _ = process.next() }
      let loss = -10 * log10(max(state.transmission, 1e-30))
      var row = String(format: "%d,%.2f,%.3f,%.1f", second, loss, state.roll * 180 / .pi, state.arrivalPs)
      if let pass = scenario.pass {
        let point = pass.point(at: pass.startSeconds + Double(second))
        row += String(
          format: ",%.3f,%.2f,%.5f,%.4f,%.3f", point.elevationDegrees, point.rangeKm, point.rangeRateKmS,
          point.doppler * 1e6, point.frameDegrees)
      }
      print(row)
    }
  }
}
