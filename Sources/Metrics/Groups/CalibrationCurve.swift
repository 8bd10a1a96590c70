/// How labels rise with predictions: rows in order of their prediction, cut into bins of about equal
/// size, each with its mean prediction and its mean label (a reliability diagram for numbers). On the
/// diagonal predictions have the labels' values; a flat curve says that they spread too far.
public struct CalibrationCurve: Sendable, Equatable {
  public let bins: [Bin]

  /// Rows with neighbouring predictions.
  public struct Bin: Sendable, Equatable {
    public let rows, clusters: Int
    /// Means over the rows.
    public let prediction, label: Double
    /// The interval of the mean label: Student's t on G - 1 degrees of freedom with the clustered
    /// standard error √(G/(G-1) Σ e_g²) / n, e_g the sum over cluster g of label minus mean
    /// (statsmodels' `cov_type="cluster"` of a constant). Nil for one cluster.
    public let low, high: Double?
  }

  /// A picture has no more bins.
  public static let maxBins = 10

  /// Bins of at least `threshold` rows and clusters; rows with one prediction stay in one bin, so
  /// that the curve does not depend on the order of rows. Fewer than two bins are no curve.
  /// - Parameter predictions: (n,), finite, in the order of the sample's rows.
  public init?(
    _ sample: ClusteredSample, _ predictions: [Double], threshold: PublishingThreshold,
    level: Double
  ) {
    precondition(predictions.count == sample.gold.count, "a prediction a row")
    let order = predictions.indices.sorted { predictions[$0] < predictions[$1] }
    let size = max(threshold.minRows, (order.count + Self.maxBins - 1) / Self.maxBins)
    func isLarge(_ rows: [Int]) -> Bool {
      rows.count >= size
        && Set(rows.map { sample.clusterOfRow[$0] }).count >= threshold.minClusters
    }
    var (groups, open): ([[Int]], [Int]) = ([], [])
    for row in order {
      if let last = open.last, predictions[last] != predictions[row], isLarge(open) {
        groups.append(open)
        open = []
      }
      open.append(row)
    }
    // What is left over at the end joins the bin before.
    if isLarge(open) {
      groups.append(open)
    } else if let last = groups.indices.last {
      groups[last] += open
    }
    guard groups.count > 1 else { return nil }
    bins = groups.map { Bin($0, sample, predictions, level: level) }
  }
}

extension CalibrationCurve.Bin {
  fileprivate init(
    _ rows: [Int], _ sample: ClusteredSample, _ predictions: [Double], level: Double
  ) {
    let n = Double(rows.count)
    let mean = rows.reduce(0) { $0 + sample.gold[$1] } / n
    let sums = rows.reduce(into: [Int: Double]()) {
      $0[sample.clusterOfRow[$1], default: 0] += sample.gold[$1] - mean
    }
    (self.rows, clusters, label) = (rows.count, sums.count, mean)
    prediction = rows.reduce(0) { $0 + predictions[$1] } / n
    let groups = Double(sums.count)
    guard groups > 1 else {
      (low, high) = (nil, nil)
      return
    }
    // In the order of clusters, so that the same rows give the same bits.
    let squares = sums.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value * $1.value }
    let error = (groups / (groups - 1) * squares).squareRoot() / n
    let half = Distributions.studentQuantile((1 + level) / 2, df: groups - 1) * error
    (low, high) = (mean - half, mean + half)
  }
}
