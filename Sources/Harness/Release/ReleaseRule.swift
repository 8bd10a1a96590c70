public import Basics
import Foundation
public import Metrics

/// What a leaderboard with hidden labels tells of a submission.
///
/// Every released figure says something about the labels, and enough of them reveal all:
/// docs/explanation/probing.md shows how many labels an attack recovers under which rule, and what
/// to set.
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
  ///
  /// A suppressed group keeps its name and the reason. An open rule releases all else as it is. Any
  /// other rounds the figures and bounds of the targets and leaves out what a place on a board does
  /// not need: groups, disparities, other clusterings, the detectable difference and the bias, each
  /// of which is a further equation in the labels.
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
