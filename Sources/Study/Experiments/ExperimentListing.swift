/// The cells of an experiment with their state.
public struct ExperimentListing: Encodable, Sendable {
  public var schema = 1
  public let experiment: String
  public let cells: [Cell]

  public struct Cell: Encodable, Sendable, Equatable {
    public let cell: String
    public let row: String
    public let seed: UInt64
    public let trainingRows: Int
    /// `finished`, `begun` or `to do`.
    public let state: String
  }

  /// - Parameter cells: those to list.
  public init(
    _ cells: [ExperimentPlan.Cell], folder: ExperimentFolder, inputs: ExperimentInputs
  ) throws {
    experiment = inputs.experiment.name
    self.cells = try cells.map { cell in
      let finished = try folder.isFinished(cell, inputs)
      return Cell(
        cell: cell.name, row: cell.row.name, seed: cell.seed,
        trainingRows: cell.cell.trainingRows,
        state: finished ? "finished" : folder.isBegun(cell.name) ? "begun" : "to do")
    }
  }
}
