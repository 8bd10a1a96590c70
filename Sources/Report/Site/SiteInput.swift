public import Foundation
public import Harness

/// Everything that a site is made from. The same value gives the same bytes.
public struct SiteInput: Sendable {
  public var title: String
  /// Where the site will stand, for feeds, the sitemap and previews; without it the sitemap and the
  /// absolute addresses are left out.
  public var address: URL?
  public var benchmarks: [BenchmarkDefinition]
  public var boards: [Board]
  /// Figures of a split's labels, by `benchmark/split`.
  public var statistics: [String: SplitStatistics]
  public var replication: Replication?
  /// Version of the program, for the foot of each page.
  public var version: String?
  /// Commands that submit over HTTP, line by line, with `{benchmark}` and `{split}` to be filled
  /// in; none where no server takes submissions.
  public var serverCommands: [String] = []

  public init(
    benchmarks: [BenchmarkDefinition], boards: [Board], title: String = "invitro",
    address: URL? = nil, statistics: [String: SplitStatistics] = [:],
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
  /// What is known of an entry beside its score, by slug.
  public var facts: [String: EntryFacts]

  public init(
    benchmark: String, split: String, entries: [LeaderboardEntry],
    comparison: BoardComparison? = nil, facts: [String: EntryFacts] = [:]
  ) {
    self.benchmark = benchmark
    self.split = split
    self.entries = entries
    self.comparison = comparison
    self.facts = facts
  }

  /// `benchmark/split`.
  public var path: String { "\(benchmark)/\(split)" }
}

/// What happened to an entry.
public struct EntryFacts: Codable, Sendable, Equatable {
  /// How and where the system was trained again by somebody else, in words.
  public var reproduced: String?
  /// Why the entry was withdrawn; a withdrawn entry keeps its page and loses its place.
  public var withdrawn: String?
  public var history: [Event]

  /// One event of an entry's history.
  public struct Event: Codable, Sendable, Equatable {
    /// `YYYY-MM-DD`.
    public var day: String
    public var what: String

    public init(day: String, what: String) {
      self.day = day
      self.what = what
    }
  }

  public init(reproduced: String? = nil, withdrawn: String? = nil, history: [Event] = []) {
    self.reproduced = reproduced
    self.withdrawn = withdrawn
    self.history = history
  }
}

/// Aggregates of a split's gold labels; nothing in it belongs to one row.
public struct SplitStatistics: Codable, Sendable, Equatable {
  public var rows: Int
  public var persons: Int?
  public var articles: Int?
  public var labels: TargetTable<Labels>
  /// Sizes of the demographic groups; a group too small to publish has no numbers.
  public var groups: [Group]

  /// How one target's labels are spread.
  public struct Labels: Codable, Sendable, Equatable {
    public var mean: Double
    /// With n-1.
    public var sd: Double
    /// Counts in bins of equal width from the least label to the greatest. Nil where the split is
    /// too small for counts that belong to nobody.
    public var histogram: [Int]?

    public init(mean: Double, sd: Double, histogram: [Int]?) {
      self.mean = mean
      self.sd = sd
      self.histogram = histogram
    }
  }

  public struct Group: Codable, Sendable, Equatable {
    public var attribute: String
    public var group: String
    public var rows: Int?
    public var persons: Int?

    public init(attribute: String, group: String, rows: Int?, persons: Int?) {
      self.attribute = attribute
      self.group = group
      self.rows = rows
      self.persons = persons
    }
  }

  public init(
    rows: Int, persons: Int? = nil, articles: Int? = nil, labels: TargetTable<Labels> = [:],
    groups: [Group] = []
  ) {
    self.rows = rows
    self.persons = persons
    self.articles = articles
    self.labels = labels
    self.groups = groups
  }
}
