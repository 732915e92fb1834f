import Units
import ArgumentParser
import Foundation
import HostSockets
import Optics
import Twin

/// The boards of two modules for programs that run as processes of their own.
struct Serve: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(abstract: "Answer the registers of two gimbal processes, in one simulated time.")
  }

  @OptionGroup var link: ScenarioOptions
  @Option(help: "Everything random in the light follows from this number.")
  var seed: UInt64 = 1
  @Option(help: ClocksOption.help)
  var clocks = Clocks.common
  @Option(help: ArgumentHelp("Sockets to listen on: PATH.alice and PATH.bob.", valueName: "path"))
  var socket: String
  @Flag(help: "Keep the simulation from running ahead of the wall clock.")
  var realTime = false
  @Option(help: "Simulated seconds in a second, at most; --real-time is 1. A module with a clock of its own needs one.")
  var pace: Double?
  @Option(help: "Milliseconds for which a module with a clock of its own may ask for nothing before time waits for it.")
  var patience: Int?
  @Flag(help: "Listen on PATH.control for commands that change the simulation while it runs.")
  var control = false

  func run() throws {
    let scenario = try link.load()
    if let pace, pace <= 0 || !pace.isFinite || realTime { throw ValidationError("pace must be more than 0, alone") }
    if let patience, patience <= 0 { throw ValidationError("patience must be more than 0") }
    do throws(SocketFault) {
      let server = try BoardServer(
        Simulation(scenario, seed: seed, clocks: clocks), path: socket,
        pace: pace.map(Pace.rate) ?? (realTime ? .realTime : .free), patience: patience.map { .milliseconds($0) },
        isControlled: control)
      // Whoever starts the modules waits for this line, so it must not stay in a buffer.
      let line = "serving \(BoardServer.path(socket, of: .alice)) \(BoardServer.path(socket, of: .bob))\n"
      FileHandle.standardOutput.write(Data(line.utf8))
      try server.run()
    } catch let fault {
      throw ValidationError("cannot serve on '\(socket)': \(fault)")
    }
  }
}
