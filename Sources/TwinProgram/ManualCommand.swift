import ArgumentParser
import Console
import Health

/// The manual page of the console, from the command table.
struct Manual: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(abstract: "A page of the manual of gimbal, in Markdown, from the tables of the program.")
  }

  enum Page: String, ExpressibleByArgument, CaseIterable { case commands, alarms, scpi }

  @Argument(help: "Which page: \(Page.allCases.map(\.rawValue).joined(separator: ", ")).")
  var page = Page.commands

  func run() {
    switch page {
    case .commands: printCommands()
    case .alarms: printAlarms()
    case .scpi: ScpiManual.print()
    }
  }

  private func printAlarms() {
    print(alarmsText)
    for level in stride(from: Severity.critical.rawValue, through: 0, by: -1) {
      for number in 0..<AlarmName.count {
        let name = AlarmName.numbered(number)
        guard name.severity.rawValue == level else { continue }
        print("| `\(name.name)` | \(name.severity.name) | \(name.summary) | \(name.remedy) |")
      }
    }
    print(troubleText)
  }

  private func printCommands() {
    print(
      """
      # Commands of the console

      Written by `make manual` from the command table of the program; `help` and `?` tell the same at the console.

      | Command | The console may | What it does |
      |---|---|---|
      """)
    for i in commandTable.indices {
      let spec = commandTable[i]
      let arguments = (0..<Int(spec.argumentsMax)).map { place in
        let word = "\(spec.kind(at: place)!.usageName)"
        return place < Int(spec.argumentsMin) ? word : "[\(word)]"
      }
      let usage = (["\(spec.name)"] + arguments).joined(separator: " ")
      let privilege =
        spec.privilege == spec.privilegeAlone
        ? "\(spec.privilege.name)" : "\(spec.privilegeAlone.name); with arguments \(spec.privilege.name)"
      print("| `\(usage)` | \(privilege) | \(spec.summary) |")
    }
    print("\n## Arguments\n\n| Argument | What it is |\n|---|---|")
    var kind = ArgumentKind(rawValue: 0)
    while let argument = kind {
      print("| `\(argument.usageName)` | \(argument.wanted) |")
      kind = ArgumentKind(rawValue: argument.rawValue + 1)
    }
    print(manualText)
  }
}
