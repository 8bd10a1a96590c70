import Basics
public import Foundation
public import Harness
public import Reference

/// The rows of a training table that `invitro curate` wrote.
public struct TableRows {
  public let rows: [Row]

  /// A row of the table.
  public struct Row: Sendable, Equatable {
    public let set, id, text, provenance: String
    /// A label, or none, a target.
    public let labels: [Double?]
  }

  private static let columns = ["set", "id", "provenance", "essay"]

  /// Reads `file`, whose labels stand in the columns of `targets`; of several a cell may be empty.
  /// Throws with all its faults, which do not show labels, a manifest of other content among them.
  public init(_ file: URL, targets: [Target]) throws {
    let table = try DelimitedTable(csv: file)
    var faults: [Diagnostic] = []
    let places = (Self.columns + targets.map(\.name)).map { table.require($0, faults: &faults) }
    guard faults.isEmpty else { throw HarnessError.invalid(faults) }
    var seen: Set<[String]> = []
    rows = table.records.map { record in
      let fields = places.map { $0.map { record.fields[$0] } ?? "" }
      let (set, id, essay) = (fields[0], fields[1], fields[3])
      func fault(_ code: Diagnostic.Code, _ field: String, _ found: String?, _ expected: String) {
        faults.append(
          Diagnostic(
            code, file: table.name, line: record.line, field: field, found: found,
            expected: expected))
      }
      let labels = zip(targets, fields.dropFirst(4)).map { target, text -> Double? in
        let label = Double(text)
        let isGap = text.isEmpty && targets.count > 1
        if !isGap, !(label.map(target.range.contains) ?? false) {
          fault(
            label == nil ? .number : .range, target.name,
            label == nil ? "a label that is not shown" : "a label outside the range",
            "a label from \(target.low) to \(target.high)")
        }
        return label
      }
      if essay.isEmpty { fault(.text, "essay", "", "an essay") }
      if !seen.insert([set, id]).inserted { fault(.repeatedID, "id", id, "each id of a set once") }
      return Row(set: set, id: id, text: essay, provenance: fields[2], labels: labels)
    }
    if rows.isEmpty {
      faults.append(
        Diagnostic(.rowCount, file: table.name, found: "no rows", expected: "some rows"))
    }
    faults += try Self.manifestFaults(file)
    guard faults.isEmpty else { throw HarnessError.invalid(faults) }
  }

  /// A table that was changed after its manifest was written doesn't say where its labels come from.
  private static func manifestFaults(_ file: URL) throws -> [Diagnostic] {
    let beside = file.appendingPathExtension("manifest.json")
    guard FileManager.default.fileExists(atPath: beside.path) else { return [] }
    let said = try Documents.decode(TrainingTable.Manifest.self, from: beside).table
    let digest = try Digest.sha256(of: file)
    let fault = Diagnostic(
      .metadata, file: file.relativePath, found: "SHA-256 \(digest.prefix(12))…",
      expected: "\(said.prefix(12))… as in \(beside.lastPathComponent); curate again, or remove "
        + "the manifest of a table that you changed")
    return digest == said ? [] : [fault]
  }

  /// How many rows each set and provenance has, in words.
  public var summary: String {
    func counts(_ key: (Row) -> String) -> String {
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
