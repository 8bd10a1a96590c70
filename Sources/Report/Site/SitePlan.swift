import Basics
import Foundation
import Harness
import Ledger

/// Every page and document that a site consists of, beside its assets.
package struct SitePlan: Sendable {
  let input: SiteInput
  let context: SiteContext
  private let tables: [BoardTable]
  private let pictures: Pictures
  private let icon: Data?

  /// - Parameter assets: first digits of the assets' digest.
  init(input: SiteInput, assets: String, pictures: Pictures, icon: Data?) {
    (self.input, self.pictures, self.icon) = (input, pictures, icon)
    tables = input.boards.map(BoardTable.init)
    // Without an address no page can name its picture: readers take absolute ones only.
    context = SiteContext(
      site: input.title, logo: input.logoName, address: input.address, version: input.version,
      hasReplication: input.replication != nil, ledger: input.ledger, isServed: input.isServed,
      rowNouns: input.benchmarks.map(\.rowNoun).unique().joined(separator: ", no "), assets: assets,
      hasPictures: input.address != nil && pictures.canDraw,
      standIn: pictures.standIn == nil ? nil : SitePaths.standInPreview,
      contact: Contact(input.contact), licences: input.benchmarks.map(AboutPage.Licence.init))
  }

  /// Scored entries by `benchmark/split`.
  var counts: [String: Int] {
    Dictionary(tables.map { ($0.path, $0.scored.count) }) { first, _ in first }
  }

  /// A page by its path, made when it is rendered.
  package struct PlannedPage: Sendable {
    package let path: String
    package let make: @Sendable () -> Page
    /// Whether the picture beside links to it shows its title alone.
    fileprivate var hasPicture = false
  }

  func files(_ templates: Templates) -> [SiteFile] {
    let pages = pages()
    var files = pages.map { page in SiteFile(path: page.path) { try templates.render(page.make()) }
    }
    // Programs that read no page ask for the icon here.
    if let icon { files.append(SiteFile(path: "favicon.ico") { icon }) }
    files += documents() + ledgerFiles() + tables.flatMap(documents)
    if context.hasPictures { files += previews(pages) }
    if let address = input.address {
      let paths = pages.map(\.path).filter { $0 != "404.html" && !$0.contains("/by-digest/") }
      files.append(
        SiteFile(path: "sitemap.xml") { Data(Sitemap.xml(paths: paths, address: address).utf8) })
    }
    return files
  }

  private func boards(of benchmark: BenchmarkDefinition) -> [Board] {
    input.boards.filter { $0.definition.id == benchmark.id }
  }

  package func pages() -> [PlannedPage] {
    var pages: [PlannedPage] = []
    func add(
      _ path: String, hasPicture: Bool = true, _ make: @escaping @Sendable () -> Page
    ) {
      pages.append(PlannedPage(path: path, make: make, hasPicture: hasPicture))
    }
    add("index.html", hasPicture: false) {
      IndexPage.page(tables, of: input.benchmarks, text: input.text, in: context)
    }
    add("method.html") { MethodPage.page(tables, benchmarks: input.benchmarks, in: context) }
    add("about.html") { AboutPage.page(input.benchmarks, in: context) }
    add("404.html", hasPicture: false) { MissingPage.page(in: context) }
    if let ledger = input.ledger {
      add(LedgerPage.path) { LedgerPage.page(ledger, in: context) }
    }
    if let replication = input.replication {
      add("replication.html") { ReplicationPage.page(replication, in: context) }
    }
    for benchmark in input.benchmarks {
      add("\(benchmark.id)/index.html") {
        BenchmarkPage.page(
          benchmark, boards: boards(of: benchmark), server: input.server, in: context)
      }
    }
    return pages + tables.flatMap(self.pages)
  }

  private func pages(of table: BoardTable) -> [PlannedPage] {
    var pages: [PlannedPage] = []
    func add(_ path: String, _ make: @escaping @Sendable () -> Page) {
      pages.append(PlannedPage(path: "\(table.path)/\(path)", make: make))
    }
    add("index.html") { LeaderboardPage.page(table, in: context) }
    if let comparison = table.pairs {
      add("compare.html") { ComparePage.page(table, comparison, in: context) }
    }
    var digests: Set<String> = []
    let order = RankOrder(table)
    for entry in table.board.entries {
      add(SitePaths.system(entry.slug)) { SubmissionPage.page(entry, among: order, in: context) }
      // Two entries with the same predictions share one permalink, the better placed one's.
      guard let digest = entry.predictionsDigest, SafeText.isPathComponent(digest),
        digests.insert(digest).inserted
      else { continue }
      let path = "by-digest/\(digest).html"
      add(path) {
        PermalinkPage.page(entry, digest: digest, path: "\(table.path)/\(path)", in: context)
      }
    }
    return pages
  }

  private func documents() -> [SiteFile] {
    var files = [
      SiteFile(path: "leaderboards.json") { try CanonicalJSON.document(BoardIndex(tables)) },
      SiteFile(path: "feed.xml") { Data(Feed(tables: tables, context: context).xml().utf8) },
    ]
    if let replication = input.replication {
      files.append(SiteFile(path: "replication.json") { try CanonicalJSON.document(replication) })
    }
    files += input.benchmarks.map { benchmark in
      SiteFile(path: "\(benchmark.id)/benchmark.json") {
        try CanonicalJSON.document(BenchmarkDocument(benchmark, boards(of: benchmark)))
      }
    }
    return files
  }

  /// The log itself; a server answers it from its database.
  private func ledgerFiles() -> [SiteFile] {
    guard !input.isServed, let ledger = input.ledger, let folder = ledger.folder else { return [] }
    return [
      SiteFile(path: "ledger/checkpoint") { ledger.checkpoint },
      SiteFile(path: "ledger/key") { ledger.keyFile },
      SiteFile(path: "ledger/rotations.json") { ledger.rotations },
    ]
      + ledger.tiles().map { tile in
        SiteFile(path: "ledger/\(tile.path)") { try folder.read(tile) ?? Data() }
      }
  }

  private func documents(of table: BoardTable) -> [SiteFile] {
    var files: [SiteFile] = []
    func add(_ path: String, _ make: @escaping @Sendable () throws -> Data) {
      files.append(SiteFile(path: "\(table.path)/\(path)", make: make))
    }
    func addText(_ path: String, _ make: @escaping @Sendable () -> String) {
      add(path) { Data(make().utf8) }
    }
    for document in table.documents() { add(document.path, document.make) }
    if let comparison = table.pairs {
      add("pairs.js") { try PairsScript(table, comparison).script() }
    }
    for entry in table.board.entries where entry.report != nil {
      addText(SitePaths.badge(entry.slug)) { Badge.svg(entry, table) }
    }
    return files
  }

  /// The pictures beside links.
  private func previews(_ pages: [PlannedPage]) -> [SiteFile] {
    let (tables, pictures, drawn) = (tables, pictures, PreviewImage(site: input.title))
    return [SiteFile(path: SitePaths.preview) { try pictures.png(drawn.home(boards: tables)) }]
      + tables.flatMap { table in
        // The server draws no picture a system: it makes the site anew with each submission.
        let systems = input.isServed ? [] : RankOrder(table).picturedEntries
        return [
          SiteFile(path: "\(table.path)/\(SitePaths.preview)") {
            try pictures.png(drawn.board(table))
          }
        ]
          + systems.map { entry in
            SiteFile(path: "\(table.path)/\(SitePaths.preview(entry.slug))") {
              try pictures.png(drawn.system(entry, table))
            }
          }
      }
      + pages.filter(\.hasPicture).map { page in
        SiteFile(path: SitePaths.picture(of: page.path)) {
          try pictures.png(drawn.page(page.make().layout))
        }
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
    var seen: Set<BoardKey> = []
    for board in boards {
      let path = board.key.path
      guard known.contains(board.key.benchmark) else {
        throw .unknownBenchmark(board: path, benchmark: board.key.benchmark)
      }
      guard SafeText.isPathComponent(board.split) else {
        throw .unsafeName(what: "the split", name: board.split)
      }
      guard seen.insert(board.key).inserted else { throw .repeatedBoard(path) }
      var slugs: Set<String> = []
      for entry in board.entries {
        guard SafeText.isPathComponent(entry.slug) else {
          throw .unsafeName(what: "the slug", name: entry.slug)
        }
        guard slugs.insert(entry.slug).inserted else {
          throw .repeatedSlug(board: path, slug: entry.slug)
        }
      }
    }
  }
}
