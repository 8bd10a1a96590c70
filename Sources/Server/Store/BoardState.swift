import Foundation
import GRDB
import Harness

/// What figures are computed with now, as reports name it.
struct BoardState: Sendable, Equatable {
  let plain: ScoringState
  /// As where labels are hidden, and as the store keeps it.
  let keyed: ScoringState

  init(_ dataset: Dataset, key: Data) {
    plain = ScoringState(dataset)
    keyed = plain.keyed(key)
  }

  func isOf(_ report: ScoreReport) -> Bool { [plain, keyed].contains(report.state) }

  /// Whether the figures of `board` were computed with it, which is written down where nothing is
  /// known of them yet. A board's state changes by rescoring alone: until then nothing is released
  /// on it that was computed with another scorer or other labels.
  func isCurrent(on board: BoardKey, at now: Date, in database: Database) throws -> Bool {
    if let known = try Self.recorded(of: board, in: database) { return known == keyed }
    let latest: String? = try database.value(
      """
      SELECT report FROM submission WHERE benchmark = ? AND split = ? AND report IS NOT NULL
      ORDER BY id DESC LIMIT 1
      """, [board.benchmark, board.split])
    if let latest {
      let report = try JSONDecoder().decode(ScoreReport.self, from: Data(latest.utf8))
      guard isOf(report) else { return false }
    }
    try record(on: board, at: now, in: database)
    return true
  }

  static func recorded(of board: BoardKey, in database: Database) throws -> ScoringState? {
    let row = try Row.fetchOne(
      database.cachedStatement(
        sql: """
          SELECT scorer, gold, row_order FROM scoring WHERE benchmark = ? AND split = ?
          ORDER BY id DESC LIMIT 1
          """), arguments: [board.benchmark, board.split])
    return row.map { ScoringState(scorer: $0["scorer"], gold: $0["gold"], order: $0["row_order"]) }
  }

  /// - Parameter bits: what hidden labels tell by it.
  func record(
    on board: BoardKey, why: String? = nil, bits: Double = 0, at now: Date, in database: Database
  ) throws {
    try database.run(
      """
      INSERT INTO scoring (benchmark, split, at, scorer, gold, row_order, why, bits)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        board.benchmark, board.split, now.seconds, keyed.scorer, keyed.gold, keyed.order, why, bits,
      ])
  }

  /// What the operator is told where they differ.
  static func refusal(_ board: BoardKey) -> String {
    "The labels of \(board.path) or the scorer changed since its submissions were scored. Score them "
      + "anew first: invitro submission rescore --board \(board.path) --why REASON"
  }
}
