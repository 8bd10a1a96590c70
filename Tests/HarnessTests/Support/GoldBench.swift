import Basics
import Foundation
import Harness
import Metrics
import TestSupport

/// A file of labels and prediction files beside it, without a benchmark: 120 turns by 24 speakers on
/// 10 articles, with labels of two targets, a gender in each speaker's rows and ages.
struct GoldBench {
  let folder: TemporaryFolder

  static let targets = ["empathy", "distress"]
  private static let names = ["id", "speaker", "article", "gender", "age", "empathy", "distress"]

  private struct Row {
    var cells: [String]
    var predictions: [Double]
  }

  private let rows: [Row]

  /// - Parameter gender: of the speaker with this number.
  init(gender: (Int) -> String = { $0 % 3 == 0 ? "male" : "female" }) throws {
    folder = try TemporaryFolder()
    var random = SplitMix64(seed: 5, stream: .simulation)
    rows = (0..<120).map { row in
      let speaker = row % 24
      let labels = Self.targets.map { _ in Double(Int.random(in: 6...42, using: &random)) / 6 }
      let predictions = labels.map { $0 + Double.random(in: -2...2, using: &random) }
      let cells =
        ["t\(row)", "s\(speaker)", "a\(row / 12)", gender(speaker), "\(20 + 2 * speaker)"]
        + labels.map { "\($0)" }
      return Row(cells: cells, predictions: predictions)
    }
  }

  /// The labels as CSV with a header.
  @discardableResult
  func csv(_ name: String = "gold.csv") throws -> URL {
    try folder.write(table(Self.names, rows.map(\.cells), ","), to: name)
  }

  /// The labels as TSV with a header.
  func tsv() throws -> URL {
    try folder.write(table(Self.names, rows.map(\.cells), "\t"), to: "gold.tsv")
  }

  /// The labels as JSON lines, numbers as numbers.
  func jsonLines() throws -> URL {
    let lines = rows.map { row in
      let members = zip(Self.names, row.cells).map { name, cell in
        "\"\(name)\": " + (Double(cell) == nil ? "\"\(cell)\"" : cell)
      }
      return "{\(members.joined(separator: ", "))}\n"
    }
    return try folder.write(lines.joined(), to: "gold.jsonl")
  }

  /// The labels alone, without a header.
  func bare() throws -> URL {
    try folder.write(
      rows.map { $0.cells.suffix(2).joined(separator: "\t") + "\n" }.joined(), to: "bare.tsv")
  }

  /// Predictions with ids, last row first.
  @discardableResult
  func predictions(
    _ columns: [String] = ["id"] + targets, _ name: String = "predictions.csv", shift: Double = 0
  ) throws -> URL {
    let cells = rows.reversed().map { row in
      [row.cells[0]] + row.predictions.map { "\($0 * (1 - shift))" }
    }
    return try folder.write(
      table(columns, cells.map { Array($0.prefix(columns.count)) }, ","), to: name)
  }

  /// Predictions in the rows' order without a header.
  func barePredictions() throws -> URL {
    try folder.write(
      rows.map { row in row.predictions.map { "\($0)" }.joined(separator: "\t") + "\n" }.joined(),
      to: "predictions.tsv")
  }

  private func table(_ header: [String], _ rows: [[String]], _ separator: String) -> String {
    ([header] + rows).map { $0.joined(separator: separator) + "\n" }.joined()
  }
}
