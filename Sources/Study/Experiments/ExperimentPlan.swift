import Basics
import Foundation
public import Reference

/// The cells of an experiment, and which row and seed uses which.
public struct ExperimentPlan {
  /// One run to do: what it depends on, and the first row, seed and fold that need it.
  public struct Cell {
    public let name: String
    public let cell: ExperimentCell
    public let row: Experiment.Row
    public let seed: UInt64
    /// The fold that it predicts, from 0; nil where none are made.
    public let fold: Int?

    /// The row, the seed and the fold.
    public var title: String {
      "\(row.name), seed \(seed)" + (fold.map { ", fold \($0 + 1)" } ?? "")
    }
  }

  /// Each once, fold by fold and seed by seed.
  public let cells: [Cell]
  public let index: ExperimentIndex

  /// The cells of these names, in the order of the grid. Throws where one is not of the grid.
  public func cells(named names: [String]) throws -> [Cell] {
    if let unknown = names.first(where: { name in !cells.contains { $0.name == name } }) {
      throw StudyError.usage(
        "There is no cell '\(unknown)' in this grid. `--list` shows the cells of the file with the "
          + "data and --threads as they are now.")
    }
    return names.isEmpty ? cells : cells.filter { names.contains($0.name) }
  }

  public init(_ experiment: Experiment, inputs: ExperimentInputs) throws {
    var rows: [ExperimentIndex.Row] = []
    var found: [Cell] = []
    let folds = experiment.folds.map { (0..<$0.count).map { $0 as Int? } } ?? [nil]
    for row in experiment.rows {
      let settings = row.settings
      let tables = try folds.map { try inputs.training(settings, fold: $0) }
      let validation = try inputs.validation(settings)
      let own = try zip(folds, tables).flatMap { fold, table in
        let training = try inputs.labelled(table, settings)
        return try experiment.seeds.map { seed in
          let cell = ExperimentCell(
            model: try inputs.modelDigest(settings), training: training, validation: validation,
            recipe: settings.recipe, seed: seed)
          return Cell(name: try cell.name(), cell: cell, row: row, seed: seed, fold: fold)
        }
      }
      found += own
      rows.append(
        ExperimentIndex.Row(
          name: row.name, benchmark: settings.benchmark, encoder: try inputs.encoder(settings),
          cells: Dictionary(
            uniqueKeysWithValues: own.map { (ExperimentIndex.key($0.seed, $0.fold), $0.name) }),
          tables: tables))
    }
    var known: Set<String> = []
    cells = folds.flatMap { fold in
      experiment.seeds.flatMap { seed in found.filter { $0.fold == fold && $0.seed == seed } }
    }.filter { known.insert($0.name).inserted }
    index = ExperimentIndex(experiment: experiment.name, rows: rows)
  }
}

/// `index.json`: which cells are the rows of an experiment.
public struct ExperimentIndex: Codable, Equatable {
  public var schema = 1
  public var experiment: String
  public var rows: [Row]

  public struct Row: Codable, Equatable {
    public var name, benchmark: String
    /// The published encoder that the model's `config.json` is of, if any.
    public var encoder: String?
    /// A cell's name by its seed, or its seed and fold: `42/1` (see ``ExperimentIndex/key(_:_:)``).
    public var cells: [String: String]
    /// Training rows, of folds the mean; by where their labels come from.
    public var rows: Int
    public var provenances: [String: Int]
    /// Rows whose label is not the crowd's.
    public var replaced: Int
    /// Rows that also stand in the validation or an evaluated split.
    public var overlap: Int

    /// - Parameter tables: the training rows of each fold, or of the one training.
    init(
      name: String, benchmark: String, encoder: String?, cells: [String: String],
      tables: [TrainingTable]
    ) {
      (self.name, self.benchmark) = (name, benchmark)
      (self.encoder, self.cells) = (encoder, cells)
      func mean(_ count: (TrainingTable) -> Int) -> Int {
        let total = tables.reduce(0) { $0 + count($1) }
        return Int((Double(total) / Double(max(1, tables.count))).rounded())
      }
      rows = mean(\.rows.count)
      let sources = Set(tables.flatMap(\.provenances.keys))
      provenances = Dictionary(
        uniqueKeysWithValues: sources.map { source in
          (source, mean { $0.provenances[source] ?? 0 })
        })
      replaced = mean { $0.steps.reduce(0) { $0 + $1.changed } }
      overlap = mean { $0.steps.reduce(0) { $0 + $1.inEvaluation } }
    }

    /// The name of a cell.
    func cell(_ seed: UInt64, _ fold: Int?) -> String? { cells[ExperimentIndex.key(seed, fold)] }
  }

  /// What a cell is found by: its seed and, of folds, the fold from 1.
  static func key(_ seed: UInt64, _ fold: Int?) -> String {
    "\(seed)" + (fold.map { "/\($0 + 1)" } ?? "")
  }
}

/// The cells of an experiment with their state, and what those that are left will take.
public struct ExperimentListing: Encodable, Sendable {
  public var schema = 1
  public let experiment: String
  /// The experiment's folder.
  public let folder: String
  public let cells: [Cell]
  /// What the data home lacks; the cells then have no names yet, and rows are counted from the
  /// benchmarks' definitions.
  public internal(set) var missing: [String]?
  /// Processor hours of the cells that are not finished, to their last epoch; nil where it was not
  /// estimated.
  public var coreHours: Double?

  public struct Cell: Encodable, Sendable, Equatable {
    /// Nil where the data that it is named after are not here.
    public let cell: String?
    public let row: String
    public let seed: UInt64
    /// The fold that it predicts, from 1; nil where none are made.
    public let fold: Int?
    /// Nil where a definition leaves the number open.
    public let trainingRows: Int?
    /// Threads that train it.
    public let threads: Int
    /// `finished`, `claimed`, `begun` or `to do`.
    public let state: String
    /// Who has claimed it.
    public let worker: String?
  }

  /// - Parameter cells: those to list.
  public init(
    _ cells: [ExperimentPlan.Cell], folder: ExperimentFolder, inputs: ExperimentInputs
  ) throws {
    experiment = inputs.experiment.name
    self.folder = folder.url.relativePath
    self.cells = try cells.map { cell in
      let isFinished = try folder.isFinished(cell, inputs)
      let worker = isFinished ? nil : folder.worker(cell.name)
      let open = worker != nil ? "claimed" : folder.isBegun(cell.name) ? "begun" : "to do"
      return Cell(
        cell: cell.name, row: cell.row.name, seed: cell.seed, fold: cell.fold.map { $0 + 1 },
        trainingRows: cell.cell.trainingRows, threads: cell.cell.configuration.threads,
        state: isFinished ? "finished" : open,
        worker: worker)
    }
  }

  /// The rows and seeds of an experiment whose data are not all here.
  public init(
    withoutData inputs: ExperimentInputs, missing: [StudyError.Input], folder: ExperimentFolder
  ) throws {
    let own = inputs.experiment
    experiment = own.name
    self.folder = folder.url.relativePath
    self.missing = missing.map(\.path)
    let folds = own.folds.map { (1...$0.count).map { $0 as Int? } } ?? [nil]
    cells = try folds.flatMap { fold in
      try own.seeds.flatMap { seed in
        try own.rows.map { row in
          Cell(
            cell: nil, row: row.name, seed: seed, fold: fold,
            trainingRows: try inputs.expectedRows(row.settings),
            threads: row.settings.recipe.configuration(seed: seed).threads, state: "to do",
            worker: nil)
        }
      }
    }
  }
}

/// Everything that a cell's predictions depend on, save OpenBLAS' kernels; its hash names the cell's
/// folder. Content stands here and not names: rows with the same training rows share their cells.
public struct ExperimentCell: Sendable, Equatable, Codable {
  public var schema = 1
  /// ``TrainingRun/arithmetic`` of the program.
  public var arithmetic = TrainingRun.arithmetic
  /// SHA-256 over the pretrained model's files.
  public let model: String
  /// SHA-256 over the texts and labels of the training rows in their order.
  public let training: String
  public let trainingRows: Int
  public let validation: String
  public let validationRows: Int
  /// With the seed and the number of threads.
  public let configuration: TrainingConfiguration
  public let maxLength: Int
  public let checkpoint: ExperimentRecipe.Checkpoint

  public init(
    model: String, training: LabelledRows, validation: LabelledRows, recipe: ExperimentRecipe,
    seed: UInt64
  ) {
    self.model = model
    (self.training, trainingRows) = (training.digest, training.count)
    (self.validation, validationRows) = (validation.digest, validation.count)
    configuration = recipe.configuration(seed: seed)
    (maxLength, checkpoint) = (recipe.maxLength, recipe.checkpoint)
  }

  /// The first 16 hexadecimal digits of the SHA-256 of the cell as JSON with sorted keys.
  public func name() throws -> String {
    String(Digest.sha256(try CanonicalJSON.compact(self)).prefix(16))
  }
}

/// A part of a grid that one of several processes computes.
public struct Shard: Sendable, Equatable {
  /// From 1 to ``count``.
  let index: Int
  let count: Int

  /// All of the grid.
  public static let whole = Shard(index: 1, count: 1)

  /// The elements whose place, from 0, is index - 1 modulo the count.
  public func part<Element>(of elements: [Element]) -> [Element] {
    elements.indices.filter { $0 % count == index - 1 }.map { elements[$0] }
  }
}

extension Shard {
  /// `i/n`, with 1 <= i <= n; nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], index >= 1, index <= count
    else { return nil }
    self.init(index: index, count: count)
  }
}
