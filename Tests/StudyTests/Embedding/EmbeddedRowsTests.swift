import Foundation
import Harness
import Reference
import Study
import TestSupport
import Testing

@Suite("Rows that become states")
struct EmbeddedRowsTests {
  private static func rows(_ provenances: [(String, String)]) -> EmbeddedRows {
    EmbeddedRows(
      title: "made up",
      rows: provenances.enumerated().map { n, row in
        .init(set: row.0, id: "\(n)", text: "Essay \(n)", label: 4, provenance: row.1)
      })
  }

  @Test("whose labels the rows have follows from the provenance of each set")
  func labels() {
    let cases: [([(String, String)], String)] = [
      ([("a/train", "crowd"), ("b/dev", "crowd:repaired")], "crowd"),
      ([("a/train", "llm:llama"), ("a/dev", "llm:gpt")], "llm"),
      ([("a/train", "crowd"), ("b/train", "llm:llama")], "crowd+llm"),
      ([("a/train", "crowd"), ("a/dev", "llm:llama:alpha=4.0")], "mixed"),
    ]
    for (provenances, labels) in cases {
      #expect(Self.rows(provenances).labels == labels)
    }
  }

  @Test("rows of a split keep its order, ids and labels, and the listing shows neither")
  func split() throws {
    let home = try StudyHome()
    let dev = try home.home.load(home.definition, split: "dev")
    let rows = EmbeddedRows(home.definition, dev)
    #expect(rows.rows.map(\.id) == dev.rows.map(\.id))
    #expect(rows.rows.map(\.label) == dev.gold("empathy"))
    #expect(rows.listing.split(separator: "\n").count == 9)
    #expect(rows.listing.hasPrefix("set\tid\nsample24/dev\t1"))
    #expect(!rows.listing.contains("Essay"))
  }

  @Test("fewer than four rows, and a table that does not exist, are refused")
  func refused() throws {
    let folder = try TemporaryFolder()
    #expect(throws: StudyError.tooFew(what: "rows", found: 3, needed: 4)) {
      try EssayEmbedding.check(Self.rows([("a", "crowd"), ("a", "crowd"), ("a", "crowd")]))
    }
    #expect(throws: HarnessError.self) { try EmbeddedRows(table: folder.file("no.csv")) }
  }
}
