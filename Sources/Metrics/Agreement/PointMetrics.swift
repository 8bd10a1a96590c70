/// The metrics of two equally long columns: x are predictions, y gold labels, both (n,).
public enum PointMetrics {
  /// Pearson's correlation, clamped to [-1, 1].
  public static func pcc(_ x: [Double], _ y: [Double]) -> Figure {
    PairedMoments(predictions: x, gold: y).pcc()
  }

  /// Lin's concordance correlation; the population form is the default.
  public static func ccc(
    _ x: [Double], _ y: [Double], form: ConcordanceForm = .population
  ) -> Figure {
    PairedMoments(predictions: x, gold: y).ccc(form)
  }

  /// Root mean squared error.
  public static func rmse(_ x: [Double], _ y: [Double]) -> Figure {
    PairedMoments(predictions: x, gold: y).rmse()
  }

  /// Mean absolute error.
  public static func mae(_ x: [Double], _ y: [Double]) -> Figure {
    PairedMoments(predictions: x, gold: y).mae()
  }

  /// Spearman's correlation: Pearson's of the average ranks.
  public static func spearman(_ x: [Double], _ y: [Double]) -> Figure {
    RankCorrelation(predictions: x, gold: y).spearman
  }

  /// Kendall's tau-b in O(n log n) (Knight 1966, JASA 61:436).
  public static func kendallTauB(_ x: [Double], _ y: [Double]) -> Figure {
    RankCorrelation(predictions: x, gold: y).kendallTauB
  }

  /// One metric by name.
  public static func figure(
    _ metric: Metric, _ x: [Double], _ y: [Double], form: ConcordanceForm = .population
  ) -> Figure {
    switch metric.computation {
    case .moments: PairedMoments(predictions: x, gold: y).figure(metric, form: form)
    case .ranks: RankCorrelation(predictions: x, gold: y).figure(metric)
    }
  }

  /// All of them, reading the columns once for the moments and sorting them once for the ranks.
  public static func all(
    _ x: [Double], _ y: [Double], form: ConcordanceForm = .population, threads: Int = 1
  ) -> [Metric: Figure] {
    let sums = PairedMoments(predictions: x, gold: y, threads: threads)
    let ranks = RankCorrelation(predictions: x, gold: y, threads: threads)
    return .each(of: Metric.all) { metric in
      metric.isOfRanks ? ranks.figure(metric) : sums.figure(metric, form: form)
    }
  }
}

/// The figures of the WASSA shared tasks, as the organisers' script makes them: a constant column
/// counts 0, and each correlation is rounded to 4 decimals before targets are averaged.
public enum WASSA {
  /// Pearson's correlation rounded to 4 decimals; 0 where a column is constant. Undefined only
  /// where there are no rows or a value is not finite.
  public static func pcc(_ x: [Double], _ y: [Double]) -> Figure {
    rounded(PairedMoments(predictions: x, gold: y).pcc())
  }

  /// Pearson's correlation, not rounded, by the very operations of the organisers' script: plain sums
  /// in row order. Undefined where its denominator is exactly 0, which the script prints as the whole
  /// number 0 (a column of 63 times 4.2 is none of these: its mean is not exact, and r about 0), where
  /// there are no rows, and where r is not a number.
  public static func script(_ x: [Double], _ y: [Double]) -> Figure {
    precondition(x.count == y.count, "as many predictions as labels")
    guard !x.isEmpty else { return .undefined(.noRows) }
    let n = Double(x.count)
    let (xMean, yMean) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
    var (products, xSquares, ySquares) = (0.0, 0.0, 0.0)
    for (x, y) in zip(x, y) {
      let (dx, dy) = (x - xMean, y - yMean)
      products += dx * dy
      xSquares += dx * dx
      ySquares += dy * dy
    }
    let denominator = (xSquares * ySquares).squareRoot()
    guard denominator != 0 else { return .undefined(.constantPrediction) }
    let r = products / denominator
    return r.isNaN ? .undefined(.notFinite) : .value(max(min(r, 1), -1))
  }

  /// The organisers' figure from ours.
  public static func rounded(_ pcc: Figure) -> Figure {
    switch pcc {
    case .value(let number): .value(fourDecimals(number))
    case .undefined(.noRows), .undefined(.notFinite): pcc
    case .undefined: .value(0)
    }
  }

  /// The mean of the rounded figures of all targets; undefined where one of them is.
  public static func averaged(_ figures: [Figure]) -> Figure {
    if let undefined = figures.first(where: { $0.value == nil }) { return undefined }
    let sum = figures.compactMap(\.value).reduce(0, +)
    return figures.isEmpty ? .undefined(.noRows) : .value(sum / Double(figures.count))
  }

  /// `number` to 4 decimals, halves to even by its exact value, as Python's `round` does.
  public static func fourDecimals(_ number: Double) -> Double {
    let scaled = number * 10_000
    var whole = scaled.rounded(.toNearestOrEven)
    if (scaled - scaled.rounded(.down)) == 0.5 {
      // The product may have been rounded onto the half; its error says on which side it was.
      let error = (-scaled).addingProduct(number, 10_000)
      if error > 0 { whole = scaled.rounded(.up) }
      if error < 0 { whole = scaled.rounded(.down) }
    }
    return whole / 10_000
  }
}
