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
      DatasetRow(
        id: "r\(row)", person: "p\(row % persons)", article: "a\(row % articles)",
        essay: "Essay number \(row).", empathy: label(&random), distress: label(&random),
        demographics: demographics(row % persons))
    }
    return Dataset(definition, split: "train", rows: split, hasGold: true)
  }

  private static func label(_ random: inout SplitMix64) -> Double {
    Double(Int.random(in: 6...42, using: &random)) / 6
  }

  /// Predictions at a distance of up to `noise` from the labels.
  static func predictions(
    of dataset: Dataset, noise: Double, seed: UInt64 = 2,
    targets: [String] = ["empathy", "distress"]
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
      targets: dataset.targets, columns: columns, present: Array(dataset.rows.indices),
      rowCount: dataset.rows.count)
  }

  /// Few replicates: the tests look at what is made of them, not at their precision.
  static let quick = ScoringOptions(inference: InferenceOptions(replicates: 400, threads: 1))

  /// That of ``Workbench``, without its files.
  static let definition: BenchmarkDefinition = {
    guard
      let read = try? JSONDecoder().decode(
        BenchmarkDefinition.self, from: Data(Workbench.json().utf8))
    else { preconditionFailure("the tests' definition cannot be read") }
    return read
  }()
}

/// Rows in the shape of NewsEmp.
extension DatasetRow {
  init(
    id: String, person: String, article: String, essay: String, empathy: Double?,
    distress: Double?, demographics: [String: String] = [:]
  ) {
    self.init(
      id: id, text: essay, clusters: ["person": person, "article": article],
      attributes: demographics)
    (self.empathy, self.distress) = (empathy, distress)
  }

  var person: String { clusters["person"] ?? "" }

  var empathy: Double? {
    get { labels["empathy"] }
    set { labels["empathy"] = newValue }
  }

  var distress: Double? {
    get { labels["distress"] }
    set { labels["distress"] = newValue }
  }
}
