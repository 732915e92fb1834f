import ArgumentParser
import Foundation

/// The tool of the project that makes a page of a timeline, and the Python that runs it.
struct ReportPage {
  private let python: URL
  private let tool: URL
  private let page: URL

  /// Finds the tool above the program, and looks whether it can run, before anything is simulated.
  init(writing path: String) throws {
    page = try Self.writable(path, what: "report")
    guard let root = Self.root else {
      throw ValidationError("report: Tools/report.py is not above the program: run it in the project's folder")
    }
    tool = root.appendingPathComponent("Tools/report.py")
    python = root.appendingPathComponent(".build-plots/bin/python")
    guard FileManager.default.isExecutableFile(atPath: python.path) else {
      throw ValidationError("report: the plotting tools are not installed: run 'make report-tools'")
    }
  }

  /// Makes the page; what the tool complains of goes to standard error.
  func make(from timeline: Data) throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("gimbal-\(UUID().uuidString).timeline")
    let process = Process()
    process.executableURL = python
    process.arguments = [tool.path, file.path, page.path]
    do {
      try timeline.write(to: file)
      try process.run()
      process.waitUntilExit()
      try FileManager.default.removeItem(at: file)
    } catch {
      throw ValidationError("report: the plotting tools cannot be run")
    }
    guard process.terminationStatus == 0 else { throw ValidationError("report: the page was not made") }
  }

  /// The folder of the project: the first one with the tool, upwards from the program.
  private static var root: URL? {
    guard var folder = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent() else {
      return nil
    }
    while folder.path != "/" {
      let tool = folder.appendingPathComponent("Tools/report.py")
      if FileManager.default.fileExists(atPath: tool.path) { return folder }
      folder.deleteLastPathComponent()
    }
    return nil
  }

  /// A file that can be written, tried without changing what is there.
  static func writable(_ path: String, what: String) throws -> URL {
    guard !path.isEmpty else { throw ValidationError("the \(what) has no name") }
    let file = URL(fileURLWithPath: path)
    do {
      if FileManager.default.fileExists(atPath: file.path) {
        try FileHandle(forUpdating: file).close()
      } else {
        try Data().write(to: file)
        try FileManager.default.removeItem(at: file)
      }
    } catch {
      throw ValidationError("cannot write \(what) '\(path)'")
    }
    return file
  }
}
