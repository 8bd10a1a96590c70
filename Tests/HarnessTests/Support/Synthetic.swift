import Basics
import Foundation
import Harness
import Metrics

/// Made-up splits and predictions, the same for the same seed.
enum Synthetic {
  /// `rows` rows by `persons` persons in turn, with labels in [1, 7].
  static func dataset(
    rows: Int, persons: Int, articles: Int = 14, seed: UInt64 = 1,
    demographics: (Int) -> [String: String] = { _ in [:] }
  ) -> Dataset {
    var random = SplitMix64(seed: seed, stream: .simulation)
    let split = (0..<rows).map { row in
      EssayRow(
        id: "r\(row)", person: "p\(row % persons)", article: "a\(row % articles)",
        essay: "Essay number \(row).", empathy: label(&random), distress: label(&random),
        demographics: demographics(row % persons))
    }
    return Dataset(benchmark: "tiny", split: "train", rows: split, hasGold: true)
  }

  private static func label(_ random: inout SplitMix64) -> Double {
    Double(Int.random(in: 6...42, using: &random)) / 6
  }

  /// Predictions at a distance of up to `noise` from the labels.
  static func predictions(
    of dataset: Dataset, noise: Double, seed: UInt64 = 2, targets: [Target] = Target.allCases
  ) -> Predictions {
    var random = SplitMix64(seed: seed, stream: .simulation)
    var columns: TargetTable<PredictionColumn> = [:]
    for target in targets {
      columns[target] = PredictionColumn(
        values: dataset.gold(target).map { gold in
          (gold ?? 4) + (noise > 0 ? Double.random(in: -noise...noise, using: &random) : 0)
        })
    }
    return Predictions(
      columns: columns, present: Array(dataset.rows.indices), rowCount: dataset.rows.count,
      warnings: [])
  }

  /// Few replicates: the tests look at what is made of them, not at their precision.
  static let quick = ScoringOptions(inference: InferenceOptions(replicates: 400, threads: 1))
}
