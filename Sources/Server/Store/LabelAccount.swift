import Basics
public import Foundation
import GRDB
import Harness

/// What a board's hidden labels have told and may tell, in bits at most, over all phases and closes:
/// labels do not forget. docs/explanation/probing.md derives the bound of a team.
public struct LabelAccount: Encodable, Sendable, Equatable {
  public let benchmark, split: String
  /// What the labels hold, as estimated when the phase was set.
  public let entropy: Double
  /// A quarter of that: what may be told without a reason.
  public let budget: Double
  /// Told so far: by answers to submissions, at closes, by rescoring, and of revealed entries. What the
  /// organisers' own teams learn does not count: they know the labels.
  public private(set) var told = 0.0
  /// Teams may still be told so much in the open phase and in those to come: all that have a valid
  /// token count.
  public private(set) var promised = 0.0
  /// Why more than the budget may be told, oldest first.
  public private(set) var exceptions: [Exception] = []

  public struct Exception: Codable, TimedRecord, Sendable, Equatable {
    public var at: Date
    /// Told and promised at that time.
    public var bits: Double
    public var why: String
  }

  package var total: Double { told + promised }

  /// One line for the terminal.
  public var text: String {
    func bits(_ value: Double) -> String { Rounding.text(value, decimals: 1) }
    let reasons = exceptions.map { "; over budget on \($0.at.day): \($0.why)" }.joined()
    return
      "\(benchmark)/\(split): of \(bits(entropy)) bits in the hidden labels at most \(bits(told)) "
      + "are told and \(bits(promised)) promised; the budget is \(bits(budget))\(reasons)"
  }

  /// - Returns: nil for a board whose labels are not hidden, now or in a phase to come.
  static func of(_ board: BoardKey, at now: Date, in database: Database) throws -> LabelAccount? {
    let key: StatementArguments = [board.benchmark, board.split]
    let phases: [Phase] = try database.all(
      "SELECT * FROM phase WHERE benchmark = ? AND split = ? AND labels = 'hidden' ORDER BY id", key
    )
    let list = try PhaseList(of: board, in: database)
    let current = list.current(of: board, at: now)
    let next = list.phases.filter { phase in
      phase.labels == .hidden && (phase.id == current?.id || phase.opens > now)
    }
    guard let entropy = next.first?.entropy else { return nil }
    var account = LabelAccount(
      benchmark: board.benchmark, split: board.split, entropy: entropy, budget: entropy / 4)
    let uses = try Row.fetchAll(
      database,
      sql: """
        SELECT team, phase, sum(valid) AS valid FROM usage
        WHERE benchmark = ? AND split = ? AND NOT (SELECT organiser FROM team WHERE id = team)
        GROUP BY team, phase
        """, arguments: key)
    let runs = try Runs(of: board, phases, in: database)
    var used: [String: [Int64: Int]] = [:]
    for use in uses {
      let (team, name, count): (Int64, String, Int) = (use["team"], use["phase"], use["valid"])
      account.told += runs.bits(count, of: team, in: name)
      used[name, default: [:]][team] = count
    }
    let extra: Double? = try database.value(
      """
      SELECT (SELECT total(c.bits) FROM closing c JOIN phase p ON p.id = c.phase
          JOIN submission s ON s.id = c.submission JOIN team t ON t.id = s.team
          WHERE p.benchmark = :benchmark AND p.split = :split AND NOT t.organiser)
        + (SELECT total(bits) FROM revealed WHERE benchmark = :benchmark AND split = :split)
        + (SELECT total(bits) FROM scoring WHERE benchmark = :benchmark AND split = :split)
      """, ["benchmark": board.benchmark, "split": board.split])
    account.told += extra ?? 0
    let teams = try Int64.fetchAll(
      database,
      sql: """
        SELECT DISTINCT team FROM token
        WHERE revoked IS NULL AND (expires IS NULL OR expires > ?)
          AND NOT (SELECT organiser FROM team WHERE id = team)
        """, arguments: [now.seconds])
    for phase in next where phase.closed == nil && phase.closes.map({ now < $0 }) ?? true {
      for team in teams {
        let count = used[phase.name]?[team] ?? 0
        account.promised +=
          phase.isFinal
          ? phase.bits ?? 0
          : runs.bits(max(count, phase.valid.total), of: team, in: phase.name)
            - runs.bits(count, of: team, in: phase.name)
      }
    }
    account.exceptions = try database.all(
      "SELECT at, bits, why FROM over_budget WHERE benchmark = ? AND split = ? ORDER BY id", key)
    return account
  }

  /// How often the released values of teams began anew: with each system, where phases take several,
  /// and with each best that was taken off the board.
  private struct Runs {
    private let phases: [String: [Phase]]
    private var systems: [String: [Int64: Int]] = [:]
    private var withdrawals: [Int64: Int] = [:]

    /// - Parameter phases: all that were ever set, with hidden labels.
    init(of board: BoardKey, _ phases: [Phase], in database: Database) throws {
      self.phases = Dictionary(grouping: phases, by: \.name)
      let key: StatementArguments = [board.benchmark, board.split]
      let withdrawn = try Row.fetchAll(
        database,
        sql: """
          SELECT s.team, count(*) AS count FROM event e JOIN submission s ON s.id = e.submission
          WHERE e.kind = 'withdrawn' AND s.best IS NOT NULL AND s.benchmark = ? AND s.split = ?
          GROUP BY s.team
          """, arguments: key)
      for row in withdrawn { withdrawals[row["team"]] = row["count"] }
      guard phases.contains(where: { $0.entries > 1 }) else { return }
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT team, phase, count(DISTINCT system) AS systems FROM submission
          WHERE benchmark = ? AND split = ? AND state = 'released' AND NOT alone
          GROUP BY team, phase
          """, arguments: key)
      for row in rows {
        let (team, phase): (Int64, String) = (row["team"], row["phase"])
        systems[phase, default: [:]][team] = row["systems"]
      }
    }

    /// What `count` answers tell a team of the labels under phases of one name, which may differ. What
    /// is withdrawn has told what it has told, and what comes after it may be told lower values: it
    /// counts as one more system, in every phase, as bests stand on the board over phases.
    func bits(_ count: Int, of team: Int64, in name: String) -> Double {
      (phases[name] ?? []).filter { !$0.isFinal }.compactMap { phase in
        phase.grid?.bits(
          submissions: count,
          systems: max(phase.entries, systems[name]?[team] ?? 0) + (withdrawals[team] ?? 0))
      }.max() ?? 0
    }
  }

  /// The same of all boards, where a team may submit that could not before.
  static func check(overBudget reason: String?, at now: Date, in database: Database) throws {
    try check(try PhaseList(in: database).boards, overBudget: reason, at: now, in: database)
  }

  /// Looks whether the hidden labels of `boards` may tell more than their budget, within the
  /// transaction that would let them. With a reason it is written down.
  /// - Throws: ``ServerError/refused(_:)`` without one.
  static func check(
    _ boards: [BoardKey], overBudget reason: String?, at now: Date, in database: Database
  ) throws {
    for board in boards {
      guard let account = try of(board, at: now, in: database), account.total > account.budget
      else { continue }
      guard let reason, (1...1000).contains(reason.unicodeScalars.count) else {
        let total = Rounding.text(account.total, decimals: 1)
        throw ServerError.refused(
          "The hidden labels of \(board.path) might tell \(total) bits of the "
            + "\(Rounding.text(account.entropy, decimals: 1)) that they hold: more than their budget of "
            + "\(Rounding.text(account.budget, decimals: 1)). Lower --total, raise --floor, revoke teams "
            + "that do not take part, or give a reason of up to 1000 characters with --over-budget."
        )
      }
      try database.run(
        "INSERT INTO over_budget (benchmark, split, at, bits, why) VALUES (?, ?, ?, ?, ?)",
        [board.benchmark, board.split, now.seconds, account.total, reason])
    }
  }
}

extension SubmissionStore {
  /// The accounts of all boards whose labels are hidden, in the boards' order.
  public func accounts(at now: Date = Date()) throws(ServerError) -> [LabelAccount] {
    try read { database in
      try PhaseList(in: database).boards.compactMap {
        try LabelAccount.of($0, at: now, in: database)
      }
    }
  }
}
