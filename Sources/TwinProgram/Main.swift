import ArgumentParser
import Foundation

/// The twin: photons, a moving channel and devices behind registers, for two complete modules.
@main
struct Twin: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "twin", abstract: "Runs two Gimbal modules over a simulated moving link.",
      subcommands: [
        Run.self, Compare.self, Loss.self, Rate.self, Length.self, Serve.self, ScenarioCommand.self, Bench.self,
        Manual.self,
      ])
  }

  /// Bad input is one line on standard error and status 2; help and results go to standard output.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let status as ExitCode {
      Foundation.exit(status.rawValue)
    } catch let fault as InputFault {
      FileHandle.standardError.write(Data("error: \(fault.text)\n".utf8))
      Foundation.exit(2)
    } catch {
      guard exitCode(for: error).rawValue != 0 else {
        print(message(for: error))
        Foundation.exit(0)
      }
      let text = message(for: error)
      let line = text.split(separator: "\n").first.map(String.init) ?? "bad input"
      FileHandle.standardError.write(Data("twin: \(line)\n".utf8))
      Foundation.exit(2)
    }
  }
}

/// Bad input that knows its own place.
struct InputFault: Error {
  /// `where: what`, one line.
  let text: String
}
