import Basics
public import Foundation
public import Harness
import Metrics
public import Reference

/// Essays as points: the states of their first tokens, and both projections to the plane.
public struct EssayEmbedding: Sendable {
  public let rows: EmbeddedRows
  /// (n, C), in the order of the rows.
  public let states: [[Float]]
  /// (n, 1 or 2), along the first principal components.
  public let projected: [[Double]]
  /// Shares of the variance along these components.
  public let shares: [Double]
  /// (n, 2) or (n, 3), by t-SNE; nil where it was not asked for.
  public let neighbours: [[Double]]?
  public let report: EmbeddingReport

  /// - Parameters:
  ///   - model: the name by which the report calls the model.
  ///   - followsPaper: whether it is roberta-base trained by the paper's settings.
  ///   - seed: of both projections.
  ///   - neighbours: makes points of the plane or of space of the states; nil leaves them out.
  /// - Throws: ``StudyError/tooFew(what:found:needed:)`` with fewer than four rows.
  public init(
    _ rows: EmbeddedRows, states: [[Float]], model: String, followsPaper: Bool, seed: UInt64,
    neighbours: (([[Double]]) -> [[Double]])?
  ) throws {
    try Self.check(rows)
    precondition(rows.rows.count == states.count, "a state for each row")
    let points = states.map { $0.map(Double.init) }
    let channels = points[0].count
    let components = PrincipalComponents(points, count: min(2, channels), seed: seed)
    let shares = components.variances.map { components.total > 0 ? $0 / components.total : 0 }
    projected = components.project(points)
    self.neighbours = neighbours.map { $0(points) }
    (self.rows, self.states, self.shares) = (rows, states, shares)
    let labelled = zip(points, rows.rows).filter { $1.label != nil }
    let figure = Silhouette.score(
      labelled.map(\.0), labels: labelled.compactMap { $1.label.map(LabelBins.bin) })
    report = EmbeddingReport(
      model: model, source: rows.title, sets: Set(rows.rows.map(\.set)).sorted(),
      labels: rows.labels, rows: rows.rows.count, channels: channels,
      silhouette: Rounding.published(figure.value), undefined: figure.reason?.rawValue,
      components: shares.map { Rounding.published($0) ?? $0 }, seed: seed,
      followsPaper: followsPaper ? true : nil)
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
  public var model, source: String
  /// Sets of the rows.
  public var sets: [String]
  /// Whose labels the bins are of; see ``EmbeddedRows/labels``.
  public var labels: String
  public var rows, channels: Int
  /// Over six bins; absent where it is undefined.
  public var silhouette: Double?
  public var undefined: String?
  /// Shares of the variance along the first two principal components.
  public var components: [Double]
  public var seed: UInt64
  /// True where the model is proved to be roberta-base, trained with the paper's settings.
  public var followsPaper: Bool?
  public var version = ScoreReport.toolVersion
}

/// The rows whose essays become states.
public struct EmbeddedRows: Sendable {
  /// What they are, in words.
  public let title: String
  public let rows: [Row]

  public struct Row: Sendable, Equatable {
    public var set, id, text: String
    /// Nil in a split without labels.
    public var label: Double?
    public var provenance: String

    public init(
      set: String, id: String, text: String, label: Double?, provenance: String = Agreement.crowd
    ) {
      (self.set, self.id, self.text) = (set, id, text)
      (self.label, self.provenance) = (label, provenance)
    }
  }

  public init(title: String, rows: [Row]) { (self.title, self.rows) = (title, rows) }

  public init(_ definition: BenchmarkDefinition, _ dataset: Dataset) {
    self.init(
      title: "\(definition.title) \(dataset.split)",
      rows: dataset.rows.map {
        Row(
          set: "\(definition.id)/\(dataset.split)", id: $0.id, text: $0.text,
          label: $0.labels[definition.mainTarget])
      })
  }

  /// A training table that `invitro curate` wrote, with its own labels.
  public init(table file: URL) throws {
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw HarnessError.missing(path: file.relativePath, hint: "Make it with `invitro curate`.")
    }
    let target = try BenchmarkRegistry.standard().target(orPrimary: nil)
    let table = try TableRows(file, targets: [target])
    self.init(
      title: file.lastPathComponent,
      rows: table.rows.map {
        Row(set: $0.set, id: $0.id, text: $0.text, label: $0.labels[0], provenance: $0.provenance)
      })
  }

  /// `rows.tsv`.
  public var listing: String { "set\tid\n" + rows.map { "\($0.set)\t\($0.id)\n" }.joined() }

  /// Whose labels these are: `crowd`, `llm`, `mixed` where a model's replace some of a set's, or
  /// `crowd+llm` where all labels of one set are a model's and all of another the crowd's.
  public var labels: String {
    let kinds = Dictionary(grouping: rows) { $0.set.prefix { $0 != "/" } }
      .mapValues { Set($0.map { $0.provenance.hasPrefix(Agreement.crowd) ? "crowd" : "llm" }) }
    if kinds.values.contains(where: { $0.count > 1 }) { return "mixed" }
    return Set(kinds.values.flatMap(\.self)).sorted().joined(separator: "+")
  }
}

/// Labels in six equal bins on [1, 7 + 1e-6], as the paper takes them for the silhouette.
public enum LabelBins {
  public static let count = 6

  /// The bin of a label, 0 to 5; a label outside the scale falls into the nearest bin.
  public static func bin(_ label: Double) -> Int {
    let width = (7 + 1e-6 - 1) / Double(count)
    return min(count - 1, max(0, Int(((label - 1) / width).rounded(.down))))
  }

  /// Names such as `1 to 2`.
  public static let names = (1...count).map { "\($0) to \($0 + 1)" }
}

/// Turns essays into points: the first token's last hidden state of an encoder.
public final class EssayEmbedder {
  private let engine: EncoderEngine
  private let tokenizer: Tokenizer

  /// Channels of a state, C.
  public var channels: Int { engine.configuration.hiddenSize }

  /// Loads a model folder, pretrained or fine-tuned; a head plays no part.
  public init(model: URL, threads: Int) throws {
    let directory = try ModelDirectory(model)
    engine = try directory.makeEngine(head: directory.headKind, threads: threads).engine
    tokenizer = try Tokenizer.load(directory: model)
  }

  /// The state of each text, (n, C), in the given order. Texts longer than the model are cut.
  public func embed(
    _ texts: [String], progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> [[Float]] {
    let limit = engine.configuration.maximumLength
    let tokens = texts.map { tokenizer.encode($0, maxLength: limit) }
    var states = Array(repeating: [Float](), count: texts.count)
    var (predictions, done): ([Float], Int) = ([], 0)
    for rows in Predictor.batches(of: tokens) {
      let batch = try PackedBatch(rows.map { tokens[$0] }, for: engine.configuration)
      engine.forward(batch, mode: .inference, predictions: &predictions)
      let found = engine.firstTokenStates
      for (place, row) in rows.enumerated() {
        states[row] = Array(found[(place * channels)..<((place + 1) * channels)])
      }
      done += rows.count
      progress(done, texts.count)
    }
    return states
  }
}
