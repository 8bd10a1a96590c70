import Foundation
import TestSupport
import Testing

@Suite("Commands: predictions with an SD")
struct TrainGaussianTests {
  private let tiny: TinyTraining

  init() throws { tiny = try TinyTraining() }

  @Test("a gaussian head trains, predicts an SD, and its seeds make a mixture")
  func seeds() throws {
    let trained = try tiny.train(
      "run",
      ["--head", "gaussian", "--beta", "0.5", "--variance-penalty", "1", "--head-bias", "mean"]
        + ["--seed", "1", "--seed", "2"])
    #expect(trained.status == 0, "\(trained.err)")
    #expect(trained.err.contains("  95% intervals cover "))
    let result = try tiny.json("run/seed-1/run.json")["result"] as? [String: Any]
    let calibration = (result?["calibration"] as? [String: [String: Any]])?["empathy"]
    #expect(calibration?["n"] as? Int == 83 && (calibration?["coverage"] as? Double ?? 0) > 0.5)
    let seeds = ["run/seed-1", "run/seed-2"]
    for (seed, file) in zip(seeds, ["a.tsv", "b.tsv"]) {
      let outcome = try tiny.predict(file, ["--model", "\(seed)/last"])
      #expect(outcome.status == 0, "\(outcome.err)")
      #expect(try tiny.table(file)[0] == ["id", "empathy", "sd"])
      #expect(try tiny.numbers(file, 2).allSatisfy { $0 > 0 && $0 < 32 })
    }
    #expect(try tiny.predict("e.tsv", ["--ensemble"] + seeds).status == 0)
    #expect(try tiny.table("e.tsv")[0] == ["id", "empathy", "sd"])
    let (a, b) = (try tiny.numbers("a.tsv", 1), try tiny.numbers("b.tsv", 1))
    let (sdA, sdB) = (try tiny.numbers("a.tsv", 2), try tiny.numbers("b.tsv", 2))
    for (row, sd) in try tiny.numbers("e.tsv", 2).enumerated() {
      let mean = (a[row] + b[row]) / 2
      let second =
        (a[row] * a[row] + sdA[row] * sdA[row] + b[row] * b[row] + sdB[row] * sdB[row]) / 2
      #expect(abs(sd * sd - (second - mean * mean)) < 1e-4)
    }
    #expect(
      try tiny.predict("w.tsv", ["--model", "run/seed-1/last", "--format", "wassa"]).status == 0)
    #expect(try tiny.table("w.tsv").allSatisfy { $0.count == 1 })
    #expect(
      try tiny.program.run(["score", "a.tsv", "-b", "sample24", "-s", "test"] + tiny.home).status
        == 0)
  }

  @Test("two targets have a mean and an SD each")
  func targets() throws {
    let trained = try tiny.train(
      "run", ["--head", "gaussian", "--target", "empathy", "--target", "distress", "--seed", "1"])
    #expect(trained.status == 0, "\(trained.err)")
    #expect(trained.err.contains("  distress: 95% intervals cover "))
    #expect(try tiny.predict("p.tsv", ["--model", "run/last"]).status == 0)
    #expect(
      try tiny.table("p.tsv")[0] == ["id", "empathy", "distress", "empathy_sd", "distress_sd"])
  }

  @Test("options of the gaussian head belong to it")
  func refused() throws {
    for more in [
      ["--beta", "0.5"], ["--head", "linear", "--variance-penalty", "1"],
      ["--head", "gaussian", "--huber", "1"], ["--head", "gaussian", "--alignment", "1"],
      ["--head", "gaussian", "--beta", "2"], ["--head", "other"],
    ] {
      #expect(try tiny.train("run", more).status == 64, "\(more)")
    }
    #expect(!FileManager.default.fileExists(atPath: tiny.place.file("run").path))
  }

  @Test("an experiment's summary says how well the predicted SDs fit, seed by seed and mixed")
  func experiment() throws {
    let grid = try TinyGrid()
    try grid.write(
      rows: #"""
        [{"name": "crowd"},
         {"name": "gaussian", "labelsLike": "crowd", "correct": "gpt", "alpha": 1,
          "recipe": {"head": "gaussian", "headBias": "mean", "variancePenalty": 0.5}}]
        """#)
    let outcome = try grid.run("out")
    #expect(outcome.status == 0, "\(outcome.err)")
    let summary = try grid.program.run(
      ["experiment", "summary", "out", "--replicates", "100", "--format=json"] + grid.home)
    #expect(summary.status == 0, "\(summary.err)")
    let splits = try #require(try summary.object()["splits"] as? [[String: Any]])
    let rows = try #require(splits.first?["rows"] as? [[String: Any]])
    #expect(rows.map { $0["calibration"] != nil } == [false, true])
    let figures = try #require(rows[1]["calibration"] as? [String: Any])
    let seeds = try #require(figures["seeds"] as? [[String: Double]])
    #expect(seeds.count == 2 && seeds.allSatisfy { $0["n"] == 83 && ($0["coverage"] ?? 2) <= 1 })
    let mixture = try #require(figures["mixture"] as? [String: Double])
    // A row's mixture has at least the mean SD of its parts.
    let own = seeds.compactMap { $0["meanSD"] }.reduce(0, +) / 2
    #expect(try #require(mixture["meanSD"]) >= own - 1e-3)
    let notes = try #require(try summary.object()["notes"] as? [String])
    #expect(
      notes.contains {
        $0.contains("gaussian, predicted SDs: 95% intervals cover ")
          && $0.contains("(mean over 2 seeds); the mixture of the seeds: ")
      })
  }
}
