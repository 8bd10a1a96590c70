import Basics
import Foundation
import Harness
import Metrics
import Reference
import Study
import TestSupport
import Testing

@Suite("Experiments: folds of persons")
struct ExperimentFoldsTests {
  /// Twelve rows by six persons in three folds, with two seeds.
  private struct Fixture {
    let home: StudyHome
    let inputs: ExperimentInputs
    let plan: ExperimentPlan
    let folder: ExperimentFolder

    init() throws {
      home = try StudyHome()
      let labels = try home.labels("llama", of: "train", rows: 0..<12)
      try TinyModel.write(to: home.folder.file("tiny"))
      let experiment = try Experiment(
        Data(
          #"""
          {"schema": 1, "name": "folds", "folds": {"split": "train", "count": 3},
           "seeds": [0, 42], "baseline": "crowd",
           "contrasts": [{"row": "llama", "less": "crowd", "figure": "rmse"}],
           "labelFiles": {"llama": {"sample24": ["\#(labels.path)"]}},
           "settings": {"model": "\#(home.folder.file("tiny").path)", "benchmark": "sample24",
                        "recipe": {"learningRate": 0.003}},
           "rows": [{"name": "crowd"}, {"name": "llama", "labels": "llama"}]}
          """#.utf8), name: "folds.json")
      inputs = ExperimentInputs(experiment, home: home.home, name: "folds.json")
      plan = try ExperimentPlan(experiment, inputs: inputs)
      folder = ExperimentFolder(home.folder.file("out"))
      try folder.begin(experiment, index: plan.index, sharded: false)
    }

    /// Trains and predicts some cells for real.
    func run(_ cells: [ExperimentPlan.Cell]) throws {
      var runner = ExperimentRunner(
        inputs: inputs, folder: folder, keepModels: false, observer: .init())
      try runner.run(cells)
    }

    func summary() throws -> ExperimentSummary {
      try ExperimentSummarizer(
        inputs: inputs, folder: folder, index: folder.index(), options: ScoringOptions()
      ).summary()
    }
  }

  @Test("every person is held out once, with all of their rows, in cells that go fold by fold")
  func cells() throws {
    let fixture = try Fixture()
    let cells = fixture.plan.cells
    #expect(cells.count == 12 && Set(cells.map(\.name)).count == 12)
    #expect(cells.map(\.fold) == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
    #expect(cells.map(\.seed) == [0, 0, 42, 42, 0, 0, 42, 42, 0, 0, 42, 42])
    #expect(cells.allSatisfy { $0.cell.trainingRows == 8 && $0.cell.validationRows == 0 })
    #expect(cells[0].title == "crowd, seed 0, fold 1")
    #expect(fixture.plan.index.rows[1].cells["42/3"] == cells[11].name)
    #expect(fixture.plan.index.rows[1].replaced == 8 && fixture.plan.index.rows[1].rows == 8)
  }

  @Test("folds are pooled over those that all rows have finished")
  func summary() throws {
    let fixture = try Fixture()
    #expect(try fixture.summary().splits.isEmpty)
    // A row of which nothing is finished is named and holds the others back nowhere.
    try fixture.run(Array(fixture.plan.cells[..<1]))
    let begun = try fixture.summary()
    #expect(begun.splits[0].rows.map(\.name) == ["crowd"] && begun.splits[0].n == 4)
    #expect(begun.notes.contains { $0.hasSuffix("finished yet of: llama.") })
    // The first fold of every row and seed, and the second of one row alone.
    try fixture.run(Array(fixture.plan.cells[..<5]))
    let first = try fixture.summary()
    #expect(first.splits[0].n == 4 && first.splits[0].clusters == 2)
    #expect(first.splits[0].rows.map(\.seeds) == [[0, 42], [0, 42]])
    try fixture.run(fixture.plan.cells)
    let whole = try fixture.summary()
    #expect(whole.splits[0].n == 12 && whole.splits[0].clusters == 6)

    // As if one file had held all rows.
    let train = try fixture.home.rated("train")
    let texts = try (1...3).map { fold in
      let cell = try #require(fixture.plan.index.rows[0].cells["0/\(fold)"])
      return try String(contentsOf: fixture.folder.predictions(cell, "train"), encoding: .utf8)
        .split(separator: "\n").dropFirst()
    }
    let read = try PredictionReader(train.definition, dataset: train.dataset)
      .read(Data((["id\tempathy"] + texts.joined()).joined(separator: "\n").utf8), name: "all.tsv")
    let score = ReleaseRule.open.release(
      try Scorer(train.definition, dataset: train.dataset).score(read))
    #expect(
      whole.splits[0].rows[0].metrics[.rmse]?.values.first
        == score.targets["empathy"]?[.rmse]?.value)
  }

  @Test("a declared contrast is the mean difference over seeds, with an interval")
  func contrast() throws {
    let fixture = try Fixture()
    try fixture.run(fixture.plan.cells)
    let split = try fixture.summary().splits[0]
    let contrast = try #require(split.contrasts?.first)
    let values = try split.rows.map { try #require($0.metrics[.rmse]).values }
    let mean = (values[1][0] - values[0][0] + values[1][1] - values[0][1]) / 2
    let (difference, low, high) = try (
      #require(contrast.difference), #require(contrast.low), #require(contrast.high)
    )
    #expect(contrast.seeds == 2 && abs(difference - mean) < 1e-4)
    #expect(low < mean && mean < high)
    #expect(contrast.adjusted == contrast.p)
  }

  @Test("few persons keep their labels; the others' come from the model, moved to the same mean")
  func fewLabels() throws {
    let fixture = try Fixture()
    var split = try fixture.home.rated("train")
    try split.add([fixture.home.labels("llama", of: "train", rows: 0..<11)]) { _ in }
    let few = LabelledEssay.keepingCrowd(split.essays, persons: 2, seed: 1, rest: nil)
    let more = LabelledEssay.keepingCrowd(split.essays, persons: 4, seed: 1, rest: nil)
    #expect(few.count == 4 && Set(few.map(\.person)).count == 2)
    #expect(Set(more.map(\.id)).isSuperset(of: few.map(\.id)))
    let filled = LabelledEssay.keepingCrowd(split.essays, persons: 2, seed: 1, rest: "llama")
    let own = Set(few.map(\.id))
    // One row has no label by the model; it is there if its person was drawn.
    #expect(filled.count == (own.contains(split.essays[11].id) ? 12 : 11))
    let shared = few.filter { $0.labels["llama"] != nil }
    let shift =
      shared.reduce(0) { $0 + ($1.crowd ?? 0) - ($1.labels["llama"] ?? 0) } / Double(shared.count)
    for essay in filled where !own.contains(essay.id) {
      #expect(essay.crowdSource == "llm:llama:moved")
      #expect(abs((essay.crowd ?? 0) - (essay.labels["llama"] ?? 0) - shift) < 1e-12)
    }
  }

  @Test("the study's files are read, with the three contrasts declared")
  func study() throws {
    let folder = Shared.checkout.appending(path: "experiments/study")
    let main = try Experiment(contentsOf: folder.appending(path: "newsemp18-persons.json"))
    let few = try Experiment(contentsOf: folder.appending(path: "newsemp18-few-labels.json"))
    #expect(main.rows.count == 11 && main.folds?.count == 5 && main.seeds.count == 2)
    #expect(
      main.contrasts.map { [$0.row, $0.less] } == [
        ["alpha 4", "flagged at the mean"], ["EM", "BLUP"], ["EM", "crowd"],
      ])
    #expect(few.rows.compactMap(\.settings.persons) == [20, 40, 80, 160, 20, 40, 80, 160])
    #expect(few.rows.map(\.settings.rest).suffix(4) == Array(repeating: "llama", count: 4)[...])
  }

  @Test("splits of one's own are faults beside folds")
  func faults() throws {
    let text = #"""
      {"schema": 1, "name": "folds", "folds": {"count": 1, "by": "text"}, "evaluate": ["test"],
       "settings": {"model": "m", "benchmark": "sample24", "train": ["dev"], "validation": "test"},
       "rows": [{"name": "crowd"}]}
      """#
    #expect {
      try Experiment(Data(text.utf8), name: "folds.json")
    } throws: { error in
      guard case .invalid(_, let faults)? = error as? StudyError else { return false }
      return Set(faults.map(\.place)).isSuperset(of: [
        "folds.count", "folds.by", "evaluate", "rows[0].train", "rows[0].validation",
      ])
    }
  }
}
