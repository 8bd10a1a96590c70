import Foundation
import Harness

/// A split of a few rows with ids `1`, `2`, … to read predictions for.
struct PredictionBench {
  let definition: BenchmarkDefinition
  let dataset: Dataset

  init(rows: Int = 3, ids: [String]? = nil, idColumns: [String]? = nil) throws {
    var definition = try Workbench().definition
    if let idColumns { definition.columns.id = idColumns }
    self.definition = definition
    let names = ids ?? (1...rows).map(String.init)
    dataset = Dataset(
      definition, split: "train",
      rows: names.enumerated().map { index, id in
        DatasetRow(
          id: id, person: "p\(index)", article: "a", essay: "essay \(index)",
          empathy: Double(index % 7) + 0.5, distress: Double((index + 3) % 7))
      }, hasGold: true)
  }

  init(_ definition: BenchmarkDefinition, _ dataset: Dataset) {
    (self.definition, self.dataset) = (definition, dataset)
  }

  func read(
    _ text: String, name: String = "file", dropMissing: Bool = false,
    columns: TargetTable<String> = [:]
  ) throws -> Predictions {
    try read(Data(text.utf8), name: name, dropMissing: dropMissing, columns: columns)
  }

  func read(
    _ data: Data, name: String = "file", dropMissing: Bool = false,
    columns: TargetTable<String> = [:]
  ) throws -> Predictions {
    try PredictionReader(
      definition, dataset: dataset, columns: columns, dropMissing: dropMissing
    ).read(data, name: name)
  }
}
