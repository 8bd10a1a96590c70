public import Foundation
import GRDB
public import Harness

/// What the maintainer sees and nobody else: which predictions several teams have sent, and signs of
/// probing.
extension SubmissionStore {
  /// Digests of predictions that several teams have sent to one board. A sender is not told: it would
  /// learn what others have, and could keep them from sending it.
  func sharedDigests() throws(ServerError) -> Set<String> {
    try read { database in
      try String.fetchSet(
        database,
        sql: """
          SELECT digest FROM submission GROUP BY benchmark, split, digest
          HAVING count(DISTINCT team) > 1
          """)
    }
  }

  /// The signs of probing that were found, by the submission's id.
  public func probingSigns() throws(ServerError) -> [String: [ProbingSign]] {
    let query = """
      SELECT public_id, sign FROM sign JOIN submission ON id = submission ORDER BY submission, sign
      """
    return try read { database in
      try Row.fetchAll(database, sql: query).reduce(into: [:]) { signs, row in
        guard let sign = ProbingSign(rawValue: row["sign"]) else { return }
        signs[row["public_id"], default: []].append(sign)
      }
    }
  }

  /// Submissions to boards with hidden labels that were released and not looked at, oldest first.
  func unexamined(limit: Int = 100) throws(ServerError) -> [StoredSubmission] {
    try read {
      try $0.all(
        """
        \(StoredSubmission.selection) JOIN unexamined u ON u.submission = s.id
        ORDER BY s.id LIMIT ?
        """, [limit])
    }
  }

  /// What the same team had on the same board before `submission`, newest first.
  func earlier(
    than submission: StoredSubmission, limit: Int
  ) throws(ServerError) -> [StoredSubmission] {
    try read {
      try $0.all(
        """
        \(StoredSubmission.selection)
        WHERE s.team = ? AND s.benchmark = ? AND s.split = ? AND s.id < ? AND s.state = 'released'
        ORDER BY s.id DESC LIMIT ?
        """,
        [
          submission.teamKey, submission.benchmark, submission.split, submission.key, limit,
        ])
    }
  }

  /// Keeps what was found in a submission, which then counts as looked at.
  func keep(_ signs: [ProbingSign], of submission: Int64) async throws {
    try await commit { database in
      for sign in signs {
        try database.run(
          "INSERT INTO sign (submission, sign) VALUES (?, ?) ON CONFLICT DO NOTHING",
          [submission, sign.rawValue])
      }
      try database.run("DELETE FROM unexamined WHERE submission = ?", [submission])
    }
  }
}

/// A submission as `invitro submission list` shows it.
public struct SubmissionLine: Encodable {
  public let id: String
  public let received: Date
  public let benchmark, split, team, system, state: String
  public let verdict: ReleaseGuard.Verdict?
  public let digest: String
  /// Whether another team has sent the same predictions.
  public let isShared: Bool
  /// Of probing, as far as it has been looked at.
  public let signs: [ProbingSign]

  init(_ submission: StoredSubmission, shared: Set<String>, signs: [ProbingSign]) {
    (id, received, digest) = (submission.id, submission.received, submission.digest)
    (benchmark, split) = (submission.benchmark, submission.split)
    (team, system) = (submission.team, submission.metadata.system)
    state = submission.shownState
    verdict = submission.verdict
    isShared = shared.contains(submission.digest)
    self.signs = signs
  }

  /// The heads of a table of them, and the cells of one.
  public static let header = [
    "id", "received", "board", "team", "system", "state", "verdict", "same predictions",
    "signs of probing",
  ]

  public var cells: [String] {
    [
      id, received.minute, "\(benchmark)/\(split)", team, system, state, verdict?.brief ?? "",
      isShared ? "as another team's" : "", signs.map(\.text).joined(separator: "; "),
    ]
  }
}

extension SubmissionStore {
  /// Submissions as a maintainer sees them, newest first.
  public func lines(team: String? = nil, limit: Int) throws(ServerError) -> [SubmissionLine] {
    let (shared, signs) = (try sharedDigests(), try probingSigns())
    return try submissions(team: team, limit: limit).map {
      SubmissionLine($0, shared: shared, signs: signs[$0.id] ?? [])
    }
  }
}
