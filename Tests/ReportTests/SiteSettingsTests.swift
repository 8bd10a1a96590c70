import Foundation
import Harness
import Report
import TestSupport
import Testing

@Suite("The site's own configuration")
struct SiteSettingsTests {
  private let place: TemporaryFolder
  private let home: DataHome

  init() throws {
    place = try TemporaryFolder()
    home = DataHome(place.file("data"))
  }

  private func settings(_ text: String, _ ids: [String] = ["toy", "other"]) throws -> SiteSettings {
    let definitions = try ids.map { try SampleInput.benchmark(id: $0) }
    return try SiteSettings(file: place.write(text, to: "site.json"), benchmarks: definitions)
  }

  /// Every fault of `text`, as `line:column found`.
  private func faults(_ text: String) -> [String] {
    do {
      _ = try settings(text)
      return []
    } catch HarnessError.invalid(let faults) {
      return faults.map { "\($0.line ?? 0):\($0.column ?? 0) \($0.found ?? "")" }
    } catch {
      return ["\(error)"]
    }
  }

  @Test("unknown keys, boards, splits and pages are named with their places")
  func faultsHavePlaces() throws {
    try FileManager.default.createDirectory(
      at: place.file("folder.png"), withIntermediateDirectories: true)
    #expect(
      faults("{\"title\": \"Moods\",\n  \"tittle\": \"x\", \"boards\": [\"toy\", \"toy/dev\"]}")
        == ["2:3 tittle", "2:36 toy/dev"])
    #expect(faults("{\"title\": \"toy\", \"boards\": [\"toy/test\", \"toy\"]}") == ["1:41 toy"])
    #expect(faults("{\"boards\": [\"toy\",\n\"toy/test\"]}") == ["2:1 toy/test"])
    #expect(faults("{\"boards\": [\"moods\", \"toy\",\n\"toy\"]}") == ["1:13 moods", "2:1 toy"])
    #expect(faults("{\"pages\": [\"blog\"],\n\"text\": \"one\"}") == ["2:1 text", "1:12 blog"])
    #expect(faults("{\"contact\": \"call me\"}") == ["1:13 call me"])
    #expect(faults("{\"contact\": \"javascript:alert(1)\"}") == ["1:13 javascript:alert(1)"])
    #expect(faults("{\"contact\": \"board@example.org\"}") == [])
    #expect(faults("{\"logo\": \"none.png\"}") == ["1:10 none.png"])
    #expect(faults("{\"logo\": \"folder.png\"}") == ["1:10 folder.png"])
    #expect(faults("{\"boards\": [\"toy/test\", \"other\"], \"pages\": []}") == [])
    #expect(faults("{\"title\": }").count == 1)
    #expect(throws: HarnessError.self) {
      try SiteSettings(file: place.file("absent.json"), benchmarks: [])
    }
  }

  @Test("every page names the licence of the data and whom to write to")
  func foot() throws {
    var input = try input()
    try input.show(settings("{\"contact\": \"board@example.org\"}", ["toy"]), home: home)
    let site = try BuiltSite(input)
    #expect(try SiteChecker().check(site.url) == [])
    for path in ["index.html", "toy/test/systems/a.html", "about.html"] {
      let page = try site.text(path)
      #expect(page.contains("<a href=\"mailto:board@example.org\""), "\(path)")
      #expect(page.contains("<li>Toy: none</li>"), "\(path)")
    }
  }

  private func input() throws -> SiteInput {
    var input = try SampleInput.input([SampleInput.entry("a", pcc: 0.5)])
    let other = try SampleInput.benchmark(id: "other")
    input.boards.append(Board(definition: other, split: "test", level: 0.95, entries: []))
    input.benchmarks += [other, try SampleInput.benchmark(id: "idle")]
    input.replication = SampleInput.replication
    return input
  }

  @Test("a site shows what it lists, in that order, with its words and its logo")
  func listed() throws {
    try place.write("<svg xmlns=\"http://www.w3.org/2000/svg\"/>", to: "mark.svg")
    let settings = try settings(
      """
      {"title": "Moods", "text": ["First words.", "Second <words>."], "logo": "mark.svg",
       "boards": ["other/test", "toy"], "pages": ["replication"]}
      """)
    var input = try input()
    try input.show(settings, home: home)
    #expect(input.boards.map(\.key.benchmark) == ["other", "toy"])
    let site = try BuiltSite(input)
    let index = try site.text("index.html")
    #expect(index.contains("<h1>Moods</h1>") && index.contains("First words."))
    #expect(index.contains("Second &lt;words&gt;.") && !index.contains("How well can a machine"))
    #expect(index.contains("assets/site-logo.svg") && site.exists("assets/site-logo.svg"))
    #expect(site.exists("replication.html") && !site.exists("idle/index.html"))
    #expect(try SiteChecker().check(site.url) == [])
  }

  @Test("without a configuration it shows what has a board or is imported")
  func unlisted() throws {
    try place.write(
      #"{"schema": 1, "benchmark": "idle", "splits": [], "sources": {}, "repairs": []}"#,
      to: "data/idle/dataset.json")
    var input = try input()
    input.benchmarks.append(try SampleInput.benchmark(id: "foreign"))
    try input.show(SiteSettings(), home: home)
    #expect(input.benchmarks.map(\.id) == ["toy", "other", "idle"])
    // The paper is about NewsEmp, which none of these is.
    #expect(input.replication == nil)
  }

  @Test("a board's page speaks of the shared task where its definition has a track")
  func track() throws {
    var input = try SampleInput.input([SampleInput.entry("a", pcc: 0.5)])
    for track in [nil, "Track 3 (EMP)"] {
      input.benchmarks[0].track = track
      input.boards = [
        Board(
          definition: input.benchmarks[0], split: "test", level: 0.95,
          entries: input.boards[0].entries)
      ]
      let site = try BuiltSite(input)
      for path in ["toy/test/systems/a.html", "method.html"] {
        #expect(try site.text(path).contains("WASSA score") == (track != nil), "\(path)")
      }
    }
  }
}
