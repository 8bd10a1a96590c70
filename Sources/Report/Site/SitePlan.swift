import Foundation
import Harness

/// Every file that a site consists of, beside its assets.
struct SitePlan: Sendable {
  let input: SiteInput
  let chrome: Chrome
  let templates: Templates
  private let tables: [BoardTable]

  init(input: SiteInput, chrome: Chrome, templates: Templates) {
    self.input = input
    self.chrome = chrome
    self.templates = templates
    let byID = Dictionary(input.benchmarks.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
    // `check()` has made sure that each board's benchmark is among those given.
    tables = input.boards.compactMap { board in
      byID[board.benchmark].map { BoardTable(board: board, benchmark: $0) }
    }
  }

  /// Scored entries by `benchmark/split`.
  var counts: [String: Int] {
    Dictionary(tables.map { ($0.board.path, $0.scored.count) }, uniquingKeysWith: { a, _ in a })
  }

  func files() -> [SiteFile] {
    let index = IndexPage(tables: tables, benchmarks: input.benchmarks, chrome: chrome)
    var files = [page("index", index.path) { index.content() }]
    files += input.benchmarks.map { benchmark in
      let about = BenchmarkPage(
        benchmark: benchmark, tables: tables.filter { $0.benchmark.id == benchmark.id },
        statistics: input.statistics, chrome: chrome)
      return page("benchmark", about.path) { about.content() }
    }
    files += tables.flatMap(self.files)
    if let replication = input.replication {
      let comparison = ReplicationPage(replication: replication, chrome: chrome)
      files.append(page("replication", comparison.path) { comparison.content() })
    }
    files += plainPages() + documents()
    if let address = input.address {
      let pages = files.map(\.path).filter { $0.hasSuffix(".html") && $0 != "404.html" }
      files.append(
        SiteFile(path: "sitemap.xml") { Data(Sitemap.xml(paths: pages, address: address).utf8) })
    }
    return files
  }

  private func plainPages() -> [SiteFile] {
    let chrome = chrome
    return [
      page("method", "method.html") {
        chrome.content(
          path: "method.html", title: "How it is measured",
          description: "Metrics, intervals, tests, ranks and suppression in plain words.",
          section: .method)
      },
      page("missing", "404.html") {
        var content = chrome.content(
          path: "404.html", title: "Not found", description: "There is no such page.",
          section: .none)
        // A server shows this page under any address, so relative links would lead nowhere.
        if let address = chrome.address {
          content["root"] = address.path.hasSuffix("/") ? address.path : address.path + "/"
        }
        return content
      },
    ]
  }

  private func documents() -> [SiteFile] {
    let tables = tables
    let feed = Feed(tables: tables, chrome: chrome)
    return [
      SiteFile(path: "leaderboards.json") { try JSONText.encode(BoardIndex(tables)) },
      SiteFile(path: "feed.xml") { Data(feed.xml().utf8) },
    ]
  }

  private func files(of table: BoardTable) -> [SiteFile] {
    let board = LeaderboardPage(table: table, chrome: chrome)
    let folder = table.board.path
    var files = [
      page("leaderboard", board.path) { board.content() },
      SiteFile(path: "\(folder)/leaderboard.json") {
        try JSONText.encode(LeaderboardDocument(table))
      },
      SiteFile(path: "\(folder)/leaderboard.csv") { Data(LeaderboardCSV.text(table).utf8) },
      SiteFile(path: "\(folder)/leaderboard.tex") { Data(LaTeX.table(table).utf8) },
      SiteFile(path: "\(folder)/leaderboard.bib") { Data(LaTeX.bibliography(table).utf8) },
    ]
    if let comparison = table.board.comparison, !comparison.pairs.isEmpty {
      let compare = ComparePage(table: table, comparison: comparison, chrome: chrome)
      files.append(page("compare", compare.path) { compare.content() })
      files.append(
        SiteFile(path: "\(folder)/pairs.js") { try PairsScript(table, comparison).script() })
      files.append(
        SiteFile(path: "\(folder)/comparison.json") { try JSONText.encode(comparison) })
    }
    let header = entryHeader(table)
    var digests: Set<String> = []
    for entry in table.scored + table.published + table.apart {
      // Two entries with the same predictions share one permalink, the better placed one's.
      let isNew = entry.report.map { digests.insert($0.digests.predictions).inserted } ?? false
      files += self.files(of: entry, table, header, hasPermalink: isNew)
    }
    return files
  }

  private func files(
    of entry: LeaderboardEntry, _ table: BoardTable, _ header: String, hasPermalink: Bool
  ) -> [SiteFile] {
    let folder = table.board.path
    let facts = table.board.facts[entry.slug]
    let document: @Sendable () throws -> Data = {
      try JSONText.encode(SystemDocument(entry, facts))
    }
    let submission = SubmissionPage(table: table, entry: entry, chrome: chrome)
    let standing = table.standings[entry.slug].map { "\($0)" } ?? ""
    let templates = templates
    let permalink = hasPermalink ? permalinkPage(table, entry) : nil
    let badge = entry.report.map { _ in
      SiteFile(path: "\(folder)/\(SitePaths.badge(entry.slug))") {
        Data(Badge.svg(entry, table).utf8)
      }
    }
    return [permalink, badge].compactMap { $0 } + [
      SiteFile(path: "\(folder)/\(SitePaths.systemDocument(entry.slug))", source: document),
      SiteFile(
        path: submission.path, source: { try document() + Data("\(header)\(standing)".utf8) },
        make: { _ in Data(templates.render("submission", submission.content()).utf8) }),
    ]
  }

  /// `by-digest/<digest>.html`: an address that says which predictions it means, whatever the
  /// system is called later.
  private func permalinkPage(_ table: BoardTable, _ entry: LeaderboardEntry) -> SiteFile? {
    guard let digest = entry.report?.digests.predictions, SafeText.isPathComponent(digest) else {
      return nil
    }
    let chrome = chrome
    let path = "\(table.board.path)/by-digest/\(digest).html"
    return page("permalink", path) {
      var content = chrome.content(
        path: path, title: "Predictions \(digest.prefix(12))",
        description: "The system with these predictions.", section: .boards)
      content["system"] = SafeText.shortened(SafeText.cleaned(entry.metadata.system), to: 120)
      content["page"] = "../\(SitePaths.system(entry.slug))"
      return content
    }
  }

  /// What the pages of a board's entries share.
  private func entryHeader(_ table: BoardTable) -> String {
    let benchmark = table.benchmark
    return "\(benchmark.title)|\(benchmark.primary)|\(benchmark.targets.map(\.name))|"
      + "\(table.standings.count)|\(chrome)"
  }

  /// A page whose source is its rendered text: cheap enough to be made each time.
  private func page(
    _ template: String, _ path: String, _ content: @escaping @Sendable () -> Content
  ) -> SiteFile {
    let templates = templates
    return SiteFile(path: path) { Data(templates.render(template, content()).utf8) }
  }
}

extension SiteInput {
  /// Refuses what cannot become addresses: repeated boards or slugs, and names with other
  /// characters than lower-case letters, digits, `.`, `-` and `_`.
  func check() throws(ReportError) {
    let known = Set(benchmarks.map(\.id))
    for benchmark in benchmarks where !SafeText.isPathComponent(benchmark.id) {
      throw .unsafeName(what: "the benchmark id", name: benchmark.id)
    }
    var seen: Set<String> = []
    for board in boards {
      guard known.contains(board.benchmark) else {
        throw .unknownBenchmark(board: board.path, benchmark: board.benchmark)
      }
      guard SafeText.isPathComponent(board.split) else {
        throw .unsafeName(what: "the split", name: board.split)
      }
      guard seen.insert(board.path).inserted else { throw .repeatedBoard(board.path) }
      var slugs: Set<String> = []
      for entry in board.entries {
        guard SafeText.isPathComponent(entry.slug) else {
          throw .unsafeName(what: "the slug", name: entry.slug)
        }
        guard slugs.insert(entry.slug).inserted else {
          throw .repeatedSlug(board: board.path, slug: entry.slug)
        }
      }
    }
  }
}
