import Foundation
import TestSupport
import Testing

@Suite("Commands: training on a curated table")
struct TrainTableTests {
  private let place: TemporaryFolder
  private let program: Program
  private let home: [String]

  init() throws {
    place = try TemporaryFolder()
    program = try Program(in: place.url)
    home = ["--data", try SampleFolder.shared.get().folder.file("data").path]
    try TinyModel.write(to: place.file("tiny"))
  }

  private static let essay = "I felt sorry for the people of the town."

  /// A table of two sets, as `curate augment` makes it.
  private func table(_ change: (inout [String]) -> Void = { _ in }) throws {
    var lines = ["set,id,person,empathy,provenance,essay"]
    for row in 0..<12 {
      let set = row < 8 ? "newsemp22/train" : "sample24/train"
      let source = row % 2 == 0 ? "crowd" : "llm:llama"
      lines.append("\(set),\(row),p\(row),\(1 + row % 7),\(source),\"\(Self.essay) \(row), yes\"")
    }
    change(&lines)
    try place.write(lines.joined(separator: "\n") + "\n", to: "table.csv")
  }

  private func train(_ more: [String] = []) throws -> Program.Outcome {
    try program.run(
      ["train", "--model", "tiny", "-b", "sample24", "--table", "table.csv", "--out", "run"]
        + ["--epochs", "1", "--batch", "4", "--no-early-stop", "--max-length", "48"] + more + home)
  }

  @Test("a table of several sets trains, and what it holds is said")
  func severalSets() throws {
    try table()
    let outcome = try train()
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(
      outcome.err.contains(
        "12 rows (8 newsemp22/train, 4 sample24/train) with labels from: 6 crowd, 6 llm:llama"))
    #expect(outcome.err.contains("12 essays to train on, 63 to validate on, 3 steps at most"))
    #expect(FileManager.default.fileExists(atPath: place.file("run/last/model.safetensors").path))
  }

  @Test("a table that curate wrote trains, and one that was changed afterwards is refused")
  func curated() throws {
    let made = try program.run(
      ["curate", "augment", "-b", "sample24", "--with", "sample24", "--with-split", "test"]
        + ["--split", "dev", "--evaluation", "train", "--out", "table.csv"] + home)
    #expect(made.status == 0, "\(made.err)")
    let outcome = try train()
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.err.contains("of them also stand in sample24/dev, which validates"))
    let text = try String(contentsOf: place.file("table.csv"), encoding: .utf8)
    try place.write(text + "\n", to: "table.csv")
    let changed = try train(["--resume"])
    #expect(changed.status == 65)
    #expect(changed.err.contains("table.csv.manifest.json; curate again"))
  }

  @Test("--resume takes table and settings from run.json, and begins the seeds that are missing")
  func resumed() throws {
    try table()
    let seeds = ["--seed", "3", "--seed", "4"]
    #expect(try train(seeds).status == 0)
    let missing = place.file("run/seed-4")
    let model = { try Data(contentsOf: missing.appending(path: "last/model.safetensors")) }
    let whole = try model()
    try FileManager.default.removeItem(at: missing)
    let outcome = try program.run("train", "--resume", "--out", "run")
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.err.contains("seed 4: 12 essays to train on, 63 to validate on, 3 steps"))
    #expect(try model() == whole)
    let nothing = try program.run("train", "--resume", "--out", "elsewhere")
    #expect(nothing.status == 65 && nothing.err.contains("run.json is missing"))
  }

  @Test("all faults of a table are named with their lines, and nothing is trained")
  func faults() throws {
    try table { lines in
      lines[2] = "s,1,p,9,crowd,An essay."
      lines[4] = "s,1,p,high,crowd,"
    }
    let outcome = try train()
    #expect(outcome.status == 65)
    #expect(
      outcome.err.contains(
        "table.csv:3 (empathy): error: found 'a label outside the range', expected a"))
    #expect(outcome.err.contains("table.csv:5 (empathy): error: found 'a label that is not"))
    #expect(outcome.err.contains("table.csv:5 (essay): error: found an empty value"))
    #expect(outcome.err.contains("table.csv:5 (id): error: found '1', expected each id of a set"))
    #expect(outcome.err.hasSuffix("4 errors\n"))
    #expect(!FileManager.default.fileExists(atPath: place.file("run").path))
    #expect(try train(["--labels", "x"]).status == 64)
    try table { $0[0] = "set,id,person,label,provenance,essay" }
    #expect(try train().err.contains("expected a column named empathy"))
  }
}
