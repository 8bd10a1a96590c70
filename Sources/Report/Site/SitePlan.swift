import Basics
import Crypto
import Foundation
import Harness

/// Every file that a site consists of, beside its assets.
///
/// What a file depends on is gathered as digests: an entry is encoded once, a board's source is the
/// digests of its entries, and so on. A build without changes then renders nothing.
struct SitePlan: Sendable {
  let input: SiteInput
  let chrome: Chrome
  let templates: Templates
  private let boards: [BoardSource]
  private let pictures: PreviewImage
  private var tables: [BoardTable] { boards.map(\.table) }

  init(input: SiteInput, chrome: Chrome, templates: Templates) {
    self.input = input
    self.chrome = chrome
    self.templates = templates
    pictures = PreviewImage(site: SafeText.cleaned(input.title))
    boards = input.boards.map { BoardSource(BoardTable($0)) }
  }

  /// Scored entries by `benchmark/split`.
  var counts: [String: Int] {
    Dictionary(tables.map { ($0.board.key.path, $0.scored.count) }, uniquingKeysWith: { a, _ in a })
  }

  func files() -> [SiteFile] {
    var files = boards.flatMap(self.files)
    files += input.benchmarks.flatMap(benchmarkFiles)
    files += sitePages()
    if let address = input.address {
      // Without an address no page can name its picture: readers take absolute ones only.
      files += previews()
      let paths = files.map(\.path).filter { path in
        path.hasSuffix(".html") && path != "404.html" && !path.contains("/by-digest/")
      }
      files.append(
        SiteFile(path: "sitemap.xml") { Data(Sitemap.xml(paths: paths, address: address).utf8) })
    }
    return files
  }

  // MARK: - Pages of the whole site

  private func sitePages() -> [SiteFile] {
    let tables = tables
    let chrome = chrome
    let benchmarks = input.benchmarks
    let sources = boards
    let all = Once {
      try CanonicalJSON.compact(benchmarks)
        + sources.reduce(into: Data()) { $0 += try $1.digest.data() }
    }
    let index = IndexPage(tables: tables, benchmarks: benchmarks, chrome: chrome)
    let feed = Feed(tables: tables, chrome: chrome)
    var files = [
      page("index", index.path, all) { index.content() },
      page("method", "method.html", Once { Data() }) {
        chrome.content(
          path: "method.html", title: "How it is measured",
          description: "Metrics, intervals, tests, ranks and suppression in plain words.",
          section: .method)
      },
      missingPage(),
      SiteFile(path: "leaderboards.json", source: { try all.data() }) {
        try CanonicalJSON.document(BoardIndex(tables))
      },
      SiteFile(path: "feed.xml", source: { try all.data() + Data("\(chrome)".utf8) }) {
        Data(feed.xml().utf8)
      },
    ]
    if let replication = input.replication {
      let comparison = ReplicationPage(replication: replication, chrome: chrome)
      let source = Once { try CanonicalJSON.compact(replication) }
      files.append(page("replication", comparison.path, source) { comparison.content() })
      files.append(
        SiteFile(path: "replication.json", source: { try source.data() }) {
          try CanonicalJSON.document(replication)
        })
    }
    return files
  }

  private func missingPage() -> SiteFile {
    let chrome = chrome
    return page("missing", "404.html", Once { Data() }) {
      var content = chrome.content(
        path: "404.html", title: "Not found", description: "There is no such page.",
        section: .none)
      // A server shows this page under any address, so relative links would lead nowhere.
      if let address = chrome.address {
        content["root"] = address.path.hasSuffix("/") ? address.path : address.path + "/"
      }
      return content
    }
  }

  private func benchmarkFiles(_ benchmark: BenchmarkDefinition) -> [SiteFile] {
    let tables = tables.filter { $0.benchmark.id == benchmark.id }
    let statistics = Dictionary(
      tables.compactMap { table in table.board.labels.map { (table.board.key.path, $0) } },
      uniquingKeysWith: { first, _ in first })
    let about = BenchmarkPage(
      benchmark: benchmark, tables: tables, statistics: statistics, chrome: chrome,
      server: input.server)
    let server = input.server?.absoluteString ?? ""
    let source = Once {
      try CanonicalJSON.compact(benchmark)
        + CanonicalJSON.compact(statistics)
        + Data(server.utf8)
        + Data(tables.map(\.board.split).joined(separator: "/").utf8)
    }
    return [
      page("benchmark", about.path, source) { about.content() },
      SiteFile(
        path: "\(benchmark.id)/\(SitePaths.benchmarkDocument)", source: { try source.data() }
      ) {
        try CanonicalJSON.document(BenchmarkDocument(benchmark, statistics))
      },
    ]
  }

  // MARK: - Pictures beside links

  private func previews() -> [SiteFile] {
    let (pictures, tables) = (pictures, tables)
    var files = [
      picture(
        SitePaths.preview, Once { Data("\(tables.count) \(counts.values.reduce(0, +))".utf8) }
      ) {
        pictures.home(boards: tables)
      }
    ]
    for board in boards {
      let table = board.table
      let folder = table.board.key.path
      files.append(
        picture("\(folder)/\(SitePaths.preview)", board.digest) { pictures.board(table) })
      files += board.entries.map { source in
        let shared = Once {
          try source.document.data() + board.header.data() + source.standing(in: table)
            + Data("\(table.axis)".utf8)
        }
        return picture("\(folder)/\(SitePaths.preview(source.entry.slug))", shared) {
          pictures.entry(source.entry, table)
        }
      }
    }
    return files
  }

  private func picture(
    _ path: String, _ source: Once, _ make: @escaping @Sendable () -> Data
  ) -> SiteFile {
    let title = input.title
    return SiteFile(path: path, source: { try source.data() + Data(title.utf8) }, make: make)
  }

  // MARK: - Files of a board

  private func files(of board: BoardSource) -> [SiteFile] {
    let table = board.table
    let folder = table.board.key.path
    let source: @Sendable () throws -> Data = { try board.digest.data() }
    let leaderboard = LeaderboardPage(table: table, chrome: chrome)
    // The entries come first: they are encoded on all cores, and the board waits for none of them.
    var files: [SiteFile] = []
    var digests: Set<String> = []
    for source in board.entries {
      // Two entries with the same predictions share one permalink, the better placed one's.
      let predictions = source.entry.predictionsDigest
      let isNew = predictions.map { digests.insert($0).inserted } ?? false
      files += self.files(of: source, board, hasPermalink: isNew)
    }
    files += [
      page("leaderboard", leaderboard.path, board.digest) { leaderboard.content() },
      SiteFile(path: "\(folder)/leaderboard.json", source: source) {
        try CanonicalJSON.document(LeaderboardDocument(table))
      },
      SiteFile(path: "\(folder)/leaderboard.csv", source: source) {
        Data(LeaderboardCSV.text(table).utf8)
      },
      SiteFile(path: "\(folder)/leaderboard.tex", source: source) {
        Data(LaTeX.table(table).utf8)
      },
      SiteFile(path: "\(folder)/leaderboard.bib", source: source) {
        Data(LaTeX.bibliography(table).utf8)
      },
    ]
    if let comparison = table.board.comparison, !comparison.pairs.isEmpty {
      let compare = ComparePage(table: table, comparison: comparison, chrome: chrome)
      files.append(page("compare", compare.path, board.digest) { compare.content() })
      files.append(
        SiteFile(path: "\(folder)/pairs.js", source: source) {
          try PairsScript(table, comparison).script()
        })
      files.append(
        SiteFile(path: "\(folder)/comparison.json", source: source) {
          try CanonicalJSON.document(comparison)
        })
      files.append(
        SiteFile(path: "\(folder)/comparison.csv", source: source) {
          Data(ComparisonCSV.text(comparison).utf8)
        })
    }
    return files
  }

  private func files(
    of source: EntrySource, _ board: BoardSource, hasPermalink: Bool
  ) -> [SiteFile] {
    let table = board.table
    let entry = source.entry
    let folder = table.board.key.path
    let submission = SubmissionPage(table: table, entry: entry, chrome: chrome)
    let shared = Once {
      try source.document.data() + board.header.data() + source.standing(in: table)
    }
    var files = [
      SiteFile(path: "\(folder)/\(SitePaths.systemDocument(entry.slug))") {
        try source.document.data()
      },
      page("submission", submission.path, shared) { submission.content() },
    ]
    if hasPermalink, let permalink = permalinkPage(table, entry) { files.append(permalink) }
    if let report = entry.report {
      files.append(
        SiteFile(path: "\(folder)/\(SitePaths.badge(entry.slug))") {
          Data(Badge.svg(entry, table).utf8)
        })
      files.append(
        SiteFile(
          path: "\(folder)/\(SitePaths.systemTable(entry.slug))",
          source: { try source.document.data() }
        ) {
          Data(SystemCSV.text(report, table.benchmark).utf8)
        })
    }
    return files
  }

  /// `by-digest/<digest>.html`: an address that says which predictions it means, whatever the
  /// system is called later.
  private func permalinkPage(_ table: BoardTable, _ entry: Board.Entry) -> SiteFile? {
    guard let digest = entry.predictionsDigest, SafeText.isPathComponent(digest) else {
      return nil
    }
    let chrome = chrome
    let path = "\(table.board.key.path)/by-digest/\(digest).html"
    let system = entry.metadata.system
    return page("permalink", path, Once { Data("\(entry.slug)\n\(system)".utf8) }) {
      var content = chrome.content(
        path: path, title: "Predictions \(digest.prefix(12))",
        description: "The system with these predictions.", section: .boards)
      content["system"] = SafeText.shortened(SafeText.cleaned(system), to: 120)
      content["page"] = "../\(SitePaths.system(entry.slug))"
      return content
    }
  }

  private func page(
    _ template: String, _ path: String, _ source: Once,
    _ content: @escaping @Sendable () -> Content
  ) -> SiteFile {
    let templates = templates
    let chrome = chrome
    return SiteFile(path: path, source: { try source.data() + Data("\(chrome)".utf8) }) {
      Data(templates.render(template, content()).utf8)
    }
  }
}

/// An entry with its public document, which is encoded once.
struct EntrySource: Sendable {
  let entry: Board.Entry
  let document: Once

  init(_ entry: Board.Entry) {
    self.entry = entry
    document = Once { try CanonicalJSON.document(SystemDocument(entry)) }
  }

  /// What the board adds to the entry's own page.
  func standing(in table: BoardTable) throws -> Data {
    guard let standing = table.standings[entry.slug] else { return Data() }
    return try CanonicalJSON.compact(standing) + Data("\(table.standings.count)".utf8)
  }
}

/// A board with digests of all that it shows.
struct BoardSource: Sendable {
  let table: BoardTable
  let entries: [EntrySource]
  /// The benchmark's definition.
  let header: Once
  /// SHA-256 over the header, the comparison and every entry's document, in the board's order.
  let digest: Once

  init(_ table: BoardTable) {
    self.table = table
    let benchmark = table.benchmark
    let entries = (table.scored + table.published + table.apart).map(EntrySource.init)
    let header = Once { try CanonicalJSON.compact(benchmark) }
    self.entries = entries
    self.header = header
    digest = Once {
      var hash = SHA256()
      hash.update(data: try header.data())
      if let comparison = table.board.comparison {
        hash.update(data: try CanonicalJSON.compact(comparison))
      }
      for entry in entries { hash.update(data: try entry.document.data()) }
      return Data(hash.finalize())
    }
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
      guard known.contains(board.key.benchmark) else {
        throw .unknownBenchmark(board: board.key.path, benchmark: board.key.benchmark)
      }
      guard SafeText.isPathComponent(board.split) else {
        throw .unsafeName(what: "the split", name: board.split)
      }
      guard seen.insert(board.key.path).inserted else { throw .repeatedBoard(board.key.path) }
      var slugs: Set<String> = []
      for entry in board.entries {
        guard SafeText.isPathComponent(entry.slug) else {
          throw .unsafeName(what: "the slug", name: entry.slug)
        }
        guard slugs.insert(entry.slug).inserted else {
          throw .repeatedSlug(board: board.key.path, slug: entry.slug)
        }
      }
    }
  }
}
