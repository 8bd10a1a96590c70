import Basics
import Harness
import Metrics
import Reference
import Report

/// What `invitro curate compare` says.
struct CorrectionReport: Encodable {
  var schema = 1
  let set: String
  let features: String
  let rows: Int
  let persons: Int
  let folds: Int
  let seed: UInt64
  /// The way that the differences are to.
  let reference: String
  let ways: [Way]

  struct Way: Encodable {
    let labels: String
    /// Labels replaced, on average over the folds.
    let changed: Double
    let ccc: Value
    let pcc: Value
    let rmse: Value
    /// CCC less that of the reference; absent for itself.
    let difference: Value?
    /// Swap test of that difference over persons, unadjusted.
    let p: Double?
    /// How many folds used which labels, where the way chooses.
    let used: [String: Int]?
  }

  struct Value: Encodable {
    let value: Double?
    let low: Double?
    let high: Double?

    init(_ figure: Figure, _ interval: Outcome<Interval>) {
      value = Rounding.published(figure.value)
      if case .value(let interval) = interval {
        (low, high) = (Rounding.published(interval.low), Rounding.published(interval.high))
      } else {
        (low, high) = (nil, nil)
      }
    }

    var text: String {
      guard let value else { return "undefined" }
      let ends = low.flatMap { low in
        high.map { " [\(Rounding.text(low, decimals: 3)), \(Rounding.text($0, decimals: 3))]" }
      }
      return Rounding.text(value, decimals: 3) + (ends ?? "")
    }
  }

  init(_ trial: CorrectionTrial, set: String, features: String, reference: String) {
    (self.set, self.features, self.reference) = (set, features, reference)
    (folds, seed) = (trial.folds, trial.seed)
    rows = trial.crowd.count
    let sample = ClusteredSample(gold: trial.crowd, clusters: trial.persons)
    persons = sample.clusterCount
    let options = InferenceOptions(seed: trial.seed)
    let base = trial.results.first { $0.way.name == reference }
    ways = trial.results.map { result in
      let system = SystemInference(sample, predictions: result.predictions, options: options)
      let intervals = system.intervals([.ccc, .pcc, .rmse])
      func value(_ metric: Metric) -> Value {
        Value(system.figure(metric), intervals[metric] ?? .undefined(.degenerate))
      }
      let pair = base.flatMap { base in
        base.way == result.way
          ? nil
          : PairComparison(sample, result.predictions, base.predictions, options: options)
      }
      let counts = Dictionary(grouping: result.used, by: \.self).mapValues(\.count)
      return Way(
        labels: result.way.name, changed: (result.changed * 10).rounded() / 10,
        ccc: value(.ccc), pcc: value(.pcc), rmse: value(.rmse),
        difference: pair.map { Value($0.difference(.ccc), $0.interval(.ccc)) },
        p: pair.flatMap { Rounding.published($0.permutation().p[.ccc]?.value) },
        used: counts.count > 1 || counts.keys.first != result.way.name ? counts : nil)
    }
  }

  var text: String {
    var table = TextTable([
      ("labels", .left), ("replaced", .right), ("CCC", .left), ("PCC", .left), ("RMSE", .left),
      ("CCC less \(reference)", .left), ("p", .right),
    ])
    for way in ways {
      table.add([
        way.labels, Rounding.text(way.changed, decimals: 1), way.ccc.text, way.pcc.text,
        way.rmse.text, way.difference?.text ?? "", way.p.map { Rounding.text($0) } ?? "",
      ])
    }
    let chosen = ways.compactMap { way in
      way.used.map { used in
        let parts = used.sorted { $0.key < $1.key }.map { "\($0.key) in \($0.value)" }
        return "\(way.labels): \(parts.joined(separator: ", ")) of \(folds) folds"
      }
    }
    return
      ([
        "\(set): \(rows) rows, \(persons) persons, \(folds) folds by person, seed \(seed), "
          + "ridge regression on \(features)", table.text,
      ] + chosen).joined(separator: "\n\n")
  }
}
