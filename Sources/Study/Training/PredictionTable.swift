public import Foundation
public import Harness

/// A model's predictions of a split as a prediction file.
public enum PredictionTable {
  /// TSV with a header and the ids of the split.
  public static func data(_ values: [Float], of dataset: Dataset, target: String) -> Data {
    precondition(values.count == dataset.rows.count, "a prediction for each row")
    var text = "id\t\(target)\n"
    for (row, value) in zip(dataset.rows, values) { text += "\(row.id)\t\(value)\n" }
    return Data(text.utf8)
  }
}
