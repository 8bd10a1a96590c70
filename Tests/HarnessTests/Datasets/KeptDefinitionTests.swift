import Foundation
import Harness
import TestSupport
import Testing

@Suite("A definition that changed after its import")
struct KeptDefinitionTests {
  private let place: TemporaryFolder
  private let home: DataHome
  private static let dev = #"{"name": "dev", "rows": 2, "file": "dev.csv", "format": "csv"}"#
  private static let test = #"{"name": "test", "rows": 2, "file": "test.csv", "format": "csv"}"#

  init() throws {
    place = try TemporaryFolder()
    home = DataHome(place.file("data"))
    for name in ["dev", "test"] {
      try place.write("turn,mood,words\na,1,one\nb,2,two\n", to: "files/\(name).csv")
    }
    _ = try DatasetImporter.run(try definition(), from: place.file("files"), into: home)
  }

  private func definition(
    title: String = "Moods", metric: String = "ccc", high: Int = 10, dev: String = dev,
    derived: String = ""
  ) throws -> BenchmarkDefinition {
    try JSONDecoder().decode(
      BenchmarkDefinition.self,
      from: Data(
        """
        {"schema": 1, "id": "moods", "title": "\(title)", "description": "Turns.", "licence": "CC0",
         "source": "https://example.org", "open": true, "rowNoun": "turn",
         "targets": [{"name": "valence", "low": 0, "high": \(high)}], "clusters": [],
         "primary": {"target": "valence", "metric": "\(metric)"}, "defaultSplit": "test",
         "splits": [\(dev), \(Self.test)],\(derived)
         "columns": {"id": ["turn"], "text": "words", "targets": {"valence": "mood"}},
         "groups": [], "missing": [], "quirks": []}
        """.utf8))
  }

  @Test("the same definition changes nothing")
  func same() throws {
    #expect(try home.change(by: try definition()) == nil)
    #expect(try home.load(try definition(), split: "test").rows.count == 2)
  }

  @Test("what a split is derived from changes its board too")
  func derived() throws {
    let parts = """
      "derived": {"from": "dev", "buckets": 1, "splits": [{"name": "part", "from": 0, "to": 1}]},
      """
    let files = place.file("files")
    _ = try DatasetImporter.run(try definition(derived: parts), from: files, into: home)
    let other = Self.dev.replacing("\"rows\": 2", with: "\"rows\": 3")
    let change = try #require(try home.change(by: try definition(dev: other, derived: parts)))
    #expect(change.fields == ["splits.dev"])
    #expect(Set(change.boards) == ["moods/dev", "moods/part"])
  }

  @Test("fields are named with the boards that they change")
  func boards() throws {
    let words = try #require(try home.change(by: try definition(title: "More moods")))
    #expect(words.fields == ["title"] && words.boards == [])
    let order = try #require(try home.change(by: try definition(metric: "pcc")))
    #expect(order.fields == ["primary"] && order.boards == ["moods/dev", "moods/test"])
    let range = try #require(try home.change(by: try definition(high: 9)))
    #expect(range.fields == ["targets"] && range.boards == ["moods/dev", "moods/test"])
    let other = Self.dev.replacing("\"rows\": 2", with: "\"rows\": 3")
    let split = try #require(try home.change(by: try definition(title: "x", dev: other)))
    #expect(split.fields == ["splits.dev", "title"] && split.boards == ["moods/dev"])
    let moved = try definition(metric: "pcc", dev: other)
    #expect(try home.load(moved, split: "test").rows.count == 2)
    #expect(throws: HarnessError.self) { try home.load(moved, split: "dev") }
    #expect(throws: HarnessError.self) { try home.load(try definition(high: 9), split: "test") }
  }
}
