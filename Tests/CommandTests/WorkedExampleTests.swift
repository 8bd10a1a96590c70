import Foundation
import TestSupport
import Testing

@Suite("Commands: the worked example", .enabled(if: Shared.exists, Shared.missing))
struct WorkedExampleTests {
  private let place: TemporaryFolder
  private let program: Program

  init() throws {
    place = try TemporaryFolder()
    program = try Program(in: place.url)
    let outcome = try program.run(
      "data", "fetch", "newsemp18", "--mirror", Shared.url("data").path)
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.out.contains("1860"))
  }

  private func labels(_ model: String) -> String {
    Shared.url("data/llmpathy/NewsEmp2022/messages_train_ready_for_WS_\(model).tsv").path
  }

  private let split = ["-b", "newsemp18", "-s", "all", "--replicates", "200"]

  @Test("Llama's labels score PCC 0.4369 and alpha 0.4014")
  func llama() throws {
    let outcome = try program.run(["score", labels("llama")] + split)
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.out.contains("newsemp18/all: 1860 rows, 372 clusters"))
    #expect(outcome.out.contains(/empathy +PCC +0\.4369/))
    #expect(outcome.out.contains(/Krippendorff alpha +0\.4014/))
  }

  @Test("GPT's labels are refused with 5 faults, and scored with --drop-missing")
  func gpt() throws {
    let refused = try program.run(["score", labels("gpt")] + split)
    #expect(refused.status == 65)
    #expect(refused.err.hasSuffix("5 errors\n"))
    #expect(refused.err.components(separatedBy: "--drop-missing").count == 2)
    #expect(refused.err.contains("(5 lines: 77, 567, 932 … 1392)"), "\(refused.err)")
    let scored = try program.run(["score", labels("gpt"), "--drop-missing"] + split)
    #expect(scored.status == 0)
    #expect(scored.out.contains("1855 rows"))
    #expect(scored.out.contains("5 rows without a prediction dropped"))
  }

  @Test("a second fetch downloads nothing")
  func again() throws {
    let outcome = try program.run(
      "data", "fetch", "newsemp18", "--mirror", Shared.url("data").path)
    #expect(outcome.status == 0)
    #expect(outcome.err.contains("0 files fetched"))
  }
}

@Suite("Commands: labels are not shown")
struct LeakTests {
  @Test("an import that is refused names places and never a label, on either stream")
  func importFaults() throws {
    let sample = try SampleFolder.shared.get()
    let place = try TemporaryFolder()
    let source = sample.folder.file("data/sample24-files/goldstandard_EMP.csv")
    let text = try String(contentsOf: source, encoding: .utf8)
    // Labels of six decimals: shift each by 8, so that every one of them is out of range.
    let bad = text.replacing(/,([1-7]\.[0-9]{6}),([1-7]\.[0-9]{6})\n/) { match in
      ",8\(match.1.dropFirst()),\(match.2)x\n"
    }
    #expect(bad != text)
    try place.write(bad, to: "goldstandard_EMP.csv")
    let outcome = try Program(in: place.url).run("data", "import", "sample24", "--from", ".")
    #expect(outcome.status == 65)
    #expect(outcome.err.contains("166 errors"))
    let shown = outcome.out + outcome.err
    #expect(shown.firstMatch(of: /[1-8]\.[0-9]{6}/) == nil)
    #expect(!FileManager.default.fileExists(atPath: place.file("data").path))
  }

  @Test("scores, comparisons and statistics hold no essay and no label")
  func results() throws {
    let sample = try SampleFolder.shared.get()
    let file = try sample.system(3)
    let commands = [
      ["score", file, "-b", "sample24", "--replicates", "200", "--format=json"],
      [
        "compare", file, try sample.system(2), "-b", "sample24", "--replicates", "200",
        "--format=json",
      ],
      ["data", "stats", "sample24"], ["validate", file, "-b", "sample24", "--format=json"],
    ]
    for arguments in commands {
      let outcome = try sample.program.run(arguments)
      #expect(outcome.status == 0, "\(arguments[0]): \(outcome.err)")
      let shown = outcome.out + outcome.err
      #expect(shown.firstMatch(of: /\b[1-7]\.[0-9]{6}\b/) == nil, "\(arguments[0])")
      #expect(!shown.contains("person_essay"))
    }
  }
}
