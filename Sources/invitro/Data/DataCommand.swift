import ArgumentParser
import Basics
import Foundation
import Harness

struct DataCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Bring data into the data home and inspect it.",
    discussion: """
        Synthetic, nothing to download:  invitro data sample
        An open set (CC BY 4.0):         invitro data fetch newsemp18
        The organisers' files:           invitro data import newsemp24 --from DIR

      NewsEmp22, 23 and 24 may be used for research but not redistributed. Keep the
      data home on this machine; its files can be read by their owner only.
      """,
    subcommands: [
      DataImportCommand.self, DataFetchCommand.self, DataSampleCommand.self,
      DataStatsCommand.self, DataCheckCommand.self, DataRepairCommand.self,
    ])
}

struct DataCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check that the data home is intact and private.",
    discussion: """
      Reads every imported split again, compares digests and row counts, and looks at
      the permissions of files that hold labels. Exits with 1 where a check fails.
      """)

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
