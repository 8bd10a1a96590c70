import Harness

/// What a team and the public learn of a scored submission.
struct ReleasedScore: Sendable, Equatable {
  /// In a word, for programs.
  var verdict: String
  /// Whether it is its team's new best.
  var isBest: Bool
  /// As far as it is released.
  var report: ReleasedReport?
}

extension Judge {
  /// Judges `candidate`, and scores it where something is released of it.
  ///
  /// - Parameter best: the team's last submission that became its best; nil for none.
  func release(
    _ candidate: Predictions, over best: Predictions?, labels: Phase.Labels
  ) throws -> ReleasedScore {
    let release = try ReleaseGuard(scorer, rule: labels.rule).release(candidate, over: best)
    return ReleasedScore(
      verdict: release.verdict.rawValue, isBest: release.verdict.isNewBest,
      report: try release.report.map(ReleasedReport.init))
  }
}

extension Phase.Labels {
  /// What is released of submissions on such labels.
  var rule: ReleaseRule {
    switch self {
    case .hidden: .hidden
    case .open: .open
    }
  }
}
