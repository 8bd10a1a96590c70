import Basics
public import Foundation
public import Harness
import Metrics

/// `leaderboard.json`: a board as a program reads it.
public struct LeaderboardDocument: Codable, Sendable, Equatable {
  /// Version of this document's form.
  public var schema = 1
  public var benchmark: String
  public var title: String
  public var split: String
  /// Nominal coverage of the intervals.
  public var level: Double
  /// The target and the metric that order the rows.
  public var primary: BenchmarkDefinition.PrimaryMetric
  public var higherIsBetter: Bool
  /// Scored rows, best first.
  public var rows: [Row]
  /// Claimed in papers, not scored here.
  public var published: [PublishedRow]
  /// Neither ranked nor published, with the reason.
  public var apart: [ApartRow]
  public var detectable: DetectableDifference?

  public struct Row: Codable, Sendable, Equatable {
    public var slug: String
    public var system: String
    public var team: String
    public var kind: SubmissionMetadata.Kind
    public var submitted: String?
    /// Absent where no pairwise comparison was made.
    public var lowRank: Int?
    public var highRank: Int?
    public var tieGroups: [String]?
    public var n: Int
    public var clusters: Int
    public var targets: TargetTable<TargetScores>
    public var wassa: WASSAScores
    public var signature: String
    public var predictionsSHA256: String
    /// The page and the full document, relative to this file.
    public var page: String
    public var document: String
  }

  public struct PublishedRow: Codable, Sendable, Equatable {
    public var slug: String
    public var system: String
    public var team: String
    public var claimed: TargetTable<[String: Double]>
    public var paperURL: String?
    public var page: String
  }

  public struct ApartRow: Codable, Sendable, Equatable {
    public var slug: String
    public var system: String
    public var team: String
    public var reason: String
    public var page: String
  }
}

extension LeaderboardDocument {
  /// The document of `board` as the site and the API send it.
  public static func json(of board: Board) throws -> Data {
    try CanonicalJSON.document(LeaderboardDocument(board))
  }

  /// The document of `board`, which the API answers with too.
  public init(_ board: Board) {
    benchmark = board.definition.id
    title = board.definition.title
    split = board.split
    level = board.level
    primary = board.definition.primary
    higherIsBetter = board.definition.primary.metric.higherIsBetter
    detectable = board.comparison?.detectable
    rows = board.scored.compactMap { entry in
      guard let report = entry.report else { return nil }
      let standing = board.standings[entry.slug]
      return Row(
        slug: entry.slug, system: entry.metadata.system, team: entry.metadata.team,
        kind: entry.metadata.kind, submitted: entry.metadata.submitted,
        lowRank: standing?.lowRank, highRank: standing?.highRank, tieGroups: standing?.tieGroups,
        n: report.n, clusters: report.clusters, targets: report.targets, wassa: report.wassa,
        signature: report.signature, predictionsSHA256: report.digests.predictions,
        page: SitePaths.system(entry.slug), document: SitePaths.systemDocument(entry.slug))
    }
    published = board.published.map { entry in
      PublishedRow(
        slug: entry.slug, system: entry.metadata.system, team: entry.metadata.team,
        claimed: entry.metadata.claimed ?? [:], paperURL: entry.metadata.paperURL,
        page: SitePaths.system(entry.slug))
    }
    apart = board.apart.map { entry in
      ApartRow(
        slug: entry.slug, system: entry.metadata.system, team: entry.metadata.team,
        reason: board.reasonApart(entry), page: SitePaths.system(entry.slug))
    }
  }

  /// The bytes of `leaderboard.json`.
  public func data() throws -> Data { try CanonicalJSON.document(self) }
}

/// `systems/<slug>.json`: all that is public of one entry.
struct SystemDocument: Encodable {
  let schema = 1
  let slug: String
  let metadata: SubmissionMetadata
  let report: ScoreReport?
  let unscored: String?

  init(_ entry: Board.Entry) {
    slug = entry.slug
    metadata = entry.metadata
    report = entry.report
    unscored = entry.unscored
  }
}
