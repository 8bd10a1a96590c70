import Foundation
import TestSupport
import Testing

/// A small grid on the synthetic set with a tiny model.
struct TinyGrid {
  let place: TemporaryFolder
  let program: Program
  let home: [String]
  static let labels =
    "sample24-files/llmpathy/NewsEmp2024/trac3_EMP_dev_gpt.tsv"

  init() throws {
    place = try TemporaryFolder()
    program = try Program(in: place.url)
    home = ["--data", try SampleFolder.shared.get().folder.file("data").path]
    try TinyModel.write(to: place.file("tiny"))
    try write()
  }

  /// Trains on dev, the smallest split; validates on test and predicts it.
  func write(
    rows: String = Self.rows, seeds: String = "[0, 42]", evaluate: String = #"["test"]"#
  ) throws {
    try place.write(
      #"""
      {"schema": 1, "name": "tiny", "evaluate": \#(evaluate), "seeds": \#(seeds),
       "baseline": "crowd", "labelFiles": {"gpt": {"sample24": ["\#(Self.labels)"]}},
       "settings": {"model": "\#(place.file("tiny").path)", "benchmark": "sample24",
                    "train": ["dev"], "validation": "test",
                    "recipe": {"epochs": 2, "batch": 8, "learningRate": 0.01, "threads": 1, "maxLength": 48,
                               "warmUp": 0, "earlyStopping": false}},
       "rows": \#(rows)}
      """#, to: "grid.json")
  }

  static let rows = #"""
    [{"name": "crowd"}, {"name": "corrected", "correct": "gpt", "grid": {"alpha": [1, 2, 6]}},
     {"name": "all gpt", "labels": "gpt"}]
    """#

  func run(_ out: String, _ more: String...) throws -> Program.Outcome {
    try program.run(["experiment", "run", "grid.json", "--out", out] + more + home)
  }

  /// The prediction files of `out` by cell.
  func predictions(_ out: String) throws -> [String: Data] {
    let cells = place.file(out).appending(path: "cells")
    var found: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: cells.path) {
      found[name] = try Data(contentsOf: cells.appending(path: "\(name)/result/test.tsv"))
    }
    return found
  }
}

@Suite("Commands: experiments")
struct ExperimentTests {
  @Test("a grid is trained and scored; a second run finds every cell finished")
  func run() throws {
    let grid = try TinyGrid()
    let first = try grid.run("out", "--json")
    #expect(first.status == 0, "\(first.err)")
    // Alpha 6 replaces nothing: it shares the crowd's cells.
    #expect(try first.object()["trained"] as? Int == 8)
    let predictions = try grid.predictions("out")
    #expect(predictions.count == 8 && Set(predictions.values).count == 8)
    for name in predictions.keys {
      let cell = grid.place.file("out/cells/\(name)")
      let report = try JSONSerialization.jsonObject(
        with: Data(contentsOf: cell.appending(path: "result/test.json")))
      #expect((report as? [String: Any])?["n"] as? Int == 83)
      let run = try FileManager.default.contentsOfDirectory(
        atPath: cell.appending(path: "run-1").path)
      #expect(Set(run) == ["run.json", "steps.jsonl", "epochs.jsonl", "curve.svg"])
    }
    let again = try grid.run("out", "--json")
    #expect(try again.object()["finishedBefore"] as? Int == 8)
    #expect(try again.object()["trained"] as? Int == 0)
    let list = try grid.run("out", "--list")
    #expect(list.out.components(separatedBy: "finished").count == 9)
    try FileManager.default.removeItem(
      at: grid.place.file("out/cells/\(try #require(predictions.keys.min()))"))
    #expect(try grid.run("out", "--json").object()["trained"] as? Int == 1)
    #expect(try grid.predictions("out") == predictions)
  }

  @Test("shards with folders of their own compute the same bits as one run")
  func shards() throws {
    let grid = try TinyGrid()
    #expect(try grid.run("whole").status == 0)
    var parts: [String: Data] = [:]
    for index in 1...3 {
      let outcome = try grid.run("part\(index)", "--shard", "\(index)/3")
      #expect(outcome.status == 0, "\(outcome.err)")
      parts.merge(try grid.predictions("part\(index)")) { _, _ in Data() }
    }
    #expect(try parts == grid.predictions("whole"))
  }

  @Test("a cell is run by its name; what other attempts left in it is removed")
  func cell() throws {
    let grid = try TinyGrid()
    let listing = try grid.run("out", "--list", "--no-estimate", "--json").object()
    #expect(listing["folder"] as? String == "out")
    let cells = try #require(listing["cells"] as? [[String: Any]])
    #expect(cells.count == 8 && cells.allSatisfy { $0["threads"] as? Int == 1 })
    let name = try #require(cells[3]["cell"] as? String)
    #expect(try grid.run("out", "--cell", name, "--json").object()["trained"] as? Int == 1)
    #expect(try Array(grid.predictions("out").keys) == [name])
    #expect(try grid.run("out", "--cell", "none").status == 64)
    let cell = grid.place.file("out/cells/\(name)")
    func names(_ folder: URL) throws -> Set<String> {
      Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
    }
    let run = try names(cell.appending(path: "run-1"))
    for file in ["run-7/run.json", "result-7/test.tsv", ".cell.json.1.part", "run-1/.x.part"] {
      try grid.place.write("", to: "out/cells/\(name)/\(file)")
    }
    #expect(try grid.run("out", "--cell", name, "--json").object()["finishedBefore"] as? Int == 1)
    #expect(try names(cell) == ["cell.json", "claim-1", "claim-2", "result", "run-1"])
    #expect(try names(cell.appending(path: "run-1")) == run)
    // Of a split that the file asks for later there are no predictions yet.
    try grid.write(evaluate: #"["test", "train"]"#)
    #expect(try grid.run("out", "--cell", name, "--json").object()["trained"] as? Int == 1)
    #expect(try grid.run("out", "--cell", name, "--json").object()["finishedBefore"] as? Int == 1)
    #expect(try names(cell.appending(path: "result")).contains("train.tsv"))
    #expect(try names(cell) == ["cell.json", "claim-1", "claim-2", "claim-3", "result", "run-3"])
  }

  @Test("what is missing is named all at once and ends with 66, unknown data with 65")
  func missing() throws {
    let grid = try TinyGrid()
    try grid.write(
      rows: #"""
        [{"name": "crowd", "model": "models/none"},
         {"name": "more", "extra": [{"benchmark": "newsemp22"}]}]
        """#)
    let outcome = try grid.run("out")
    #expect(outcome.status == 66)
    #expect(outcome.err.contains("3 inputs are missing"))
    #expect(outcome.err.contains("models/none/config.json does not exist"))
    #expect(outcome.err.contains("newsemp22/train.csv does not exist. Import it"))
    #expect(outcome.err.contains("newsemp22/dev.csv does not exist"))
    #expect(!FileManager.default.fileExists(atPath: grid.place.file("out").path))
    try grid.write(rows: #"[{"name": "crowd", "benchmark": "nowhere"}]"#)
    #expect(try grid.run("out").status == 65)
    #expect(try grid.run("out", "--shard", "3/2").status == 64)
    #expect(try grid.program.run(["experiment", "run", "absent.json"]).status == 66)
  }
}

@Suite("Commands: summary and merge of experiments")
struct ExperimentSummaryTests {
  private func rows(_ summary: [String: Any]) throws -> [String: [String: Any]] {
    let split = try #require((summary["splits"] as? [[String: Any]])?.first)
    let rows = try #require(split["rows"] as? [[String: Any]])
    return Dictionary(uniqueKeysWithValues: rows.map { ($0["name"] as? String ?? "", $0) })
  }

  private func figures(_ row: [String: Any]?, _ metric: String) throws -> [String: Any] {
    try #require((row?["metrics"] as? [String: [String: Any]])?[metric])
  }

  @Test("a summary compares rows over seeds and over persons, and says what agrees with `compare`")
  func summary() throws {
    let grid = try TinyGrid()
    #expect(try grid.run("out").status == 0)
    let outcome = try grid.program.run(
      ["experiment", "summary", "out", "--format=json", "--replicates", "200"] + grid.home)
    #expect(outcome.status == 0, "\(outcome.err)")
    let summary = try outcome.object()
    let rows = try rows(summary)
    #expect(rows.count == 5)
    let baseline = try figures(rows["crowd"], "pcc")
    #expect(baseline["seedTest"] == nil && baseline["rowTest"] == nil)
    let values = try #require(baseline["values"] as? [Double])
    let seeds = try #require(baseline["overSeeds"] as? [String: Any])
    #expect(seeds["peak"] as? Double == values.max())
    // Alpha 6 replaces no label, so that nothing can differ from the crowd's row.
    let same = try figures(rows["corrected, alpha=6"], "pcc")
    let test = try #require(same["rowTest"] as? [String: Double])
    #expect(test["difference"] == 0 && test["p"] == 1 && test["adjusted"] == 1)
    #expect(rows["corrected, alpha=6"]?["replaced"] as? Int == 0)
    #expect(rows["corrected, alpha=1"]?["replaced"] as? Int ?? 0 > 0)
    #expect(rows["all gpt"]?["trainingRows"] as? Int == 63)
    // The same seeds through `compare --runs`.
    let index = try JSONSerialization.jsonObject(
      with: Data(contentsOf: grid.place.file("out/index.json")))
    let cells = try #require((index as? [String: Any])?["rows"] as? [[String: Any]])
    for row in cells where ["crowd", "all gpt"].contains(row["name"] as? String) {
      for (seed, cell) in row["cells"] as? [String: String] ?? [:] {
        let file = grid.place.file("out/cells/\(cell)/result/test.tsv")
        try grid.place.write(
          Data(contentsOf: file), to: "runs \(row["name"] ?? "")/\(seed).tsv")
      }
    }
    let runs = try grid.program.run(
      ["compare", "--runs", "runs all gpt", "runs crowd", "-b", "sample24", "-s", "test"]
        + ["--format=json"] + grid.home
    ).object()
    let other = try #require((runs["metrics"] as? [String: [String: Any]])?["pcc"])
    let ours = try #require(try figures(rows["all gpt"], "pcc")["seedTest"] as? [String: Any])
    #expect(
      (ours["student"] as? [String: Double])?["p"] == (other["student"] as? [String: Double])?["p"])
  }

  @Test("the documents hold the same figures, and the same summary has the same bytes")
  func documents() throws {
    let grid = try TinyGrid()
    #expect(try grid.run("out").status == 0)
    for target in ["one", "two"] {
      let outcome = try grid.program.run(
        ["experiment", "summary", "out", "--to", target, "--replicates", "200"] + grid.home)
      #expect(outcome.status == 0, "\(outcome.err)")
      #expect(outcome.out.contains("p over persons (Holm)"))
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: grid.place.file("one").path)
    #expect(
      names.sorted() == [
        "alpha-sample24-test.svg", "summary.csv", "summary.json", "summary.md", "summary.tex",
      ])
    func text(_ name: String) throws -> String {
      try String(contentsOf: grid.place.file(name), encoding: .utf8)
    }
    for name in names { #expect(try text("one/\(name)") == text("two/\(name)")) }
    let markdown = try text("one/summary.md")
    #expect(markdown.contains("| corrected, alpha=2 | 63 ("))
    for title in ["CCC", "CCC calibrated", "PCC within persons"] {
      #expect(markdown.contains("sample24/test, 83 rows of 57 persons: \(title)**"))
    }
    let split = try #require(
      (try JSONSerialization.jsonObject(with: Data(text("one/summary.json").utf8))
        as? [String: Any])?["splits"] as? [[String: Any]])[0]
    let rows = try #require(split["rows"] as? [[String: Any]])
    for row in rows {
      let within = try #require(row["pccWithin"] as? [String: Any])
      #expect((within["rowTest"] == nil) == (row["name"] as? String == "crowd"))
      let calibrated = try #require(row["cccCalibrated"] as? [String: Any])
      #expect((calibrated["averaged"] as? [String: Any])?["value"] is Double)
      #expect(row["biasFactor"] is Double)
    }
    #expect(try text("one/summary.tex").contains("$\\pm$"))
    let csv = try text("one/summary.csv").split(separator: "\n")
    #expect(csv.count == 1 + 5 * 9)
    let width = csv[0].split(separator: ",", omittingEmptySubsequences: false).count
    let crowd = csv[1].split(separator: ",", omittingEmptySubsequences: false)
    #expect(crowd.count == width && crowd[3] == "crowd")
    #expect(try text("one/alpha-sample24-test.svg").contains("corrected"))
  }

  @Test("merged shards give the summary of one run, whatever the order, bit for bit")
  func merge() throws {
    let grid = try TinyGrid()
    #expect(try grid.run("whole").status == 0)
    for index in 1...2 {
      #expect(try grid.run("part\(index)", "--shard", "\(index)/2").status == 0)
    }
    let incomplete = try grid.program.run(
      ["experiment", "merge", "part1", "--out", "half", "--json"])
    #expect(try incomplete.object()["copied"] as? Int == 4)
    #expect(try incomplete.object()["missing"] as? Int == 4)
    let merged = try grid.program.run(
      ["experiment", "merge", "part2", "part1", "--out", "half", "--json"])
    #expect(try merged.object()["copied"] as? Int == 4)
    #expect(try merged.object()["thereAlready"] as? Int == 4)
    let summaries = try ["whole", "half"].map { folder in
      try grid.program.run(
        ["experiment", "summary", folder, "--format=json", "--replicates", "200"] + grid.home
      ).out
    }
    #expect(!summaries[0].isEmpty && summaries[0] == summaries[1])
    #expect(try grid.run("half", "--json").object()["finishedBefore"] as? Int == 8)
  }

  @Test("folders that don't belong together and cells that were changed are refused")
  func refused() throws {
    let grid = try TinyGrid()
    #expect(try grid.run("a").status == 0)
    try grid.write(seeds: "[0]")
    #expect(try grid.run("b").status == 0)
    let other = try grid.program.run(["experiment", "merge", "a", "b", "--out", "c"])
    #expect(other.status == 65 && other.err.contains("of another experiment"))
    #expect(!FileManager.default.fileExists(atPath: grid.place.file("c").path))
    let cells = grid.place.file("b/cells")
    let cell = try #require(
      FileManager.default.contentsOfDirectory(atPath: cells.path).min())
    try grid.place.write("id\tempathy\n", to: "b/cells/\(cell)/result/test.tsv")
    for arguments in [["merge", "b", "--out", "c"], ["summary", "b"] + grid.home] {
      let outcome = try grid.program.run(["experiment"] + arguments)
      #expect(outcome.status == 65, "\(outcome.err)")
      #expect(outcome.err.contains("test.tsv is"))
    }
    #expect(try grid.program.run(["experiment", "summary", "none"]).status == 66)
  }
}
