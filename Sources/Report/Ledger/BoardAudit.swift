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
        findings += differences(row, report, entry)
      }
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

  /// Figures of a row that differ from those of the log; one that only one of them has is passed over,
  /// and so are intervals that were made otherwise, as their signatures say.
  private func differences(
    _ row: LeaderboardDocument.Row, _ report: ScoreReport, _ entry: LedgerOutline
  ) -> [LedgerFinding] {
    var findings: [LedgerFinding] = []
    func compare(_ name: String, _ shown: Double?, _ logged: Double?) {
      guard shown != logged else { return }
      let (shown, logged) = (shown.map { "\($0)" } ?? "none", logged.map { "\($0)" } ?? "none")
      findings.append(
        LedgerFinding(
          .differentFigure, board,
          "\(row.id), \(name): the board shows \(shown), the log has \(logged) in \(entry.text)"))
    }
    let sameChoices = row.signature == report.signature
    for target in report.targets.keys.sorted() {
      for metric in report.targets[target]?.metrics ?? [] {
        guard let logged = report.targets[target]?[metric],
          let shown = row.targets[target]?[metric]
        else { continue }
        let name = "\(target) \(metric.title)"
        compare(name, shown.value, logged.value)
        guard sameChoices else { continue }
        compare("\(name), lower bound", shown.low, logged.low)
        compare("\(name), upper bound", shown.high, logged.high)
      }
    }
    compare("rows", Double(row.n), Double(report.n))
    compare("WASSA figure", row.wassa.averaged, report.wassa.averaged)
    return findings
  }
}
