import Foundation
import Harness
import Reference

/// The cells of an experiment with their state, for `--list`.
struct ExperimentListing {
  private struct Document: Encodable {
    var schema = 1
    var experiment: String
    var cells: [Cell]

    struct Cell: Encodable {
      var cell: String
      var row: String
      var seed: UInt64
      var trainingRows: Int
      var state: String
    }
  }

  private let document: Document

  init(
    _ plan: ExperimentPlan, mine: [ExperimentPlan.Cell], folder: ExperimentFolder,
    inputs: ExperimentInputs
  ) throws {
    document = Document(
      experiment: inputs.experiment.name,
      cells: try mine.map { cell in
        let begun = FileManager.default.fileExists(
          atPath: folder.cell(cell.name).appending(path: "run/run.json").path)
        return Document.Cell(
          cell: cell.name, row: cell.row.name, seed: cell.seed,
          trainingRows: cell.cell.trainingRows,
          state: try folder.isFinished(cell, inputs) ? "finished" : begun ? "begun" : "to do")
      })
  }

  func show(json: Bool) throws {
    if json { return try Console.json(document) }
    var table = TextTable([
      ("cell", .left), ("row", .left), ("seed", .right), ("training rows", .right),
      ("state", .left),
    ])
    for cell in document.cells {
      table.add([cell.cell, cell.row, "\(cell.seed)", "\(cell.trainingRows)", cell.state])
    }
    Console.print(table.text)
  }
}
