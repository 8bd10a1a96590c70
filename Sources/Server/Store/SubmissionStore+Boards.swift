import GRDB
import Harness

extension SubmissionStore {
  /// The query behind a leaderboard: each team's current entry, from a table of its own, so that
  /// its cost grows with the number of teams and not with their history.
  private static let entriesQuery = """
    SELECT s.*, t.name AS team_name
    FROM board b JOIN submission s ON s.id = b.submission JOIN team t ON t.id = b.team
    WHERE b.benchmark = ? AND b.split = ?
    """

  /// The current entry of each team.
  func entries(of board: BoardKey) throws(ServerError) -> [StoredSubmission] {
    try read { database in
      try StoredSubmission.fetchAll(
        database, sql: Self.entriesQuery, arguments: [board.benchmark, board.split])
    }
  }

  /// How SQLite runs the query behind a leaderboard, a line a step.
  public func explainBoard() throws(ServerError) -> [String] {
    try read { database in
      try Row.fetchAll(
        database, sql: "EXPLAIN QUERY PLAN " + Self.entriesQuery, arguments: ["", ""]
      ).map { $0["detail"] }
    }
  }

  /// Withdrawn submissions that once stood on a board, oldest first.
  func withdrawnBests() throws(ServerError) -> [StoredSubmission] {
    try read { database in
      try StoredSubmission.fetchAll(
        database,
        sql: """
          \(StoredSubmission.selection) WHERE s.withdrawn = 1 AND s.best IS NOT NULL ORDER BY s.id
          """)
    }
  }

  /// What the boards were made from: it grows with every event and every phase.
  struct Version: Decodable, FetchableRecord, Equatable, Sendable {
    var event: Int64?
    var phase: Int64?
  }

  func version() throws(ServerError) -> Version {
    try read { database in
      try Version.fetchOne(
        database.cachedStatement(
          sql: "SELECT (SELECT max(id) FROM event) AS event, (SELECT max(id) FROM phase) AS phase")
      ) ?? Version()
    }
  }

  /// Numbers for the operator.
  struct Counts: Decodable, FetchableRecord, Sendable {
    /// Revoked ones included.
    var teams: Int
    /// Accepted submissions without a score yet.
    var waiting: Int
  }

  func counts() throws(ServerError) -> Counts {
    try read { database in
      try Counts.fetchOne(
        database,
        sql: """
          SELECT (SELECT count(*) FROM team) AS teams, (SELECT count(*) FROM queue) AS waiting
          """) ?? Counts(teams: 0, waiting: 0)
    }
  }
}
