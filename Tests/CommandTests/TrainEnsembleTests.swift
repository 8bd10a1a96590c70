import Foundation
import TestSupport
import Testing

@Suite("Commands: labels like others, and ensembles of seeds")
struct TrainEnsembleTests {
  private let tiny: TinyTraining
  private static let labels = "sample24-files/llmpathy/NewsEmp2024/trac3_EMP_dev_gpt.tsv"

  init() throws { tiny = try TinyTraining() }

  @Test("an ensemble is the mean of its seeds, with their SD; scored and submitted as such")
  func ensemble() throws {
    let trained = try tiny.train(
      "run", ["--head-bias", "mean", "--seed", "3", "--seed", "4", "--seed", "9"])
    #expect(trained.status == 0, "\(trained.err)")
    let configuration = try #require(
      try tiny.json("run/seed-3/run.json")["configuration"] as? [String: Any])
    #expect(configuration["headBias"] as? String == "mean")
    let seeds = [3, 4, 9].map { "run/seed-\($0)" }
    let outcome = try tiny.predict("e.tsv", ["--ensemble"] + seeds + ["--meta", "meta.json"])
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(try tiny.table("e.tsv")[0] == ["id", "empathy", "sd_between_members"])
    var members: [[Double]] = []
    for seed in seeds {
      #expect(try tiny.predict("p.tsv", ["--model", "\(seed)/last"]).status == 0)
      members.append(try tiny.numbers("p.tsv", 1))
    }
    let (means, sds) = (try tiny.numbers("e.tsv", 1), try tiny.numbers("e.tsv", 2))
    #expect(means.count == 83)
    for row in means.indices {
      let values = members.map { $0[row] }
      let mean = values.reduce(0, +) / 3
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      // As numbers of single precision are written.
      #expect(abs(means[row] - mean) < 1e-5 && abs(sds[row] - (squares / 2).squareRoot()) < 1e-5)
    }
    #expect(sds.contains { $0 > 1e-4 })
    // A folder of a run and its last checkpoint are the same member.
    #expect(try tiny.predict("l.tsv", ["--ensemble"] + seeds.map { $0 + "/last" }).status == 0)
    #expect(try tiny.table("l.tsv") == tiny.table("e.tsv"))
    #expect(try tiny.predict("w.tsv", ["--format", "wassa", "--ensemble"] + seeds).status == 0)
    #expect(try tiny.table("w.tsv") == tiny.table("e.tsv").dropFirst().map { [$0[1]] })
    let score = try tiny.program.run(
      ["score", "e.tsv", "-b", "sample24", "-s", "test"] + tiny.home)
    #expect(score.status == 0, "\(score.err)")
    try checkRecord()
  }

  /// `meta.json` of the ensemble, and a submission made with it.
  private func checkRecord() throws {
    let meta = try tiny.json("meta.json")
    #expect(meta["kind"] as? String == "ensemble" && meta["seeds"] as? [Int] == [3, 4, 9])
    #expect(meta["trainingData"] as? [String] == ["sample24/dev"])
    #expect(meta["selection"] as? String == "mean of 3 seeds, each of the last epoch")
    let added = try tiny.program.run(
      ["submit", "add", "e.tsv", "-b", "sample24", "-s", "test", "--team", "T", "--system", "S"]
        + ["--meta", "meta.json"] + tiny.home)
    #expect(added.status == 0, "\(added.err)")
    let submission = try tiny.json("submissions/sample24/t-s/submission.json")
    #expect(submission["kind"] as? String == "ensemble")
    #expect(submission["seeds"] as? [Int] == [3, 4, 9])
    #expect((submission["baseModels"] as? [[String: String]])?.first?["name"] == "tiny")
    let one = try tiny.predict("o.tsv", ["--model", "run/seed-4/best", "--meta", "one.json"])
    #expect(one.status == 0, "\(one.err)")
    let single = try tiny.json("one.json")
    #expect(single["kind"] as? String == "fine-tuned" && single["seeds"] as? [Int] == [4])
    let parameters = try #require(single["parameters"] as? Int)
    #expect(parameters > 0 && submission["parameters"] as? Int == 3 * parameters)
  }

  @Test("runs that differ in more than the seed, or not in it, are no ensemble")
  func mismatch() throws {
    #expect(try tiny.train("a", ["--seed", "1"]).status == 0)
    #expect(try tiny.train("b", ["--seed", "2", "--learning-rate", "1e-4"]).status == 0)
    #expect(try tiny.train("c", ["--seed", "2", "--target", "distress"]).status == 0)
    func refused(_ members: [String], _ text: String, status: Int32 = 65) throws {
      let outcome = try tiny.predict("e.tsv", ["--ensemble"] + members)
      #expect(outcome.status == status && outcome.err.contains(text), "\(outcome.err)")
    }
    try refused(["a", "b"], "b: an ensemble's runs differ in the seed alone; compared with a")
    try refused(["a", "b"], "it has other settings of the training")
    try refused(["a", "c"], "targets distress, not empathy")
    try refused(["a", "a"], "it has the seed 1, as a has")
    try refused(["a", "tiny"], "there is no run.json")
    try refused(["a", "a/best"], "checkpoint best, not last")
    try refused(["a"], "at least two runs", status: 64)
    #expect(try tiny.predict("e.tsv", []).status == 64)
    #expect(try tiny.predict("e.tsv", ["--model", "a/last", "--ensemble", "a", "b"]).status == 64)
    #expect(!FileManager.default.fileExists(atPath: tiny.place.file("e.tsv").path))
  }

  @Test("labels like the crowd's are recorded in run.json, and taken again by --resume")
  func labelsLike() throws {
    let file = URL(filePath: tiny.home[1]).appending(path: Self.labels).path
    let outcome = try tiny.train("run", ["--labels", file, "--labels-like", "crowd"])
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.err.contains("labels of empathy rescaled: mean "))
    let source = try #require(try tiny.json("run/run.json")["source"] as? [String: Any])
    #expect(source["labelsLike"] as? String == "crowd")
    let scaling = try #require((source["scalings"] as? [[String: Any]])?.first)
    #expect(scaling["target"] as? String == "empathy")
    let (sd, new) = (scaling["sd"] as? Double ?? 0, scaling["newSD"] as? Double ?? 0)
    #expect(sd > 0 && new > 0 && abs(sd - new) > 0.01)
    let weights = { try Data(contentsOf: tiny.place.file("run/last/model.safetensors")) }
    let whole = try weights()
    let resumed = try tiny.program.run("train", "--resume", "--out", "run")
    #expect(resumed.status == 0, "\(resumed.err)")
    #expect(try weights() == whole)
    #expect(try tiny.train("plain", ["--labels", file]).status == 0)
    #expect(
      try Data(contentsOf: tiny.place.file("plain/steps.jsonl"))
        != Data(contentsOf: tiny.place.file("run/steps.jsonl")))
    let own = try tiny.train("crowd", ["--labels-like", "crowd"])
    #expect(own.status == 64 && own.err.contains("like the crowd's already"))
  }

  @Test("a table's labels are rescaled to the crowd's of its sets")
  func table() throws {
    let file = URL(filePath: tiny.home[1]).appending(path: Self.labels).path
    let made = try tiny.program.run(
      ["curate", "correct", "-b", "sample24", "--split", "dev", "--llm", "gpt=\(file)"]
        + ["--alpha", "1", "--out", "table.csv"] + tiny.home)
    #expect(made.status == 0, "\(made.err)")
    let outcome = try tiny.program.run(
      ["train", "--model", "tiny", "-b", "sample24", "--table", "table.csv", "--out", "run"]
        + ["--labels-like", "crowd", "--validation-split", "test", "--epochs", "1"]
        + ["--no-early-stop", "--max-length", "48"] + tiny.home)
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.err.contains("by 63 rows with both labels"))
  }
}
