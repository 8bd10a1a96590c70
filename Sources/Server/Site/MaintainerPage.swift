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
    try TablesPage(
      title: "For the maintainer", note: "As of \(now.minute). Keep this page to yourself.",
      tables: try tables(store, at: now)
    ).html()
  }

  /// What the file and the organisers' page of the site both show.
  static func tables(_ store: SubmissionStore, at now: Date) throws -> [TablesPage.Table] {
    let (phases, lines) = (try store.phases(at: now), try store.lines(limit: most))
    return [
      .init("Warnings", ["about", "warning"], try warnings(store, lines, at: now)),
      .init(
        "Phases",
        ["board", "phase", "opens", "closes", "state", "scores", "labels", "a team may send"],
        phases.map { row($0, at: now) }),
      .init(
        "What hidden labels have told and may tell, in bits at most",
        ["board", "held", "budget", "told", "promised", "over budget"],
        try store.accounts(at: now).map(row)),
      .init(
        "Teams", ["team", "since", "valid tokens", "submissions", "last submission"],
        try store.activity(at: now).map(row)),
      .init(
        "Quotas used in the current phases",
        ["board", "phase", "team", "valid today", "valid", "failed today", "failed"],
        try phases.filter(\.isCurrent).flatMap { try quotas(store, of: $0.phase, at: now) }),
      .init("Newest submissions", SubmissionLine.header, lines.map(\.cells)),
    ]
  }

  private static func warnings(
    _ store: SubmissionStore, _ lines: [SubmissionLine], at now: Date
  ) throws -> [[String]] {
    let accounts = try store.accounts(at: now).filter { $0.told + $0.promised > $0.budget }
    return accounts.map {
      ["\($0.benchmark)/\($0.split)", "hidden labels may tell more than their budget"]
    }
      + lines.filter { !$0.signs.isEmpty || $0.isShared }.map { line in
        let signs = line.signs.map(\.text) + (line.isShared ? ["as another team’s"] : [])
        return ["\(line.id) of \(line.team)", signs.joined(separator: "; ")]
      }
  }

  private static func quotas(
    _ store: SubmissionStore, of phase: Phase, at now: Date
  ) throws -> [[String]] {
    try store.usages(in: phase, at: now).map { name, usage in
      func part(_ used: Int, _ limit: Int) -> String { "\(used) of \(limit)" }
      return [
        phase.board.path, phase.name, name, part(usage.validToday, phase.valid.daily),
        part(usage.valid, phase.valid.total), part(usage.failingToday, phase.failing.daily),
        part(usage.failing, phase.failing.total),
      ]
    }
  }

  private static func row(_ listed: ListedPhase, at now: Date) -> [String] {
    let phase = listed.phase
    let isOpen = listed.isCurrent && phase.isOpen(at: now)
    let state =
      phase.closed != nil
      ? "closed" : !isOpen ? "not open" : phase.isFrozen(at: now) ? "open, frozen" : "open"
    return [
      phase.board.path, phase.name, phase.opens.minute, phase.closes?.minute ?? "", state,
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
      team.last?.minute ?? "",
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
  /// What the teams that sent something have used of a phase's quotas; the organisers have none.
  fileprivate func usages(
    in phase: Phase, at now: Date
  ) throws(ServerError) -> [(team: String, usage: QuotaUsage)] {
    try read { database in
      let teams: [Team] = try database.all(
        """
        SELECT * FROM team WHERE NOT organiser AND id IN (SELECT team FROM usage
          WHERE benchmark = ? AND split = ? AND phase = ?) ORDER BY id
        """, [phase.benchmark, phase.split, phase.name])
      return try teams.map { team in
        (team.name, try QuotaUsage.of(team.id, in: phase, at: now, in: database))
      }
    }
  }

  fileprivate func activity(at now: Date) throws(ServerError) -> [TeamActivity] {
    try read {
      try $0.all(
        """
        SELECT t.name, t.created, max(s.received) AS last, count(s.id) AS submissions,
          (SELECT count(*) FROM token WHERE team = t.id AND kind = 'token' AND revoked IS NULL
            AND (expires IS NULL OR expires > ?)) AS tokens
        FROM team t LEFT JOIN submission s ON s.team = t.id GROUP BY t.id ORDER BY t.id
        """, [now.seconds])
    }
  }
}
