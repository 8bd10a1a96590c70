import Basics
import Foundation
import Harness
import Reference

/// The cells of an experiment, and which row and seed uses which.
struct ExperimentPlan {
  /// One run to do: what it depends on, and the first row and seed that need it.
  struct Cell {
    let name: String
    let cell: ExperimentCell
    let row: Experiment.Row
    let seed: UInt64
  }

  /// Each once, seed by seed.
  let cells: [Cell]
  let index: ExperimentIndex

  init(_ experiment: Experiment, inputs: ExperimentInputs) throws {
    var rows: [ExperimentIndex.Row] = []
    var found: [(seed: Int, cell: Cell)] = []
    for row in experiment.rows {
      let settings = row.settings
      let table = try inputs.training(settings)
      let training = LabelledRows(table.rows.map(\.text), labels: table.rows.map(\.label))
      let validation = try inputs.validation(settings)
      var names: [String: String] = [:]
      for (place, seed) in experiment.seeds.enumerated() {
        let cell = ExperimentCell(
          model: try inputs.modelDigest(settings), training: training, validation: validation,
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
struct ExperimentIndex: Codable, Equatable {
  var schema = 1
  var experiment: String
  var rows: [Row]

  struct Row: Codable, Equatable {
    var name: String
    var benchmark: String
    /// A cell's name by its seed.
    var cells: [String: String]
    /// Training rows, by where their labels come from.
    var rows: Int
    var provenances: [String: Int]
    /// Rows whose label is not the crowd's.
    var replaced: Int
    /// Rows that also stand in the validation or an evaluated split.
    var overlap: Int
  }
}
