import Basics
public import Metrics

/// What scoring the entries of a board anew changed, or would change.
public struct RescoreOutcome: Encodable, Sendable, Equatable {
  public let schema = 1
  /// `benchmark/split`.
  public let board: String
  /// What the figures were computed with before, where that is known, and are now.
  public let before: ScoringState?
  public let now: ScoringState
  /// Entries whose predictions were looked at; of these an interrupted call had scored some before.
  public internal(set) var entries = 0
  public internal(set) var alreadyScored = 0
  /// Those of which a figure changed.
  public internal(set) var changes: [Change] = []
  /// Entries that take the place of another one of their team.
  public internal(set) var newBests: [String] = []
  /// What hidden labels told by it at most, in bits; nil where labels are open.
  public internal(set) var bits: Double?
  /// False for what would be done.
  public internal(set) var isApplied = false

  public struct Change: Encodable, Sendable, Equatable {
    /// Of the submission; the slug of a folder's entry.
    public let id: String
    public let team, system: String
    /// The primary figure, where there is one that is released.
    public let before, after: Double?

    package init(
      id: String, team: String, system: String, before: Double?, after: Double?
    ) {
      (self.id, self.team, self.system) = (id, team, system)
      (self.before, self.after) = (before, after)
    }
  }

  private enum CodingKeys: String, CodingKey {
    case schema, board, before, now, entries, alreadyScored, changes, newBests, bits
    case isApplied = "applied"
  }

  package init(
    board: BoardKey, before: ScoringState?, now: ScoringState, entries: Int,
    alreadyScored: Int = 0, changes: [Change], newBests: [String] = [], bits: Double? = nil,
    isApplied: Bool
  ) {
    (self.board, self.before, self.now) = (board.path, before, now)
    (self.entries, self.alreadyScored, self.changes) = (entries, alreadyScored, changes)
    (self.newBests, self.bits, self.isApplied) = (newBests, bits, isApplied)
  }

  /// What is wrong with the reason that is given for it; nil where nothing is.
  package func missingReason(_ why: String?) -> String? {
    if changes.isEmpty || why.map({ (1...1000).contains($0.unicodeScalars.count) }) ?? false {
      return nil
    }
    return
      "Entries that change: \(changes.count). Say why with --why, in 1 to 1000 characters; it is "
      + "published in their history. --dry-run shows what changes."
  }

  /// Lines for the terminal.
  public var text: String {
    let will = isApplied ? "" : " would"
    var lines = [
      "\(board): entries scored: \(entries), by \(now.text)"
        + (before.map { $0 == now ? "" : ", before by \($0.text)" } ?? "")
    ]
    lines += changes.map { change in
      func words(_ value: Double?) -> String { value.map { Rounding.text($0) } ?? "no figure" }
      return "  \(change.id) (\(change.team), \(change.system)):"
        + " \(words(change.before)) → \(words(change.after))"
    }
    lines.append("entries that\(will) change: \(changes.count); new bests: \(newBests.count)")
    if let bits {
      lines.append("hidden labels\(will) tell \(Rounding.text(bits, decimals: 1)) bits")
    }
    return lines.joined(separator: "\n")
  }
}

extension BenchmarkDefinition.PrimaryMetric {
  /// What an entry's history says of a figure that changed: `PCC of empathy 0.6120 until 2026-03-01`.
  package func text(of value: Double?, until day: String) -> String {
    let shown = value.map { Rounding.text($0) } ?? "undefined"
    return "\(metric.title) of \(target) \(shown) until \(day)"
  }
}
