public import Foundation
public import GRDB
import Harness

/// When a board takes submissions, how many, and who sees their scores.
public struct Phase: Sendable, Equatable, Encodable {
  /// Its row in the store, which tells it from a later phase of the same name.
  var id: Int64 = 0
  public var benchmark: String
  public var split: String
  /// Quotas in total count within a name; a new name starts anew.
  public var name: String
  public var opens: Date
  /// Nil: it stays open.
  public var closes: Date?
  public var visibility: Visibility
  /// Whether the split's labels are to be guarded, or public anyway.
  public var labels: Labels
  public var valid: Quota
  /// Failed uploads, which are counted separately.
  public var failing: Quota

  private enum CodingKeys: CodingKey {
    case benchmark, split, name, opens, closes, visibility, labels, valid, failing
  }

  /// Who sees the scores of a submission.
  public enum Visibility: String, Codable, Sendable, CaseIterable, DatabaseValueConvertible {
    /// Nobody.
    case hidden
    /// The team.
    case own
    /// Everybody, on the board.
    case `public`
  }

  public enum Labels: String, Codable, Sendable, CaseIterable, DatabaseValueConvertible {
    case hidden
    case open

    /// What is released of submissions on such labels.
    var rule: ReleaseRule { self == .hidden ? .hidden : .open }
  }

  /// Uploads of a team in a day (UTC) and in the whole phase.
  public struct Quota: Codable, Sendable, Equatable {
    public var daily: Int
    public var total: Int

    public init(daily: Int, total: Int) {
      self.daily = daily
      self.total = total
    }
  }

  public init(
    benchmark: String, split: String, name: String, opens: Date, closes: Date? = nil,
    visibility: Visibility, labels: Labels, valid: Quota = Quota(daily: 5, total: 100),
    failing: Quota = Quota(daily: 20, total: 400)
  ) {
    self.benchmark = benchmark
    self.split = split
    self.name = name
    self.opens = opens
    self.closes = closes
    self.visibility = visibility
    self.labels = labels
    self.valid = valid
    self.failing = failing
  }

  func isOpen(at now: Date) -> Bool { now >= opens && closes.map { now < $0 } ?? true }

  var board: BoardKey { BoardKey(benchmark: benchmark, split: split) }
}

extension SubmissionStore {
  /// Sets the phase of a board from now on; earlier ones stay in the store.
  ///
  /// - Throws: ``ServerError/refused(_:)`` for a phase that closes before it opens, a quota below 1
  ///   or a name that is empty or over 100 characters.
  public func setPhase(_ phase: Phase, at now: Date = Date()) throws(ServerError) {
    guard (1...100).contains(phase.name.unicodeScalars.count) else {
      throw .refused("A phase's name has 1 to 100 characters.")
    }
    if let closes = phase.closes, closes.seconds <= phase.opens.seconds {
      throw .refused("The phase closes (\(closes.stamp)) before it opens (\(phase.opens.stamp)).")
    }
    let quotas = [phase.valid.daily, phase.valid.total, phase.failing.daily, phase.failing.total]
    guard quotas.allSatisfy({ $0 > 0 }) else { throw .refused("A quota is 1 or more.") }
    try write { database in
      try database.execute(
        sql: """
          INSERT INTO phase (benchmark, split, name, opens, closes, visibility, labels,
            daily, total, daily_failing, total_failing, made)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          phase.benchmark, phase.split, phase.name, phase.opens.seconds, phase.closes?.seconds,
          phase.visibility, phase.labels, phase.valid.daily, phase.valid.total,
          phase.failing.daily, phase.failing.total, now.seconds,
        ])
    }
  }

  /// The phase of each board that has one.
  public func phases() throws(ServerError) -> [Phase] {
    try read { database in
      try Phase.fetchAll(
        database,
        sql: """
          SELECT * FROM phase
          WHERE id IN (SELECT max(id) FROM phase GROUP BY benchmark, split)
          ORDER BY benchmark, split
          """)
    }
  }

  func phase(of board: BoardKey) throws(ServerError) -> Phase? {
    try read { try Phase.current(of: board, in: $0) }
  }
}

extension Phase: FetchableRecord {
  public init(row: Row) throws {
    self.init(
      benchmark: row["benchmark"], split: row["split"], name: row["name"],
      opens: Date(timeIntervalSince1970: row["opens"]),
      closes: (row["closes"] as Double?).map(Date.init(timeIntervalSince1970:)),
      visibility: row["visibility"], labels: row["labels"],
      valid: Quota(daily: row["daily"], total: row["total"]),
      failing: Quota(daily: row["daily_failing"], total: row["total_failing"]))
    id = row["id"]
  }

  static func current(of board: BoardKey, in database: Database) throws -> Phase? {
    try fetchOne(
      database.cachedStatement(
        sql: "SELECT * FROM phase WHERE benchmark = ? AND split = ? ORDER BY id DESC LIMIT 1"),
      arguments: [board.benchmark, board.split])
  }
}

extension Phase {
  /// One line for the terminal.
  public var text: String {
    let closes = closes.map { "to \($0.formatted(.iso8601))" } ?? "without an end"
    return "\(benchmark)/\(split): phase '\(name)' from \(opens.formatted(.iso8601)) \(closes); "
      + "scores \(visibility.rawValue), labels \(labels.rawValue); a team may send \(valid.daily) a "
      + "day and \(valid.total) in all, and fail \(failing.daily) and \(failing.total) times"
  }
}
