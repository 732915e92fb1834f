public import ArgumentParser
public import Twin

/// `common` or `own` on the command line.
extension Clocks: ExpressibleByArgument {}

enum ClocksOption {
  static var help: ArgumentHelp {
    ArgumentHelp("Whose slots Bob counts: common, or own, where nothing but light aligns them.", valueName: "clocks")
  }
}
