import Foundation
import Harness
import Reference

/// One label file as the user named it.
public struct LabelFile: Sendable, Equatable {
  /// The model's name.
  public let name: String
  public let path: String
  /// The column named by the user, or nil.
  public let column: String?

  /// The files of `name=file` pairs, with the columns of `name=column` pairs.
  public static func parse(
    _ pairs: [String], columns: [String] = [], option: String
  ) throws -> [LabelFile] {
    func split(_ pair: String, _ option: String, _ second: String) throws -> (String, String) {
      let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw StudyError.usage("\(option) takes NAME=\(second), not '\(pair)'.")
      }
      return (parts[0], parts[1])
    }
    let named = try columns.map { try split($0, "--label-column", "COLUMN") }
    let files = try pairs.map { pair -> LabelFile in
      let (name, path) = try split(pair, option, "FILE")
      guard name != Agreement.crowd else {
        throw StudyError.usage("'crowd' is the crowd's own name; call the model something else.")
      }
      return LabelFile(
        name: name, path: path, column: named.last { $0.0 == name }?.1)
    }
    for (name, _) in named where !files.contains(where: { $0.name == name }) {
      throw StudyError.usage("--label-column names \(name), which has no \(option).")
    }
    return files
  }

  /// Names of the file's columns.
  public func header() throws -> [String] {
    guard FileManager.default.fileExists(atPath: path) else { throw missing }
    return try LabelTable.read(URL(filePath: path)).header
  }

  private var missing: HarnessError {
    .missing(path: path, hint: "`invitro data fetch llmpathy` gets the published label files.")
  }

  /// The label for `target`, or nil, of each row of the file under the id that a split's row has.
  ///
  /// Unless the user named a column, it is `llm_` and the target, else the target.
  public func read(idColumns: [String], target: String) throws -> [String: Double?] {
    guard FileManager.default.fileExists(atPath: path) else { throw missing }
    let table = try LabelTable.read(URL(filePath: path))
    let column = column ?? (table.header.contains("llm_\(target)") ? "llm_\(target)" : target)
    let keys =
      idColumns.allSatisfy(table.header.contains) || !table.header.contains("id")
      ? idColumns : ["id"]
    let labels = try table.labels(column, by: keys)
    return Dictionary(
      labels.map {
        ($0.key.split(separator: " ").map(Self.identifier).joined(separator: ":"), $0.value)
      },
      uniquingKeysWith: { first, _ in first })
  }

  /// A part of an id as data sets write it: `1.0` is 1.
  private static func identifier(_ part: Substring) -> String {
    guard part.hasSuffix(".0"), let number = Int(part.dropLast(2)) else { return String(part) }
    return String(number)
  }
}
