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

  /// The share of `sample`'s variance that lies between its clusters, by the same analysis of variance:
  /// where all persons wrote as many rows it is that of ``OneWayModel``.
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
///     reliability of a = cov(a,b) cov(a,c) / (cov(b,c) var(a)),   of b likewise.
///
/// Its square root is the highest correlation that anything can have with a, and the correlation of a
/// and b divided by it is that of b with what a measures: the root of the reliability of b.
public struct TripleCollocation: Sendable {
  /// Of the three raters, divided by n - 1.
  public struct Covariances: Sendable, Hashable {
    /// Variances of the first and the second rater.
    public let a, b: Double
    /// Covariances of the first and the second, the first and the third, the second and the third.
    public let ab, ac, bc: Double

    fileprivate init(_ sums: Row) {
      let n = sums[0]
      func about(_ square: Int, _ i: Int, _ j: Int) -> Double {
        (sums[square] - sums[i] * sums[j] / n) / (n - 1)
      }
      (a, b) = (about(4, 1, 1), about(5, 2, 2))
      (ab, ac, bc) = (about(6, 1, 2), about(7, 1, 3), about(8, 2, 3))
    }

    /// Whether the three rise together, without which nothing follows from them.
    public var isUsable: Bool { min(ab, ac, bc) > 0 }
    /// The share of each one's variance that is not error; sampling error may put it above 1.
    public var reliabilityOfFirst: Double { ab * ac / (bc * a) }
    public var reliabilityOfSecond: Double { ab * bc / (ac * b) }
  }

  fileprivate typealias Row = SIMD16<Double>

  private let sample: ClusteredSample
  private let rows: [Row]
  public let covariances: Covariances

  /// - Parameters:
  ///   - first: the rater whose ceiling is asked for, (n,), with the clusters of its rows. Columns of
  ///     ``WithinClusters`` count differences within clusters alone.
  ///   - second, third: the others', (n,) each.
  public init(_ first: ClusteredSample, _ second: [Double], _ third: [Double]) {
    precondition(second.count == first.count && third.count == first.count, "one label a row")
    sample = first
    let columns = [first.gold, second, third].map { column in
      let mean = SampleMoments(column).mean
      return column.map { $0 - mean }
    }
    var rows = [Row](repeating: .zero, count: first.clusterCount)
    for row in first.gold.indices {
      let (a, b, c) = (columns[0][row], columns[1][row], columns[2][row])
      rows[first.clusterOfRow[row]] += Row(
        1, a, b, c, a * a, b * b, a * b, a * c, b * c, 0, 0, 0, 0, 0, 0, 0)
    }
    self.rows = rows
    covariances = Covariances(rows.reduce(Row.zero) { $0 + $1 })
  }

  /// The square root of the first rater's reliability.
  /// - Returns: undefined where two of the raters do not rise together.
  public func ceiling(level: Double) -> Outcome<LabelCeiling> {
    figure(level, \.reliabilityOfFirst)
  }

  /// The correlation of the second rater with what the first one measures, its noise taken away
  /// (disattenuated, Spearman 1904).
  public func disattenuated(level: Double) -> Outcome<LabelCeiling> {
    figure(level, \.reliabilityOfSecond)
  }

  private func figure(
    _ level: Double, _ square: (Covariances) -> Double
  ) -> Outcome<LabelCeiling> {
    LabelCeiling.jackknife(rows, sample, level) { total in
      let covariances = Covariances(total)
      return covariances.isUsable ? square(covariances) : nil
    }
  }
}
