import Metrics

/// Decides what a team and the public learn of a submission on a split with hidden labels.
///
/// The rule is the Ladder of Blum and Hardt (2015, ICML, "The Ladder: A Reliable Leaderboard for
/// Machine Learning Competitions"), in the form without a parameter: a submission becomes the new
/// best only if it beats the best so far in the primary metric by more than the standard error of
/// their paired difference. Theirs is that of a mean loss over independent rows; ours is the cluster
/// jackknife's, because rows of a person belong together and a correlation is no mean. Of any other
/// submission a team learns that it is not better, and nothing else.
///
/// It keeps nothing: the caller keeps each team's best predictions and asks anew.
public struct ReleaseGuard {
  public let scorer: Scorer
  public let rule: ReleaseRule

  public init(_ scorer: Scorer, rule: ReleaseRule = .hidden) {
    self.scorer = scorer
    self.rule = rule
  }

  /// Reads submissions: one with a number outside the range by more than the rule's margin is
  /// refused, with a fault for each.
  public var reader: PredictionReader {
    PredictionReader(scorer.definition, dataset: scorer.dataset, margin: rule.margin)
  }

  /// What became of a submission.
  public enum Verdict: String, Codable, Sendable, CaseIterable {
    /// The first with a defined primary metric.
    case first
    /// Better than the best so far by enough.
    case better
    /// Not better, or not by enough: which of the two is not told.
    case notBetter
    /// It leaves rows out or does not attempt the primary target: never a best.
    case incomplete
    /// Its primary metric is undefined, as where it is constant: never a best.
    case undefined

    public var isNewBest: Bool { self == .first || self == .better }
  }

  /// A verdict and what may be shown with it.
  public struct Release: Sendable, Equatable {
    public var verdict: Verdict
    /// The report as far as it is released; nil where nothing of it is.
    public var report: ScoreReport?

    package init(verdict: Verdict, report: ScoreReport?) {
      self.verdict = verdict
      self.report = report
    }
  }

  /// Judges a submission and scores it where something of its score is released: without a Ladder
  /// always, with it a new best alone.
  ///
  /// - Parameter best: the team's last submission that became its best; nil for none.
  /// - Throws: ``HarnessError/usage(_:)`` where no attempted target has a label.
  public func release(
    _ candidate: Predictions, over best: Predictions?
  ) throws(HarnessError) -> Release {
    let verdict = verdict(on: candidate, over: best)
    guard verdict.isNewBest || rule.ladder == nil else {
      return Release(verdict: verdict, report: nil)
    }
    return Release(verdict: verdict, report: rule.release(try scorer.score(candidate)))
  }

  /// Whether `candidate` is a team's new best.
  ///
  /// Without a Ladder the released (rounded) figures are compared and a tie is not better; with it
  /// the exact ones. Where the standard error is undefined (under 3 clusters) nothing is better.
  public func verdict(on candidate: Predictions, over best: Predictions?) -> Verdict {
    guard let rows = completeRows(candidate) else { return .incomplete }
    guard let figure = figure(rows).value else { return .undefined }
    guard let best, let bestRows = completeRows(best), let bestFigure = self.figure(bestRows).value
    else { return .first }
    let sign = metric.higherIsBetter ? 1.0 : -1.0
    guard let ladder = rule.ladder else {
      guard let new = rule.rounded(figure), let old = rule.rounded(bestFigure) else {
        return .notBetter
      }
      return sign * (new - old) > 0 ? .better : .notBetter
    }
    let pair = PairComparison(
      rows.sample, rows.predictions, bestRows.predictions, options: scorer.options.inference)
    guard let difference = pair.difference(metric).value,
      let error = pair.standardError(metric).value
    else { return .notBetter }
    return sign * difference > ladder * error ? .better : .notBetter
  }

  private var metric: Metric { scorer.definition.primary.metric }

  private func completeRows(_ predictions: Predictions) -> Scorer.TargetRows? {
    guard predictions.missingCount == 0 else { return nil }
    return scorer.rows(scorer.definition.primary.target, of: predictions)
  }

  private func figure(_ rows: Scorer.TargetRows) -> Figure {
    PairedMoments(predictions: rows.predictions, gold: rows.sample.gold)
      .figure(metric, form: scorer.options.inference.form)
  }
}
