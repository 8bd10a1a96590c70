import Foundation
import TestSupport
import Testing

@Suite("Command: replicate, from runs of training")
struct ReplicateTrainingTests {
  /// Synthetic rows in NewsEmp24's place, and a tiny model under the name of the paper's encoder,
  /// trained as three rows of table V ask for: what comes out replicates nothing.
  struct Runs {
    static let shared = Result { try Runs() }
    let folder: TemporaryFolder
    let program: Program

    private init() throws {
      folder = try TemporaryFolder()
      program = try Program(in: folder.url)
      try #require(try program.run("data", "sample").status == 0)
      try #require(
        try program.run("data", "import", "newsemp24", "--from", "data/sample24-files").status == 0)
      try TinyModel.write(to: folder.file("models/roberta-base"))
      let labels = "sample24-files/llmpathy/NewsEmp2024/trac3_EMP_train_gpt.tsv"
      try folder.write(
        #"""
        {"schema": 1, "name": "tiny", "evaluate": ["test"], "seeds": [0, 42, 100, 999, 1234],
         "baseline": "crowd", "labelFiles": {"gpt": {"newsemp24": ["\#(labels)"]}},
         "settings": {"model": "\#(folder.file("models/roberta-base").path)",
                      "benchmark": "newsemp24", "train": ["train"], "validation": "dev",
                      "keepOverlap": true,
                      "recipe": {"epochs": 1, "batch": 16, "learningRate": 0.01, "threads": 2,
                                 "maxLength": 24, "warmUp": 0, "earlyStopping": false}},
         "rows": [{"name": "crowd"}, {"name": "gpt", "correct": "gpt", "alpha": 3.5},
                  {"name": "another", "correct": "gpt", "alpha": 2.25}]}
        """#, to: "grid.json")
      let made = try program.run("experiment", "run", "grid.json", "--out", "runs")
      try #require(made.status == 0, "\(made.err)")
      try #require(try program.run("experiment", "summary", "runs").status == 0)
      try FileManager.default.copyItem(at: folder.file("runs"), to: folder.file("papers"))
      // What a run of roberta-base by the paper's recipe leaves, with the tiny model's predictions.
      try rewrite("papers/experiment.json") { experiment in
        var settings = experiment["settings"] as? [String: Any] ?? [:]
        settings["recipe"] = [String: Any]()
        experiment["settings"] = settings
      }
      try rewrite("papers/index.json") { index in
        let rows = index["rows"] as? [[String: Any]] ?? []
        index["rows"] = rows.map { $0.merging(["encoder": "roberta-base"]) { $1 } }
      }
    }

    private func rewrite(_ path: String, _ change: (inout [String: Any]) -> Void) throws {
      let file = folder.file(path)
      var object = try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
      change(&object)
      try JSONSerialization.data(withJSONObject: object).write(to: file)
    }

    /// A metric of each seed of a row, as the cells' score reports have it.
    func values(_ row: String, _ metric: String) throws -> [Double] {
      func object(_ path: String) throws -> [String: Any] {
        let data = try Data(contentsOf: folder.file(path))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      }
      let rows = try #require(try object("runs/index.json")["rows"] as? [[String: Any]])
      let entry = try #require(rows.first { $0["name"] as? String == row })
      let cells = try #require(entry["cells"] as? [String: String])
      return try cells.values.map { cell in
        let targets = try object("runs/cells/\(cell)/result/test.json")["targets"] as? [String: Any]
        let figures = targets?["empathy"] as? [String: Any]
        let figure = figures?[metric] as? [String: Any]
        return try #require((figure?["value"] as? NSNumber)?.doubleValue)
      }.sorted()
    }

    func claims(_ results: String) throws -> [String: [String: Any]] {
      let outcome = try program.run("replicate", "--results", results, "--format=json")
      #expect(outcome.status == 0, "\(outcome.err)")
      let replication = try outcome.object()["replication"] as? [String: Any]
      let claims = try #require(replication?["claims"] as? [[String: Any]])
      return Dictionary(
        uniqueKeysWithValues: claims.compactMap { claim in
          (claim["id"] as? String).map { ($0, claim) }
        })
    }
  }

  @Test("median and peak are those of the cells' reports, with seeds and interval apart")
  func figures() throws {
    let runs = try Runs.shared.get()
    let claims = try runs.claims("papers")
    for (metric, peak) in [("pcc", 4), ("rmse", 0)] {
      let values = try runs.values("crowd", metric)
      let median = try #require(claims["V/newsemp24/roberta-base/crowd/\(metric)/median"])
      #expect(median["ours"] as? Double == values[2])
      let best = try #require(claims["V/newsemp24/roberta-base/crowd/\(metric)/peak"])
      #expect(best["ours"] as? Double == values[peak])
      let seeds = try #require(best["seeds"] as? [String: Any])
      #expect(seeds["count"] as? Int == 5)
      #expect(seeds["sd"] is Double)
      let low = try #require(best["low"] as? Double)
      #expect(low < values[peak] && values[peak] < (best["high"] as? Double ?? 0))
      #expect(best["verdict"] as? String != "not run")
    }
  }

  @Test("a row stands for each place of the paper that has its settings, and for no other")
  func rows() throws {
    let claims = try Runs.shared.get().claims("papers")
    let run = Set(
      claims.filter { $0.value["ours"] != nil && $0.key.contains("roberta-base/") }.keys
        .map { $0.split(separator: "/").dropLast(2).joined(separator: "/") })
    #expect(
      run == [
        "V/newsemp24/roberta-base/crowd", "VI/newsemp24/roberta-base/crowd",
        "V/newsemp24/roberta-base/gpt:3.5",
      ])
    #expect(claims["headline/pcc"]?["verdict"] as? String == "not run")
  }

  @Test("a folder's name proves no encoder, and another recipe is no run of the paper's")
  func otherRecipe() throws {
    let claims = try Runs.shared.get().claims("runs")
    let claim = try #require(claims["V/newsemp24/roberta-base/crowd/pcc/peak"])
    #expect(claim["verdict"] as? String == "not run" && claim["ours"] == nil)
    #expect((claim["note"] as? String)?.hasPrefix("other recipe: ") == true)
  }

  @Test("figure 1's test is Student's over the seeds of both rows")
  func significance() throws {
    let runs = try Runs.shared.get()
    let claim = try #require(try runs.claims("papers")["figure-1/mixed/pcc"])
    let p = try #require(claim["ours"] as? Double)
    let (a, b) = (try runs.values("gpt", "pcc"), try runs.values("crowd", "pcc"))
    func mean(_ x: [Double]) -> Double { x.reduce(0, +) / 5 }
    func squares(_ x: [Double]) -> Double { x.reduce(0) { $0 + ($1 - mean(x)) * ($1 - mean(x)) } }
    let t = (mean(a) - mean(b)) / ((squares(a) + squares(b)) / 8 * 2 / 5).squareRoot()
    // Student's t with 8 degrees of freedom in closed form (Abramowitz and Stegun 26.7.4).
    let sine = t / (8 + t * t).squareRoot()
    let cosine2 = 1 - sine * sine
    let series = 1 + cosine2 * (1.0 / 2 + cosine2 * (3.0 / 8 + cosine2 * 15 / 48))
    let expected = 1 - abs(sine) * series
    // The reports are rounded to 4 decimals.
    #expect(abs(p - expected) < 0.02)
    #expect(claim["verdict"] as? String == (p < 0.05 ? "replicated" : "not replicated"))
  }

  @Test("a summary is shown on the site's page, with no claim resting on it")
  func summary() throws {
    let runs = try Runs.shared.get()
    let alone = try runs.claims("runs/summary/summary.json")
    #expect(alone["V/newsemp24/roberta-base/crowd/pcc/peak"]?["verdict"] as? String == "not run")
    let built = try runs.program.run(
      "site", "build", "--submissions", "none", "--results", "papers", "--out",
      "public", "--replicates", "200")
    #expect(built.status == 0, "\(built.err)")
    let page = try String(
      contentsOf: runs.folder.file("public/replication.html"), encoding: .utf8)
    #expect(page.contains("The method on other data"))
    #expect(page.contains("5 seeds"))
    let checked = try runs.program.run("site", "check", "public", "--submissions", "none")
    #expect(checked.status == 0, "\(checked.out)")
  }

  @Test("results that are not there end with 66")
  func missing() throws {
    let runs = try Runs.shared.get()
    for arguments in [["--results", "nowhere"], ["--results", "no.json"], ["--embedded", "no"]] {
      #expect(try runs.program.run(["replicate"] + arguments).status == 66)
    }
  }
}
