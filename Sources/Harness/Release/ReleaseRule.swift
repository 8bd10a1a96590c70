public import Basics
import Foundation
public import Metrics

/// What a leaderboard with hidden labels tells of a submission. Enough figures reveal all labels:
/// docs/explanation/probing.md shows what an attack recovers under which rule.
public struct ReleaseRule: Sendable, Equatable {
  /// Decimals of a released figure, 0 to 4; reports have 4 from the start.
  public var decimals: Int
  /// Standard errors of the paired difference by which a submission must beat the team's best
  /// before anything is released of it (see ``ReleaseGuard``); nil releases every submission.
  public var ladder: Double?
  /// Label units by which a prediction may lie outside the labels' range; nil allows any number.
  ///
  /// A number far outside makes one row outweigh all others, and then no rounding hides its label.
  public var margin: Double?

  public init(decimals: Int, ladder: Double?, margin: Double?) {
    precondition((0...4).contains(decimals), "0 to 4 decimals")
    precondition((ladder ?? 0) >= 0 && (margin ?? 0) >= 0, "neither is negative")
    (self.decimals, self.ladder, self.margin) = (decimals, ladder, margin)
  }

  /// For hidden labels.
  public static let hidden = ReleaseRule(decimals: 2, ladder: 1, margin: 1)
  /// For labels that are public anyway.
  public static let open = ReleaseRule(decimals: 4, ladder: nil, margin: nil)

  /// Whether nothing is held back of a report.
  public var isOpen: Bool { decimals == 4 && ladder == nil }

  /// What is released of `report`: the only way from a ``PrivateReport`` to a ``ScoreReport``.
  /// An open rule releases all but suppressed groups. Any other rounds the figures of the targets
  /// and leaves out what a place on a board does not need, each of which is a further equation in
  /// the labels.
  public func release(_ report: PrivateReport) -> ScoreReport {
    var report = report.whole
    for place in report.groups.indices where report.groups[place].suppressed != nil {
      report.groups[place].withhold()
    }
    guard !isOpen else { return report }
    report.targets = report.targets.mapValues { $0.released(self) }
    report.wassa.changeFigures(rounded)
    report.groups = []
    report.disparities = nil
    report.sensitivity = nil
    report.crossed = nil
    report.detectable = nil
    return report
  }

  func rounded(_ value: Double?) -> Double? { Rounding.rounded(value, decimals: decimals) }

  /// A p-value, rounded up: it is never 0, and lies below a level only where it does unrounded.
  func p(_ value: Double?) -> Double? { value.map { min(1, Rounding.up($0, decimals: decimals)) } }
}

extension TargetScores {
  fileprivate func released(_ rule: ReleaseRule) -> TargetScores {
    var scores = self
    scores.changeFigures { figure in
      var figure = figure
      figure.value = rule.rounded(figure.value)
      figure.low = rule.rounded(figure.low)
      figure.high = rule.rounded(figure.high)
      return figure
    }
    scores.bias = nil
    return scores
  }
}

extension Rounding {
  /// `value` as it may be shown: with 4 decimals; nil stays nil.
  ///
  /// Exact figures let a team reconstruct gold labels from a series of submissions.
  public static func published(_ value: Double?) -> Double? { rounded(value, decimals: 4) }

  /// A p-value with 4 significant digits, rounded up: it is never less than 1/(B + 1), and lies below
  /// a level such as 0.05 only where it does unrounded. nil stays nil.
  public static func p(_ value: Double?) -> Double? {
    value.map { $0 > 0 ? min(1, up($0, decimals: 3 - Int(log10($0).rounded(.down)))) : $0 }
  }

  /// `value` rounded up to a number of decimals; what is so rounded already stays.
  static func up(_ value: Double, decimals: Int) -> Double {
    let scale = pow(10, Double(decimals))
    return (value * scale - 1e-9).rounded(.up) / scale
  }
}

extension PublishingThreshold {
  /// The threshold of everything that this program shows: 10 rows of 5 main clusters (persons, as a
  /// rule).
  public static let standard = PublishingThreshold(minRows: 10, minClusters: 5)
}

/// Decides what a team and the public learn of a submission on a split with hidden labels.
/// The rule is the Ladder of Blum and Hardt (2015, ICML) in the form without a parameter: a
/// submission is the new best only if it beats the best so far in the primary metric by more than
/// the standard error of their paired difference, here the cluster jackknife's. Of any other a team
/// learns that it is not better. It keeps nothing: the caller keeps each team's best predictions.
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
