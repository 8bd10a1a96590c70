/// Agreement within clusters: each label and prediction less the mean of its cluster, so that what
/// is the same in all rows of a person cannot count for or against a system.
///
/// The PCC of these columns is the pooled correlation within clusters,
///
///     Σᵢⱼ (xᵢⱼ - x̄ᵢ)(yᵢⱼ - ȳᵢ) / √(Σᵢⱼ (xᵢⱼ - x̄ᵢ)² · Σᵢⱼ (yᵢⱼ - ȳᵢ)²),
///
/// the correlation given the cluster as a factor (Frisch and Waugh 1933). A cluster of one row
/// carries nothing and is left out, of the rows and of the number of clusters. Centring takes no
/// more than the cluster's own rows, so leaving a cluster out, drawing it twice or swapping it
/// between two systems leaves the others' columns as they are: intervals and tests of these columns
/// are those of the house, by clusters.
public struct WithinClusters: Sendable {
  /// Places of the rows of clusters with at least two rows, ascending.
  public let rows: [Int]
  /// Their labels, centred; clusters as before.
  public let sample: ClusteredSample

  /// Nil where no cluster has two rows.
  public init?(_ whole: ClusteredSample) {
    var sizes = [Int](repeating: 0, count: whole.clusterCount)
    for cluster in whole.clusterOfRow { sizes[cluster] += 1 }
    let rows = whole.clusterOfRow.indices.filter { sizes[whole.clusterOfRow[$0]] > 1 }
    guard !rows.isEmpty else { return nil }
    let clusters = rows.map { whole.clusterOfRow[$0] }
    let part = ClusteredSample(gold: rows.map { whole.gold[$0] }, clusters: clusters)
    self.rows = rows
    sample = ClusteredSample(
      gold: Self.centred(part.gold, part), clusterOfRow: part.clusterOfRow,
      clusterCount: part.clusterCount)
  }

  /// A column of the whole sample, (n,), as ``rows`` have it, less the mean of each cluster there.
  public func centred(_ column: [Double]) -> [Double] {
    Self.centred(rows.map { column[$0] }, sample)
  }

  /// Equal values of a cluster give exact zeros, whatever they are.
  private static func centred(_ values: [Double], _ sample: ClusteredSample) -> [Double] {
    var first = [Double?](repeating: nil, count: sample.clusterCount)
    var sums = [Double](repeating: 0, count: sample.clusterCount)
    var sizes = sums
    for (value, cluster) in zip(values, sample.clusterOfRow) {
      let origin = first[cluster] ?? value
      first[cluster] = origin
      sums[cluster] += value - origin
      sizes[cluster] += 1
    }
    return zip(values, sample.clusterOfRow).map { value, cluster in
      (value - (first[cluster] ?? 0)) - sums[cluster] / sizes[cluster]
    }
  }

  /// A system's figures within clusters, of which PCC has a meaning.
  /// - Parameter predictions: of the whole sample, (n,).
  public func system(
    _ predictions: [Double], options: InferenceOptions = .init()
  ) -> SystemInference {
    SystemInference(sample, predictions: centred(predictions), options: options)
  }

  /// Two systems within clusters; predictions as in ``system(_:options:)``.
  public func comparison(
    _ first: [Double], _ second: [Double], options: InferenceOptions = .init()
  ) -> PairComparison {
    PairComparison(sample, centred(first), centred(second), options: options)
  }
}

extension ClusteredSample {
  /// Predictions on the labels' scale: each row's a + b·x with the line of least squares, label on
  /// prediction, through the rows of all other clusters (Cox's calibration, with a cluster left out
  /// in turn, so that no cluster's labels set its own scale). Where theirs is constant the
  /// prediction is their mean label.
  ///
  /// PCC hardly changes; CCC then no longer depends on the spread and level that a system happens
  /// to have. With many clusters it comes to 2r²/(1 + r²) where r is PCC.
  /// - Parameter predictions: (n,). Nil for fewer than two clusters.
  public func calibrated(_ predictions: [Double]) -> [Double]? {
    guard clusterCount > 1 else { return nil }
    let sums = ClusterSums(self, predictions, form: .population)
    let centreX = SampleMoments(predictions).mean
    let lines = sums.rows.map { row -> (mean: Double, slope: Double, origin: Double) in
      let rest = sums.total - row
      let (mx, my) = (rest[3] / rest[0], rest[1] / rest[0])
      let spread = rest[4] / rest[0] - mx * mx
      let isDefined = sums.metrics(rest)[0].isFinite
      return (centre + my, isDefined ? (rest[5] / rest[0] - mx * my) / spread : 0, centreX + mx)
    }
    return predictions.indices.map { row in
      let line = lines[clusterOfRow[row]]
      return line.mean + line.slope * (predictions[row] - line.origin)
    }
  }
}

extension PairedMoments {
  /// Lin's bias-correction factor C_b = 2 s_x s_y / (s_x² + s_y² + (x̄ - ȳ)²), in (0, 1]: how far the
  /// spread and the level of predictions are from those of the labels. CCC is PCC times C_b (Lin
  /// 1989, Biometrics 45:255); 1 is no bias. Undefined where PCC is.
  public var biasFactor: Figure {
    pcc().flatMap { _ in
      deviationX.flatMap { x in
        deviationY.map { y in
          // Population moments, as PCC and CCC have by default.
          let shift = meanError * meanError * Double(count) / Double(count - 1)
          return 2 * x * y / (x * x + y * y + shift)
        }
      }
    }
  }
}
