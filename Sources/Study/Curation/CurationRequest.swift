import Basics
public import Foundation
public import Harness
import Metrics
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

  /// How the crowd's labels are corrected.
  public struct Choice: Sendable, Equatable {
    let way: CorrectionWay
    /// Whose labels correct them; nil where the way needs none.
    let model: LabelFile?
    let alpha: Double
    /// The third rater of `soft`; nil for a regression on the text.
    let third: LabelFile?

    /// The choice that the options of `invitro curate correct` make: the model's labels and a third
    /// rater as `name=file`, alpha nil for 4. Throws ``StudyError/usage(_:)`` where they contradict
    /// each other.
    public init(
      _ way: CorrectionWay, by model: String?, alpha: Double? = nil, third: String? = nil
    ) throws {
      func file(_ text: String?, _ option: String) throws -> LabelFile? {
        try text.map { try LabelFile.parse([$0], option: option)[0] }
      }
      (self.way, self.alpha) = (way, alpha ?? 4)
      self.model = try file(model, "--llm")
      self.third = try file(third, "--third")
      let name = way.rawValue
      if way.needsModel, model == nil {
        throw StudyError.usage("--way \(name) needs a model's labels: --llm NAME=FILE.")
      }
      if !way.needsModel, model != nil {
        throw StudyError.usage("--way \(name) uses the crowd's labels alone; leave out --llm.")
      }
      if alpha != nil, !way.takesAlpha {
        throw StudyError.usage("--way \(name) has no threshold; leave out --alpha.")
      }
      guard (0...6).contains(self.alpha) else {
        throw StudyError.usage("--alpha must be from 0 to 6.")
      }
      if third != nil, way != .soft { throw StudyError.usage("--third belongs to --way soft.") }
      if let rater = self.third, rater.name == self.model?.name {
        throw StudyError.usage("--llm and --third have the same name.")
      }
    }

    /// Whether it needs features of the texts.
    public var readsText: Bool { way.readsText && third == nil }
  }

  /// The split's rows with the crowd's labels corrected; `say` is told what a reader should know.
  public func correct(
    _ choice: Choice, features: EssayFeatures, home: DataHome, say: (String) -> Void
  ) throws -> CuratedTable {
    var (rated, made) = try begin([choice.model, choice.third].compactMap(\.self), home, say)
    var essays = rated.essays
    let name = choice.model?.name
    var text = choice.third?.name ?? ""
    if choice.readsText {
      text = LabelledEssay.textRater(beside: name)
      essays = try LabelledEssay.addingTextRater(
        essays, features: try features.load(for: rated), name: text, seed: seed)
    }
    let summary = try made.table.add(
      essays, set: rated.set,
      correction: choice.way.correction(
        llm: name ?? "", alpha: choice.alpha, seed: seed, text: text))
    made.summary = summary
    if choice.way.isControl {
      say("\(choice.way.rawValue) is a control: it shows what a correction does without its point.")
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
  /// Of the rows that were corrected.
  var summary: LabelCorrection.Summary?

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
  /// What `soft` estimated.
  public let reliability: Reliability?
  /// What `em` or `blup` estimated.
  public let components: Components?

  public struct Reliability: Encodable, Sendable, Equatable {
    public let crowd, model, weight: Double?
    /// Rows that it was estimated from.
    public let rows: Int

    private enum CodingKeys: CodingKey { case crowd, model, weight }
  }

  /// Variances between and within persons.
  public struct Components: Encodable, Sendable, Equatable {
    public let between, within: Part
    /// How labels by `em` change with the scale on which the model sees the true score, which two
    /// raters cannot tell; empty for `blup`.
    public let sensitivity: [Sensitivity]

    /// Variance of the crowd's labels and of the model's, and their covariance.
    public struct Part: Encodable, Sendable, Equatable {
      public let crowd, model, shared: Double?
    }

    public struct Sensitivity: Encodable, Sendable, Equatable {
      public let scale: Double
      /// Correlation within persons with the labels at a scale of 1.
      public let pccWithin: Double?
    }
  }

  init(_ curated: CuratedTable) {
    func round(_ value: Double?) -> Double? { Rounding.published(value) }
    func part(_ covariance: PairCovariance) -> Components.Part {
      .init(
        crowd: round(covariance.yy), model: round(covariance.ll), shared: round(covariance.yl))
    }
    (manifest, evaluation) = (curated.table.manifest, curated.evaluation.splits)
    reliability = curated.summary?.reliability.map {
      Reliability(
        crowd: round($0.crowd), model: round($0.model), weight: round($0.weight), rows: $0.rows)
    }
    let one = curated.summary?.oneRater.map {
      Components(
        between: .init(crowd: round($0.between), model: nil, shared: nil),
        within: .init(crowd: round($0.within), model: nil, shared: nil), sensitivity: [])
    }
    let two = curated.summary?.twoRaters.map { found in
      Components(
        between: part(found.model.between), within: part(found.model.within),
        sensitivity: found.sensitivity.map {
          .init(scale: $0.scale, pccWithin: round($0.pccWithin))
        })
    }
    components = two ?? one
  }
}
