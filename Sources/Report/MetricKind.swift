import Harness

/// A metric of a score report: its names, its direction and where it stands.
enum MetricKind: String, CaseIterable, Sendable {
  case pcc, ccc, rmse, mae, spearman, kendall, alpha

  /// As a column heads it.
  var short: String {
    switch self {
    case .pcc: "PCC"
    case .ccc: "CCC"
    case .rmse: "RMSE"
    case .mae: "MAE"
    case .spearman: "Spearman"
    case .kendall: "Kendall"
    case .alpha: "Alpha"
    }
  }

  var name: String {
    switch self {
    case .pcc: "Pearson correlation"
    case .ccc: "Concordance correlation (Lin)"
    case .rmse: "Root mean squared error"
    case .mae: "Mean absolute error"
    case .spearman: "Spearman rank correlation"
    case .kendall: "Kendall tau-b"
    case .alpha: "Krippendorff's interval alpha"
    }
  }

  var higherIsBetter: Bool { self != .rmse && self != .mae }

  /// The direction in words.
  var direction: String { higherIsBetter ? "higher is better" : "lower is better" }

  /// The direction by shape.
  var arrow: String { higherIsBetter ? "↑" : "↓" }

  func figure(of scores: TargetScores) -> ScoredFigure? {
    switch self {
    case .pcc: scores.pcc
    case .ccc: scores.ccc
    case .rmse: scores.rmse
    case .mae: scores.mae
    case .spearman: scores.spearman
    case .kendall: scores.kendall
    case .alpha: scores.alpha
    }
  }
}

extension Target {
  /// With a capital, as a heading has it.
  var title: String {
    switch self {
    case .empathy: "Empathy"
    case .distress: "Distress"
    }
  }
}
