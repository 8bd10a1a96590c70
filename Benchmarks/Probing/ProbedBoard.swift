import Foundation
import Harness
import Metrics

/// What a board holds back of a score; each guard on or off.
struct ProbedGuards {
  var name: String
  /// Decimals of released figures; nil releases them exactly.
  var decimals: Int?
  var margin: Double?
  /// Standard errors of the Ladder.
  var ladder: Double?
  /// Submissions that are scored in all.
  var quota: Int?

  var rule: ReleaseRule { ReleaseRule(decimals: decimals ?? 4, ladder: ladder, margin: margin) }
}

/// A leaderboard as one team meets it: files in, released figures out, through our reader, scorer
/// and guard.
struct ProbedBoard {
  /// What a team learns of one submission.
  struct Answer {
    var isNewBest: Bool
    /// PCC and RMSE, where they are released.
    var pcc: Double?
    var rmse: Double?
  }

  let guards: ProbedGuards
  private let releaseGuard: ReleaseGuard
  private let reader: PredictionReader
  private var best: Predictions?
  private var scored = 0

  init(_ scorer: Scorer, guards: ProbedGuards) {
    self.guards = guards
    releaseGuard = ReleaseGuard(scorer, rule: guards.rule)
    reader = releaseGuard.reader
  }

  /// Largest error of a released figure through rounding.
  var roundingError: Double {
    guard let decimals = guards.decimals else { return 0 }
    return 0.5 * pow(10, -Double(decimals))
  }

  /// Submits a file with one number a row; nil where it is refused or the quota is used up.
  mutating func submit(_ values: [Double]) throws -> Answer? {
    if let quota = guards.quota, scored >= quota { return nil }
    let file = Data(values.map { "\($0)\n" }.joined().utf8)
    guard let predictions = try? reader.read(file, name: "probe.tsv") else { return nil }
    scored += 1
    if guards.decimals == nil { return exactAnswer(predictions) }
    let release = try releaseGuard.release(predictions, over: best)
    if release.verdict.isNewBest { best = predictions }
    let scores = release.report?.targets["empathy"]
    return Answer(
      isNewBest: release.verdict.isNewBest, pcc: scores?[.pcc]?.value, rmse: scores?[.rmse]?.value)
  }

  private mutating func exactAnswer(_ predictions: Predictions) -> Answer {
    let verdict = releaseGuard.verdict(on: predictions, over: best)
    if verdict.isNewBest { best = predictions }
    guard verdict.isNewBest || guards.ladder == nil,
      let rows = releaseGuard.scorer.rows("empathy", of: predictions)
    else { return Answer(isNewBest: verdict.isNewBest) }
    let moments = PairedMoments(predictions: rows.predictions, gold: rows.sample.gold)
    return Answer(
      isNewBest: verdict.isNewBest, pcc: moments.pcc().value, rmse: moments.rmse().value)
  }
}

/// What anybody knows of a hidden split before the first query: how many rows it has, and the mean
/// and SD of the labels of train.
struct ProbingPrior {
  var rows: Int
  var mean: Double
  var deviation: Double

  /// The values that a label takes: means of six items from 1 to 7, in six decimals as dev has them.
  static let levels = (0...36).map { (1e6 * (1 + Double($0) / 6)).rounded() / 1e6 }
}
