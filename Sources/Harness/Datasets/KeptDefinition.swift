import Basics
import Foundation

/// What a data home remembers of the definition that a benchmark was imported with: enough to tell
/// what a later one changes.
public struct DefinitionRecord: Codable, Sendable, Equatable {
  /// SHA-256 of the definition as canonical JSON.
  public let sha256: String
  /// A digest of each top-level field.
  let fields: [String: String]

  /// Fields that say nothing of what the imported rows mean.
  static let prose: Set<String> = [
    "title", "description", "licence", "source", "open", "quirks", "statement", "papers", "track",
    "rowNoun", "primary", "defaultSplit",
  ]

  init(_ definition: BenchmarkDefinition) throws(HarnessError) {
    do {
      let document = try CanonicalJSON.document(definition)
      sha256 = Digest.sha256(document)
      let object = try JSONSerialization.jsonObject(with: document) as? [String: Any] ?? [:]
      fields = try object.mapValues { value in
        let data = try JSONSerialization.data(
          withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
        return String(Digest.sha256(data).prefix(16))
      }
    } catch {
      throw .system(path: definition.id, reason: "\(error)")
    }
  }

  /// The top-level fields in which `other` differs, in alphabetical order.
  public func changes(to other: DefinitionRecord) -> [String] {
    Set(fields.keys).union(other.fields.keys).filter { fields[$0] != other.fields[$0] }.sorted()
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

  /// What an import of `definition` would change of the benchmark that was imported under its id: the
  /// definition's fields; none where nothing was imported or it is the same.
  /// - Throws: ``HarnessError/conflict(what:hint:)`` where a shipped benchmark has the id.
  public func changes(by definition: BenchmarkDefinition) throws(HarnessError) -> [String] {
    if let shipped = try BenchmarkRegistry.shipped().first(where: { $0.id == definition.id }),
      shipped != definition
    {
      throw .conflict(
        what: "\(definition.id) is the id of a shipped benchmark, which is defined otherwise",
        hint: "Give the definition an id of its own.")
    }
    guard let record = try manifest(definition.id)?.definition else { return [] }
    return record.changes(to: try DefinitionRecord(definition))
  }

  /// - Throws: ``HarnessError/invalid(_:)`` where the definition was changed after the import in what
  ///   the rows mean.
  func checkDefinition(
    _ definition: BenchmarkDefinition, _ manifest: Manifest
  ) throws(HarnessError) {
    guard let record = manifest.definition else { return }
    let now = try DefinitionRecord(definition)
    guard now.sha256 != record.sha256 else { return }
    let changed = record.changes(to: now).filter { !DefinitionRecord.prose.contains($0) }
    guard !changed.isEmpty else { return }
    let boards = manifest.splits.map { "\(definition.id)/\($0.name)" }.joined(separator: ", ")
    throw .fault(
      .metadata, file: definitionURL(definition.id).relativePath,
      found: "\(changed.joined(separator: ", ")) changed since the import of \(boards)",
      expected: "the definition that was imported, or a new import: `invitro data import "
        + "\(definition.id) --from DIR`")
  }
}
