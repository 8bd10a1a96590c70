import Basics
public import Foundation
import Harness
public import Reference

/// The rows of a training table that `invitro curate` wrote.
public struct TableRows {
  public let rows: [CuratedEssay]

  private static let columns = ["set", "id", "person", "provenance", "essay"]

  /// Reads `file`, whose labels stand in the column of `target`.
  ///
  /// - Throws: ``HarnessError/invalid(_:)`` with all faults: a column that is missing, a label that
  ///   is no number in `range`, an empty essay, an id twice in one set, or a manifest beside the
  ///   table that was made for other content.
  public init(_ file: URL, target: String, range: ClosedRange<Double>) throws {
    let table = try DelimitedTable(csv: file)
    var faults: [Diagnostic] = []
    let places = (Self.columns + [target]).map { table.require($0, faults: &faults) }
    guard faults.isEmpty else { throw HarnessError.invalid(faults) }
    var seen: Set<[String]> = []
    rows = table.records.map { record in
      let fields = places.map { $0.map { record.fields[$0] } ?? "" }
      let (set, id, essay, text) = (fields[0], fields[1], fields[4], fields[5])
      func fault(_ code: Diagnostic.Code, _ field: String, _ found: String?, _ expected: String) {
        faults.append(
          Diagnostic(
            code, file: table.name, line: record.line, field: field, found: found,
            expected: expected))
      }
      let label = Double(text)
      if !(label.map(range.contains) ?? false) {
        fault(
          .number, target, text,
          "a label from \(range.lowerBound) to \(range.upperBound)")
      }
      if essay.isEmpty { fault(.text, "essay", "", "an essay") }
      if !seen.insert([set, id]).inserted { fault(.repeatedID, "id", id, "each id of a set once") }
      return CuratedEssay(
        id: id, text: essay, person: fields[2].isEmpty ? nil : fields[2], set: set,
        label: label ?? .nan, provenance: fields[3])
    }
    if rows.isEmpty {
      faults.append(
        Diagnostic(.rowCount, file: table.name, found: "no rows", expected: "some rows"))
    }
    faults += try Self.manifestFaults(file)
    guard faults.isEmpty else { throw HarnessError.invalid(faults) }
  }

  /// A table that was changed after its manifest was written no longer says where its labels come
  /// from.
  private static func manifestFaults(_ file: URL) throws -> [Diagnostic] {
    let beside = file.appendingPathExtension("manifest.json")
    guard FileManager.default.fileExists(atPath: beside.path) else { return [] }
    let manifest = try Documents.decode(TrainingTable.Manifest.self, from: beside)
    let digest = try Digest.sha256(of: file)
    guard digest != manifest.table else { return [] }
    return [
      Diagnostic(
        .metadata, file: file.relativePath, found: "SHA-256 \(digest.prefix(12))…",
        expected: "\(manifest.table.prefix(12))… as in \(beside.lastPathComponent); curate again, "
          + "or remove the manifest of a table that you changed")
    ]
  }

  /// How many rows each set and provenance has, in words.
  public var summary: String {
    func counts(_ key: (CuratedEssay) -> String) -> String {
      Dictionary(grouping: rows, by: key).sorted { $0.key < $1.key }
        .map { "\($0.value.count) \($0.key)" }.joined(separator: ", ")
    }
    return "\(rows.count) rows (\(counts(\.set))) with labels from: \(counts(\.provenance))"
  }

  /// Rows whose essay also stands among `essays`.
  public func overlap(with essays: [String]) -> Int {
    let held = Set(essays.map { MatchingText($0) })
    return rows.count { held.contains(MatchingText($0.text)) }
  }
}
