import Basics
import Foundation
import Reference
import TestSupport
import Testing

@Suite("Label files")
struct LabelTableTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test("Empty labels are missing, line ends of both kinds are read, a mark at the start too")
  func read() throws {
    let file = try folder.write("\u{FEFF}id\tllm_empathy\r\na\t4.5\r\nb\t\nc\t7", to: "l.tsv")
    let labels = try LabelTable.read(file).labels("llm_empathy", by: ["id"], in: 1...7)
    #expect(labels == ["a": 4.5, "b": nil, "c": 7])
  }

  @Test("All faults come at once, with line and column")
  func faults() throws {
    let file = try folder.write(
      "id\tllm_empathy\na\t8\nb\tnan\nc\tx\nd\t4\nd\t5\nd\t4\n", to: "l.tsv")
    let table = try LabelTable.read(file)
    let error = #expect(throws: ReferenceError.self) {
      try table.labels("llm_empathy", by: ["id"], in: 1...7)
    }
    guard case .invalid(_, let faults)? = error else {
      Issue.record("another error than invalid")
      return
    }
    let places = [(2, 2), (3, 2), (4, 2), (6, 1), (7, 1)]
    #expect(faults.map(\.place) == places.map { .line($0.0, column: $0.1) })
  }

  @Test("Rows of another width are all named")
  func widths() throws {
    let file = try folder.write("id\tllm_empathy\na\nb\t4\nc\t4\t5\n", to: "l.tsv")
    let error = #expect(throws: ReferenceError.self) { try LabelTable.read(file) }
    guard case .invalid(_, let faults)? = error else {
      Issue.record("another error than invalid")
      return
    }
    #expect(faults.map(\.place) == [.line(2), .line(4)])
  }

  @Test("What is written in LLMPathy's form is read back, missing labels too")
  func roundTrip() throws {
    let labels = [
      EssayLabel(id: "a", samples: [[4, 5, 4.5, 3, 2.5, 5], [6, 6, 6, 6, 6, 6]]),
      EssayLabel(id: "b", samples: [], unreadable: 1),
    ]
    let ids = [["a", "7"], ["b", "8"]]
    let columns = ["message_id", "article_id"]
    try LabelTable(labels, column: "llm_empathy", idColumns: columns, ids: ids).write(
      to: folder.file("l.tsv"))
    let read = try LabelTable.read(folder.file("l.tsv"))
    #expect(read.header == ["message_id", "article_id", "llm_empathy"])
    #expect(try read.labels("llm_empathy", by: columns, in: 1...7) == ["a 7": 5, "b 8": nil])
    let detailed = LabelTable(
      labels, column: "llm_empathy", idColumns: columns, ids: ids, items: RatingPrompt.batsonItems)
    #expect(detailed.header.count == 12)
    #expect(detailed.rows[0][3] == "1.414213562")
    #expect(detailed.rows[1] == ["b", "8", "", "", "0", "1", "", "", "", "", "", ""])
  }

  @Test("A table that can't be written leaves nothing behind")
  func unwritable() throws {
    let table = LabelTable(header: ["id"], rows: [["a"]])
    // A file stands where the folder should be.
    try folder.write("x", to: "file")
    #expect(throws: BasicsError.self) { try table.write(to: folder.file("file/l.tsv")) }
    // A folder stands where the file should go.
    try FileManager.default.createDirectory(
      at: folder.file("taken"), withIntermediateDirectories: false)
    #expect(throws: BasicsError.self) { try table.write(to: folder.file("taken")) }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted() == [
        "file", "taken",
      ])
  }
}
