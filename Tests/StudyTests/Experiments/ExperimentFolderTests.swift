import Basics
import Foundation
import Glibc
import Harness
import Metrics
import Reference
import Study
import TestSupport
import Testing

/// An experiment on a made-up data home: crowd labels, and corrections at two thresholds.
private struct Fixture {
  let home: StudyHome
  let experiment: Experiment
  let inputs: ExperimentInputs

  init(model: Bool = true) throws {
    home = try StudyHome()
    let labels = try home.labels("llama", of: "train", rows: 0..<12)
    if model { try TinyModel.write(to: home.folder.file("tiny")) }
    experiment = try Experiment(
      Data(
        #"""
        {"schema": 1, "name": "grid", "evaluate": ["test"], "seeds": [0, 42], "baseline": "crowd",
         "labelFiles": {"llama": {"sample24": ["\#(labels.path)"]}},
         "settings": {"model": "\#(home.folder.file("tiny").path)", "benchmark": "sample24"},
         "rows": [{"name": "crowd"},
                  {"name": "llama", "correct": "llama", "grid": {"alpha": [1, 2.5, 6]}}]}
        """#.utf8), name: "grid.json")
    inputs = ExperimentInputs(experiment, home: home.home, name: "grid.json")
  }

  func plan() throws -> ExperimentPlan { try ExperimentPlan(experiment, inputs: inputs) }

  func folder(_ name: String) throws -> ExperimentFolder {
    let folder = ExperimentFolder(home.folder.file(name))
    try folder.begin(experiment, index: plan().index, sharded: false)
    return folder
  }

  /// Finishes a cell with predictions that lie off the gold labels by up to `error`.
  func finish(_ cell: ExperimentPlan.Cell, in folder: ExperimentFolder, error: Double) throws {
    let test = try inputs.dataset("sample24", "test")
    let values = test.rows.enumerated().map { n, row in
      Float((row.labels["empathy"] ?? 4) + error * Double((n * 7 + Int(cell.seed)) % 5 - 2) / 2)
    }
    let file = folder.predictions(cell.name, "test")
    try AtomicFile.createFolder(folder.result(cell.name))
    try PredictionFormat.data(
      ModelPredictions(means: values.map { [$0] }), of: test, targets: ["empathy"]
    ).write(to: file)
    let done: [String: Any] = [
      "schema": 1, "epochs": 1, "steps": 1, "reason": "finished", "kernel": "Test",
      "version": "0", "claim": 1, "keepsModels": false,
      "splits": [
        [
          "split": "test", "rows": test.rows.count, "essays": ExperimentFolder.digest(test),
          "predictions": try Digest.sha256(of: file),
        ] as [String: Any]
      ],
    ]
    try JSONSerialization.data(withJSONObject: done)
      .write(to: folder.result(cell.name).appending(path: "done.json"))
  }
}

@Suite("Experiments: cells, merge and summary")
struct ExperimentFolderTests {
  @Test("rows with the same training rows share their cells; a cell's state is listed")
  func cells() throws {
    let fixture = try Fixture()
    let plan = try fixture.plan()
    // No label differs by more than 2: the thresholds 2.5 and 6 leave the crowd's labels.
    #expect(plan.cells.count == 4)
    #expect(plan.cells.map(\.seed) == [0, 0, 42, 42])
    #expect(plan.index.rows.map(\.replaced) == [0, 3, 0, 0])
    #expect(plan.index.rows[2].cells == plan.index.rows[0].cells)
    #expect(plan.index.rows[1].provenances.values.reduce(0, +) == 12)
    let folder = try fixture.folder("out")
    try fixture.finish(plan.cells[0], in: folder, error: 1)
    let run = folder.run(plan.cells[1].name, 1)
    try AtomicFile.createFolder(run)
    try Data("{}".utf8).write(to: run.appending(path: "run.json"))
    let listing = try ExperimentListing(plan.cells, folder: folder, inputs: fixture.inputs)
    #expect(listing.cells.map(\.state) == ["finished", "begun", "to do", "to do"])
    #expect(listing.cells.map(\.row) == ["crowd", "llama, alpha=1", "crowd", "llama, alpha=1"])
    #expect(try folder.index() == plan.index)
  }

  @Test("what is not there is named at once, with how to get it")
  func missing() throws {
    let fixture = try Fixture(model: false)
    #expect {
      try fixture.inputs.check()
    } throws: { error in
      guard case .missing("grid.json", let inputs)? = error as? StudyError else { return false }
      return inputs.map(\.path).contains { $0.hasSuffix("tiny/config.json") }
    }
    #expect(throws: HarnessError.self) {
      try ExperimentFolder(fixture.home.folder.file("nothing")).index()
    }
  }

  @Test("one cell is worked on by one process")
  func lock() throws {
    let folder = try TemporaryFolder()
    var watch = ClaimWatch()
    var first = try CellClaim(folder.url, watch: &watch)
    #expect(first?.number == 1)
    #expect(try CellClaim(folder.url, watch: &watch) == nil)
    first?.release()
    let second = try #require(try CellClaim(folder.url, watch: &watch))
    #expect(second.number == 2 && second.before == .init(number: 1, isGone: true))
    first = nil
    #expect(try CellClaim(folder.url, watch: &watch) == nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).count == 2)
  }

  @Test(
    "a cell of another machine is taken over when its claim stands still, whatever its clock says",
    arguments: [-7200, 0, 7200], ["", #"{"host":"a","machine":"elsewhere","process":1}"# + "\n"])
  func takeOver(skew: Int, owner: String) async throws {
    let folder = try TemporaryFolder()
    let file = folder.file("claim-1")
    func touch(_ seconds: Int) {
      let when = timespec(tv_sec: time(nil) + skew + seconds, tv_nsec: 0)
      #expect(utimensat(AT_FDCWD, file.path, [when, when], 0) == 0)
    }
    try Data(owner.utf8).write(to: file)
    touch(0)
    let lease = 0.6
    var (watch, late) = (ClaimWatch(lease: lease), ClaimWatch(lease: lease))
    #expect(try CellClaim(folder.url, watch: &watch) == nil)
    touch(10)
    try await Task.sleep(for: .seconds(lease * 1.1))
    #expect(try CellClaim(folder.url, watch: &watch) == nil)
    #expect(watch.isAlive(folder.url))
    try await Task.sleep(for: .seconds(lease * 1.1))
    // Who looks for the first time has to wait.
    #expect(try CellClaim(folder.url, watch: &late) == nil)
    let claim = try #require(try CellClaim(folder.url, watch: &watch))
    #expect(claim.number == 2 && claim.before == .init(number: 1, isGone: false))
    #expect(try CellClaim(folder.url, watch: &late) == nil)
    // Somebody takes it over while this process stands still.
    try Data(owner.utf8).write(to: folder.file("claim-3"))
    for _ in 0..<200 where !claim.isLost { try await Task.sleep(for: .milliseconds(20)) }
    #expect(claim.isLost)
    claim.release()
    #expect(try String(contentsOf: folder.file("claim-3"), encoding: .utf8) == owner)
  }

  @Test("the first result of a cell stays, unless it is of other essays")
  func firstResult() throws {
    let folder = ExperimentFolder(try TemporaryFolder().url)
    func publish(_ reason: String, essays: String) throws -> Bool {
      let split = #"{"split": "test", "rows": 1, "essays": "\#(essays)", "predictions": ""}"#
      let done = Data(
        #"""
        {"schema": 1, "splits": [\#(split)], "epochs": 1, "steps": 1, "reason": "\#(reason)",
         "kernel": "", "claim": 1, "keepsModels": false, "version": ""}
        """#.utf8)
      let draft = folder.cell("a").appending(path: "result-\(reason)")
      try AtomicFile.createFolder(draft)
      try done.write(to: draft.appending(path: "done.json"))
      let isOurs = try folder.publish(
        "a", draft, JSONDecoder().decode(ExperimentFolder.Done.self, from: done).splits)
      #expect(!FileManager.default.fileExists(atPath: draft.path))
      return isOurs
    }
    #expect(try publish("first", essays: "old"))
    #expect(try !publish("second", essays: "old"))
    #expect(try folder.done("a")?.reason == "first")
    #expect(try publish("third", essays: "new"))
    #expect(try folder.done("a")?.reason == "third")
  }

  @Test("a merge copies each finished cell once, counts the rest, and can be repeated")
  func merge() throws {
    let fixture = try Fixture()
    let cells = try fixture.plan().cells
    let parts = try ["a", "b"].map(fixture.folder)
    try fixture.finish(cells[0], in: parts[0], error: 1)
    try fixture.finish(cells[0], in: parts[1], error: 1)
    try fixture.finish(cells[1], in: parts[1], error: 1)
    try AtomicFile.createFolder(parts[0].cell(cells[2].name))
    let target = ExperimentFolder(fixture.home.folder.file("all"))
    let merged = try ExperimentMerge(parts, into: target)
    #expect(merged.copied == 2 && merged.thereAlready == 0)
    #expect(merged.unfinished == 1 && merged.missing == 1)
    #expect(try target.done(cells[1].name) != nil)
    let again = try ExperimentMerge(parts, into: target)
    #expect(again.copied == 0 && again.thereAlready == 2)
  }

  @Test("a merge refuses cells with other predictions, changed files and other experiments")
  func conflicts() throws {
    let fixture = try Fixture()
    let cell = try fixture.plan().cells[0]
    let parts = try ["a", "b"].map(fixture.folder)
    try fixture.finish(cell, in: parts[0], error: 1)
    try fixture.finish(cell, in: parts[1], error: 2)
    let target = ExperimentFolder(fixture.home.folder.file("all"))
    #expect(throws: StudyError.self) { try ExperimentMerge(parts, into: target) }
    try fixture.finish(cell, in: parts[1], error: 1)
    try Data("id\tempathy\n".utf8).write(to: parts[1].predictions(cell.name, "test"))
    #expect(throws: StudyError.self) { try ExperimentMerge(parts, into: target) }
    try fixture.finish(cell, in: parts[1], error: 1)
    var other = try fixture.plan().index
    other.rows.removeLast()
    try parts[1].begin(fixture.experiment, index: other, sharded: false)
    #expect(throws: StudyError.self) { try ExperimentMerge(parts, into: target) }
    #expect(throws: StudyError.self) {
      try parts[1].begin(fixture.experiment, index: fixture.plan().index, sharded: true)
    }
    #expect(!FileManager.default.fileExists(atPath: target.url.path))
  }

  private static func summary(
    _ fixture: Fixture, _ folder: ExperimentFolder
  ) throws -> ExperimentSummary {
    try ExperimentSummarizer(
      inputs: fixture.inputs, folder: folder, index: folder.index(),
      options: ScoringOptions(
        inference: InferenceOptions(replicates: 200), method: SystemInference.defaultMethod,
        cluster: nil)
    ).summary()
  }

  @Test("a summary compares the rows with the baseline over seeds and over persons")
  func summary() throws {
    let fixture = try Fixture()
    let cells = try fixture.plan().cells
    let folder = try fixture.folder("out")
    for cell in cells.dropLast() {
      try fixture.finish(cell, in: folder, error: cell.row.name == "crowd" ? 3 : 1)
    }
    let summary = try Self.summary(fixture, folder)
    let split = try #require(summary.splits.first)
    #expect(summary.splits.count == 1 && split.n == 12 && split.clusters == 6)
    #expect(split.rows.map(\.seeds) == [[0, 42], [0], [0, 42], [0, 42]])
    let baseline = try #require(split.rows[0].metrics[.pcc])
    let corrected = try #require(split.rows[1].metrics[.pcc])
    #expect(baseline.values.count == 2 && baseline.seedTest == nil && baseline.rowTest == nil)
    #expect(corrected.values[0] > baseline.values[0])
    let test = try #require(corrected.rowTest)
    #expect((test.difference ?? 0) > 0)
    #expect((test.adjusted ?? 0) >= (test.p ?? 1))
    #expect(corrected.seedTest != nil)
    #expect(summary.notes.contains("1 of 4 cells are not finished."))
    #expect(summary.notes.contains { $0.hasPrefix("Fewer than 3 seeds") })
    let alpha = split.sweeps.filter { $0.variable == ExperimentSummary.alphaVariable }
    #expect(alpha.map(\.metric) == ["pcc", "ccc", "rmse"])
    #expect(alpha.first?.series.first?.points.map(\.x) == [1, 2.5, 6])
  }

  @Test("a summary refuses predictions that are not what their cell wrote")
  func changed() throws {
    let fixture = try Fixture()
    let cell = try fixture.plan().cells[0]
    let folder = try fixture.folder("out")
    try fixture.finish(cell, in: folder, error: 1)
    try Data("id\tempathy\n".utf8).write(to: folder.predictions(cell.name, "test"))
    #expect(throws: StudyError.self) { try Self.summary(fixture, folder) }
    try FileManager.default.removeItem(at: folder.cell(cell.name))
    #expect(try Self.summary(fixture, folder).splits.isEmpty)
  }
}
