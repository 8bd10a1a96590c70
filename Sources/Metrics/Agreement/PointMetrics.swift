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
  public static func spearman(_ x: [Double], _ y: [Double], threads: Int = 1) -> Figure {
    RankCorrelation(predictions: x, gold: y, threads: threads).spearman
  }

  /// Kendall's tau-b in O(n log n) (Knight 1966, JASA 61:436).
  public static func kendallTauB(_ x: [Double], _ y: [Double], threads: Int = 1) -> Figure {
    RankCorrelation(predictions: x, gold: y, threads: threads).kendallTauB
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
    return Dictionary(
      uniqueKeysWithValues: Metric.all.map { metric in
        (metric, metric.isOfRanks ? ranks.figure(metric) : sums.figure(metric, form: form))
      })
  }
}
