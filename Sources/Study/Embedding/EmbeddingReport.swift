import Basics
import Foundation
import Harness
import Metrics

/// Essays as points: the states of their first tokens, and both projections to the plane.
public struct EssayEmbedding: Sendable {
  public let rows: EmbeddedRows
  /// (n, C), in the order of the rows.
  public let states: [[Float]]
  /// (n, 1 or 2), along the first principal components.
  public let projected: [[Double]]
  /// Shares of the variance along these components.
  public let shares: [Double]
  /// (n, 2), by t-SNE; nil where it was not asked for.
  public let neighbours: [[Double]]?
  public let report: EmbeddingReport

  /// - Parameters:
  ///   - model: the name by which the report calls the model.
  ///   - seed: of both projections.
  ///   - neighbours: makes the plane's points of the states; nil leaves them out.
  /// - Throws: ``StudyError/tooFew(what:found:needed:)`` with fewer than four rows.
  public init(
    _ rows: EmbeddedRows, states: [[Float]], model: String, seed: UInt64,
    neighbours: (([[Double]]) -> [[Double]])? = nil
  ) throws {
    try Self.check(rows)
    precondition(rows.rows.count == states.count, "a state for each row")
    let points = states.map { $0.map(Double.init) }
    let channels = points[0].count
    let components = PrincipalComponents(points, count: min(2, channels), seed: seed)
    shares = components.variances.map { components.total > 0 ? $0 / components.total : 0 }
    projected = components.project(points)
    self.neighbours = neighbours.map { $0(points) }
    (self.rows, self.states) = (rows, states)
    report = EmbeddingReport(
      rows, model: model, channels: channels, points: points, shares: shares, seed: seed)
  }

  /// - Throws: ``StudyError/tooFew(what:found:needed:)`` with fewer rows than t-SNE and a silhouette
  ///   need.
  public static func check(_ rows: EmbeddedRows) throws(StudyError) {
    guard rows.rows.count > 3 else {
      throw .tooFew(what: "rows", found: rows.rows.count, needed: 4)
    }
  }
}

/// `embedding.json`.
public struct EmbeddingReport: Codable, Sendable, Equatable {
  public static let name = "embedding.json"

  public var schema = 1
  public var model: String
  public var source: String
  /// Sets of the rows.
  public var sets: [String]
  /// Whose labels the bins are of; see ``EmbeddedRows/labels``.
  public var labels: String
  public var rows: Int
  public var channels: Int
  /// Over six bins; absent where it is undefined.
  public var silhouette: Double?
  public var undefined: String?
  /// Shares of the variance along the first two principal components.
  public var components: [Double]
  public var seed: UInt64
  public var version = ScoreReport.toolVersion

  init(
    _ rows: EmbeddedRows, model: String, channels: Int, points: [[Double]], shares: [Double],
    seed: UInt64
  ) {
    self.model = model
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
}
