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
  public var replication: Replication?
  /// Version of the program, for the foot of each page.
  public var version: String?
  /// The server that takes submissions over HTTP; nil where there is none.
  public var server: URL?

  public init(
    benchmarks: [BenchmarkDefinition], boards: [Board], title: String = "invitro",
    address: URL? = nil, replication: Replication? = nil,
    version: String? = ScoreReport.toolVersion
  ) {
    self.benchmarks = benchmarks
    self.boards = boards
    self.title = title
    self.address = address
    self.replication = replication
    self.version = version
  }
}
