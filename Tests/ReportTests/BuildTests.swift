import Foundation
import Harness
import Report
import TestSupport
import Testing

@Suite("Building a site")
struct BuildTests {
  private func entries() -> [Board.Entry] {
    (0..<30).map { SampleInput.entry("s\($0)", pcc: 0.9 - Double($0) / 50) }
  }

  @Test("gives the same bytes for the same input, in any order of entries")
  func byteStable() throws {
    let one = try BuiltSite(SampleInput.input(entries()))
    let two = try BuiltSite(SampleInput.input(entries().reversed()))
    #expect(try BuiltSite.contents(of: one.url) == BuiltSite.contents(of: two.url))
  }

  @Test("has no fault that the checker knows")
  func noFaults() throws {
    let site = try BuiltSite(
      SampleInput.input(
        entries() + [SampleInput.published("paper", pcc: 0.6)],
        comparison: SampleInput.comparison("s0", "s1")))
    #expect(try SiteChecker().check(site.url) == [])
  }

  @Test("calls rows and clusters what the benchmark calls them")
  func nouns() throws {
    var input = try SampleInput.input(entries())
    (input.benchmarks[0].rowNoun, input.benchmarks[0].clusters) = ("turn", ["conversation"])
    input.boards = [
      Board(definition: input.benchmarks[0], split: "test", level: 0.95, entries: entries())
    ]
    let site = try BuiltSite(input)
    func page(_ path: String) throws -> String {
      try String(contentsOf: site.url.appending(path: path), encoding: .utf8)
    }
    let method = try page("method.html")
    #expect(method.contains("Turns of one conversation resemble each other"))
    #expect(method.contains("no turn and no gold label"))
    #expect(try page("toy/index.html").contains("one line per turn in the split"))
    for path in ["toy/index.html", "toy/test/index.html", "toy/test/systems/s0.html"] {
      let text = try page(path)
      #expect(!text.contains("essay") && !text.contains("of one person"), "\(path)")
    }
  }

  @Test("replaces an earlier build as a whole")
  func replacesWhole() throws {
    let folder = try TemporaryFolder()
    let builder = try SiteBuilder(source: SiteSource())
    let target = folder.file("public")
    try builder.build(input: SampleInput.input([SampleInput.entry("old", pcc: 0.1)]), to: target)
    try builder.build(input: SampleInput.input([SampleInput.entry("new", pcc: 0.1)]), to: target)
    let paths = try BuiltSite.contents(of: target).keys
    #expect(paths.contains("toy/test/systems/new.html"))
    #expect(!paths.contains("toy/test/systems/old.html"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["public"])
  }

  @Test("refuses a folder that holds something else, and leaves it as it was")
  func refusesStrangers() throws {
    let folder = try TemporaryFolder()
    try folder.write("mine", to: "public/letter.txt")
    let target = folder.file("public")
    #expect(throws: ReportError.notASite(path: target.path)) {
      try SiteBuilder(source: SiteSource()).build(
        input: SampleInput.input([]), to: target)
    }
    #expect(try BuiltSite.contents(of: folder.url).keys.sorted() == ["public/letter.txt"])
  }

  @Test("writes nothing when the input is refused")
  func nothingHalfWritten() throws {
    let folder = try TemporaryFolder()
    let twice = [SampleInput.entry("a", pcc: 0.1), SampleInput.entry("a", pcc: 0.2)]
    #expect(throws: ReportError.repeatedSlug(board: "toy/test", slug: "a")) {
      try SiteBuilder(source: SiteSource()).build(
        input: SampleInput.input(twice), to: folder.file("public"))
    }
    #expect(try BuiltSite.contents(of: folder.url).isEmpty)
  }

  @Test("names file and line of a template that does not parse")
  func templateFaultIsPlaced() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(at: SampleInput.source, to: folder.file("site"))
    let file = try folder.write("line one\n{{#open}}\n", to: "site/templates/index.mustache")
    let error = #expect(throws: ReportError.self) {
      try SiteBuilder(source: SiteSource(folder: folder.file("site")))
    }
    guard case .templateUnreadable(let name, let line, _, _) = error else {
      Issue.record("another error: \(String(describing: error))")
      return
    }
    #expect(name == file.path)
    #expect(line != nil)
  }

  @Test("says which template is missing")
  func missingTemplate() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(at: SampleInput.source, to: folder.file("site"))
    let file = folder.file("site/templates/leaderboard.mustache")
    try FileManager.default.removeItem(at: file)
    #expect(throws: ReportError.templateMissing(file: file.path)) {
      try SiteBuilder(source: SiteSource(folder: folder.file("site")))
    }
  }

  @Test("the program carries the repository's templates and assets, all of them")
  func carriedSource() throws {
    let (carried, folder) = (SiteSource(), try SiteSource(folder: SampleInput.source))
    #expect(carried.templates.map(\.name) == folder.templates.map(\.name))
    #expect(carried.templates.map(\.data) == folder.templates.map(\.data))
    #expect(carried.assets.map(\.name) == folder.assets.map(\.name))
    #expect(carried.assets.map(\.data) == folder.assets.map(\.data))
  }
}
