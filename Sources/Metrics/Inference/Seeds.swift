/// One metric over the seeds of a training procedure.
public struct SeedSummary: Sendable, Hashable {
  public let metric: Metric
  public let count: Int
  public let median: Double
  /// The best seed: the maximum, for RMSE and MAE the minimum.
  public let peak: Double
  public let mean: Double
  /// Standard deviation (n - 1); undefined for one seed.
  public let deviation: Figure

  /// - Parameter values: one finite value a seed; none gives `noRows`.
  public static func of(_ metric: Metric, _ values: [Double]) -> Outcome<SeedSummary> {
    let sorted = values.sorted()
    guard let least = sorted.first, let most = sorted.last else { return .undefined(.noRows) }
    guard values.allSatisfy(\.isFinite) else { return .undefined(.notFinite) }
    let (below, above) = (sorted[(sorted.count - 1) / 2], sorted[sorted.count / 2])
    let moments = SampleMoments(values)
    return .value(
      SeedSummary(
        metric: metric, count: sorted.count, median: below + (above - below) / 2,
        peak: metric.higherIsBetter ? most : least, mean: moments.mean,
        deviation: sorted.count > 1
          ? .finite(moments.variance.squareRoot()) : .undefined(.tooFewRows)))
  }
}

/// Two training procedures by their seeds: would other seeds do as well? The rows are the same in
/// all runs, so their luck is in no standard error here.
public struct SeedComparison: Sendable, Hashable {
  public let first, second: Outcome<SeedSummary>
  /// Independent two-sample t with a common variance.
  public let student: Outcome<TestStatistic>
  /// Independent two-sample t with own variances.
  public let welch: Outcome<TestStatistic>
  /// Hedges' g of first minus second.
  public let hedgesG: Figure

  public init(_ metric: Metric, _ a: [Double], _ b: [Double]) {
    first = SeedSummary.of(metric, a)
    second = SeedSummary.of(metric, b)
    student = StandardTests.student(a, b)
    welch = StandardTests.welch(a, b)
    hedgesG = StandardTests.hedgesG(a, b)
  }

  /// `****` for p <= 0.0001, `***` 0.001, `**` 0.01, `*` 0.05, else `ns`.
  public static func stars(_ p: Double) -> String {
    switch p {
    case ...0.0001: "****"
    case ...0.001: "***"
    case ...0.01: "**"
    case ...0.05: "*"
    default: "ns"
    }
  }
}
