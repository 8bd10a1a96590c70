import Reference
import Foundation

/// The cells of an experiment, and which row and seed uses which.
public struct ExperimentPlan {
  /// One run to do: what it depends on, and the first row and seed that need it.
  public struct Cell {
    public let name: String
    public let cell: ExperimentCell
    public let row: Experiment.Row
    public let seed: UInt64

    /// The row and the seed.
    public var title: String { "\(row.name), seed \(seed)" }
  }

  /// Each once, seed by seed.
  public let cells: [Cell]
  public let index: ExperimentIndex

  public init(_ experiment: Experiment, inputs: ExperimentInputs) throws {
    var rows: [ExperimentIndex.Row] = []
    var found: [(seed: Int, cell: Cell)] = []
    for row in experiment.rows {
      let settings = row.settings
      let table = try inputs.training(settings)
      let validation = try inputs.validation(settings)
      var names: [String: String] = [:]
      for (place, seed) in experiment.seeds.enumerated() {
        let cell = ExperimentCell(
          model: try inputs.modelDigest(settings), training: table.labelled, validation: validation,
          recipe: settings.recipe, seed: seed)
        let name = try cell.name()
        names["\(seed)"] = name
        found.append((place, Cell(name: name, cell: cell, row: row, seed: seed)))
      }
      rows.append(
        ExperimentIndex.Row(
          name: row.name, benchmark: settings.benchmark, cells: names, rows: table.rows.count,
          provenances: table.provenances,
          replaced: table.steps.reduce(0) { $0 + $1.changed },
          overlap: table.steps.reduce(0) { $0 + $1.inEvaluation }))
    }
    var known: Set<String> = []
    cells = experiment.seeds.indices.flatMap { seed in
      found.filter { $0.seed == seed }.map(\.cell)
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
    public var name: String
    public var benchmark: String
    /// A cell's name by its seed.
    public var cells: [String: String]
    /// Training rows, by where their labels come from.
    public var rows: Int
    public var provenances: [String: Int]
    /// Rows whose label is not the crowd's.
    public var replaced: Int
    /// Rows that also stand in the validation or an evaluated split.
    public var overlap: Int
  }
}
