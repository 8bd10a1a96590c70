import Foundation
import Harness

/// What every page shows around its content.
package struct Layout: Encodable, Sendable {
  let site, pageTitle, description: String
  /// A file of the assets; nil for the program's own mark.
  let logo: String?
  /// The way to the site's root.
  let root: String
  let assets: String
  let isHome, onBoards, onMethod, onReplication, onLedger, onSubmit: Bool
  let hasReplication: Bool
  var hasLedger: Bool
  let isServed: Bool
  /// What no page shows, in the singular: `essay`.
  let rowNouns: String
  let version, canonical, preview: String?
  /// For the foot of the page.
  let footLicences: Listed<Named>?
  let footContact: Contact?
  let footLedger: LedgerPage.Line?
}

/// Where to write to.
struct Contact: Encodable, Sendable {
  let contactText, contactLink: String

  /// `text` as a link; nil where it is neither an address of the web nor of mail.
  init?(_ text: String?) {
    guard let text, let link = SafeText.link(text) ?? SafeText.mail(text) else { return nil }
    (contactText, contactLink) = (text, link)
  }
}

/// One page: the template, and what fills it.
package struct Page: Sendable {
  package let template: Templates.Name
  package var layout: Layout
  package let content: any Encodable & Sendable
}

/// What all pages of a site know of it.
package struct SiteContext: Sendable {
  package enum Section: Sendable { case boards, method, replication, ledger, submit, none }

  let site: String
  let logo: String?
  let address: URL?
  let version: String?
  let hasReplication: Bool
  /// The log of the boards; nil for none.
  let ledger: SiteLedger?
  /// Whether the server that takes submissions shows the site.
  let isServed: Bool
  let rowNouns: String
  /// First digits of the assets' digest: a changed stylesheet gets a new address.
  let assets: String
  /// Whether pages have pictures of their own beside links to them.
  let hasPictures: Bool
  /// Where the picture for the pages that have none stands; nil for none.
  let standIn: String?
  let contact: Contact?
  /// Of the benchmarks that the site shows.
  let licences: [AboutPage.Licence]

  /// The page at `path`; `preview` is the picture that a chat shows beside a link to it, from the
  /// site's root, where it is not its own.
  func page(
    _ template: Templates.Name, path: String, title: String, description: String,
    section: Section = .boards, preview: String? = nil, root: String? = nil,
    _ content: any Encodable & Sendable
  ) -> Page {
    let picture = hasPictures ? preview ?? SitePaths.picture(of: path) : standIn
    let layout = Layout(
      site: site, pageTitle: SafeText.shortened(title, to: 110),
      description: SafeText.shortened(SafeText.plain(description), to: 200), logo: logo,
      root: root ?? String(repeating: "../", count: path.utf8.count { $0 == 0x2F }), assets: assets,
      isHome: template == .index, onBoards: section == .boards, onMethod: section == .method,
      onReplication: section == .replication, onLedger: section == .ledger,
      onSubmit: section == .submit, hasReplication: hasReplication, hasLedger: ledger != nil,
      isServed: isServed, rowNouns: rowNouns, version: version,
      canonical: address?.appending(path: path).absoluteString,
      preview: picture.flatMap { address?.appending(path: $0).absoluteString },
      footLicences: licences.count > 3
        ? nil : Listed(licences.map { Named(name: $0.licenceOf, text: $0.licenceText) }),
      footContact: contact,
      footLedger: LedgerPage.Line(ledger?.state))
    return Page(template: template, layout: layout, content: content)
  }
}

/// A page, or a part of one, that needs nothing beyond the layout.
struct NoContent: Encodable, Sendable {}

/// A list that has a heading: a template shows neither where there is nothing to list.
struct Listed<Item: Encodable & Sendable>: Encodable, Sendable {
  let all: [Item]

  init?(_ items: [Item]) {
    guard !items.isEmpty else { return nil }
    all = items
  }
}

/// A name and what stands beside it.
struct Named: Encodable, Sendable { let name, text: String }

/// What the rows of one or more benchmarks and their clusters are called.
struct Nouns: Encodable, Sendable {
  /// `Essays` and `Persons`, as heads of columns.
  let rows, clusters: String
  /// `essays` and `persons`, `essay` and `person`, within a sentence.
  let rowWord, clusterWord, row, cluster: String
  /// `and persons`; empty where each row is a cluster of its own.
  let hint: String

  /// Where benchmarks differ, the nouns are `row` and `cluster`.
  init(_ benchmarks: BenchmarkDefinition...) { self.init(of: benchmarks) }

  init(of benchmarks: [BenchmarkDefinition]) {
    func shared(_ nouns: [String]) -> String? { Set(nouns).count == 1 ? nouns[0] : nil }
    let unit = shared(benchmarks.compactMap(\.clusters.first))
    (row, cluster) = (shared(benchmarks.map(\.rowNoun)) ?? "row", unit ?? "cluster")
    (rowWord, clusterWord) = (row.plural, cluster.plural)
    (rows, clusters) = (rowWord.capitalizedFirst, clusterWord.capitalizedFirst)
    hint = unit == nil ? "" : "and \(clusterWord)"
  }

  /// `by 57 persons`; empty where each row is a cluster of its own.
  func clusterCount(_ count: Int) -> String {
    hint.isEmpty ? "" : "by \(FigureText.count(count)) \(clusterWord)"
  }
}

extension String {
  /// With its first letter as a capital.
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

/// A system's name as a link, as tables show it.
struct SystemLink: Encodable, Sendable {
  let page, system, team: String

  init(_ entry: Board.Entry) {
    page = SitePaths.system(entry.slug)
    system = SafeText.shortened(SafeText.cleaned(entry.metadata.system), to: 70)
    // A system that is called as its team is named once.
    let name = SafeText.shortened(SafeText.cleaned(entry.metadata.team), to: 50)
    team = name == system ? "" : name
  }
}

/// `method.html`: how figures are made, in words.
struct MethodPage: Encodable, Sendable {
  /// The level of the boards' intervals.
  let level: String
  let nouns: Nouns
  /// Whether a board is one of the WASSA shared tasks'.
  let hasTrack: Bool

  static func page(
    _ tables: [BoardTable], benchmarks: [BenchmarkDefinition], in context: SiteContext
  ) -> Page {
    let levels = Set(tables.map(\.board.level)).sorted().map(FigureText.percent)
    return context.page(
      .method, path: "method.html", title: "How it is measured",
      description: "Metrics, intervals, tests, ranks and suppression in plain words.",
      section: .method,
      MethodPage(
        level: levels.isEmpty ? "95%" : levels.joined(separator: " or "),
        nouns: Nouns(of: benchmarks),
        hasTrack: benchmarks.contains { $0.track != nil }))
  }
}

/// `404.html`.
enum MissingPage {
  static func page(in context: SiteContext) -> Page {
    // A server shows this page under any address, so relative links would lead nowhere.
    let root =
      context.address.map { $0.path.hasSuffix("/") ? $0.path : $0.path + "/" }
      ?? (context.isServed ? "/" : nil)
    return context.page(
      .missing, path: "404.html", title: "Not found", description: "There is no such page.",
      section: .none, preview: SitePaths.preview, root: root, NoContent())
  }
}

/// `by-digest/<digest>.html`: an address that says which predictions it means, whatever the system
/// is called later.
struct PermalinkPage: Encodable, Sendable {
  let system, page: String

  static func page(_ entry: Board.Entry, digest: String, path: String, in context: SiteContext)
    -> Page
  {
    context.page(
      .permalink, path: path, title: "Predictions \(digest.prefix(12))",
      description: "The system with these predictions.", preview: SitePaths.preview,
      PermalinkPage(
        system: SafeText.shortened(SafeText.cleaned(entry.metadata.system), to: 120),
        page: "../\(SitePaths.system(entry.slug))"))
  }
}
