import Basics
import ArgumentParser
import Harness

/// Whether NewsEmp24's labels are repaired on the way into a training table.
struct RepairOption: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "Use the 6 and 8 item labels of NewsEmp24 train where NewsEmp23 has them (see `invitro data "
        + "repair`); the imported labels stay, the provenance of such a row is crowd:repaired."))
  var repair = false

  /// - Parameter sets: what is loaded, as `benchmark/split`.
  /// - Throws: `ValidationError` where nothing of it can be repaired.
  func check(_ sets: [String]) throws {
    guard !repair || sets.contains(Self.repairable) else {
      throw ValidationError("--repair: only \(Self.repairable) has labels to repair.")
    }
  }

  private static let repairable = "newsemp24/train"

  /// The split as it goes into the table; how many labels were repaired is said.
  func load(
    _ definition: BenchmarkDefinition, split: String, home: DataHome
  ) throws -> RatedSplit {
    let dataset = try home.load(definition, split: split)
    guard repair, "\(definition.id)/\(split)" == Self.repairable else {
      return RatedSplit(definition, dataset)
    }
    let earlier = try BenchmarkRegistry.find("newsemp23")
    let (repaired, report) = try LabelRepair.repair(
      dataset, of: definition, from: try ["train", "dev"].map { try home.load(earlier, split: $0) })
    let target = definition.primary.target
    let changed = dataset.rows.indices.filter {
      dataset.rows[$0].labels[target] != repaired.rows[$0].labels[target]
    }
    Console.message(
      "repair: \(changed.count) of \(report.rows) rows have another \(target) label than imported, "
        + "by \(Rounding.text(report.changes[target]?.mean ?? 0, decimals: 3)) on average; "
        + "\(report.inconsistent) break the identity and \(report.ambiguous) are ambiguous")
    return RatedSplit(definition, repaired, repaired: Set(changed))
  }
}
