public import Foundation
public import Harness
public import Reference

/// The rows whose essays become states.
public struct EmbeddedRows: Sendable {
  /// What they are, in words.
  public let title: String
  public let rows: [Row]

  public struct Row: Sendable, Equatable {
    public var set: String
    public var id: String
    public var text: String
    /// Nil in a split without labels.
    public var label: Double?
    public var provenance: String

    public init(
      set: String, id: String, text: String, label: Double?,
      provenance: String = Agreement.crowd
    ) {
      self.set = set
      self.id = id
      self.text = text
      self.label = label
      self.provenance = provenance
    }
  }

  public init(title: String, rows: [Row]) { (self.title, self.rows) = (title, rows) }

  public init(_ definition: BenchmarkDefinition, _ dataset: Dataset) {
    self.init(
      title: "\(definition.title) \(dataset.split)",
      rows: dataset.rows.map {
        Row(
          set: "\(definition.id)/\(dataset.split)", id: $0.id, text: $0.text,
          label: $0.labels[definition.primary.target])
      })
  }

  /// A training table that `invitro curate` wrote, with its own labels.
  public init(table file: URL) throws {
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw HarnessError.missing(path: file.relativePath, hint: "Make it with `invitro curate`.")
    }
    let target = try BenchmarkRegistry.standard().primary.target
    let table = try TableRows(file, target: target, range: RatingPrompt.scale)
    self.init(
      title: file.lastPathComponent,
      rows: table.rows.map {
        Row(set: $0.set, id: $0.id, text: $0.text, label: $0.label, provenance: $0.provenance)
      })
  }

  /// `rows.tsv`.
  public var listing: String {
    "set\tid\n" + rows.map { "\($0.set)\t\($0.id)\n" }.joined()
  }

  /// Whose labels these are: `crowd`, `llm`, `mixed` where a model's replace some of a set's, or
  /// `crowd+llm` where all labels of one set are a model's and all of another the crowd's.
  public var labels: String {
    let kinds = Dictionary(grouping: rows) { $0.set.prefix { $0 != "/" } }
      .mapValues { Set($0.map { $0.provenance.hasPrefix(Agreement.crowd) ? "crowd" : "llm" }) }
    if kinds.values.contains(where: { $0.count > 1 }) { return "mixed" }
    return Set(kinds.values.flatMap(\.self)).sorted().joined(separator: "+")
  }
}
