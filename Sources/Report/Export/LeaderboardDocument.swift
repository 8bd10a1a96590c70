import Basics
public import Foundation
public import Harness
import Metrics

/// `leaderboard.json`: a board as a program reads it.
public struct LeaderboardDocument: Codable, Sendable, Equatable {
  /// Version of this document's form.
  public var schema = 1
  public var benchmark, title, split: String
  /// Nominal coverage of the intervals.
  public var level: Double
  /// The target and the metric that order the rows.
  public var primary: BenchmarkDefinition.PrimaryMetric
  public var higherIsBetter: Bool
  /// Scored rows, best first.
  public var rows: [Row]
  /// Claimed in papers, not scored here.
  public var published: [OtherRow]
  /// Neither ranked nor published, with the reason.
  public var apart: [OtherRow]
  public var detectable: DetectableDifference?
  /// The log that says how the board came about; absent where there is none.
  public var ledger: LedgerReference?

  /// A log, and how many of its entries the board was made from.
  public struct LedgerReference: Codable, Sendable, Equatable {
    public var origin: String
    public var size: Int
  }
  /// What the rows were scored with; absent where the labels were not at hand.
  public var state: ScoringState?

  public struct Row: Codable, Sendable, Equatable {
    public var slug: String
    /// Its name in the log.
    public var id: String
    public var system, team: String
    public var kind: SubmissionMetadata.Kind
    public var submitted: String?
    /// What the team says that it costs; see ``SubmissionMetadata``.
    public var parameters, labelCostUSD: Double?
    /// Absent where no pairwise comparison was made.
    public var lowRank: Int?
    public var highRank: Int?
    public var tieGroups: [String]?
    public var n, clusters: Int
    public var targets: TargetTable<TargetScores>
    public var wassa: WASSAScores
    public var signature, predictionsSHA256: String
    /// The page and the full document, relative to this file.
    public var page: String
    public var document: String
  }

  /// An entry without figures of ours.
  public struct OtherRow: Codable, Sendable, Equatable {
    public var slug: String
    /// Its name in the log.
    public var id: String
    public var system, team: String
    /// What the paper of a published one claims.
    public var claimed: TargetTable<[String: Double]>?
    public var paperURL: String?
    /// Why another one is not ranked.
    public var reason: String?
    /// What is released of one that is scored and not ranked.
    public var targets: TargetTable<TargetScores>?
    /// True where that is because another scorer or other labels made its figures.
    public var superseded: Bool?
    public var page: String
  }
}

extension LeaderboardDocument {
  /// The document of `board` as the site and the API send it.
  public static func json(of board: Board) throws -> Data {
    try CanonicalJSON.document(LeaderboardDocument(board))
  }

  init(_ board: Board) {
    (benchmark, title) = (board.definition.id, board.definition.title)
    (split, level) = (board.split, board.level)
    primary = board.definition.primary
    higherIsBetter = board.definition.primary.metric.higherIsBetter
    (detectable, state) = (board.comparison?.detectable, board.state)
    ledger = board.ledger.map { LedgerReference(origin: $0.origin, size: $0.size) }
    rows = board.scored.compactMap { entry in
      guard let report = entry.report else { return nil }
      let standing = board.standings[entry.slug]
      return Row(
        slug: entry.slug, id: entry.id, system: entry.metadata.system, team: entry.metadata.team,
        kind: entry.metadata.kind, submitted: entry.metadata.submitted,
        parameters: entry.metadata.parameters, labelCostUSD: entry.metadata.labelCostUSD,
        lowRank: standing?.lowRank, highRank: standing?.highRank, tieGroups: standing?.tieGroups,
        n: report.n, clusters: report.clusters, targets: report.targets, wassa: report.wassa,
        signature: report.signature, predictionsSHA256: report.digests.predictions,
        page: SitePaths.system(entry.slug), document: SitePaths.systemDocument(entry.slug))
    }
    published = board.published.map { entry in
      OtherRow(
        slug: entry.slug, id: entry.id, system: entry.metadata.system, team: entry.metadata.team,
        claimed: entry.metadata.claimed ?? [:], paperURL: entry.metadata.paperURL,
        page: SitePaths.system(entry.slug))
    }
    apart = board.apart.map { entry in
      OtherRow(
        slug: entry.slug, id: entry.id, system: entry.metadata.system, team: entry.metadata.team,
        reason: board.reasonApart(entry),
        targets: entry.unscored == nil || entry.isSuperseded ? nil : entry.report?.targets,
        superseded: entry.isSuperseded ? true : nil,
        page: SitePaths.system(entry.slug))
    }
  }
}

/// `systems/<slug>.json`: all that is public of one entry.
struct SystemDocument: Encodable {
  let schema = 1
  let slug: String
  let metadata: SubmissionMetadata
  let report: ScoreReport?
  let unscored: String?

  init(_ entry: Board.Entry) {
    (slug, metadata) = (entry.slug, entry.metadata)
    (report, unscored) = (entry.report, entry.unscored)
  }
}

extension BoardTable {
  /// The documents of a board for programs and papers, by their paths in the board's folder.
  func documents() -> [(path: String, make: @Sendable () throws -> Data)] {
    var documents: [(path: String, make: @Sendable () throws -> Data)] = []
    func add(_ path: String, _ make: @escaping @Sendable () throws -> Data) {
      documents.append((path, make))
    }
    func addText(_ path: String, _ make: @escaping @Sendable () -> String) {
      add(path) { Data(make().utf8) }
    }
    add("leaderboard.json") { try LeaderboardDocument.json(of: board) }
    addText("leaderboard.csv") { LeaderboardCSV.text(self) }
    addText("leaderboard.tex") { LaTeX.table(self) }
    addText("leaderboard.bib") { LaTeX.bibliography(self) }
    if let comparison = pairs {
      add("comparison.json") { try CanonicalJSON.document(comparison) }
      addText("comparison.csv") { ComparisonCSV.text(comparison) }
    }
    for entry in board.entries {
      add(SitePaths.systemDocument(entry.slug)) {
        try CanonicalJSON.document(SystemDocument(entry))
      }
      guard let report = entry.report else { continue }
      addText(SitePaths.systemTable(entry.slug)) { SystemCSV.text(report, benchmark) }
    }
    return documents
  }
}

/// `leaderboards.json`: where each board's documents stand.
struct BoardIndex: Encodable {
  let schema = 1
  let boards: [Item]

  struct Item: Encodable {
    let benchmark, title, split: String
    let systems, published: Int
    let page, json, csv: String
  }

  init(_ tables: [BoardTable]) {
    boards = tables.map { table in
      let folder = table.path
      return Item(
        benchmark: table.benchmark.id, title: table.benchmark.title, split: table.board.split,
        systems: table.scored.count, published: table.published.count, page: "\(folder)/index.html",
        json: "\(folder)/leaderboard.json", csv: "\(folder)/leaderboard.csv")
    }
  }
}

/// `benchmark.json`: what a benchmark's page shows, for programs.
struct BenchmarkDocument: Encodable {
  let schema = 1
  var benchmark: BenchmarkDefinition
  /// Sizes, labels and groups of the splits that were at hand, by name.
  var splits: [DatasetStatistics.SplitStatistics]

  init(_ benchmark: BenchmarkDefinition, _ boards: [Board]) {
    self.benchmark = benchmark
    splits = benchmark.splitNames.compactMap { name in boards.first { $0.split == name }?.labels }
  }
}

/// `leaderboard.csv`: the scored and the published rows.
public enum LeaderboardCSV {
  public static func text(of board: Board) -> String { text(BoardTable(board)) }

  static func text(_ table: BoardTable) -> String {
    let targets = table.benchmark.shownTargets.map(\.name)
    var header = ["low_rank", "high_rank", "tie_groups", "slug", "system", "team", "kind"]
    header += ["submitted", "n", "clusters"]
    header += targets.flatMap { target in
      Metric.all.flatMap { metric in ["", "_low", "_high"].map { "\(target)_\(metric.id)\($0)" } }
    }
    header += ["wassa_averaged", "predictions_sha256", "signature"]
    var csv = CSVWriter(header)
    for entry in table.scored + table.published { csv.add(line(entry, table, targets)) }
    return csv.text
  }

  /// Of a published entry, the figures that its paper claims.
  private static func line(
    _ entry: Board.Entry, _ table: BoardTable, _ targets: [String]
  ) -> [CSVWriter.Cell] {
    let metadata = entry.metadata
    let claimed = metadata.kind == .published ? metadata.claimed ?? [:] : nil
    let report = claimed == nil ? entry.report : nil
    let standing = table.standings[entry.slug]
    var cells: [CSVWriter.Cell] = [
      .count(standing?.lowRank), .count(standing?.highRank),
      .text(standing?.tieGroups.joined(separator: " ")),
    ]
    let names: [String?] = [
      entry.slug, metadata.system, metadata.team, metadata.kind.rawValue, metadata.submitted,
    ]
    cells += names.map { CSVWriter.Cell.text($0) }
    cells += [.count(report?.n), .count(report?.clusters)]
    for target in targets {
      for metric in Metric.all {
        let figure = report?.targets[target]?[metric]
        let value = claimed?[target]?[metric.id] ?? figure?.value
        cells += CSVWriter.Cell.numbers([value, figure?.low, figure?.high], decimals: 4)
      }
    }
    return cells + [
      .number(report?.wassa.averaged, decimals: 4), .text(report?.digests.predictions),
      .text(report?.signature),
    ]
  }

}

/// `comparison.csv`: every pair of a board.
enum ComparisonCSV {
  static func text(_ comparison: BoardComparison) -> String {
    var csv = CSVWriter([
      "first", "second", "difference", "low", "high", "p", "p_holm", "p_bh", "undefined",
    ])
    for pair in comparison.pairs {
      let figures = [
        pair.difference, pair.low, pair.high, pair.p, pair.adjusted, pair.discoveryRate,
      ]
      csv.add(
        [.text(pair.first), .text(pair.second)] + CSVWriter.Cell.numbers(figures, decimals: 4)
          + [.text(pair.undefined)])
    }
    return csv.text
  }
}

/// `systems/<slug>.csv`: every figure of a system's page, the whole split and its groups, a line each.
enum SystemCSV {
  static func text(_ report: ScoreReport, _ benchmark: BenchmarkDefinition) -> String {
    let targets = benchmark.shownTargets.map(\.name)
    let unit = benchmark.clusters.first ?? BenchmarkDefinition.rows
    var csv = CSVWriter([
      "attribute", "group", "target", "metric", "value", "low", "high", benchmark.rowNoun.plural,
      unit.plural, "undefined",
    ])
    func add(_ names: [String], _ scores: TargetTable<TargetScores>, _ n: Int?, _ clusters: Int?) {
      for target in targets {
        for metric in scores[target]?.metrics ?? [] {
          guard let figure = scores[target]?[metric] else { continue }
          csv.add(line(names + [target, metric.id], figure, n, clusters))
        }
      }
    }
    add(["", ""], report.targets, report.n, report.clusters)
    for group in report.groups {
      let names = [group.attribute, group.group]
      if let suppressed = group.suppressed {
        csv.add(line(names + ["", ""], ScoredFigure(undefined: suppressed), nil, nil))
      } else {
        add(names, group.targets, group.n, group.clusters)
      }
    }
    return csv.text
  }

  private static func line(
    _ names: [String], _ figure: ScoredFigure, _ n: Int?, _ persons: Int?
  ) -> [CSVWriter.Cell] {
    names.map { .text($0) }
      + CSVWriter.Cell.numbers([figure.value, figure.low, figure.high], decimals: 4)
      + [.count(n), .count(persons), .text(figure.undefined)]
  }
}

/// `pairs.js`: every tested pair for the page's comparison of two rows; a script and not JSON so
/// that it loads from a folder opened without a server too.
struct PairsScript: Encodable {
  let systems: [String]
  let pairs: [Row]
  let metric: String
  let level: Double
  let adjustment, family: String

  /// Written as a list: first, second, difference, low, high, p, adjusted, reason.
  struct Row: Encodable {
    let first, second: Int
    let pair: BoardComparison.Pair

    func encode(to encoder: any Encoder) throws {
      var list = encoder.unkeyedContainer()
      try list.encode(first)
      try list.encode(second)
      for value in [pair.difference, pair.low, pair.high, pair.p, pair.adjusted] {
        if let value, value.isFinite { try list.encode(value) } else { try list.encodeNil() }
      }
      if let reason = pair.undefined { try list.encode(reason) }
    }
  }

  init(_ table: BoardTable, _ comparison: BoardComparison) {
    let systems = table.scored.map(\.slug)
    let places = Dictionary(zip(systems, 0...)) { first, _ in first }
    self.systems = systems
    pairs = comparison.pairs.compactMap { pair in
      guard let first = places[pair.first], let second = places[pair.second] else { return nil }
      return Row(first: first, second: second, pair: pair)
    }
    (metric, level) = (table.metric.title, comparison.level)
    (adjustment, family) = (comparison.adjustment, comparison.family)
  }

  func script() throws -> Data {
    Data("window.invitroPairs = ".utf8) + (try CanonicalJSON.compact(self)) + Data(";\n".utf8)
  }
}
