public import Foundation
public import Harness
public import Study

/// Everything that a site is made from. The same value gives the same bytes.
public struct SiteInput: Sendable {
  public var title: String
  /// Where the site will stand, for feeds, the sitemap and previews; without it the sitemap and the
  /// absolute addresses are left out.
  public var address: URL?
  public var benchmarks: [BenchmarkDefinition]
  public var boards: [Board]
  /// Figures of a split's labels, by `benchmark/split`, as they may be shown.
  public var statistics: [String: DatasetStatistics.SplitStatistics]
  public var replication: Replication?
  /// Version of the program, for the foot of each page.
  public var version: String?
  /// The server that takes submissions over HTTP; nil where there is none.
  public var server: URL?

  public init(
    benchmarks: [BenchmarkDefinition], boards: [Board], title: String = "invitro",
    address: URL? = nil, statistics: [String: DatasetStatistics.SplitStatistics] = [:],
    replication: Replication? = nil, version: String? = nil
  ) {
    self.benchmarks = benchmarks
    self.boards = boards
    self.title = title
    self.address = address
    self.statistics = statistics
    self.replication = replication
    self.version = version
  }
}

/// The entries of one split of one benchmark.
public struct Board: Sendable {
  /// Id of the benchmark.
  public var benchmark: String
  public var split: String
  /// In any order; the site orders them.
  public var entries: [LeaderboardEntry]
  /// Without it no rank is shown: an order of point estimates alone is no ranking.
  public var comparison: BoardComparison?

  public init(
    benchmark: String, split: String, entries: [LeaderboardEntry],
    comparison: BoardComparison? = nil
  ) {
    self.benchmark = benchmark
    self.split = split
    self.entries = entries
    self.comparison = comparison
  }

  /// `benchmark/split`.
  public var path: String { "\(benchmark)/\(split)" }
}
