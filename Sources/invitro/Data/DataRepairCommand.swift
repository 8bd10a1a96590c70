import Basics
import ArgumentParser
import Foundation
import Harness

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

  @Argument(help: "newsemp24.")
  var benchmark: String

  @Flag(help: "Report what would change, and write nothing.")
  var dryRun = false

  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func validate() throws {
    guard benchmark == "newsemp24" else {
      throw ValidationError("Only newsemp24 has labels to repair.")
    }
  }

  func run() throws {
    let home = data.home
    let definition = try BenchmarkRegistry.find("newsemp24")
    let train = try home.load(definition, split: "train")
    let earlier = try BenchmarkRegistry.find("newsemp23")
    let sources = try ["train", "dev"].map { try home.load(earlier, split: $0) }
    let (repaired, report) = try LabelRepair.repair(train, of: definition, from: sources)
    if !dryRun && report.changed > 0 {
      var datasets = try DatasetLoader.all(definition, in: home)
      for index in datasets.indices where datasets[index].split == "train" {
        datasets[index] = repaired
      }
      let manifest = try home.manifest(definition.id)
      _ = try home.save(
        datasets, of: definition.id, sources: manifest?.sources ?? [:],
        repairs: (manifest?.repairs ?? [])
          + ["\(report.changed) rows of train have the 6 and 8 item labels of NewsEmp23"])
    }
    if output.json { return try Console.json(report) }
    let changes = definition.targets.map { target in
      let change = report.changes[target.name] ?? LabelRepair.Report.Change()
      let (mean, largest) = (Rounding.text(change.mean, decimals: 3), change.largest)
      return "\(target.name) by \(mean) on average, \(Rounding.text(largest, decimals: 3)) at most"
    }
    Console.print(
      """
      \(report.rows) rows, \(report.matched) with an essay of NewsEmp23, \(report.alreadyRight) of \
      them with its labels already
      \(report.changed) rows \(dryRun ? "would change" : "changed"): \(changes.joined(separator: "; "))
      \(report.inconsistent) rows break the identity and \(report.ambiguous) are ambiguous; \
      they were left alone
      """)
  }
}
