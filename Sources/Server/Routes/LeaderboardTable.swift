import Basics
import Foundation
import Harness
import Metrics

/// A leaderboard as the API shows it: each team's current entry, best first.
struct LeaderboardTable: Encodable {
  let schema = 1
  var benchmark: String
  var title: String
  var split: String
  var phase: String
  var primary: BenchmarkDefinition.PrimaryMetric
  var rows: [Row]
  /// Why there are no rows, in words.
  var note: String?

  struct Row: Encodable {
    var id: String
    var team: String
    var system: String
    var kind: String
    var received: Date
    var digest: String
    var scores: SubmissionDocument.Scores
  }

  init(
    _ definition: BenchmarkDefinition, _ phase: Phase, _ submissions: [StoredSubmission]
  ) throws {
    benchmark = phase.benchmark
    title = definition.title
    split = phase.split
    self.phase = phase.name
    primary = definition.primary
    guard phase.visibility == .public else {
      rows = []
      note = "Scores are not public in this phase."
      return
    }
    let lowerIsBetter = !primary.metric.higherIsBetter
    let (target, metric) = (primary.target, primary.metric)
    let keyed = try submissions.compactMap { submission -> (key: Double, row: Row)? in
      guard let report = try submission.report?.read() else { return nil }
      let value = report.targets[target]?[metric]?.value
      let row = Row(
        id: submission.id, team: submission.team, system: submission.metadata.system,
        kind: submission.metadata.kind.rawValue, received: submission.received,
        digest: submission.digest, scores: SubmissionDocument.Scores(report))
      return (value.map { lowerIsBetter ? $0 : -$0 } ?? .infinity, row)
    }
    rows = keyed.sorted { ($0.key, $0.row.id) < ($1.key, $1.row.id) }.map(\.row)
  }

  /// RFC 4180 with a header; line ends are LF.
  func csv(targets: [String]) -> String {
    var header = ["id", "team", "system", "kind", "received", "n", "clusters"]
    for target in targets {
      for metric in Metric.all {
        header += ["", "_low", "_high"].map { "\(target)_\(metric)\($0)" }
      }
    }
    var csv = CSVWriter(header)
    for row in rows {
      var cells: [CSVWriter.Cell] = [
        .text(row.id), .text(row.team), .text(row.system), .text(row.kind),
        .text(row.received.stamp), .count(row.scores.n), .count(row.scores.clusters),
      ]
      for target in targets {
        for metric in Metric.all {
          let figure = row.scores.targets[target]?[metric]
          cells += CSVWriter.Cell.numbers([figure?.value, figure?.low, figure?.high])
        }
      }
      csv.add(cells)
    }
    return csv.text
  }
}
