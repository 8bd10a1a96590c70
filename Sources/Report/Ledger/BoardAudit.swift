public import Harness
import Metrics

/// What a log says of one board: the entries that stand on it, and their figures. A board's document
/// is compared with it.
public struct BoardAudit: Sendable {
  /// `benchmark/split`.
  public let board: String
  /// The entries by which ids came onto the board, by id.
  public private(set) var standing: [String: LedgerOutline] = [:]
  /// The entries by which ids left it.
  private var left: [String: LedgerOutline] = [:]
  /// The last entry with figures of an id.
  private var scored: [String: LedgerOutline] = [:]
  private var known: Set<String> = []

  /// Replays `entries`, the first ones of a log.
  public init(board: String, entries: some Sequence<LedgerOutline>) {
    self.board = board
    for entry in entries where entry.board == board { replay(entry) }
  }

  private mutating func replay(_ entry: LedgerOutline) {
    if let id = entry.id { known.insert(id) }
    if entry.event == .phase, entry.visibility != "public" {
      // Nothing is shown of a phase whose scores are not public.
      for id in standing.keys { left[id] = entry }
      standing = [:]
    }
    if let id = entry.replaces, standing.removeValue(forKey: id) != nil { left[id] = entry }
    if let id = entry.stands { standing[id] = entry }
    // An outcome that is sealed is not shown: the last public one stands.
    if let id = entry.id, entry.hasReport || entry.reportDigest != nil { scored[id] = entry }
  }

  /// Ids that stand and whose report the log has by digest alone.
  public var digests: [String: String] {
    standing.keys.reduce(into: [:]) { $0[$1] = scored[$1]?.reportDigest }
  }

  /// What `document` shows otherwise than the log.
  /// - Parameter reports: of ids of which the log has a digest alone (``digests``), each checked
  ///   against it.
  public func findings(
    in document: LeaderboardDocument, reports: [String: ScoreReport] = [:]
  ) -> [LedgerFinding] {
    let shown = "\(document.benchmark)/\(document.split)"
    guard shown == board else {
      return [LedgerFinding(.board, board, "its document is that of \(shown)")]
    }
    var findings = missing(document)
    for row in document.rows {
      if standing[row.id] == nil {
        findings.append(LedgerFinding(.notInLog, board, notInLog(row)))
      } else if let entry = scored[row.id], let report = reports[row.id] ?? entry.report() {
        let comparison = FigureComparison(board: board, id: row.id, entry: entry)
        findings += comparison.differences(
          row.targets, report, withBounds: row.signature == report.signature)
        findings += comparison.difference("rows", Double(row.n), Double(report.n))
        findings += comparison.difference(
          "WASSA figure", row.wassa.averaged, report.wassa.averaged)
      }
    }
    // Scored and not ranked.
    for row in document.apart {
      guard let targets = row.targets, let entry = scored[row.id], let report = entry.report()
      else { continue }
      findings += FigureComparison(board: board, id: row.id, entry: entry)
        .differences(targets, report, withBounds: false)
    }
    return findings
  }

  /// Entries of the log that the board does not show. One without figures is passed over where the
  /// board was made without labels.
  private func missing(_ document: LeaderboardDocument) -> [LedgerFinding] {
    let shown = Set(document.rows.map(\.id))
    let apart = Dictionary(
      document.apart.map { ($0.id, $0.reason ?? "") }, uniquingKeysWith: { one, _ in one })
    return standing.sorted { $0.value.index < $1.value.index }.compactMap { id, entry in
      let reason = apart[id]
      guard !shown.contains(id), reason?.hasPrefix("withdrawn") ?? true else { return nil }
      let found = reason.map { "the board has it \($0)" } ?? "the board lacks it"
      return LedgerFinding(
        .missingOnBoard, board, "\(id) stands in the log since \(entry.text), and \(found)")
    }
  }

  private func notInLog(_ row: LeaderboardDocument.Row) -> String {
    let why =
      if let entry = left[row.id] {
        "the log has it leave the board by \(entry.text)"
      } else if known.contains(row.id) {
        "the log knows it and never has it stand on the board"
      } else {
        "the log does not know it"
      }
    return "the board shows \(row.id) ('\(row.system)' of '\(row.team)'); \(why)"
  }
}

/// Compares figures of a row with those of the log; one that only one of them has is passed over.
private struct FigureComparison {
  let board, id: String
  /// Where the log has the figures.
  let entry: LedgerOutline

  /// - Parameter withBounds: whether the intervals were made by the same choices.
  func differences(
    _ shown: TargetTable<TargetScores>, _ report: ScoreReport, withBounds: Bool
  ) -> [LedgerFinding] {
    var findings: [LedgerFinding] = []
    for target in report.targets.keys.sorted() {
      for metric in report.targets[target]?.metrics ?? [] {
        guard let logged = report.targets[target]?[metric], let shown = shown[target]?[metric]
        else { continue }
        let name = "\(target) \(metric.title)"
        findings += difference(name, shown.value, logged.value)
        guard withBounds else { continue }
        findings += difference("\(name), lower bound", shown.low, logged.low)
        findings += difference("\(name), upper bound", shown.high, logged.high)
      }
    }
    return findings
  }

  func difference(_ name: String, _ shown: Double?, _ logged: Double?) -> [LedgerFinding] {
    guard shown != logged else { return [] }
    let (shown, logged) = (shown.map { "\($0)" } ?? "none", logged.map { "\($0)" } ?? "none")
    return [
      LedgerFinding(
        .differentFigure, board,
        "\(id), \(name): the board shows \(shown), the log has \(logged) in \(entry.text)")
    ]
  }
}
