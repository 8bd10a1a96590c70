import Basics
import Foundation
import Harness
import Metrics
import Report

/// A submission as its team's pages show it.
struct OwnSubmission: Encodable {
  let id, system, board, boardPath, phase: String
  let received: Moment
  let isWithdrawn, isChosen, isChoosable: Bool
  let state: String
  private(set) var verdict, note: String?
  private(set) var isBest = false
  /// The released figure of the primary metric, with its interval.
  private(set) var score: Figure?
  private(set) var targets: [Scores]?
  /// `2–5 of 14`, and why there is none.
  private(set) var rank, rankNote: String?
  private(set) var page: String?
  var history: [Event]?
  var receipt: String?
  var withdrawable = false
  var left: String?
  /// What stands for the team on the board beside it.
  var standing: [Standing] = []

  struct Standing: Encodable {
    let id, system: String
    /// The primary figure as far as it is released.
    let figure: String?

    init(_ submission: OwnSubmission) {
      (id, system) = (submission.id, submission.system)
      figure = submission.score.map { "\($0.metric) \($0.value)" }
    }
  }

  struct Event: Encodable {
    var at: Moment
    var text: String
  }

  struct Figure: Encodable {
    var metric: String
    var value: String
    var interval: String?
  }

  struct Scores: Encodable {
    var target: String
    var figures: [Figure]
  }

  /// - Parameter isGuarded: whether the labels of its board are hidden.
  init(_ document: SubmissionDocument, definition: BenchmarkDefinition?, isGuarded: Bool) {
    (id, system, phase) = (document.id, document.system, document.phase)
    boardPath = "\(document.benchmark)/\(document.split)"
    board = "\(definition?.title ?? document.benchmark), \(document.split)"
    received = Moment(document.received)
    isWithdrawn = document.state == "withdrawn"
    isChosen = document.chosen ?? false
    isChoosable = !isChosen && document.choosable ?? false
    state = document.state
    note = document.note
    isBest = document.verdict?.isNewBest ?? false
    verdict = document.verdict.map(\.words)
    guard let report = document.scores else { return }
    let targets = (definition?.targetNames ?? report.targets.map(\.key)).compactMap { name in
      report.targets[name].map { scores in
        Scores(
          target: definition?.targets.first { $0.name == name }?.title ?? name,
          figures: scores.metrics.compactMap { metric in
            scores[metric].flatMap {
              Self.figure($0, metric, decimals: metric.decimals(isGuarded: isGuarded))
            }
          })
      }
    }
    // Where labels are hidden the one figure stands above.
    self.targets = targets.reduce(0) { $0 + $1.figures.count } > 1 ? targets : nil
    guard let primary = definition?.primary else { return }
    score = report.targets[primary.target]?[primary.metric].flatMap {
      Self.figure(
        $0, primary.metric, of: primary.target,
        decimals: primary.metric.decimals(isGuarded: isGuarded))
    }
  }

  /// Without anything that depends on labels.
  var bare: OwnSubmission {
    var bare = self
    (bare.verdict, bare.note, bare.score, bare.targets) = (nil, nil, nil, nil)
    (bare.rank, bare.rankNote, bare.page, bare.isBest) = (nil, nil, nil, false)
    bare.standing = []
    return bare
  }

  private static func figure(
    _ figure: ScoredFigure, _ metric: Metric, of target: String? = nil, decimals: Int
  ) -> Figure? {
    guard let value = figure.value else { return nil }
    func text(_ value: Double) -> String {
      Rounding.text(value, decimals: decimals).replacing("-", with: "−")
    }
    var interval: String?
    if let low = figure.low, let high = figure.high { interval = "[\(text(low)), \(text(high))]" }
    let name = target.map { "\(metric.title) of \($0)" } ?? metric.title
    return Figure(metric: name, value: text(value), interval: interval)
  }

  /// Where it stands on the board as published.
  mutating func place(
    _ place: PublishedBoard.Place?, isPublic: Bool
  ) {
    guard let place else {
      if isBest, isPublic, !isWithdrawn {
        rankNote =
          "Its rank appears here once the board is computed anew: reload the page in a moment."
      }
      return
    }
    page = "\(boardPath)/systems/\(place.slug).html"
    guard let ranks = place.rank else { return }
    let range = ranks.low == ranks.high ? "\(ranks.low)" : "\(ranks.low)–\(ranks.high)"
    rank = "\(range) of \(ranks.of)"
  }
}

extension ReleaseGuard.Verdict {
  /// In a table for the organisers.
  var brief: String {
    switch self {
    case .first: "first"
    case .better: "better"
    case .notBetter: "not better"
    case .incomplete: "incomplete"
    case .undefined: "undefined"
    case .atClose: "at the close"
    }
  }

  /// For the team.
  var words: String {
    switch self {
    case .first: "Your team’s first score on this board."
    case .better: "Your team’s new best."
    case .notBetter: "Not better than your team’s best, which stays on the board."
    case .incomplete:
      "It leaves out rows or the primary target, so it does not stand on the board."
    case .undefined:
      "Its primary metric is undefined, as for constant predictions, so it does not stand on the board."
    case .atClose: "It is scored when the phase closes."
    }
  }
}
