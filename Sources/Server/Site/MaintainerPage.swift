import Basics
import Foundation
import GRDB
import Harness
import Report

/// `maintainer.html` in the data home, readable by its owner alone: phases, what hidden labels have
/// told, teams and submissions. No score beyond what is released, and no predictions.
enum MaintainerPage {
  static let name = "maintainer.html"
  /// Submissions that it lists, the newest.
  private static let most = 500

  static func html(_ store: SubmissionStore, at now: Date) throws -> Data {
    let phases = try store.phases(at: now)
    return try TablesPage(
      title: "For the maintainer", note: "As of \(now.stamp). Keep this page to yourself.",
      tables: [
        .init(
          "Phases",
          ["board", "phase", "opens", "closes", "state", "scores", "labels", "a team may send"],
          phases.map { row($0, at: now) }),
        .init(
          "What hidden labels have told, in bits at most",
          ["board", "held", "budget", "told", "promised", "over budget"],
          try store.accounts(at: now).map(row)),
        .init(
          "Teams", ["team", "since", "valid tokens", "submissions", "last one"],
          try store.activity(at: now).map(row)),
        .init(
          "Newest submissions", SubmissionLine.header,
          try store.lines(limit: most).map(\.cells)),
      ]
    ).html()
  }

  private static func row(_ listed: ListedPhase, at now: Date) -> [String] {
    let phase = listed.phase
    let isOpen = listed.isCurrent && phase.isOpen(at: now)
    let state =
      phase.closed != nil
      ? "closed" : !isOpen ? "not open" : phase.isFrozen(at: now) ? "open, frozen" : "open"
    return [
      phase.board.path, phase.name, phase.opens.stamp, phase.closes?.stamp ?? "", state,
      phase.visibility.rawValue, phase.labels.rawValue,
      "\(phase.valid.daily) a day, \(phase.valid.total) in all",
    ]
  }

  private static func row(_ account: LabelAccount) -> [String] {
    let bits = [account.entropy, account.budget, account.told, account.promised]
    return ["\(account.benchmark)/\(account.split)"]
      + bits.map { Rounding.text($0, decimals: 1) }
      + [account.exceptions.map { "\($0.at.day): \($0.why)" }.joined(separator: "; ")]
  }

  private static func row(_ team: TeamActivity) -> [String] {
    [
      team.name, team.created.day, "\(team.tokens)", "\(team.submissions)",
      team.last?.stamp ?? "",
    ]
  }
}

/// A team, and how much it has sent.
struct TeamActivity: Decodable, TimedRecord, Sendable {
  var name: String
  var created: Date
  var last: Date?
  var tokens, submissions: Int
}

extension SubmissionStore {
  fileprivate func activity(at now: Date) throws(ServerError) -> [TeamActivity] {
    try read {
      try $0.all(
        """
        SELECT t.name, t.created, max(s.received) AS last, count(s.id) AS submissions,
          (SELECT count(*) FROM token WHERE team = t.id AND revoked IS NULL
            AND (expires IS NULL OR expires > ?)) AS tokens
        FROM team t LEFT JOIN submission s ON s.team = t.id GROUP BY t.id ORDER BY t.id
        """, [now.seconds])
    }
  }
}
