import Basics
import Foundation
import Harness
import TestSupport
import Testing

@Suite("Commands: a folder's entries are rescored")
struct RescoreFolderTests {
  private static let home = ["--data", "data"]
  private static let board = ["submission", "rescore", "--board", "sample24/test"]

  private let place: TemporaryFolder
  private let program: Program

  init() throws {
    place = try TemporaryFolder()
    program = try Program(in: place.url)
    let sample = try SampleFolder.shared.get()
    try FileManager.default.copyItem(at: sample.folder.file("data"), to: place.file("data"))
    for index in 1...2 {
      let added = try program.run(
        ["submit", "add", try sample.system(index), "-b", "sample24", "-s", "test"]
          + ["--team", "Team \(index)", "--system", "System \(index)", "--slug", "entry-\(index)"]
          + ["--date", "2026-01-01"] + Self.home)
      #expect(added.status == 0, "\(added.err)")
    }
  }

  private func metadata(_ slug: String) throws -> SubmissionMetadata {
    try Documents.decode(
      SubmissionMetadata.self, from: place.file("submissions/sample24/\(slug)/submission.json"))
  }

  private func correctLabel() throws {
    let home = DataHome(place.file("data"))
    var datasets = try home.loadAll(try BenchmarkRegistry(folder: nil).find("sample24"))
    let split = try #require(datasets.firstIndex { $0.split == "test" })
    let label = try #require(datasets[split].rows[5].labels["empathy"])
    datasets[split].rows[5].labels["empathy"] = label < 4 ? 7 : 1
    _ = try home.save(datasets, of: "sample24", sources: [:])
  }

  private func build() throws -> [String: Any] {
    let built = try program.run(
      ["site", "build", "--replicates", "200", "--out", "site"] + Self.home)
    #expect(built.status == 0, "\(built.err)")
    let file = place.file("site/sample24/test/leaderboard.json")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
  }

  @Test("a corrected label sets entries apart until they are rescored, which their history tells")
  func folder() throws {
    let old = try #require(try metadata("entry-1").scored)
    #expect(old.scorer == Scorer.version && old.primary != nil)
    #expect((try build()["rows"] as? [Any])?.count == 2)
    try correctLabel()
    let superseded = try build()
    #expect((superseded["rows"] as? [Any])?.isEmpty == true)
    let apart = try #require(superseded["apart"] as? [[String: Any]])
    #expect(apart.allSatisfy { $0["superseded"] as? Bool == true })
    #expect("\(apart)".contains("with labels \(old.gold.prefix(12))"))

    let rescore = Self.board + ["--submissions", "submissions"] + Self.home
    let dry = try program.run(rescore + ["--dry-run", "--json"])
    #expect(try dry.object()["applied"] as? Bool == false)
    #expect(try program.run(rescore).status == 64)
    #expect(try metadata("entry-1").scored == old)
    let done = try program.run(rescore + ["--why", "Label of row 5 corrected", "--json"])
    #expect(done.status == 0, "\(done.err)")
    #expect((try done.object()["changes"] as? [Any])?.count == 2)

    let now = try metadata("entry-1")
    let event = try #require(now.history?.last)
    let was = Rounding.text(try #require(old.primary))
    let current = Rounding.text(try #require(now.scored?.primary))
    #expect(event.kind == .rescored && event.text.hasSuffix(": Label of row 5 corrected"))
    #expect(event.text.contains("\(was) until") && event.text.contains("\(current) since"))
    let built = try build()
    #expect((built["rows"] as? [Any])?.count == 2)
    #expect((built["state"] as? [String: Any])?["gold"] as? String == now.scored?.gold)
    let page = try String(
      contentsOf: place.file("site/sample24/test/systems/entry-1.html"), encoding: .utf8)
    #expect(page.contains("PCC of empathy \(was) until"))
    let document = try String(
      contentsOf: place.file("site/sample24/test/systems/entry-1.json"), encoding: .utf8)
    #expect(!document.contains("\"scored\""))
    // Nothing is left, and an entry of which nothing was recorded stands as it is.
    let again = try program.run(rescore + ["--json"]).object()
    #expect(again["alreadyScored"] as? Int == 2 && (again["changes"] as? [Any])?.isEmpty == true)
    var bare = now
    bare.scored = nil
    let file = place.file("submissions/sample24/entry-1/submission.json")
    try JSONEncoder().encode(bare).write(to: file)
    #expect((try build()["rows"] as? [Any])?.count == 2)
    #expect(try metadata("entry-1").scored == nil)
  }

  @Test("an interrupted rescore of a folder is completed by the next")
  func interrupted() throws {
    try correctLabel()
    // As if it had been killed after the first entry.
    let other = place.file("other/sample24")
    try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
    try FileManager.default.moveItem(
      at: place.file("submissions/sample24/entry-2"), to: other.appending(path: "entry-2"))
    let rescore = Self.board + ["--submissions", "submissions", "--why", "A test", "--json"]
    #expect(try program.run(rescore + Self.home).status == 0)
    try FileManager.default.moveItem(
      at: other.appending(path: "entry-2"), to: place.file("submissions/sample24/entry-2"))
    let outcome = try program.run(rescore + Self.home).object()
    #expect(outcome["entries"] as? Int == 2 && outcome["alreadyScored"] as? Int == 1)
    for slug in ["entry-1", "entry-2"] {
      #expect(try metadata(slug).history?.map(\.kind) == [.rescored])
    }
  }
}
