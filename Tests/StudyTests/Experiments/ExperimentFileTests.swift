import Basics
import Foundation
import Reference
import Study
import TestSupport
import Testing

@Suite("Experiment files")
struct ExperimentFileTests {
  private static func experiment(_ text: String, threads: Int? = nil) throws -> Experiment {
    try Experiment(Data(text.utf8), name: "grid.json", threads: threads)
  }

  private static func file(
    rows: String, settings: String = #""model": "m", "benchmark": "newsemp18""#,
    more: String = ""
  ) -> String {
    #"""
    {"schema": 1, "name": "grid", "seeds": [0, 42], \#(more)
     "labelFiles": {"llama": {"newsemp18": ["a.tsv"], "newsemp22": ["b.tsv"]}},
     "settings": {\#(settings)}, "rows": \#(rows)}
    """#
  }

  @Test("a grid is the product of its axes, laid over the row and the settings")
  func grid() throws {
    let experiment = try Self.experiment(
      Self.file(
        rows: #"""
          [{"name": "crowd"},
           {"name": "corrected", "correct": "llama",
            "grid": {"recipe.epochs": [3, 5], "alpha": [3.5, 4, 4.5]}},
           {"name": "more", "extra": [{"benchmark": "newsemp22", "labels": "llama"}],
            "grid": {"extra.0.portion": [0.25, 1]}}]
          """#,
        settings: #""model": "m", "benchmark": "newsemp18", "recipe": {"batch": 4}"#))
    #expect(
      experiment.rows.map(\.name) == [
        "crowd", "corrected, alpha=3.5, recipe.epochs=3", "corrected, alpha=3.5, recipe.epochs=5",
        "corrected, alpha=4, recipe.epochs=3", "corrected, alpha=4, recipe.epochs=5",
        "corrected, alpha=4.5, recipe.epochs=3", "corrected, alpha=4.5, recipe.epochs=5",
        "more, extra.0.portion=0.25", "more, extra.0.portion=1",
      ])
    let row = experiment.rows[4].settings
    #expect(row.correction(of: "crowd") == .threshold(llm: "llama", alpha: 4))
    #expect(row.recipe.configuration(seed: 7).epochs == 5)
    #expect(row.recipe.configuration(seed: 7).batchSize == 4)
    #expect(row.recipe.configuration(seed: 7).seed == 7)
    #expect(experiment.rows[0].settings.correction(of: "crowd") == LabelCorrection.none)
    #expect(experiment.rows[7].settings.extra.map(\.portion) == [0.25])
    #expect(experiment.rows[7].settings.extra.map(\.splits) == [["train", "dev"]])
  }

  @Test("a row names its way to correct labels, and has what that way needs")
  func ways() throws {
    let experiment = try Self.experiment(
      Self.file(
        rows: #"""
          [{"name": "em", "correct": "llama", "way": "em"}, {"name": "blup", "way": "blup"},
           {"name": "random", "correct": "llama", "way": "random", "alpha": 4},
           {"name": "text", "correct": "llama", "way": "flagged-text", "alpha": 4},
           {"name": "plain", "correct": "llama", "alpha": 4}]
          """#))
    let settings = experiment.rows.map(\.settings)
    #expect(
      settings.map { $0.correction(of: "crowd") } == [
        .em(llm: "llama"), .blup, .random(llm: "llama", alpha: 4, seed: 0),
        .flaggedText(llm: "llama", alpha: 4, text: "text"), .threshold(llm: "llama", alpha: 4),
      ])
    #expect(settings[0].correction(of: "gpt") == .replace(llm: "gpt"))
    // Only the plain threshold is the paper's.
    #expect(TrainingResults.publishedRows(settings[1], encoder: "roberta-base").isEmpty)
    for wrong in [
      #""way": "em""#, #""way": "blup", "correct": "llama""#,
      #""way": "em", "correct": "llama", "alpha": 4"#, #""way": "random", "correct": "llama""#,
      #""way": "auto", "correct": "llama", "alpha": 4"#, #""alpha": 4"#,
    ] {
      #expect(throws: StudyError.self, "\(wrong)") {
        try Self.experiment(Self.file(rows: "[{\"name\": \"a\", \(wrong)}]"))
      }
    }
  }

  @Test("the defaults are the recipe of training")
  func defaults() throws {
    let row = try Self.experiment(Self.file(rows: #"[{"name": "a"}]"#)).rows[0].settings
    #expect(row.recipe.configuration(seed: 0) == TrainingConfiguration())
    #expect(row.recipe.maxLength == 512 && row.recipe.checkpoint == .last)
    let threads = try Self.experiment(
      Self.file(rows: #"[{"name": "a", "recipe": {"threads": 4}}]"#), threads: 1)
    #expect(threads.rows[0].settings.recipe.configuration(seed: 0).threads == 1)
  }

  @Test("a file may ask for a head that starts at the mean, and labels like the crowd's")
  func starts() throws {
    let rows = try Self.experiment(
      Self.file(
        rows: #"""
          [{"name": "a", "labelsLike": "crowd"},
           {"name": "b", "grid": {"recipe.headBias": ["zero", "mean"]}}]
          """#)
    ).rows.map(\.settings)
    #expect(rows.map(\.labelsLikeCrowd) == [true, false, false])
    let recipes = rows.map { $0.recipe.configuration(seed: 0) }
    // Zero is no setting of its own: such cells keep their names.
    #expect(recipes[1] == TrainingConfiguration() && recipes[2].headBias == .mean)
    #expect {
      try Self.experiment(
        Self.file(rows: #"[{"name": "a", "labelsLike": "gpt", "recipe": {"headBias": "one"}}]"#))
    } throws: { error in
      guard case .invalid(_, let faults)? = error as? StudyError else { return false }
      return faults.map(\.expected) == ["crowd", "zero or mean"]
    }
  }

  @Test("every fault of a file is named with its place")
  func faults() throws {
    let text = #"""
      {"schema": 2, "name": "Bad Name", "seeds": [1, 1], "baseline": "none", "sedes": 3,
       "settings": {"model": "m", "benchmark": "newsemp18", "recipe": {"epoch": 3, "batch": 0.5}},
       "rows": [{"name": "a", "alpha": 7, "correct": "llama"}, {"name": "a", "train": "dev"},
                {"name": "b", "labels": "gpt"}, {"name": "c", "grid": {"model.x": [1]}}]}
      """#
    #expect {
      try Self.experiment(text)
    } throws: { error in
      guard case .invalid("grid.json", let faults)? = error as? StudyError else {
        return false
      }
      let places = Set(faults.map { "\($0.place) \($0.found)" })
      let expected: Set = [
        "schema 2", "name Bad Name", "seeds [1, 1]", "baseline none", "sedes an unknown field",
        "rows[0].recipe.epoch an unknown field", "rows[0].recipe.batch 0.5", "rows[0].alpha 7",
        "rows[1] a second row named a", "rows[1].train dev", "rows[2] labels by gpt",
        "rows[3].grid model.x",
      ]
      #expect(expected.subtracting(places).isEmpty, "\(places)")
      return true
    }
  }

  @Test("text that is no JSON is refused with the parser's reason")
  func syntax() {
    #expect {
      try Self.experiment(#"{"schema": 1,,}"#)
    } throws: { error in
      guard case .invalid(_, let faults)? = error as? StudyError else { return false }
      return faults.count == 1 && faults[0].expected == "valid JSON" && !faults[0].found.isEmpty
    }
  }

  @Test("shards are disjoint and together the whole")
  func shards() throws {
    let cells = Array(0..<10)
    for count in 1...12 {
      let parts = try (1...count).map { index in
        try #require(Shard("\(index)/\(count)")).part(of: cells)
      }
      #expect(parts.flatMap(\.self).sorted() == cells)
    }
    for text in ["0/2", "3/2", "1", "1/", "a/b", "1/2/3", "-1/2"] { #expect(Shard(text) == nil) }
  }
}

@Suite("Experiment cells")
struct ExperimentCellTests {
  private static let recipe = try? Experiment(
    Data(
      #"""
      {"schema": 1, "name": "a", "rows": [{"name": "a", "model": "m", "benchmark": "b"}]}
      """#.utf8), name: "a"
  ).rows[0].settings.recipe

  private static func cell(
    training: LabelledRows = LabelledRows(["one", "two"], labels: [1, 2]), seed: UInt64 = 0
  ) throws -> ExperimentCell {
    ExperimentCell(
      model: "m", training: training, validation: LabelledRows(["three"], labels: [3]),
      recipe: try #require(recipe), seed: seed)
  }

  @Test("a cell's name follows from what it depends on, and from nothing else")
  func names() throws {
    let name = try Self.cell().name()
    #expect(name.count == 16)
    #expect(try Self.cell().name() == name)
    let others = try [
      Self.cell(seed: 1), Self.cell(training: LabelledRows(["one", "two"], labels: [1, 2.5])),
      Self.cell(training: LabelledRows(["two", "one"], labels: [2, 1])),
      Self.cell(training: LabelledRows(["onetwo", ""], labels: [1, 2])),
    ].map { try $0.name() }
    #expect(Set(others + [name]).count == 5)
  }

  @Test("a cell written as JSON reads back as the same cell")
  func coding() throws {
    let cell = try Self.cell()
    let read = try JSONDecoder().decode(
      ExperimentCell.self, from: try JSONEncoder().encode(cell))
    #expect(read == cell)
    #expect(try read.name() == cell.name())
  }

  @Test("a model's digest covers weights, configuration and vocabulary, not other files")
  func modelDigest() throws {
    let folder = try TemporaryFolder()
    try TinyModel.write(to: folder.file("a"))
    try TinyModel.write(to: folder.file("b"))
    try TinyModel.write(to: folder.file("c"), seed: 2)
    try folder.write("read me", to: "b/README.md")
    let digests = try ["a", "b", "c"].map { try ModelDirectory.digest(of: folder.file($0)) }
    #expect(digests[0] == digests[1])
    #expect(digests[0] != digests[2])
    try folder.write("[PAD]\n", to: "b/vocab.txt")
    #expect(try ModelDirectory.digest(of: folder.file("b")) != digests[0])
  }
}
