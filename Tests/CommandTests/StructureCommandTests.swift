import Foundation
import TestSupport
import Testing

@Suite("Commands: the structure of labels")
struct StructureCommandTests {
  @Test(
    "agreement tells the structure of the labels of NewsEmp18",
    .enabled(if: Shared.exists, Shared.missing))
  func structure() throws {
    let set = try LabelCommandTests.OpenSet.shared.get()
    let arguments = [
      "agreement", "-b", "newsemp18", "-s", "all", "--labels", LabelCommandTests.OpenSet.labels[0],
      "--largest", "0",
    ]
    let outcome = try set.program.run(arguments + ["--pictures", "pictures", "--format=json"])
    #expect(outcome.status == 0, "\(outcome.err)")
    let structure = try #require(try outcome.object()["structure"] as? [String: Any])
    func list(_ key: String) throws -> [String: Any] {
      try #require((structure[key] as? [[String: Any]])?.first)
    }
    func rounded(_ value: Any?, _ key: String = "value") -> Double? {
      let number = (value as? [String: Any])?[key] as? Double
      return number.map { ($0 * 100).rounded() / 100 }
    }
    let shares = try #require(try list("components")["shares"] as? [String: Any])
    #expect(["person", "article", "rest"].map { rounded(shares[$0]) } == [0.48, 0.13, 0.39])
    #expect(rounded(shares["person"], "low") == 0.43 && rounded(shares["person"], "high") == 0.53)
    let pair = try list("correlations")
    #expect(["within", "means", "latent"].map { rounded(pair[$0]) } == [0.45, 0.45, 0.49])
    let replaced = try list("replaced")
    #expect(replaced["rows"] as? Int == 93)
    #expect(
      ["value", "random", "low", "high"].map { rounded(replaced["topShare"], $0) }
        == [0.17, 0.11, 0.10, 0.13])
    #expect(["value", "random"].map { rounded(replaced["gini"], $0) } == [0.86, 0.79])
    let svg = try String(
      contentsOf: set.folder.file("pictures/structure.svg"), encoding: .utf8)
    #expect(svg.contains("llama, less the person&#39;s mean"))
    // Text has the same figures.
    let text = try set.program.run(arguments)
    #expect(
      text.out.contains("0.482 [0.434, 0.530]") && text.out.contains("1860 rows of 372 persons"))
    #expect(try set.program.run(arguments + ["--alpha=-1"]).status == 64)
  }

  @Test("the structure of a small split shows no figure of few rows or persons")
  func small() throws {
    let sample = try SampleFolder.shared.get()
    let file =
      "data/sample24-files/llmpathy/NewsEmp2024/test_data_with_labels/goldstandard_EMP_llama_llama_plain.tsv"
    let outcome = try sample.program.run(
      "agreement", "-b", "sample24", "-s", "test", "--labels", "llama=\(file)", "--alpha", "1.5",
      "--largest", "0", "--pictures", "pictures-small", "--format=json")
    #expect(outcome.status == 0, "\(outcome.err)")
    let structure = try #require(try outcome.object()["structure"] as? [String: Any])
    let pictures = try #require(structure["pictures"] as? [[String: Any]])
    let marks = pictures.flatMap { picture in
      ["within", "means", "predicted"].flatMap { picture[$0] as? [[String: Any]] ?? [] }
    }
    #expect(!marks.isEmpty)
    #expect(marks.allSatisfy { $0["rows"] as? Int ?? 0 >= 10 && $0["persons"] as? Int ?? 0 >= 5 })
    for row in try #require(structure["replaced"] as? [[String: Any]]) {
      #expect((row["topShare"] == nil) == (row["undefined"] != nil))
    }
  }
}
