import Foundation
import TestSupport
import Testing

@Suite("Commands: embed, and comparing corrections")
struct EmbedTests {
  private let folder: TemporaryFolder
  private let program: Program
  private let home: [String]

  init() throws {
    folder = try TemporaryFolder()
    program = try Program(in: folder.url)
    let sample = try SampleFolder.shared.get()
    home = ["--data", sample.folder.file("data").path]
    try TinyModel.write(to: folder.file("model"))
  }

  private func embed(_ more: [String]) throws -> Program.Outcome {
    try program.run(["embed", "--model", "model"] + home + more)
  }

  @Test("embed writes states, ids without labels, both pictures and a report, for the owner alone")
  func files() throws {
    let outcome = try embed(
      ["-b", "sample24", "-s", "dev", "--out", "states", "--seed", "3", "--json"])
    #expect(outcome.status == 0, "\(outcome.err)")
    let report = try outcome.object()
    #expect(report["rows"] as? Int == 63)
    #expect(report["channels"] as? Int == 16)
    #expect(report["labels"] as? String == "crowd")
    let silhouette = try #require(report["silhouette"] as? Double)
    #expect((-1...1).contains(silhouette))
    let states = [UInt8](try Data(contentsOf: folder.file("states/states.npy")))
    let header = String(decoding: states[10..<128], as: UTF8.self)
    #expect(header.contains("'shape': (63, 16), }"))
    #expect(states.count == 128 + 63 * 16 * 4)
    let rows = try String(contentsOf: folder.file("states/rows.tsv"), encoding: .utf8)
    #expect(rows.hasPrefix("set\tid\nsample24/dev\t"))
    #expect(rows.split(separator: "\n").allSatisfy { $0.split(separator: "\t").count == 2 })
    for name in ["pca.svg", "tsne.svg"] {
      let svg = try String(contentsOf: folder.file("states/\(name)"), encoding: .utf8)
      #expect(svg.components(separatedBy: " r=\"3\"/>").count - 1 == 63)
      #expect(svg.contains("6 to 7"))
    }
    for name in ["states.npy", "rows.tsv", "pca.svg", "tsne.svg", "embedding.json"] {
      let mode = try FileManager.default.attributesOfItem(
        atPath: folder.file("states/\(name)").path)[.posixPermissions]
      #expect(mode as? Int == 0o600)
    }
  }

  @Test("the same seed gives the same bytes")
  func bytes() throws {
    for name in ["one", "two"] {
      #expect(
        try embed(["-b", "sample24", "-s", "test", "--out", name, "--seed", "5"]).status == 0)
    }
    for name in ["states.npy", "pca.svg", "tsne.svg", "embedding.json"] {
      let files = try ["one", "two"].map { try Data(contentsOf: folder.file("\($0)/\(name)")) }
      #expect(files[0] == files[1])
    }
  }

  @Test("ways to correct are compared on states, with their controls and declared contrasts")
  func compare() throws {
    #expect(
      try embed(["-b", "sample24", "-s", "train", "--out", "train", "--no-tsne"]).status == 0)
    #expect(!FileManager.default.fileExists(atPath: folder.file("train/tsne.svg").path))
    let sample = try SampleFolder.shared.get()
    let labels = sample.folder.file(
      "data/sample24-files/llmpathy/NewsEmp2024/trac3_EMP_train_llama.tsv"
    ).path
    let arguments =
      ["curate", "compare", "-b", "sample24", "--llm", "llama=\(labels)", "--folds", "4"]
      + ["--states"]
    let outcome = try program.run(arguments + ["train", "--format=json"] + home)
    #expect(outcome.status == 0, "\(outcome.err)")
    let report = try outcome.object()
    #expect(report["features"] as? String == "first-token states")
    let ways = try #require(report["ways"] as? [[String: Any]])
    #expect(
      ways.compactMap { $0["labels"] as? String } == [
        "crowd", "llm:llama:alpha=4.0", "llm:llama:centred:alpha=4.0", "llm:llama:mean",
        "llm:llama:em", "crowd:blup", "llm:llama:soft:text", "llm:llama",
        "llm:llama:random:alpha=4.0:seed=0", "llm:llama:same-persons:alpha=4.0:seed=0",
        "llm:llama:flagged-mean:alpha=4.0", "llm:llama:flagged-text:alpha=4.0",
      ])
    #expect(ways.compactMap { $0["isControl"] as? Bool }.count { $0 } == 4)
    #expect(ways.filter { $0["lessCrowd"] == nil }.count == 1)
    for way in ways {
      for figure in ["pccWithin", "pcc", "ccc", "cccCalibrated", "rmse"] {
        let bounds = try #require(way[figure] as? [String: Double], "\(figure)")
        let (low, high) = (try #require(bounds["low"]), try #require(bounds["high"]))
        #expect(low < high)
      }
    }
    let contrasts = try #require(report["contrasts"] as? [[String: Any]])
    #expect(
      contrasts.compactMap { $0["second"] as? String } == [
        "llm:llama:flagged-mean:alpha=4.0", "crowd:blup", "crowd",
      ])
    let gaps = try #require(contrasts[2]["gaps"] as? [String: [String: Double]])
    #expect((0...1).contains(try #require(gaps["pccWithin"]?["p"])))
    let text = try program.run(
      arguments + ["train", "--held-out", "persons-and-articles", "--alpha", "3"] + home)
    #expect(text.status == 0, "\(text.err)")
    #expect(text.out.contains("new persons on new articles"))
    #expect(text.out.contains("C, how others read the essay: cannot be measured"))
    #expect(text.out.contains("llm:llama:em less crowd:blup"))
    // States of another split don't fit.
    #expect(
      try embed(["-b", "sample24", "-s", "dev", "--out", "other", "--no-tsne"]).status == 0)
    let wrong = try program.run(arguments + ["other"] + home)
    #expect(wrong.status == 65)
    #expect(wrong.err.contains("no state for 1000 rows"))
  }

  @Test("a training table brings its own labels, and says whose they are")
  func table() throws {
    let labels = try SampleFolder.shared.get().folder.file(
      "data/sample24-files/llmpathy/NewsEmp2024/trac3_EMP_dev_gpt.tsv"
    ).path
    let made = try program.run(
      [
        "curate", "correct", "-b", "sample24", "-s", "dev", "--llm", "gpt=\(labels)", "--alpha",
        "1",
      ]
        + ["--evaluation", "test", "--out", "table.csv"] + home)
    #expect(made.status == 0, "\(made.err)")
    let outcome = try embed(["--table", "table.csv", "--out", "states", "--no-tsne", "--json"])
    #expect(outcome.status == 0, "\(outcome.err)")
    let report = try outcome.object()
    #expect(report["rows"] as? Int == 63)
    #expect(report["labels"] as? String == "mixed")
    #expect(report["sets"] as? [String] == ["sample24/dev"])
  }

  @Test("what makes no sense ends with 64, a model that is not there with 66")
  func errors() throws {
    #expect(try embed(["--out", "x"]).status == 64)
    #expect(
      try embed(["-b", "sample24", "--out", "x", "--perplexity", "0"]).status == 64)
    let missing = try program.run(
      ["embed", "--model", "nowhere", "-b", "sample24", "-s", "dev", "--out", "x"] + home)
    #expect(missing.status == 66, "\(missing.err)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("x").path))
  }
}
