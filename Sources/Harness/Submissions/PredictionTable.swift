import Foundation

/// A prediction file as it was read: one value a row and target, before it is laid beside the
/// rows of a split.
struct PredictionTable {
  /// The file as the user named it; within a zip, `archive.zip/entry`.
  var name: String
  /// Ids in file order; nil for a header-less file, whose rows are in the order of the split.
  var ids: [String]?
  /// Other columns of a keyed file that a bare pair may use: person, article.
  var labels: [String: [String]] = [:]
  /// Values in file order.
  var columns: TargetTable<PredictionColumn>
  /// One-based line of each row; empty where rows and lines are the same.
  var lines: [Int]
  var faults: [Fault] = []

  var rowCount: Int { columns.values.first?.values.count ?? 0 }

  func line(_ row: Int) -> Int { row < lines.count ? lines[row] : row + 1 }
}

/// How a prediction file names its columns.
public struct PredictionColumns: Sendable, Equatable {
  /// Columns that make a row's id, joined by `:`.
  public var id: [String]
  /// Column of a target, where it is not one of the usual names.
  public var targets: TargetTable<String>

  public init(id: [String] = ["id"], targets: TargetTable<String> = [:]) {
    self.id = id
    self.targets = targets
  }

  /// Names a target's column may have without being told.
  static func usualNames(_ target: Target) -> [String] {
    ["", "predicted_", "llm_", "person_", "pred_"].map { $0 + target.rawValue }
  }

  /// The columns of `name=column` pairs, as `--column` takes them.
  public static func parse(_ pairs: [String]) throws(HarnessError) -> TargetTable<String> {
    var targets: TargetTable<String> = [:]
    for pair in pairs {
      let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let target = Target(rawValue: parts[0]) else {
        throw .usage("--column takes TARGET=NAME, for example empathy=score; not '\(pair)'.")
      }
      targets[target] = parts[1]
    }
    return targets
  }
}

/// Reads a prediction file in any accepted form: WASSA (no header; empathy, then distress), TSV or
/// CSV with a header and an id, JSON lines; plain or in a zip.
enum PredictionTableReader {
  static func read(
    _ data: Data, name: String, columns: PredictionColumns, limits: UploadLimits? = nil
  ) throws(HarnessError) -> PredictionTable {
    if ZipArchive.isZip(data) {
      let entries = try ZipArchive.entries(
        of: data, name: name, maximumBytes: limits?.bytes ?? ZipArchive.maximumBytes)
      let (entry, path) = try chosenEntry(entries, name: name)
      return try read(entry, name: path, columns: columns, limits: limits)
    }
    try limits?.check(data, name: name)
    if let numeric = NumericColumns.parse(data, maximumColumns: 2), numeric.rows > 0 {
      return PredictionTable(
        name: name, ids: nil,
        columns: Dictionary(
          uniqueKeysWithValues: zip([Target.empathy, .distress], numeric.columns).map {
            ($0, PredictionColumn(values: $1))
          }),
        lines: [])
    }
    let text = try SourceText(data, name: name)
    guard let first = text.bytes.first(where: { !isSpace($0) }) else {
      throw .invalid([
        Fault(.rowCount, file: name, line: 1, found: "an empty file", expected: "predictions")
      ])
    }
    if first == UInt8(ascii: "{") {
      return try JSONLinesTable.read(text, columns: columns)
    }
    return try DelimitedPredictions.read(text, columns: columns)
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }

  /// The file of a zip that holds the predictions.
  private static func chosenEntry(
    _ entries: [ZipArchive.Entry], name: String
  ) throws(HarnessError) -> (Data, String) {
    let chosen = entries[try PredictionChoice.choose(entries.map(\.path), name: name)]
    // The path stands in every fault of the file.
    return (chosen.data, "\(name)/\(Fault.shortened(chosen.path))")
  }
}
