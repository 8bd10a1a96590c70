import Glibc

/// How high the correlation of any system with one rater's labels can be, and why nobody knows it to
/// the decimal: each estimate rests on an assumption of its own.
///
/// Intervals are cluster jackknives of the logarithm of the squared ceiling, t on G_eff - 1 degrees of
/// freedom. A ceiling beyond 1 is an estimate's sampling error; it is given as it is, up to the caller.
public struct LabelCeiling: Sendable, Hashable {
  public let value: Double
  /// nil where the jackknife has no interval.
  public let low, high: Double?

  /// √(1 - ICC): the ceiling for a system that cannot tell one person from another, with ICC the share
  /// of the labels' variance that lies between persons, by one-way analysis of variance with unequal
  /// group sizes (Searle, Casella and McCulloch 1992, chapter 3):
  ///
  ///     σ²ᵤ = (MSB - MSW) / n₀,   n₀ = (N - Σnᵢ²/N) / (K - 1),   ICC = σ²ᵤ / (σ²ᵤ + MSW), at least 0.
  ///
  /// Texts may show who wrote them, in which case systems get beyond it.
  /// - Returns: undefined where no person has two rows, or fewer than three persons.
  public static func withoutPersons(
    _ sample: ClusteredSample, level: Double
  ) -> Outcome<LabelCeiling> {
    var rows = [SIMD4<Double>](repeating: .zero, count: sample.clusterCount)
    for row in sample.gold.indices {
      let y = sample.gold[row] - sample.centre
      rows[sample.clusterOfRow[row]] += SIMD4(1, y, y * y, 0)
    }
    // n, Σy, Σy², Σ (Σy)²/n and Σn² add up over persons; the count of persons is known.
    let sums = rows.map { row -> SIMD8<Double> in
      SIMD8(row[0], row[1], row[2], row[1] * row[1] / row[0], row[0] * row[0], 1, 0, 0)
    }
    return jackknife(sums, sample, level) { total in
      let (n, persons) = (total[0], total[5])
      guard n > persons, persons > 1 else { return nil }
      let within = (total[2] - total[3]) / (n - persons)
      let between = (total[3] - total[1] * total[1] / n) / (persons - 1)
      let size = (n - total[4] / n) / (persons - 1)
      guard within > 0 else { return nil }
      return within / (max(0, between - within) / size + within)
    }
  }

  /// The share of `sample`'s variance that lies between its clusters.
  public static func personShare(_ sample: ClusteredSample) -> Figure {
    withoutPersons(sample, level: 0.95).map { 1 - $0.value * $0.value }
  }

  fileprivate static func jackknife<Row: SIMD<Double>>(
    _ rows: [Row], _ sample: ClusteredSample, _ level: Double, _ square: (Row) -> Double?
  ) -> Outcome<LabelCeiling> {
    let total = rows.reduce(Row.zero) { $0 + $1 }
    guard let point = square(total), point > 0, point.isFinite else {
      return .undefined(.degenerate)
    }
    var logarithms: [Double] = []
    for row in rows {
      guard let value = square(total - row), value > 0, value.isFinite else { break }
      logarithms.append(log(value))
    }
    guard sample.obstacle == nil, logarithms.count == rows.count else {
      return .value(LabelCeiling(value: point.squareRoot(), low: nil, high: nil))
    }
    let error = SampleMoments(logarithms).jackknifeVariance.squareRoot()
    let half = sample.quantile(level) * error
    return .value(
      LabelCeiling(
        value: point.squareRoot(), low: exp((log(point) - half) / 2),
        high: exp((log(point) + half) / 2)))
  }
}

/// Two raters and a third whose errors are independent of theirs: the covariances tell how much of each
/// one's variance is error (triple collocation, Stoffelen 1998; McColl et al. 2014).
///
///     reliability of a = cov(a,b) cov(a,c) / (cov(b,c) var(a)).
///
/// Its square root is the highest correlation that anything can have with a, and the correlation of a
/// and b divided by it is that of b with what a measures.
public struct TripleCollocation: Sendable {
  private typealias Row = SIMD16<Double>

  private let sample: ClusteredSample
  private let rows: [Row]

  /// - Parameters:
  ///   - first: the rater whose ceiling is asked for, (n,), with the clusters of its rows.
  ///   - second, third: the others', (n,) each.
  ///   - within: whether each column is taken about its cluster's mean, so that only differences within
  ///     clusters count.
  public init(_ first: ClusteredSample, _ second: [Double], _ third: [Double], within: Bool) {
    precondition(second.count == first.count && third.count == first.count, "one label a row")
    sample = first
    let columns = [first.gold, second, third].map { column in
      if within { return first.withoutClusterMeans(column) }
      let mean = SampleMoments(column).mean
      return column.map { $0 - mean }
    }
    var rows = [Row](repeating: .zero, count: first.clusterCount)
    for row in first.gold.indices {
      let (a, b, c) = (columns[0][row], columns[1][row], columns[2][row])
      rows[first.clusterOfRow[row]] += Row(
        1, a, b, c, a * a, b * b, c * c, a * b, a * c, b * c, 0, 0, 0, 0, 0, 0)
    }
    self.rows = rows
  }

  /// var(a), var(b), var(c), cov(a,b), cov(a,c), cov(b,c), all times n.
  private static func moments(_ s: Row) -> [Double] {
    let n = s[0]
    return [
      s[4] - s[1] * s[1] / n, s[5] - s[2] * s[2] / n, s[6] - s[3] * s[3] / n,
      s[7] - s[1] * s[2] / n, s[8] - s[1] * s[3] / n, s[9] - s[2] * s[3] / n,
    ]
  }

  /// Whether the three rise together, without which nothing follows from them.
  public var isUsable: Bool {
    let moments = Self.moments(rows.reduce(Row.zero) { $0 + $1 })
    return moments[3...].allSatisfy { $0 > 0 }
  }

  /// The square root of the first rater's reliability.
  /// - Returns: undefined where two of the raters do not rise together.
  public func ceiling(level: Double) -> Outcome<LabelCeiling> {
    figure(level) { m in m[3] * m[4] / (m[5] * m[0]) }
  }

  /// The correlation of the second rater with what the first one measures, its noise taken away
  /// (disattenuated, Spearman 1904).
  public func disattenuated(level: Double) -> Outcome<LabelCeiling> {
    figure(level) { m in m[3] * m[5] / (m[4] * m[1]) }
  }

  private func figure(
    _ level: Double, _ square: ([Double]) -> Double
  ) -> Outcome<LabelCeiling> {
    guard isUsable else { return .undefined(.degenerate) }
    return LabelCeiling.jackknife(rows, sample, level) { total in
      let moments = Self.moments(total)
      return moments[3...].allSatisfy { $0 > 0 } ? square(moments) : nil
    }
  }
}

extension ClusteredSample {
  /// `column` (n,) less each cluster's mean: what is left are differences within clusters.
  public func withoutClusterMeans(_ column: [Double]) -> [Double] {
    precondition(column.count == count, "one number a row")
    var sums = [SIMD2<Double>](repeating: .zero, count: clusterCount)
    for row in column.indices { sums[clusterOfRow[row]] += SIMD2(column[row], 1) }
    return column.indices.map { row in
      let sum = sums[clusterOfRow[row]]
      return column[row] - sum[0] / sum[1]
    }
  }
}
