import Basics
import Foundation
import Harness
import Metrics
import Reference
import Report

/// The rows whose essays become states.
struct EmbeddedRows {
  /// What they are, in words.
  let title: String
  let rows: [Row]

  struct Row {
    var set: String
    var id: String
    var text: String
    /// Nil in a split without labels.
    var label: Double?
    var provenance: String
  }

  init(title: String, rows: [Row]) { (self.title, self.rows) = (title, rows) }

  init(_ definition: BenchmarkDefinition, _ dataset: Dataset) {
    title = "\(definition.title) \(dataset.split)"
    rows = dataset.rows.map {
      Row(
        set: "\(definition.id)/\(dataset.split)", id: $0.id, text: $0.text,
        label: $0.labels[definition.primary.target],
        provenance: Agreement.crowd)
    }
  }

  /// `rows.tsv`.
  var listing: String {
    "set\tid\n" + rows.map { "\($0.set)\t\($0.id)\n" }.joined()
  }

  /// Whose labels these are: `crowd`, `llm`, `mixed` where a model's replace some of a set's, or
  /// `crowd+llm` where all labels of one set are a model's and all of another the crowd's.
  var labels: String {
    let kinds = Dictionary(grouping: rows) { $0.set.prefix { $0 != "/" } }
      .mapValues { Set($0.map { $0.provenance.hasPrefix(Agreement.crowd) ? "crowd" : "llm" }) }
    if kinds.values.contains(where: { $0.count > 1 }) { return "mixed" }
    return Set(kinds.values.flatMap(\.self)).sorted().joined(separator: "+")
  }
}

/// `embedding.json`, and what the command prints.
struct EmbeddingReport: Codable {
  static let name = "embedding.json"

  var schema = 1
  var model: String
  var source: String
  /// Sets of the rows.
  var sets: [String]
  /// Whose labels the bins are of; see `EmbeddedRows.labels`.
  var labels: String
  var rows: Int
  var channels: Int
  /// Over six bins; absent where it is undefined.
  var silhouette: Double?
  var undefined: String?
  /// Shares of the variance along the first two principal components.
  var components: [Double]
  var seed: UInt64
  var version = ScoreReport.toolVersion

  init(
    _ rows: EmbeddedRows, model: String, channels: Int, points: [[Double]], shares: [Double],
    seed: UInt64
  ) {
    self.model = URL(filePath: model).lastPathComponent
    source = rows.title
    sets = Set(rows.rows.map(\.set)).sorted()
    labels = rows.labels
    self.rows = rows.rows.count
    (self.channels, self.seed) = (channels, seed)
    components = shares.map { Rounding.published($0) ?? $0 }
    let labelled = rows.rows.indices.filter { rows.rows[$0].label != nil }
    let figure = Silhouette.score(
      labelled.map { points[$0] },
      labels: labelled.compactMap { rows.rows[$0].label.map(LabelBins.bin) })
    silhouette = Rounding.published(figure.value)
    undefined = figure.reason?.rawValue
  }

  var text: String {
    let value = silhouette.map { Rounding.text($0) } ?? "undefined (\(undefined ?? ""))"
    let shares = components.map { Rounding.text($0, decimals: 3) }.joined(separator: ", ")
    return """
      \(source): \(rows) rows, \(channels) channels of \(model)
      silhouette over six bins, labels by \(labels): \(value)
      variance along the first principal components: \(shares)
      """
  }
}

/// Both pictures of one embedding.
struct EmbeddingPicture {
  let rows: EmbeddedRows
  let title: String

  /// - Parameter points: (n, 1 or 2).
  func svg(_ points: [[Double]], note: String) -> String {
    let names = LabelBins.names
    var groups = names.map { ScatterDocument.Group(name: $0, points: []) }
    for (row, point) in zip(rows.rows, points) {
      guard let label = row.label else { continue }
      groups[LabelBins.bin(label)].points.append((point[0], point.count > 1 ? point[1] : 0))
    }
    if rows.rows.allSatisfy({ $0.label == nil }) {
      groups = [
        .init(name: "no labels", points: points.map { ($0[0], $0.count > 1 ? $0[1] : 0) })
      ]
    }
    return ScatterDocument(title: title, note: note, groups: groups).svg
  }
}
