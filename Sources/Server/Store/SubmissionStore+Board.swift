import Foundation
import GRDB
import Harness

extension SubmissionStore {
  /// The query behind a leaderboard: each team's current entry, from a table of its own, so that
  /// its cost grows with the number of teams and not with their history.
  static let boardQuery = """
    SELECT \(StoredSubmission.columns)
    FROM board b JOIN submission s ON s.id = b.submission JOIN team t ON t.id = b.team
    WHERE b.benchmark = ? AND b.split = ?
    """

  /// The current entry of each team.
  func board(_ board: BoardKey) throws(ServerError) -> [StoredSubmission] {
    try read { database in
      try Row.fetchAll(
        database, sql: Self.boardQuery, arguments: [board.benchmark, board.split]
      ).map(StoredSubmission.init(row:))
    }
  }

  /// How SQLite runs the query behind a leaderboard, a line a step.
  public func explainBoard() throws(ServerError) -> [String] {
    try read { database in
      try Row.fetchAll(
        database, sql: "EXPLAIN QUERY PLAN " + Self.boardQuery, arguments: ["", ""]
      ).map { $0["detail"] }
    }
  }

  /// Withdrawn submissions that stood on a board once, oldest first.
  func withdrawnBests() throws(ServerError) -> [StoredSubmission] {
    try read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT \(StoredSubmission.columns) FROM submission s JOIN team t ON t.id = s.team
          WHERE s.withdrawn = 1 AND s.best IS NOT NULL ORDER BY s.id
          """
      ).map(StoredSubmission.init(row:))
    }
  }

  /// Changes whenever the site would: with a board's entry, a phase, or a tombstone.
  func boardsState() throws(ServerError) -> String {
    try read { database in
      let boards = try Int64.fetchAll(
        database, sql: "SELECT submission FROM board ORDER BY submission")
      let phase = try Int64.fetchOne(database, sql: "SELECT max(id) FROM phase") ?? 0
      let withdrawn = try Int64.fetchAll(
        database, sql: "SELECT id FROM submission WHERE withdrawn = 1 ORDER BY id")
      return "\(phase) \(boards) \(withdrawn)"
    }
  }

  /// The predictions of a submission, in the form they are kept in.
  func predictions(of submission: Int64) throws(ServerError) -> Data? {
    try read { database in
      try database.row("SELECT file FROM prediction WHERE submission = ?", [submission])?["file"]
    }
  }

  /// Numbers for the operator: submissions by state, teams, and how many wait.
  func counts() throws(ServerError) -> (teams: Int, waiting: Int) {
    try read { database in
      (
        try Int.fetchOne(database, sql: "SELECT count(*) FROM team") ?? 0,
        try Int.fetchOne(database, sql: "SELECT count(*) FROM queue") ?? 0
      )
    }
  }
}
