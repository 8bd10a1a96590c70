import Basics
public import Foundation
import Harness
public import Study

extension EmbeddingReport {
  public var text: String {
    let value = silhouette.map { Rounding.text($0) } ?? "undefined (\(undefined ?? ""))"
    let shares = components.map { Rounding.text($0, decimals: 3) }.joined(separator: ", ")
    return """
      \(source): \(rows) rows, \(channels) channels of \(model)
      silhouette over six bins, labels by \(labels): \(value)
      variance along the first principal components: \(shares)
      """
  }
}

extension EssayEmbedding {
  /// Writes states, rows, the report and the pictures of both projections, readable by their owner
  /// alone.
  ///
  /// - Parameter perplexity: of the t-SNE, for its picture's note.
  public func write(to folder: URL, perplexity: Double) throws {
    try AtomicFile.createFolder(folder, permissions: 0o700)
    func write(_ data: Data, _ name: String) throws {
      try AtomicFile.write(data, to: folder.appending(path: name), permissions: 0o600)
    }
    try write(NumPyArray.data(states), "states.npy")
    try write(Data(rows.listing.utf8), "rows.tsv")
    let percents = shares.map { "\(Rounding.text($0 * 100, decimals: 1))%" }
    let components = "principal components, \(percents.joined(separator: " and ")) of the variance"
    try write(Data(picture(projected, note: components).utf8), "pca.svg")
    if let neighbours {
      let note =
        "t-SNE, perplexity \(Rounding.text(perplexity, decimals: 0)), seed \(report.seed): only "
        + "nearness means anything"
      try write(Data(picture(neighbours, note: note).utf8), "tsne.svg")
    }
    try write(try CanonicalJSON.document(report), EmbeddingReport.name)
  }

  /// The rows as points of the plane, (n, 1 or 2), coloured by the bin of their label.
  private func picture(_ points: [[Double]], note: String) -> String {
    func place(_ point: [Double]) -> (Double, Double) { (point[0], point.count > 1 ? point[1] : 0) }
    var groups = LabelBins.names.map { ScatterDocument.Group(name: $0, points: []) }
    for (row, point) in zip(rows.rows, points) {
      guard let label = row.label else { continue }
      groups[LabelBins.bin(label)].points.append(place(point))
    }
    if rows.rows.allSatisfy({ $0.label == nil }) {
      groups = [.init(name: "no labels", points: points.map(place))]
    }
    return ScatterDocument(title: rows.title, note: note, groups: groups).svg
  }
}
