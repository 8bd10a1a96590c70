import Foundation
import TestSupport
import Testing

@Suite("Forms and places of results") struct ResultTests {
  private static let split = ["-b", "sample24", "-s", "test", "--replicates", "200"]

  @Test("several files make a table with a row each, by the names that tell them apart")
  func systems() throws {
    let sample = try SampleFolder.shared.get()
    let files = try (0..<3).map(sample.system)
    let arguments = ["score"] + files + Self.split
    let csv = try sample.program.run(arguments + ["--format", "csv"])
    #expect(csv.status == 0, "\(csv.err)")
    let lines = csv.out.split(separator: "\n").map { $0.split(separator: ",") }
    #expect(lines[0].prefix(5) == ["table", "system", "target", "rows", "clusters"])
    #expect(Set(lines.dropFirst().map { String($0[1]) }) == Set(try sample.systems().prefix(3)))
    #expect(lines.count == 1 + 3 * 2)
    let json = try sample.program.run(arguments + ["--format", "json"]).object()
    let systems = try #require(json["systems"] as? [[String: Any]])
    let alone = try sample.program.run(["score", files[1], "--format", "json"] + Self.split)
    let report = try #require(systems[1]["report"] as? [String: Any])
    #expect(report["targets"] as? NSDictionary == (try alone.object()["targets"] as? NSDictionary))
    // Groups of several systems are shown on request.
    #expect(!csv.out.contains("groups,"))
    let grouped = try sample.program.run(arguments + ["--format", "csv", "--by", "gender"])
    #expect(grouped.out.contains("\ngroups,\(try sample.systems()[2]),"))
  }

  @Test("the faults of several files come at once")
  func faults() throws {
    let sample = try SampleFolder.shared.get()
    try sample.folder.write("1x\n", to: "one.tsv")
    try sample.folder.write("2y\n", to: "two.tsv")
    for command in ["score", "compare"] {
      let outcome = try sample.program.run([command, "one.tsv", "two.tsv"] + Self.split)
      #expect(outcome.status == 65)
      #expect(outcome.err.contains("one.tsv:1:1") && outcome.err.contains("two.tsv:1:1"))
    }
    let table = try sample.program.run(
      "validate", "one.tsv", "-b", "sample24", "--format", "csv")
    #expect(table.status == 65 && table.out.contains("faults,error,number,one.tsv,1,1,,1x,"))
  }

  @Test("a file's ending says the form, and standard output stays empty")
  func output() throws {
    let sample = try SampleFolder.shared.get()
    let place = try TemporaryFolder()
    let file = try sample.system(0)
    let starts = [
      "json": "{", "csv": "table,", "md": "sample24/test", "tex": "% ", "txt": "sample24",
    ]
    for (ending, start) in starts {
      let result = place.file("scores.\(ending)")
      let outcome = try sample.program.run(["score", file, "-o", result.path] + Self.split)
      #expect(outcome.status == 0 && outcome.out.isEmpty, "\(outcome.err)")
      #expect(try String(contentsOf: result, encoding: .utf8).hasPrefix(start), "\(ending)")
    }
    let other = try sample.program.run(["score", file, "--format", "xml"] + Self.split)
    #expect(other.status == 64 && other.err.contains("markdown"))
  }

  @Test("a model-index goes into a card once, and - prints it alone")
  func modelIndex() throws {
    let sample = try SampleFolder.shared.get()
    let place = try TemporaryFolder()
    let card = try place.write("---\nlicense: mit\n---\n# Ours\n", to: "README.md")
    let score = ["score", try sample.system(0)] + Self.split + ["--model-index"]
    let outcome = try sample.program.run(score + [card.path, "--system", "Ours"])
    #expect(outcome.status == 0 && outcome.out.contains("PCC"), "\(outcome.err)")
    let text = try String(contentsOf: card, encoding: .utf8)
    #expect(text.hasPrefix("---\nlicense: mit\nmodel-index:\n- name: \"Ours\"\n"))
    #expect(text.hasSuffix("\n---\n# Ours\n") && text.contains("type: pearsonr"))
    let again = try sample.program.run(score + [card.path])
    #expect(again.status == 65 && again.err.contains("README.md:3: error: found 'model-index'"))
    #expect(try String(contentsOf: card, encoding: .utf8) == text)
    let block = try sample.program.run(score + ["-"])
    #expect(block.out.hasPrefix("model-index:\n- name: \"predictions_EMP\"\n"))
  }
}
