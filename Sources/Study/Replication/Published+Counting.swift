import Metrics
/// The paper's count of comparisons that a model's labels win, counted again.
extension Published {
  /// How often training with Llama's labels of the added set beats the crowd's labels of it in
  /// table VI: three configurations, three metrics, median and peak.
  public struct LabelContest: Sendable, Equatable {
    public var wins = 0
    /// Comparisons of two figures that are known.
    public var verifiable = 0
    /// All comparisons, those of unknown figures too.
    public var all = 0
  }

  /// Counts table VI. A peak RMSE that was never corrected is unknown, not a loss.
  public var labelContest: LabelContest {
    var contest = LabelContest()
    let rows = training.filter { $0.table == "VI" }
    for llm in rows where llm.extra?.labels == "llama" {
      guard
        let crowd = rows.first(where: {
          $0.train == llm.train && $0.encoder == llm.encoder && $0.extra?.labels == "crowd"
            && $0.extra?.data == llm.extra?.data
        })
      else { continue }
      for metric in Self.metrics {
        for statistic in Statistic.allCases {
          contest.all += 1
          guard let a = llm.value(metric, statistic), let b = crowd.value(metric, statistic)
          else { continue }
          contest.verifiable += 1
          if metric == .rmse ? a < b : a > b { contest.wins += 1 }
        }
      }
    }
    return contest
  }
}
