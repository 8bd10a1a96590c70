import ArgumentParser
import Basics
import Foundation
import Harness

struct DataCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check that the data home is intact and private.",
    discussion: HelpText.reflow(
      """
      Reads every imported split again, compares digests and row counts, and looks at the
      permissions of files that hold labels. Exits with 1 where a check fails.
      """))

  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func run() throws {
    let results = try DataHomeCheck.run(data.home, definitions: try BenchmarkRegistry.shipped())
    if output.json {
      try Console.json(results)
    } else if results.isEmpty {
      Console.print("\(data.home.url.relativePath): nothing is imported yet")
    } else {
      for result in results {
        Console.print(
          "\(result.isSound ? "ok  " : "FAIL") \(result.benchmark)/\(result.split): \(result.text)")
      }
    }
    if results.contains(where: { !$0.isSound }) { throw ExitCode(ExitStatus.checkFailed.rawValue) }
  }
}
