import Foundation
import TestSupport
import Testing

@Suite("Commands: several targets, contexts and pairs")
struct TrainTargetsTests {
  private let place: TemporaryFolder
  private let program: Program
  private static let quick = [
    "--epochs", "2", "--batch", "16", "--no-early-stop", "--threads", "1",
  ]

  init() throws {
    place = try TemporaryFolder()
    program = try Program(in: place.url)
    try TinyModel.write(to: place.file("tiny"))
  }

  private func json(_ path: String) throws -> [String: Any] {
    let document = try JSONSerialization.jsonObject(with: Data(contentsOf: place.file(path)))
    return try #require(document as? [String: Any])
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: place.file(path)) }

  /// The WASSA form and a zip of it hold the predictions of `p.tsv`, and every reader takes them.
  private func checkWASSA(_ home: [String]) throws {
    let split = ["-b", "sample24", "-s", "test"] + home
    let predict = ["predict", "--model", "run/last", "--format", "wassa", "--out"]
    #expect(try program.run(predict + ["w.tsv"] + split).status == 0)
    #expect(try program.run(predict + ["w.zip", "--zip"] + split).status == 0)
    func rows(_ file: String) throws -> [[Substring]] {
      String(decoding: try bytes(file), as: UTF8.self).split(separator: "\n").map {
        $0.split(separator: "\t")
      }
    }
    #expect(try rows("w.tsv") == rows("p.tsv").dropFirst().map { Array($0.dropFirst()) })
    let figures = try ["p.tsv", "w.tsv", "w.zip"].map { file in
      #expect(try program.run(["validate", file] + split).status == 0)
      let scored = try program.run(["score", file, "--replicates", "200", "--format=json"] + split)
      return try #require(try scored.object()["targets"] as? NSDictionary)
    }
    #expect(figures[0] == figures[1] && figures[0] == figures[2])
    for folder in ["input/ref", "input/res"] {
      try FileManager.default.createDirectory(
        at: place.file(folder), withIntermediateDirectories: true)
    }
    try FileManager.default.copyItem(
      at: URL(filePath: home[1]).appending(path: "sample24"), to: place.file("input/ref/sample24"))
    try FileManager.default.copyItem(at: place.file("w.zip"), to: place.file("input/res/w.zip"))
    let codabench = try program.run(
      "codabench", "input", "output", "-b", "sample24", "-s", "test", "--replicates", "200")
    #expect(codabench.status == 0, "\(codabench.err)")
    let other = try program.run(
      ["predict", "--model", "tiny", "--format", "wassa", "--target", "distress"] + split)
    #expect(other.status != 0)
    #expect(try program.run(["predict", "--model", "run/last", "--zip"] + split).status == 64)
  }

  @Test("two targets are trained, predicted and scored")
  func sample() throws {
    let home = ["--data", try SampleFolder.shared.get().folder.file("data").path]
    let trained = try program.run(
      ["train", "--model", "tiny", "-b", "sample24", "--train-split", "dev"]
        + ["--validation-split", "test", "--target", "empathy", "--target", "distress"]
        + ["--weight", "distress=2", "--max-length", "48", "--out", "run"] + Self.quick + home)
    #expect(trained.status == 0, "\(trained.err)")
    #expect(trained.err.contains("63 essays to train on, 83 to validate on, 8 steps at most"))
    #expect(trained.err.contains("distress CCC"))
    let epochs = try String(contentsOf: place.file("run/epochs.jsonl"), encoding: .utf8)
    let lines = epochs.split(separator: "\n")
    #expect(lines.count == 2 && lines.allSatisfy { $0.contains(#""targets":{"distress":{"ccc""#) })
    let configuration = try json("run/last/config.json")
    #expect(
      configuration["id2label"] as? [String: String] == ["0": "empathy", "1": "distress"])
    let predicted = try program.run(
      ["predict", "--model", "run/last", "-b", "sample24", "-s", "test", "--out", "p.tsv"] + home)
    #expect(predicted.status == 0, "\(predicted.err)")
    let table = try String(contentsOf: place.file("p.tsv"), encoding: .utf8)
    #expect(table.hasPrefix("id\tempathy\tdistress\n"))
    let scored = try program.run(
      ["score", "p.tsv", "-b", "sample24", "-s", "test", "--replicates", "200", "--format=json"]
        + home)
    let targets = try #require(try scored.object()["targets"] as? [String: [String: Any]])
    // What the run's last validation of the same split said, of the population's moments here.
    for target in ["empathy", "distress"] {
      let pcc = try #require((targets[target]?["pcc"] as? [String: Double])?["value"])
      let last = try JSONSerialization.jsonObject(with: Data(try #require(lines.last).utf8))
      let own = (last as? [String: Any])?["targets"] as? [String: [String: Double]]
      #expect(abs(pcc - (try #require(own?[target]?["pcc"]))) < 1e-3)
    }
    try checkWASSA(home)
    let renamed = try program.run(
      ["predict", "--model", "run/last", "-b", "sample24", "-s", "test", "--target", "empathy"]
        + home)
    #expect(renamed.status == 64)
    #expect(renamed.err.contains("--target has to be given 2 times, or not at all"))
  }

  private static let definition = #"""
    {"schema": 1, "id": "turns", "title": "Turns", "description": "Made up", "licence": "CC0",
     "source": "here", "open": true, "rowNoun": "turn",
     "targets": [{"name": "valence", "low": 0, "high": 10}, {"name": "arousal", "low": -1, "high": 1}],
     "clusters": ["conversation"], "primary": {"target": "valence", "metric": "ccc"},
     "defaultSplit": "dev",
     "splits": [{"name": "train", "file": "train.csv", "format": "csv"},
                {"name": "dev", "file": "dev.csv", "format": "csv"}],
     "columns": {"id": ["id"], "text": "text", "pair": "answered", "clusters": {"conversation": "talk"},
                 "targets": {"valence": "V", "arousal": "A"}, "attributes": {"turn": "turn"}},
     "groups": [], "missing": [], "quirks": []}
    """#

  /// Imports a benchmark of 24 and 8 turns in talks of 4; every third row lacks one label.
  private func turns() throws -> [String] {
    try place.write(Self.definition, to: "turns.json")
    for (split, count) in [("train", 24), ("dev", 8)] {
      var lines = ["id,talk,turn,text,answered,V,A"]
      for row in 0..<count {
        let (valence, arousal) = (
          "\((row * 7) % 11)", row % 3 == 2 ? "" : "\(Double(row % 5) / 4 - 0.5)"
        )
        lines.append(
          "\(row),t\(row / 4),\(row % 4),\"we met, \(row) times\",so \(row % 4),\(valence),\(arousal)"
        )
      }
      try place.write(lines.joined(separator: "\n") + "\n", to: "files/\(split).csv")
    }
    let imported = try program.run("data", "import", "turns.json", "--from", "files")
    #expect(imported.status == 0, "\(imported.err)")
    return ["-b", "turns.json"]
  }

  private static let task = [
    "--target", "valence", "--target", "arousal", "--context", "2", "--context-order", "turn",
    "--pair", "answered", "--max-length", "30",
  ]

  @Test("a context and a second text are read again by predict and after --resume, without options")
  func carried() throws {
    let benchmark = try turns()
    let begin = ["train", "--model", "tiny"] + benchmark + Self.task + Self.quick
    let whole = try program.run(begin + ["--out", "whole"])
    #expect(whole.status == 0, "\(whole.err)")
    #expect(whole.err.contains("8 of 24 turns have no label of arousal"))
    #expect(whole.err.contains("24 turns to train on, 8 to validate on"))
    let run = try json("whole/run.json")
    let input = try #require(run["input"] as? [String: Any])
    #expect(input["context"] as? Int == 2 && input["contextBy"] as? String == "conversation")
    #expect(input["pair"] as? String == "pair" && input["contextOrder"] as? String == "turn")

    let half = try program.run(begin + ["--stop-after", "1", "--out", "parts"])
    #expect(half.status == 0, "\(half.err)")
    // The run goes on to its second epoch, as one that was stopped there would.
    var description = try json("parts/run.json")
    var configuration = try #require(description["configuration"] as? [String: Any])
    configuration["lastEpoch"] = nil
    description["configuration"] = configuration
    try JSONSerialization.data(withJSONObject: description).write(to: place.file("parts/run.json"))
    let state = try json("parts/last/state.json")
    try JSONSerialization.data(withJSONObject: state.merging(["isFinished": false]) { $1 })
      .write(to: place.file("parts/last/state.json"))
    let resumed = try program.run("train", "--resume", "--out", "parts")
    #expect(resumed.status == 0, "\(resumed.err)")
    for file in ["steps.jsonl", "epochs.jsonl", "last/model.safetensors", "last/config.json"] {
      #expect(try bytes("whole/\(file)") == bytes("parts/\(file)"), "\(file)")
    }

    let predict = ["predict"] + benchmark + ["-s", "dev", "--out"]
    #expect(try program.run(predict + ["p.tsv", "--model", "whole/last"]).status == 0)
    var fields = try json("whole/last/config.json")
    fields["invitro_input"] = nil
    let last = place.file("whole/last").resolvingSymlinksInPath()
    try FileManager.default.copyItem(at: last, to: place.file("copy"))
    try JSONSerialization.data(withJSONObject: fields).write(to: place.file("copy/config.json"))
    #expect(try program.run(predict + ["q.tsv", "--model", "copy"]).status == 0)
    #expect(try bytes("p.tsv") != bytes("q.tsv"), "the context is read")
    #expect(try program.run(["score", "p.tsv"] + benchmark + ["-s", "dev"]).status == 0)
  }

  @Test("what the benchmark has not, and what contradicts itself, is refused")
  func refused() throws {
    let benchmark = try turns()
    func status(_ more: String...) throws -> Int32 {
      try program.run(["train", "--model", "tiny", "--out", "run"] + benchmark + more).status
    }
    #expect(try status("--target", "empathy") == 64)
    #expect(try status("--target", "valence", "--target", "valence") == 64)
    #expect(try status("--target", "valence", "--weight", "arousal=2") == 64)
    #expect(try status("--weight", "valence=0") == 64)
    #expect(try status("--context", "1", "--context-by", "person") == 64)
    #expect(try status("--context-by", "conversation") == 64)
    #expect(try status("--pair", "article") == 64)
    #expect(!FileManager.default.fileExists(atPath: place.file("run").path))
  }
}
