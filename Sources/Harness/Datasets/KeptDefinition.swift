import Basics
import Foundation

/// What a data home remembers of the definition that a benchmark was imported with: enough to tell
/// what a later one changes.
public struct DefinitionRecord: Codable, Sendable, Equatable {
  /// SHA-256 of the definition as canonical JSON.
  public let sha256: String
  /// A digest of each top-level field, and one of each split: `splits.test`.
  let fields: [String: String]

  /// Fields that change no score and no order.
  static let prose: Set<String> = [
    "title", "description", "licence", "source", "open", "quirks", "statement", "papers", "track",
    "rowNoun", "defaultSplit",
  ]
  /// Fields that say nothing of what the imported rows mean.
  static let besideRows: Set<String> = prose.union(["primary"])

  init(_ definition: BenchmarkDefinition) throws(HarnessError) {
    do {
      let document = try CanonicalJSON.document(definition)
      sha256 = Digest.sha256(document)
      var object = try JSONSerialization.jsonObject(with: document) as? [String: Any] ?? [:]
      for split in object.removeValue(forKey: "splits") as? [[String: Any]] ?? [] {
        object["splits.\(split["name"] ?? "")"] = split
      }
      fields = try object.mapValues { value in
        let data = try JSONSerialization.data(
          withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
        return String(Digest.sha256(data).prefix(16))
      }
    } catch {
      throw .system(path: definition.id, reason: "\(error)")
    }
  }

  /// The fields in which `other` differs, in alphabetical order.
  func changes(to other: DefinitionRecord) -> [String] {
    Set(fields.keys).union(other.fields.keys).filter { fields[$0] != other.fields[$0] }.sorted()
  }
}

/// What another definition changes of a benchmark.
public struct DefinitionChange: Sendable, Equatable {
  /// Fields of the definition, in alphabetical order; of its splits those that changed:
  /// `splits.test`.
  public let fields: [String]
  /// The boards, `benchmark/split`, whose rows, scores or order may change.
  public let boards: [String]

  /// - Parameter splits: those that were imported, derived ones too.
  init(_ fields: [String], splits: [String], of definition: BenchmarkDefinition) {
    self.fields = fields
    var telling = Set(fields).subtracting(DefinitionRecord.prose)
    if let derived = definition.derived, telling.contains("splits.\(derived.from)") {
      telling.formUnion(derived.splits.map { "splits.\($0.name)" })
    }
    let changed =
      telling.allSatisfy { $0.hasPrefix("splits.") }
      ? splits.filter { telling.contains("splits.\($0)") } : splits
    boards = changed.map { "\(definition.id)/\($0)" }
  }
}

extension DataHome {
  /// Keeps a definition that is not shipped, for its owner alone to write.
  func keep(_ definition: BenchmarkDefinition) throws(HarnessError) {
    guard try !BenchmarkRegistry.shipped().contains(where: { $0.id == definition.id }) else {
      return
    }
    try HarnessError.wrapping { () throws(BasicsError) in
      try AtomicFile.createFolder(folder(definition.id), permissions: 0o700)
      try AtomicFile.write(
        CanonicalJSON.document(definition), to: definitionURL(definition.id), permissions: 0o600)
    }
  }

  /// What an import of `definition` would change of the benchmark that was imported under its id;
  /// nil where nothing was imported or it is the same.
  /// - Throws: ``HarnessError/conflict(what:hint:)`` where a shipped benchmark has the id.
  public func change(by definition: BenchmarkDefinition) throws(HarnessError) -> DefinitionChange? {
    if try BenchmarkRegistry.isTaken(definition) {
      throw .conflict(
        what: "\(definition.id) is the id of a shipped benchmark, which is defined otherwise",
        hint: "Give the definition an id of its own.")
    }
    guard let manifest = try manifest(definition.id), let record = manifest.definition else {
      return nil
    }
    let fields = record.changes(to: try DefinitionRecord(definition))
    guard !fields.isEmpty else { return nil }
    return DefinitionChange(fields, splits: manifest.splits.map(\.name), of: definition)
  }

  /// - Throws: ``HarnessError/invalid(_:)`` where the definition was changed after the import in what
  ///   the rows of `split` mean.
  func checkDefinition(
    _ definition: BenchmarkDefinition, _ manifest: Manifest, split: String
  ) throws(HarnessError) {
    guard let record = manifest.definition else { return }
    let fields = record.changes(to: try DefinitionRecord(definition))
      .filter { !DefinitionRecord.besideRows.contains($0) }
    let change = DefinitionChange(fields, splits: manifest.splits.map(\.name), of: definition)
    guard change.boards.contains("\(definition.id)/\(split)") else { return }
    throw .fault(
      .metadata, file: definitionURL(definition.id).relativePath,
      found: "\(fields.joined(separator: ", ")) changed since the import, which changes "
        + "\(change.boards.joined(separator: ", "))",
      expected: "the definition that was imported, or a new import: `invitro data import "
        + "\(definition.id) --from DIR`")
  }
}
