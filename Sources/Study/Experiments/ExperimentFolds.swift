public import Harness
public import Reference

/// Cross-validation over persons: one split is cut into folds that keep each person's rows together,
/// and a cell trains on all folds but one and predicts that one.
///
/// In an experiment's file: `"folds": {"split": "all", "count": 5, "seed": 0}`. It takes the place of
/// `evaluate`, `train` and `validation`: nothing is chosen by a validation split, so that every cell
/// keeps its last checkpoint.
public struct ExperimentFolds: Sendable, Equatable {
  /// The split of each row's benchmark that is cut.
  public let split: String
  /// At least 2.
  public let count: Int
  /// Decides which persons share a fold.
  public let seed: UInt64

  init(_ fields: SettingsFields) {
    split = fields.text("split") ?? "all"
    count = fields.integer("count", in: 2...1000) ?? 5
    seed = UInt64(fields.integer("seed", in: 0...Int(1 << 53)) ?? 0)
    fields.finish()
  }

  /// The settings of a row that is trained on folds.
  func settings(_ own: ExperimentSettings) -> ExperimentSettings {
    var made = own
    made.train = [split]
    made.validation = nil
    return made
  }

  /// The fold of each row, from 0. Throws where there are fewer persons than folds.
  func places(of dataset: Dataset) throws -> [Int] {
    try RowFolds(dataset.mainClusters, of: "persons", count: count, seed: seed).foldOf
  }
}

extension Dataset {
  /// The rows at which `isKept` holds, as a split of their own.
  func filtered(_ isKept: (Int) -> Bool) -> Dataset {
    var part = self
    part.rows = rows.indices.filter(isKept).map { rows[$0] }
    return part
  }
}
