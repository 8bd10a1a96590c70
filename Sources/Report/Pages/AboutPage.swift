import Harness

/// `about.html`: whose data these are, how to cite, whom to write to, and what made the site.
struct AboutPage: Encodable, Sendable {
  let sets: Listed<Licence>?
  /// Whether the paper whose method the program implements is cited.
  let hasPaper: Bool

  /// What a benchmark's makers ask of its users.
  struct Licence: Encodable, Sendable {
    let licenceOf, licenceText, licencePage: String
    /// Where the data are to be had, and as an address.
    let origin: String
    let originLink: String?
    let works: Listed<Work>?

    init(_ benchmark: BenchmarkDefinition) {
      (licenceOf, licenceText) = (benchmark.title, benchmark.licence)
      licencePage = "\(benchmark.id)/index.html"
      (origin, originLink) = (benchmark.source, SafeText.link(benchmark.source))
      works = Listed((benchmark.papers ?? []).map(Work.init))
    }
  }

  /// A publication, as a list of references has it.
  struct Work: Encodable, Sendable {
    let authors, year, workTitle: String
    let workLink: String?

    init(_ paper: BenchmarkDefinition.Paper) {
      authors = paper.authors.joined(separator: "; ")
      (year, workTitle, workLink) = ("\(paper.year)", paper.title, SafeText.link(paper.url))
    }
  }

  static func page(_ benchmarks: [BenchmarkDefinition], in context: SiteContext) -> Page {
    context.page(
      .about, path: "about.html", title: "About \(context.site)",
      description: "Licences of the data, how to cite, whom to write to, and what made this site.",
      section: .none,
      AboutPage(sets: Listed(context.licences), hasPaper: benchmarks.contains { $0.track != nil }))
  }
}
