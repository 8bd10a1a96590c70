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
  /// Told so far: by answers to submissions, at closes, by rescoring, and of revealed entries.
  public private(set) var told = 0.0
  /// Teams may still be told so much in the open phase: all that have a valid token count.
  public private(set) var promised = 0.0
  /// Why more than the budget may be told, oldest first.
  public private(set) var exceptions: [Exception] = []

  public struct Exception: Codable, TimedRecord, Sendable, Equatable {
    public var at: Date
    /// Told and promised at that time.
    public var bits: Double
    public var why: String
  }

  var total: Double { told + promised }

  /// One line for the terminal.
  public var text: String {
    func bits(_ value: Double) -> String { Rounding.text(value, decimals: 1) }
    let reasons = exceptions.map { "; over budget on \($0.at.day): \($0.why)" }.joined()
    return
      "\(benchmark)/\(split): of \(bits(entropy)) bits in the hidden labels at most \(bits(told)) "
      + "are told and \(bits(promised)) promised; the budget is \(bits(budget))\(reasons)"
  }

  /// - Returns: nil for a board whose labels are not hidden now.
  static func of(_ board: BoardKey, at now: Date, in database: Database) throws -> LabelAccount? {
    let key: StatementArguments = [board.benchmark, board.split]
    let phases: [Phase] = try database.all(
      "SELECT * FROM phase WHERE benchmark = ? AND split = ? AND labels = 'hidden' ORDER BY id", key
    )
    guard let current = try Phase.current(of: board, in: database), current.labels == .hidden,
      let entropy = current.entropy
    else { return nil }
    var account = LabelAccount(
      benchmark: board.benchmark, split: board.split, entropy: entropy, budget: entropy / 4)
    let uses = try Row.fetchAll(
      database,
      sql: """
        SELECT team, phase, sum(valid) AS valid FROM usage
        WHERE benchmark = ? AND split = ? GROUP BY team, phase
        """, arguments: key)
    var used: [Int64: Int] = [:]
    for use in uses {
      let (team, name, count): (Int64, String, Int) = (use["team"], use["phase"], use["valid"])
      account.told += bits(count, in: phases.filter { $0.name == name })
      if name == current.name { used[team] = count }
    }
    let extra: Double? = try database.value(
      """
      SELECT (SELECT total(c.bits) FROM closing c JOIN phase p ON p.id = c.phase
          WHERE p.benchmark = :benchmark AND p.split = :split)
        + (SELECT total(bits) FROM revealed WHERE benchmark = :benchmark AND split = :split)
        + (SELECT total(bits) FROM scoring WHERE benchmark = :benchmark AND split = :split)
      """, ["benchmark": board.benchmark, "split": board.split])
    account.told += extra ?? 0
    if current.closed == nil, current.closes.map({ now < $0 }) ?? true {
      let named = phases.filter { $0.name == current.name }
      let teams = try Int64.fetchAll(
        database,
        sql: """
          SELECT DISTINCT team FROM token
          WHERE revoked IS NULL AND (expires IS NULL OR expires > ?)
          """, arguments: [now.seconds])
      for team in teams {
        let count = used[team] ?? 0
        account.promised +=
          current.isFinal
          ? current.bits ?? 0
          : bits(max(count, current.valid.total), in: named) - bits(count, in: named)
      }
    }
    account.exceptions = try database.all(
      "SELECT at, bits, why FROM over_budget WHERE benchmark = ? AND split = ? ORDER BY id", key)
    return account
  }

  /// What `count` answers tell of the labels under phases of one name, whose grids may differ.
  private static func bits(_ count: Int, in phases: [Phase]) -> Double {
    phases.filter { !$0.isFinal }.compactMap { $0.grid?.bits(submissions: count) }.max() ?? 0
  }

  /// The same of all boards, where a team may submit that could not before.
  static func check(overBudget reason: String?, at now: Date, in database: Database) throws {
    let boards = try Phase.all(in: database).map(\.board)
    try check(boards, overBudget: reason, at: now, in: database)
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
  /// The accounts of all boards whose labels are hidden, in the order of ``phases()``.
  public func accounts(at now: Date = Date()) throws(ServerError) -> [LabelAccount] {
    let boards = try phases().map(\.board)
    return try read { database in
      try boards.compactMap { try LabelAccount.of($0, at: now, in: database) }
    }
  }
}
