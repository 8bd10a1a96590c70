public import Basics
public import Foundation
public import Metrics

/// What a leaderboard tells of a submission. Enough figures reveal all hidden labels:
/// docs/explanation/probing.md derives how much each rule gives away.
public enum ReleaseRule: Sendable, Equatable {
  /// Everything but withheld groups: the labels are public anyway.
  case open
  /// The targets' figures of every submission with 0 to 4 decimals, and nothing that a place does
  /// not need.
  case rounded(decimals: Int)
  /// One figure on a coarse grid, and that only where it is higher than the team's best. The key makes
  /// the digests of the labels: without one anybody could try guesses against them.
  case hidden(ReleaseGrid, key: Data)
  /// All metrics of all targets in two decimals, without intervals, for the few entries that an
  /// organiser reveals once a board is closed; the primary figure stays on the grid of the others.
  case summary(ReleaseGrid, key: Data)

  /// The margin of predictions where labels are hidden, in label units.
  public static let hiddenMargin = 1.0

  /// Label units by which a prediction may lie outside the labels' range; nil allows any number.
  /// A number far outside makes one row outweigh all others, and then no rounding hides its label.
  public var margin: Double? {
    self == .open || self == .rounded(decimals: 4) ? nil : Self.hiddenMargin
  }

  /// Whether nothing is held back of a report.
  public var isOpen: Bool { self == .open || self == .rounded(decimals: 4) }

  /// Whether labels are hidden, so that their digest is shown under a key alone.
  public var isGuarded: Bool { key != nil }

  /// The key of the labels' digest, where labels are hidden.
  package var key: Data? {
    switch self {
    case .open, .rounded: nil
    case .hidden(_, let key), .summary(_, let key): key
    }
  }

  /// Names the rule in a cache's key.
  var cacheName: String {
    switch self {
    case .open: "open, groups withheld together"
    case .rounded(let decimals): "rounded \(decimals)"
    case .hidden(let grid, let key): "hidden \(grid.cacheName) " + Digest.hmac("rule", key: key)
    case .summary(let grid, let key): "summary \(grid.cacheName) " + Digest.hmac("rule", key: key)
    }
  }

  /// What is released of `report`: the only way from a ``PrivateReport`` to a ``ScoreReport``.
  /// Under a grid a report whose figure lies beyond the floor is left without any.
  public func release(_ report: PrivateReport) -> ScoreReport {
    var report = report.whole
    for place in report.groups.indices where report.groups[place].suppressed != nil {
      report.groups[place].withhold()
    }
    guard !isOpen else { return report }
    (report.groups, report.disparities, report.sensitivity) = ([], nil, nil)
    (report.crossed, report.detectable, report.calibration) = (nil, nil, nil)
    // A second figure over other rows tells more of the labels.
    report.wassa.official = nil
    switch self {
    case .open: break
    case .rounded(let decimals):
      report.targets = report.targets.mapValues { $0.rounded(decimals) }
      report.wassa.changeFigures { Rounding.rounded($0, decimals: decimals) }
    case .hidden(let grid, let key):
      report.targets = grid.covered(report)
      report.hideLabels(key)
    case .summary(let grid, let key):
      let primary = grid.covered(report)
      report.targets = report.targets.mapValues { $0.rounded(2, intervals: false) }
      report.targets[grid.target]?[grid.metric] = primary[grid.target]?[grid.metric]
      report.hideLabels(key)
    }
    return report
  }

  /// What an entry that is revealed tells of the labels at most, in bits: each figure is one of so
  /// many numbers of two decimals.
  public static func summaryBits(_ definition: BenchmarkDefinition) -> Double {
    definition.targets.reduce(0) { sum, target in
      let errors = 100 * (target.high - target.low + hiddenMargin) + 1
      return sum + Metric.all.reduce(0) { $0 + log2($1.higherIsBetter ? 201 : errors) }
    }
  }
}

/// Judges submissions and says what a team and the public learn of them. It keeps nothing: the caller
/// keeps the released value of each team's best.
public struct ReleaseGuard {
  public let scorer: Scorer
  public let rule: ReleaseRule

  public init(_ scorer: Scorer, rule: ReleaseRule) { (self.scorer, self.rule) = (scorer, rule) }

  /// Reads submissions: one with a number outside the range by more than the rule's margin is
  /// refused, with a fault for each.
  public var reader: PredictionReader {
    PredictionReader(scorer.definition, dataset: scorer.dataset, margin: rule.margin)
  }

  /// What became of a submission.
  public enum Verdict: String, Codable, Sendable, CaseIterable {
    /// The first of which a value is released.
    case first
    /// Its released value is better than the best so far.
    case better
    /// It is not; by how much is not told.
    case notBetter
    /// It leaves rows out or does not attempt the primary target: never a best.
    case incomplete
    /// Its primary metric is undefined, as where it is constant: never a best.
    case undefined
    /// It is scored when the phase closes.
    case atClose

    public var isNewBest: Bool { self == .first || self == .better }
  }

  /// A verdict and what may be shown with it.
  public struct Release: Sendable, Equatable {
    public var verdict: Verdict
    /// The report as far as it is released; nil where nothing of it is.
    public var report: ScoreReport?
    /// Which of the report's figures the board ranks by; nil where there is no report.
    public var primary: BenchmarkDefinition.PrimaryMetric?

    package init(
      verdict: Verdict, report: ScoreReport?, primary: BenchmarkDefinition.PrimaryMetric? = nil
    ) {
      (self.verdict, self.report, self.primary) = (verdict, report, primary)
    }
  }

  /// Judges a submission and scores it. Under a grid something is released of a new best alone; the
  /// others are scored all the same, so that the time it takes does not tell one from the other.
  /// - Parameter best: the released value of the team's best; nil for none.
  /// - Throws: ``HarnessError/usage(_:)`` where no attempted target has a label.
  public func release(_ candidate: Predictions, over best: Double?) throws(HarnessError) -> Release
  {
    let verdict = verdict(on: candidate, over: best)
    let report = rule.release(try scorer.score(candidate))
    if case .hidden = rule, !verdict.isNewBest { return Release(verdict: verdict, report: nil) }
    return Release(verdict: verdict, report: report, primary: scorer.definition.primary)
  }

  /// Whether `candidate` is a team's new best; released values are compared, and a tie is not better.
  func verdict(on candidate: Predictions, over best: Double?) -> Verdict {
    let metric = scorer.definition.primary.metric
    guard candidate.missingCount == 0, let figure = scorer.primaryFigure(of: candidate) else {
      return .incomplete
    }
    guard let value = figure.value else { return .undefined }
    switch rule {
    case .hidden(let grid, _), .summary(let grid, _):
      guard let level = grid.level(value) else { return .notBetter }
      return best.map { grid.isBetter(level, $0) ? .better : .notBetter } ?? .first
    case .open, .rounded:
      var decimals = 4
      if case .rounded(let given) = rule { decimals = given }
      guard let best else { return .first }
      let gain = (Rounding.rounded(value, decimals: decimals) ?? value) - best
      return (metric.higherIsBetter ? gain : -gain) > 1e-9 ? .better : .notBetter
    }
  }
}

extension TargetScores {
  fileprivate func rounded(_ decimals: Int, intervals: Bool = true) -> TargetScores {
    var scores = self
    if !intervals { scores.rowwise = nil }
    scores.changeFigures { figure in
      var figure = figure
      figure.value = Rounding.rounded(figure.value, decimals: decimals)
      guard intervals else { return ScoredFigure(value: figure.value, undefined: figure.undefined) }
      figure.low = Rounding.rounded(figure.low, decimals: decimals)
      figure.high = Rounding.rounded(figure.high, decimals: decimals)
      return figure
    }
    (scores.bias, scores.pccWithin) = (nil, nil)
    return scores
  }
}

extension ScoreReport {
  /// Takes out what the labels' digest would confirm, and what follows from unreleased figures.
  fileprivate mutating func hideLabels(_ key: Data) {
    wassa.changeFigures { _ in nil }
    notes = nil
    let gold = Digest.hmac(digests.gold, key: key)
    signature.replace("gold:\(digests.gold.prefix(12))", with: "gold:\(gold.prefix(12))")
    digests.gold = gold
  }
}

extension Rounding {
  /// `value` as it may be shown: with 4 decimals; nil stays nil.
  public static func published(_ value: Double?) -> Double? { rounded(value, decimals: 4) }

  /// A p-value with 4 significant digits, rounded up: it is never less than 1/(B + 1), and lies below
  /// a level such as 0.05 only where it does unrounded. nil stays nil.
  public static func p(_ value: Double?) -> Double? {
    value.map { $0 > 0 ? min(1, up($0, digits: 4)) : $0 }
  }

  /// `value`, which is positive, rounded up to a number of digits from its first on.
  static func up(_ value: Double, digits: Int) -> Double {
    up(value, decimals: digits - 1 - Int(log10(value).rounded(.down)))
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
