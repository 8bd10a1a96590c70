import Foundation
import TestSupport
import Testing

@Suite("Commands: what a model's labels may replace")
struct SubstituteTests {
  private static let labels = "data/sample24-files/llmpathy/NewsEmp2024"
  private static let train = [
    "-b", "sample24", "-s", "train", "--labels", "llama=\(labels)/trac3_EMP_train_llama.tsv",
  ]
  private static let test = "\(labels)/test_data_with_labels/goldstandard_EMP_llama_llama_plain.tsv"

  private static func run(_ arguments: [String]) throws -> Program.Outcome {
    try SampleFolder.shared.get().program.run(["substitute"] + arguments)
  }

  private static func verdict(_ outcome: Program.Outcome) throws -> String? {
    (try outcome.object()["answer"] as? [String: Any])?["verdict"] as? String
  }

  @Test("mean rehearses over persons, shows groups, and answers in words")
  func mean() throws {
    let outcome = try Self.run(["mean"] + Self.train + ["--labelled", "40", "--by", "gender"])
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.out.contains("intervals over persons"))
    #expect(outcome.out.contains("labels of 40 persons, drawn 1000 times, seed 1"))
    #expect(outcome.out.contains("Answer: "))
    #expect(outcome.out.contains("gender Female"))
    let json = try Self.run(["mean"] + Self.train + ["--labelled", "40", "--format=json"]).object()
    let whole = try #require((json["estimates"] as? [[String: Any]])?.first)
    #expect(whole["labelled"] as? Int == 40 && whole["unlabelled"] as? Int == 35)
    let multiplier = try #require(whole["multiplier"] as? Double)
    let limit = try #require(whole["limit"] as? Double)
    #expect(multiplier > 0.8 && multiplier < limit + 0.1)
    #expect((whole["answer"] as? [String: Any])?["sentence"] is String)
  }

  @Test("rows are independent only where asked for by name, and the report warns")
  func rows() throws {
    let outcome = try Self.run(
      ["mean"] + Self.train + ["--labelled", "400", "--draws", "5", "--rows-are-independent"])
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.out.contains("do not publish them"))
    let byPerson = try Self.run(["mean"] + Self.train + ["--labelled", "400"])
    #expect(byPerson.status == 64 && byPerson.err.contains("below 75"))
  }

  @Test("too few labelled persons, and one label a row, cannot answer")
  func unanswerable() throws {
    let few = try Self.run(["mean"] + Self.train + ["--labelled", "10"])
    #expect(few.status == 0 && few.out.contains("cannot be answered from these data"))
    let rater = try Self.run(["rater", "-b", "sample24", "-s", "test"])
    #expect(rater.status == 0, "\(rater.err)")
    #expect(rater.out.contains("cannot be answered from these data"))
    #expect(rater.out.contains("self-report"))
  }

  @Test("score compares both intervals of a system")
  func score() throws {
    let sample = try SampleFolder.shared.get()
    let outcome = try Self.run([
      "score", try sample.system(0), "-b", "sample24", "-s", "test", "--labels",
      "llama=\(Self.test)", "--labelled", "30", "--draws", "3", "--replicates", "200",
      "--format=json",
    ])
    #expect(outcome.status == 0, "\(outcome.err)")
    let report = try outcome.object()
    let widths = ["poweredWidth", "classicalWidth"].compactMap { report[$0] as? Double }
    #expect(widths.count == 2 && widths.allSatisfy { $0 > 0 && $0 < 2 })
    #expect(report["draws"] as? Int == 3)
    #expect(["no", "partly"].contains(try Self.verdict(outcome)))
  }

  @Test("training draws the curve with its break-even; the ceiling is a bracket")
  func statesOfRows() throws {
    let sample = try SampleFolder.shared.get()
    let place = try TemporaryFolder()
    let program = try Program(in: place.url)
    let home = ["--data", sample.folder.file("data").path]
    try TinyModel.write(to: place.file("model"))
    let split = ["-b", "sample24", "-s", "test"]
    let embedded = try program.run(
      ["embed", "--model", "model", "--out", "states"] + split + home)
    try #require(embedded.status == 0, "\(embedded.err)")
    let labels = ["--labels", "llama=\(sample.folder.file(Self.test).path)", "--states", "states"]
    let training = try program.run(
      ["substitute", "training", "--persons", "10", "--persons", "20", "--draws", "3", "--svg"]
        + ["curve.svg"] + split + home + labels)
    #expect(training.status == 0, "\(training.err)")
    #expect(training.out.contains("Answer: "))
    let svg = try String(contentsOf: place.file("curve.svg"), encoding: .utf8)
    #expect(svg.contains("persons labelled by people") && svg.contains("people alone"))

    let ceiling = try program.run(
      ["substitute", "ceiling", "--format=json"] + split + home + labels)
    #expect(ceiling.status == 0, "\(ceiling.err)")
    let estimates = try #require(try ceiling.object()["estimates"] as? [[String: Any]])
    #expect(estimates.count == 3)
    for estimate in estimates {
      #expect((estimate["ceiling"] == nil) == (estimate["reason"] is String))
    }
  }

  @Test("rater reads ratings in long form and finds the model that is nearest to the truth")
  func rater() throws {
    let place = try TemporaryFolder()
    var lines = ["item,rater,value"]
    for item in 0..<60 {
      let truth = 1 + item % 5
      for (rater, errors) in [
        ("a", [2, -1, 1, -2]), ("b", [-2, 1, 2, -1]), ("c", [1, 2, -2, -1]),
      ] {
        lines.append("\(item),\(rater),\(truth + errors[(item / 5 + item) % 4])")
      }
      lines.append("\(item),llm,\(truth)")
    }
    try place.write(lines.joined(separator: "\n") + "\n", to: "ratings.csv")
    let program = try Program(in: place.url)
    let ask = ["substitute", "rater", "--ratings", "ratings.csv", "--format=json", "--model"]
    let good = try program.run(ask + ["llm"])
    #expect(good.status == 0, "\(good.err)")
    #expect(try Self.verdict(good) == "yes")
    #expect(try good.object()["winningRate"] as? Double == 1)
    let bad = try program.run(ask + ["a"])
    #expect(try Self.verdict(bad) == "no")
    #expect(try program.run(ask + ["nobody"]).status == 64)
    try place.write("item,rater,value\n1,a,x\n", to: "ratings.csv")
    let broken = try program.run(ask + ["a"])
    #expect(broken.status == 65 && broken.err.contains("ratings.csv:2:3 (value)"))
  }

  struct Wrong: Sendable {
    let status: Int32
    let arguments: [String]
  }

  private static let wrong: [Wrong] = [
    Wrong(status: 64, arguments: ["mean", "-b", "sample24"]),
    Wrong(status: 64, arguments: ["mean"] + train + ["--level", "2"]),
    Wrong(status: 64, arguments: ["mean"] + train + ["--by", "shoe-size"]),
    Wrong(status: 64, arguments: ["training"] + train + ["--persons", "2"]),
    Wrong(status: 64, arguments: ["rater"]),
    Wrong(status: 64, arguments: ["rater", "--ratings", "x.csv"]),
    Wrong(status: 64, arguments: ["ceiling", "-b", "sample24"]),
    Wrong(status: 66, arguments: ["rater", "--ratings", "absent.csv", "--model", "llm"]),
    Wrong(status: 66, arguments: ["mean", "-b", "sample24", "--labels", "llama=absent.tsv"]),
  ]

  @Test("what makes no sense ends with 64, and a missing file with 66", arguments: wrong)
  func errors(wrong: Wrong) throws {
    let outcome = try Self.run(wrong.arguments)
    #expect(outcome.status == wrong.status, "\(outcome.err)")
    #expect(outcome.out.isEmpty && !outcome.err.isEmpty)
  }
}
