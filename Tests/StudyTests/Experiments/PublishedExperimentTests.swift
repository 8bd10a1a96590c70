import Foundation
import Reference
import Study
import TestSupport
import Testing

/// The files in `experiments/paper` are for the rows of tables V, VI and VIII, for figure 3, and for
/// the leak of section IV-A.
@Suite("The paper's experiments")
struct PublishedExperimentTests {
  private static let folder = Shared.checkout.appending(path: "experiments/paper")

  private static func experiments() throws -> [Experiment] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".json") }.sorted()
      .map { try Experiment(contentsOf: folder.appending(path: $0)) }
  }

  @Test("the files expand to rows of five seeds, with the recipe that is the default or another's")
  func expansion() throws {
    let experiments = try Self.experiments()
    #expect(
      Dictionary(uniqueKeysWithValues: experiments.map { ($0.name, $0.rows.count) }) == [
        "table5-newsemp24": 7, "table5-newsemp24-22": 14, "table5-newsemp24-23-22": 4,
        "table6-newsemp22": 3, "table6-newsemp24": 4, "table5-newsemp24-deberta": 7,
        "table6-newsemp24-deberta": 4, "figure3-newsemp24": 11, "table8-giorgi": 1,
        "section4a-leak": 1,
      ])
    let known: Set = ["newsemp22", "newsemp23", "newsemp24"]
    for experiment in experiments {
      #expect(experiment.seeds == [0, 42, 100, 999, 1234])
      #expect(
        experiment.evaluate == (experiment.name == "section4a-leak" ? ["test"] : ["dev", "test"]))
      let model = experiment.name.hasSuffix("deberta") ? "deberta-v3-base" : "roberta-base"
      for row in experiment.rows {
        let settings = row.settings
        let configuration = settings.recipe.configuration(seed: 0)
        #expect(configuration.followsPaper == (experiment.name != "table8-giorgi"))
        #expect(settings.model == "models/\(model)" && settings.validation == "dev")
        #expect(!TrainingResults.publishedRows(settings, encoder: model).isEmpty)
        #expect(known.isSuperset(of: [settings.benchmark] + settings.extra.map(\.benchmark)))
      }
    }
  }

  @Test("rows for figure 3, table VIII and section IV-A are taken for those, and as what they are")
  func beyondTables() throws {
    let named = Dictionary(uniqueKeysWithValues: try Self.experiments().map { ($0.name, $0) })
    func ids(_ name: String) throws -> [[String]] {
      try #require(named[name]).rows.map {
        TrainingResults.publishedRows($0.settings, encoder: "roberta-base")
      }
    }
    let shares = try ids("figure3-newsemp24").map(\.last)
    #expect(shares.first == "VI/newsemp24/roberta-base/crowd")
    #expect(shares[3] == "VI/newsemp24/roberta-base/crowd/newsemp22:llama@0.3")
    #expect(shares.last == "VI/newsemp24/roberta-base/crowd/newsemp22:llama")
    #expect(
      try ids("table8-giorgi")[0].contains("VIII/newsemp24+newsemp23+newsemp22/roberta-base/giorgi")
    )
    #expect(try ids("section4a-leak") == [["IV-A/newsemp24/roberta-base/crowd"]])
  }

  /// A row by what it trains on, in the terms of the published tables.
  private static func key(_ row: Experiment.Row) -> String {
    let settings = row.settings
    let encoder = settings.model.split(separator: "/").last ?? ""
    let extra = settings.extra.map { "\($0.benchmark)=\($0.labels)" }.sorted()
    let labels = settings.correct.map { "\($0)>\(settings.alpha ?? .nan)" } ?? settings.labels
    return (["\(encoder)", settings.benchmark, labels] + extra).joined(separator: " ")
  }

  @Test(
    "every row of the published tables has its row here, and no other is here",
    .enabled(if: Shared.exists, Shared.missing))
  func published() throws {
    let document = try JSONSerialization.jsonObject(with: Shared.data("paper/published.json"))
    let tables = try #require(document as? [String: Any])
    var expected: Set<String> = []
    for block in tables["table5_noise_correction"] as? [[String: Any]] ?? [] {
      let encoder = try #require(block["encoder"] as? String)
      let sets = try #require(block["train"] as? [String])
      let extra = sets.dropFirst().map { "\($0)=crowd" }.sorted()
      for row in block["rows"] as? [[String: Any]] ?? [] {
        let name = try #require(row["labels"] as? String)
        let labels = (row["alpha"] as? Double).map { "\(name)>\($0)" } ?? name
        expected.insert(([encoder, sets[0], labels] + extra).joined(separator: " "))
      }
    }
    for block in tables["table6_additional_data"] as? [[String: Any]] ?? [] {
      let encoder = try #require(block["encoder"] as? String)
      let base = try #require(block["base"] as? String)
      for row in block["rows"] as? [[String: Any]] ?? [] {
        let extra = row["extra"] as? [String: String]
        expected.insert(
          ([encoder, base, "crowd"]
            + (extra.map { ["\($0["data"] ?? "")=\($0["labels"] ?? "")"] } ?? []))
            .joined(separator: " "))
      }
    }
    let found = try Self.experiments().filter {
      $0.name.hasPrefix("table5") || $0.name.hasPrefix("table6")
    }
    .flatMap { $0.rows.map(Self.key) }
    #expect(expected.count >= 39)
    #expect(Set(found) == expected)
  }

  @Test("the small experiment has six rows of three seeds on open data")
  func small() throws {
    let experiment = try Experiment(
      contentsOf: Shared.checkout.appending(path: "experiments/small/newsemp18-minilm.json"))
    #expect(experiment.rows.count == 6 && experiment.seeds == [0, 42, 100])
    #expect(experiment.rows.allSatisfy { $0.settings.benchmark == "newsemp18" })
    #expect(experiment.baseline == "crowd")
  }
}
