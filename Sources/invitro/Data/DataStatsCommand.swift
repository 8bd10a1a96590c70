import ArgumentParser
import Basics
import Foundation
import Harness
import Report

struct DataStatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Show the labels, groups and overlaps of an imported benchmark.",
    discussion: """
      Shows mean, SD (n-1) and histogram of the labels, the rows and persons of
      demographic groups, and texts that occur in more than one split or year
      (compared by their letters and digits, in lower case). Groups of fewer than 10
      rows or 5 persons, and larger ones that would reveal them, are named without
      numbers.
      """)

  @Argument(
    help: "A benchmark's id, or the path of a definition.", completion: Completions.benchmarks)
  var benchmark: String

  @OptionGroup var shared: SharedOptions

  func run() throws {
    let definition = try shared.home.benchmarks.find(benchmark)
    let home = shared.home
    let own = try home.loadAll(definition)
    if own.isEmpty { _ = try home.load(definition, split: definition.defaultSplit) }
    var others: [Dataset] = []
    for other in try BenchmarkRegistry.shipped() where other.id != definition.id {
      others += try home.loadAll(other)
    }
    let statistics = DatasetStatistics(own, definition: definition, others: others)
    try shared.show(statistics, as: statistics.text(definition))
  }
}

struct DataCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Check that the data home is intact and private.",
    discussion: """
      Reads every imported split again, compares digests and row counts, and looks at
      the permissions of files that hold labels. Exits with 1 where a check fails.
      """)

  @OptionGroup var shared: SharedOptions

  func run() throws {
    let results = try DataHomeCheck.run(shared.home, definitions: try BenchmarkRegistry.shipped())
    let lines = results.map {
      "\($0.isSound ? "ok  " : "FAIL") \($0.benchmark)/\($0.split): \($0.text)"
    }
    let nothing = "\(shared.home.url.relativePath): nothing is imported yet"
    try shared.show(results, as: lines.isEmpty ? nothing : lines.joined(separator: "\n"))
    try end(with: .checkFailed, unless: results.allSatisfy(\.isSound))
  }
}

struct DataRepairCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: "Recover the 6- and 8-item labels of NewsEmp24 train from NewsEmp23.",
    discussion: """
      In NewsEmp24 train one distress item was scored as empathy, so that both labels
      are means of 7 items. Essays that also occur in NewsEmp23 have the right labels
      there; a row is changed only where 7·e24 + 7·d24 = 6·e23 + 8·d23 holds. Both
      benchmarks must be imported. To undo the repair, import newsemp24 again.
      """)

  @Argument(help: "newsemp24.", completion: Completions.benchmarks) var benchmark: String
  @Flag(help: "Report what would change, and write nothing.") var dryRun = false

  @OptionGroup var shared: SharedOptions

  func validate() throws {
    try require(benchmark == "newsemp24", "Only newsemp24 has labels to repair.")
  }

  func run() throws {
    let report = try LabelRepair.run(in: shared.home, isDry: dryRun)
    if shared.json { return try Console.json(report) }
    let targets = try shared.home.benchmarks.find(benchmark).targetNames
    Console.print(report.text(targets, isDry: dryRun))
  }
}
