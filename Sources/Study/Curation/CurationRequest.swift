import Basics
public import Foundation
public import Harness
public import Reference

/// The essays that a training table must not hold.
public struct EvaluationTexts: Sendable {
  /// The splits they come from; empty where nothing was compared.
  public let splits: [String]
  public let texts: [String]

  /// - Parameters:
  ///   - named: the splits that the user named; empty takes dev and test where they are imported
  ///     and neither trained on nor part of what is.
  ///   - training: the splits that are trained on.
  /// - Throws: ``StudyError/usage(_:)`` where a split is trained and evaluated on.
  public init(
    _ named: [String], of definition: BenchmarkDefinition, training: [String], home: DataHome
  ) throws {
    if let both = named.first(where: training.contains) {
      throw StudyError.usage("\(both) cannot be used for both training and evaluation.")
    }
    let isSource = definition.derived.map { training.contains($0.from) } ?? false
    splits =
      !named.isEmpty || isSource
      ? named : ["dev", "test"].filter { !training.contains($0) && home.has(definition.id, $0) }
    texts = try splits.flatMap { try home.load(definition, split: $0).rows.map(\.text) }
  }
}

/// What both ways to make a training table have in common.
public struct CurationRequest: Sendable {
  private let benchmark, split: String
  private let evaluation: [String]
  private let overlap: TrainingTable.Overlap
  private let repair: Bool
  private let seed: UInt64

  /// - Parameters:
  ///   - evaluation: splits that will be evaluated on; see ``EvaluationTexts``.
  ///   - repair: whether the labels of NewsEmp24 train are repaired on the way into the table.
  public init(
    benchmark: String, split: String, evaluation: [String], overlap: TrainingTable.Overlap,
    repair: Bool, seed: UInt64
  ) {
    (self.benchmark, self.split, self.evaluation) = (benchmark, split, evaluation)
    (self.overlap, self.repair, self.seed) = (overlap, repair, seed)
  }

  /// The split with the labels of `files`, and an empty table.
  private func begin(
    _ files: [LabelFile], _ home: DataHome, _ say: (String) -> Void
  ) throws -> (rated: RatedSplit, made: CuratedTable) {
    let definition = try home.benchmarks.find(benchmark)
    var rated = try RatedSplit.load(definition, split: split, home: home, repair: repair, say: say)
    let evaluation = try EvaluationTexts(
      self.evaluation, of: definition, training: [split], home: home)
    if evaluation.splits.isEmpty {
      say("No evaluation split: overlaps are not checked. Name one with --evaluation.")
    }
    try rated.add(files, say: say)
    let table = TrainingTable(
      target: definition.mainTarget, evaluation: evaluation.texts, overlap: overlap)
    return (rated, CuratedTable(table: table, evaluation: evaluation))
  }

  /// How the crowd's labels are corrected by a model's.
  public enum Choice: Sendable, Equatable {
    /// The model's label where both differ by more than this.
    case threshold(Double)
    /// A threshold that cross-validation on these rows chooses.
    case automatic
    /// A blend of both labels by their reliability, with this third rater or, for nil, with a
    /// regression on the text.
    case soft(third: LabelFile?)

    /// The choice that the options of `invitro curate correct` make: an alpha (a number from 0 to 6,
    /// `auto`, or nil for 4), or `soft` and a third rater (`name=file`). Throws
    /// ``StudyError/usage(_:)`` where they contradict each other.
    public init(alpha: String?, soft: Bool, third: String?, by model: LabelFile) throws {
      if soft && alpha != nil { throw StudyError.usage("Give either --alpha or --soft.") }
      if third != nil && !soft { throw StudyError.usage("--third belongs to --soft.") }
      let rater = try third.map { try LabelFile.parse([$0], option: "--third")[0] }
      guard rater?.name != model.name else {
        throw StudyError.usage("--llm and --third have the same name.")
      }
      switch alpha {
      case nil: self = soft ? .soft(third: rater) : .threshold(4)
      case "auto": self = .automatic
      case let text?:
        guard let value = Double(text), (0...6).contains(value) else {
          throw StudyError.usage("--alpha is a number from 0 to 6, or auto; not '\(text)'.")
        }
        self = .threshold(value)
      }
    }
  }

  /// The split's rows with the crowd's labels corrected by those of `model`; `say` is told what a
  /// reader should know.
  public func correct(
    by model: LabelFile, _ choice: Choice, features: EssayFeatures, home: DataHome,
    say: (String) -> Void
  ) throws -> CuratedTable {
    var files = [model]
    if case .soft(let third?) = choice { files.append(third) }
    var (rated, made) = try begin(files, home, say)
    var essays = rated.essays
    let correction: LabelCorrection
    switch choice {
    case .threshold(let alpha): correction = .threshold(llm: model.name, alpha: alpha)
    case .soft(let third?): correction = .soft(llm: model.name, third: third.name)
    case .soft(nil):
      let rater = model.name == "text" ? "text rater" : "text"
      essays = try LabelledEssay.addingTextRater(
        essays, features: try features.load(for: rated), name: rater, seed: seed)
      correction = .soft(llm: model.name, third: rater)
    case .automatic:
      say("choosing alpha by cross-validation, seed \(seed)")
      let selection = try AlphaSelection(
        essays, features: try features.load(for: rated),
        grid: AlphaSelection.grid(llm: model.name), seed: seed)
      (correction, made.choice) = (selection.best.correction, selection)
    }
    do {
      made.reliability = try made.table.add(essays, set: rated.set, correction: correction)
        .reliability
    } catch ReferenceError.curation(.unrelated(let first, let second)) {
      say(
        "--soft: labels by \(first) and by \(second) do not rise together in these rows, so they cannot "
          + "tell whose error a difference is. The crowd's labels stay as they are. Another rater "
          + "(--third NAME=FILE) may tell; --alpha needs none.")
      try made.table.add(essays, set: rated.set, correction: .none)
    }
    return made
  }

  /// Rows of another benchmark that join a split's own.
  public struct Addition: Sendable {
    public let benchmark: String
    let splits: [String]
    let labels: String
    public let files: [LabelFile]
    let portion: Double

    /// - Parameters:
    ///   - splits: empty takes train and dev, where they are imported.
    ///   - labels: `crowd`, or the name of the model whose labels the rows get.
    ///   - files: the model's labels, for each split in one of them.
    ///   - portion: share of each split, in (0, 1], drawn with the request's seed.
    public init(
      benchmark: String, splits: [String], labels: String, files: [LabelFile], portion: Double
    ) {
      (self.benchmark, self.splits, self.labels) = (benchmark, splits, labels)
      (self.files, self.portion) = (files, portion)
    }

    /// The splits that are asked for, imported or not.
    public var named: [String] { splits.isEmpty ? ["train", "dev"] : splits }
  }

  /// The split's rows, corrected by the labels of `model` where both differ by more than `alpha`,
  /// and those of `additions`, one after the other.
  public func augment(
    with additions: [Addition], correctingBy model: LabelFile?, alpha: Double, home: DataHome,
    say: (String) -> Void
  ) throws -> CuratedTable {
    var (rated, made) = try begin(model.map { [$0] } ?? [], home, say)
    try made.table.add(
      rated.essays, set: rated.set,
      correction: model.map { .threshold(llm: $0.name, alpha: alpha) } ?? .none)
    for addition in additions { try add(addition, to: &made, of: rated, home, say) }
    return made
  }

  private func add(
    _ addition: Addition, to made: inout CuratedTable, of rated: RatedSplit, _ home: DataHome,
    _ say: (String) -> Void
  ) throws {
    let added = try home.benchmarks.find(addition.benchmark)
    var splits = addition.splits
    if splits.isEmpty { splits = addition.named.filter { home.has(added.id, $0) } }
    // Nothing imported: the load's error says how to get it.
    for name in splits.isEmpty ? ["train"] : splits {
      guard added.id != rated.definition.id || name != split else {
        throw StudyError.usage("\(rated.set) cannot be added to itself.")
      }
      var other = try RatedSplit.load(added, split: name, home: home, repair: repair, say: say)
      try other.add(addition.files.filter { $0.name == addition.labels }, say: say)
      try made.table.add(
        other.essays, set: other.set,
        correction: addition.labels == Agreement.crowd ? .none : .replace(llm: addition.labels),
        portion: addition.portion, seed: seed)
    }
  }
}

/// A training table with what was done to make it.
public struct CuratedTable: Sendable {
  public internal(set) var table: TrainingTable
  public let evaluation: EvaluationTexts
  var reliability: LabelReliability?
  var choice: AlphaSelection?

  /// Writes the table and its manifest.
  public func write(to file: URL) throws {
    try AtomicFile.createFolder(file.deletingLastPathComponent())
    try table.write(to: file)
  }

  public var report: CurationReport { CurationReport(self) }
}

/// What `invitro curate` says of the table that it writes; figures rounded to 4 decimals.
public struct CurationReport: Encodable, Sendable {
  public var schema = 1
  public let manifest: TrainingTable.Manifest
  /// The splits whose essays the table must not hold.
  public let evaluation: [String]
  public let reliability: Reliability?
  public let selection: Selection?

  public struct Reliability: Encodable, Sendable, Equatable {
    public let crowd, model, weight: Double?
    /// Rows that it was estimated from.
    public let rows: Int

    private enum CodingKeys: CodingKey { case crowd, model, weight }
  }

  public struct Selection: Encodable, Sendable, Equatable {
    public let seed: UInt64
    public let folds: Int
    public let chosen: String
    public let candidates: [Candidate]
    /// The gain of the chosen one in units of its standard error; nil without an error.
    public let gainInErrors: Double?

    private enum CodingKeys: CodingKey { case seed, folds, chosen, candidates }
  }

  public struct Candidate: Encodable, Sendable, Equatable {
    public let correction: String
    public let ccc, gain, gainError: Double?
    public let changed: Int
  }

  init(_ curated: CuratedTable) {
    func round(_ value: Double) -> Double? { Rounding.published(value) }
    (manifest, evaluation) = (curated.table.manifest, curated.evaluation.splits)
    reliability = curated.reliability.map {
      Reliability(
        crowd: round($0.crowd), model: round($0.model), weight: round($0.weight), rows: $0.rows)
    }
    selection = curated.choice.map { choice in
      let best = choice.best
      return Selection(
        seed: choice.seed, folds: choice.folds, chosen: best.correction.name,
        candidates: choice.candidates.map {
          Candidate(
            correction: $0.correction.name, ccc: round($0.ccc), gain: round($0.gain),
            gainError: round($0.gainError), changed: $0.changed)
        }, gainInErrors: best.gainError > 0 ? best.gain / best.gainError : nil)
    }
  }
}
