import ArgumentParser
import Console

/// The manual page of the console, from the command table.
struct Manual: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(abstract: "The manual page of the console of gimbal, in Markdown.")
  }

  func run() {
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
        let word = "\(spec.kind(at: place)!.placeholder)"
        return place < Int(spec.argumentsMin) ? word : "[\(word)]"
      }
      let usage = (["\(spec.name)"] + arguments).joined(separator: " ")
      print("| `\(usage)` | \(spec.privilege.name) | \(spec.summary) |")
    }
    print("\n## Arguments\n\n| Argument | What it is |\n|---|---|")
    var kind = ArgumentKind(rawValue: 0)
    while let argument = kind {
      print("| `\(argument.placeholder)` | \(argument.wanted) |")
      kind = ArgumentKind(rawValue: argument.rawValue + 1)
    }
    print(
      """

      Names of commands, fields and registers may be cut short where only one begins so, and written in small or
      capital letters. A line that begins with `#` says nothing. Every refusal is one line that begins with `error:`
      and changes nothing.

      ## What a console may do

      `gimbal --privilege LEVEL` says what its console is trusted with: `observe` looks, `operate` also runs
      sessions and sets the configuration, `secure` also destroys keys. Each level includes those before it.

      ## Configuration

      `set` notes a value, `changes` shows what was noted, `apply` puts all of it into force or refuses all of it, and
      only between sessions. `show` prints what is in force as lines that can be pasted to another module. The fields
      are in [Configuration](Configuration.md).

      `save` keeps what is in force in the file of `gimbal --configuration FILE`, where the next start finds it; `load`
      sets it again. The file is replaced as a whole and ends with its checksum; a program that finds it damaged,
      written by a newer one or unusable says so and does not start.

      ## Keys of the line editor

      | Key | Effect |
      |---|---|
      | Tab | completes the name; a second time lists what fits |
      | `?` | explains what may stand at the cursor |
      | Left, Right, Home, End or Ctrl-B F A E | move the cursor |
      | Delete or Ctrl-D, Backspace | delete a character |
      | Ctrl-W, Ctrl-U, Ctrl-K | delete the word before, to the start, to the end |
      | Up, Down or Ctrl-P N | the last eight lines |
      | Ctrl-L, Ctrl-C | a clean screen; abandon the line |
      """)
  }
}
