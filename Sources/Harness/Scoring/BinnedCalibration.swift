import Basics
import Metrics

/// Proof that anybody may download the labels of a benchmark. Who knows a system's predictions knows
/// which rows stand in each of its bins, so that the bins of a few systems tell single labels:
/// what shows means of labels by bin asks for this.
struct OpenLabels {
  let definition: BenchmarkDefinition

  /// Nil where the data are not free for all.
  init?(_ definition: BenchmarkDefinition) {
    guard definition.open else { return nil }
    self.definition = definition
  }
}

/// A target's mean label by bin of the predictions, of at least 10 rows and 5 clusters each; only where
/// labels are open.
public struct BinnedCalibration: Codable, Sendable, Equatable {
  public let bins: [Bin]

  /// Rows with neighbouring predictions: their means, and the clustered interval of the labels' mean.
  public struct Bin: Codable, Sendable, Equatable {
    public let rows, clusters: Int
    public let prediction, label: Double
    public let low, high: Double?
  }

  /// Nil where there are too few rows for two bins.
  init?(_ part: Scorer.TargetRows, of labels: OpenLabels, level: Double) {
    guard labels.definition.target(part.target) != nil,
      let curve = CalibrationCurve(
        part.sample, part.predictions, threshold: .standard, level: level)
    else { return nil }
    bins = curve.bins.map { bin in
      Bin(
        rows: bin.rows, clusters: bin.clusters,
        prediction: Rounding.published(bin.prediction) ?? bin.prediction,
        label: Rounding.published(bin.label) ?? bin.label, low: Rounding.published(bin.low),
        high: Rounding.published(bin.high))
    }
  }
}
