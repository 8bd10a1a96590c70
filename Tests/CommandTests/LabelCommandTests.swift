import Foundation
import TestSupport
import Testing

@Suite("Commands: labels, agreement and curation")
struct LabelCommandTests {
  /// NewsEmp18 imported once, and the published labels of its essays.
  struct OpenSet {
    static let shared = Result { try OpenSet() }
    static let labels = ["llama", "gpt"].map { name in
      "\(name)="
        + Shared.url("data/llmpathy/NewsEmp2022/messages_train_ready_for_WS_\(name).tsv").path
    }

    let folder: TemporaryFolder
    let program: Program

    private init() throws {
      folder = try TemporaryFolder()
      program = try Program(in: folder.url)
      let made = try program.run(
        "data", "import", "newsemp18", "--from", Shared.url("data/newsemp18").path)
      try #require(made.status == 0, "\(made.err)")
    }
  }

  // MARK: agreement

  @Test(
    "agreement on NewsEmp18 gives the figures that are known for it",
    .enabled(if: Shared.exists, Shared.missing))
  func agreement() throws {
    let set = try OpenSet.shared.get()
    let outcome = try set.program.run(
      "agreement", "-b", "newsemp18", "-s", "all", "--labels", OpenSet.labels[0], "--labels",
      OpenSet.labels[1], "--largest", "3", "--svg", "differences.svg", "--format=json")
    #expect(outcome.status == 0, "\(outcome.err)")
    let report = try outcome.object()
    let pairs = try #require(report["pairs"] as? [[String: Any]])
    #expect(
      pairs.map { "\($0["first"] ?? "")-\($0["second"] ?? "")" }.sorted()
        == ["crowd-gpt", "crowd-llama", "gpt-llama"])
    let llama = try #require(pairs.first { $0["second"] as? String == "llama" })
    #expect(llama["n"] as? Int == 1860)
    #expect(llama["alpha"] as? Double == 0.4014)
    #expect(llama["pcc"] as? Double == 0.4369)
    #expect(pairs.first { $0["second"] as? String == "gpt" }?["n"] as? Int == 1855)
    #expect(outcome.err.contains("gpt: 5 rows of newsemp18/all have no label"))
    let svg = try String(contentsOf: set.folder.file("differences.svg"), encoding: .utf8)
    #expect(svg.contains("crowd - llama") && svg.contains("1860 essays"))
  }

  @Test(
    "the text of essays is shown only on request, and the list says what it is for",
    .enabled(if: Shared.exists, Shared.missing))
  func texts() throws {
    let set = try OpenSet.shared.get()
    let arguments = [
      "agreement", "-b", "newsemp18", "-s", "all", "--labels", OpenSet.labels[0], "--largest", "2",
      "--format=json",
    ]
    func rows(_ outcome: Program.Outcome) throws -> [[String: Any]] {
      let lists = try #require(try outcome.object()["largest"] as? [[String: Any]])
      return try #require(lists.first?["rows"] as? [[String: Any]])
    }
    let plain = try set.program.run(arguments)
    #expect(try rows(plain).count == 2)
    #expect(try rows(plain).allSatisfy { $0["essay"] == nil })
    #expect(plain.err.contains("for this machine, not for publication"))
    let shown = try set.program.run(arguments + ["--show-text"])
    #expect(try rows(shown).allSatisfy { ($0["essay"] as? String)?.isEmpty == false })
  }

  @Test("agreement shows groups, and none that is withheld")
  func groups() throws {
    let sample = try SampleFolder.shared.get()
    let file =
      "data/sample24-files/llmpathy/NewsEmp2024/test_data_with_labels/goldstandard_EMP_llama_llama_plain.tsv"
    let outcome = try sample.program.run(
      "agreement", "-b", "sample24", "-s", "test", "--labels", "llama=\(file)", "--labels",
      "plain=\(file)", "--label-column", "plain=llm_empathy_plain", "--largest", "0",
      "--format=json")
    #expect(outcome.status == 0, "\(outcome.err)")
    let groups = try #require(try outcome.object()["groups"] as? [[String: Any]])
    #expect(!groups.isEmpty)
    for group in groups {
      let agreement = group["agreement"] as? [String: Any]
      #expect((agreement == nil) == (group["suppressed"] is String))
      #expect(agreement.map { ($0["n"] as? Int ?? 0) >= 10 } ?? true)
    }
  }

  // MARK: curate

  @Test(
    "correct replaces as many labels as are known to differ by more than alpha",
    .enabled(if: Shared.exists, Shared.missing),
    arguments: zip([3.0, 3.5, 4.0, 4.5, 5.0], [276, 165, 93, 51, 25]))
  func correct(alpha: Double, replaced: Int) throws {
    let set = try OpenSet.shared.get()
    let outcome = try set.program.run(
      "curate", "correct", "-b", "newsemp18", "-s", "all", "--llm", OpenSet.labels[0], "--alpha",
      "\(alpha)", "--out", "corrected-\(alpha).csv", "--json")
    #expect(outcome.status == 0, "\(outcome.err)")
    let manifest = try #require(try outcome.object()["manifest"] as? [String: Any])
    #expect(manifest["rows"] as? Int == 1860)
    let provenances = try #require(manifest["provenances"] as? [String: Int])
    #expect(provenances["llm:llama:alpha=\(alpha)"] == replaced)
    #expect(provenances["crowd"] == 1860 - replaced)
    let file = set.folder.file("corrected-\(alpha).csv")
    let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions]
    #expect(mode as? Int == 0o600)
  }

  @Test(
    "every way makes a table that training reads, with its name as provenance",
    .enabled(if: Shared.exists, Shared.missing),
    arguments: [
      ("em", "llm:llama:em"), ("blup", "crowd:blup"), ("mean", "llm:llama:mean"),
      ("centred", "llm:llama:centred:alpha=4.0"),
      ("same-persons", "llm:llama:same-persons:alpha=4.0:seed=0"),
      ("flagged-mean", "llm:llama:flagged-mean:alpha=4.0"),
    ])
  func ways(way: String, provenance: String) throws {
    let set = try OpenSet.shared.get()
    let outcome = try set.program.run(
      ["curate", "correct", "-b", "newsemp18", "-s", "all", "--way", way, "--out", "\(way).csv"]
        + (way == "blup" ? [] : ["--llm", OpenSet.labels[0]]) + ["--json"])
    #expect(outcome.status == 0, "\(outcome.err)")
    let report = try outcome.object()
    let manifest = try #require(report["manifest"] as? [String: Any])
    let provenances = try #require(manifest["provenances"] as? [String: Int])
    let made = try #require(provenances[provenance])
    switch way {
    // As many as the threshold replaces.
    case "same-persons", "flagged-mean": #expect(made == 93)
    case "centred": #expect(made > 0 && made < 93)
    default: #expect(made == 1860)
    }
    let components = report["components"] as? [String: Any]
    #expect((components != nil) == (way == "em" || way == "blup"))
    let again = try set.program.run(
      "score", "\(way).csv", "-b", "newsemp18", "-s", "all", "--replicates", "200")
    #expect(again.status == 0, "\(again.err)")
    #expect(again.out.contains(/PCC within clusters +0\.[0-9]+/))
  }

  @Test(
    "a corrected table is read as labels of its split, row for row",
    .enabled(if: Shared.exists, Shared.missing))
  func readable() throws {
    let set = try OpenSet.shared.get()
    let made = try set.program.run(
      "curate", "correct", "-b", "newsemp18", "-s", "test", "--llm", OpenSet.labels[0], "--alpha",
      "6", "--out", "uncorrected.csv")
    #expect(made.status == 0, "\(made.err)")
    let score = try set.program.run(
      "score", "uncorrected.csv", "-b", "newsemp18", "-s", "test", "--drop-missing",
      "--format=json",
      "--replicates", "200")
    #expect(score.status == 0, "\(score.err)")
    let targets = try #require(try score.object()["targets"] as? [String: [String: Any]])
    #expect((targets["empathy"]?["pcc"] as? [String: Any])?["value"] as? Double == 1)
  }

  @Test(
    "augment adds another benchmark's rows by a seeded share, with the labels chosen",
    .enabled(if: Shared.exists, Shared.missing))
  func augment() throws {
    let set = try OpenSet.shared.get()
    try #require(try set.program.run("data", "sample").status == 0)
    let outcome = try set.program.run(
      "curate", "augment", "-b", "sample24", "--with", "newsemp18", "--with-split", "all",
      "--labels", "llama", "--llm", OpenSet.labels[0], "--portion", "0.3", "--seed", "7",
      "--evaluation", "test", "--out", "more.csv", "--json")
    #expect(outcome.status == 0, "\(outcome.err)")
    let manifest = try #require(try outcome.object()["manifest"] as? [String: Any])
    let provenances = try #require(manifest["provenances"] as? [String: Int])
    #expect(provenances["llm:llama"] == 558)
    let steps = try #require(manifest["steps"] as? [[String: Any]])
    #expect(steps.compactMap { $0["chosen"] as? Int } == [1000, 558])
  }

  @Test("rows of the evaluation split are left out of the table, and --keep-overlap keeps them")
  func overlap() throws {
    let sample = try SampleFolder.shared.get()
    let arguments = [
      "curate", "augment", "-b", "sample24", "--with", "sample24", "--with-split", "test",
      "--evaluation", "test", "--json", "--out",
    ]
    let refused = try sample.program.run(arguments + ["strict.csv"]).object()
    let kept = try sample.program.run(arguments + ["lax.csv", "--keep-overlap"]).object()
    func added(_ object: [String: Any]) throws -> Int {
      let steps = (object["manifest"] as? [String: Any])?["steps"] as? [[String: Any]]
      let last = try #require(steps?.last)
      #expect(last["inEvaluation"] as? Int == 83)
      return try #require(last["added"] as? Int)
    }
    #expect(try added(refused) == 0)
    #expect(try added(kept) == 83)
  }

  // MARK: label

  private static func asking(_ server: ChatServer, _ more: [String]) -> [String] {
    [
      "label", "-b", "sample24", "-s", "dev", "--base-url", "http://127.0.0.1:\(server.port)/v1",
      "--model", "test", "--key-variable", "LABEL_TEST_KEY", "--journal", "j.jsonl", "--out",
      "labels.tsv",
    ] + more
  }

  @Test("label stops at its cap, goes on from the journal, and agreement reads its table")
  func labelling() throws {
    let sample = try SampleFolder.shared.get()
    let place = try TemporaryFolder()
    let program = try Program(in: place.url)
    let home = ["--data", sample.folder.file("data").path]
    let server = try ChatServer {
      $0.number % 2 == 0 ? .answer("4,5,4,5,4,5") : .answer("1,2,1,2,1,2")
    }
    defer { server.close() }
    let key = ["LABEL_TEST_KEY": "not-to-be-written"]
    let first = try program.run(
      Self.asking(server, home + ["--max-requests", "20"]), environment: key)
    #expect(first.status == 1, "\(first.err)")
    #expect(first.out.contains("43 questions not asked because of the cap on requests"))
    #expect(first.out.contains("cost unknown"))
    let second = try program.run(
      Self.asking(server, home + ["--items", "items.tsv", "--json"]), environment: key)
    #expect(second.status == 0, "\(second.err)")
    #expect(try second.object()["labelled"] as? Int == 63)
    #expect(server.questions.count == 63, "no essay was asked about twice")
    for name in ["j.jsonl", "labels.tsv", "items.tsv"] {
      let text = try String(contentsOf: place.file(name), encoding: .utf8)
      #expect(!text.contains("not-to-be-written"))
    }
    let table = try String(contentsOf: place.file("labels.tsv"), encoding: .utf8)
    #expect(table.hasPrefix("conversation_id\tperson_id\tllm_empathy\n"))
    let agreement = try program.run(
      ["agreement", "-b", "sample24", "-s", "dev", "--labels", "test=labels.tsv", "--format=json"]
        + home)
    #expect(try agreement.object()["rows"] as? Int == 63)
    #expect(agreement.status == 0)
  }

  @Test("a dry run shows the prompt and sends nothing")
  func dryRun() throws {
    let sample = try SampleFolder.shared.get()
    let server = try ChatServer { _ in .answer("4") }
    defer { server.close() }
    let prices = try sample.folder.write(
      #"{"test": {"prompt": 1, "answer": 1}}"#, to: "prices.json")
    let outcome = try sample.program.run(
      Self.asking(server, ["--dry-run", "--prices", prices.path]))
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.out.contains("sympathetic, moved, compassionate"))
    #expect(outcome.out.contains("63 essays, 63 questions, 63 left to ask test"))
    #expect(outcome.out.contains("by estimate"))
    #expect(outcome.out.contains("{essay}"))
    #expect(server.questions.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: sample.folder.file("j.jsonl").path))
  }

  @Test("label gives up on answers that cannot be read, shows one, and ends with 1")
  func givesUp() throws {
    let sample = try SampleFolder.shared.get()
    let place = try TemporaryFolder()
    let server = try ChatServer { _ in .answer("As a language model I can't say.") }
    defer { server.close() }
    let outcome = try Program(in: place.url).run(
      Self.asking(
        server,
        ["--data", sample.folder.file("data").path, "--give-up-after", "3", "--concurrency", "1"]),
      environment: ["LABEL_TEST_KEY": "k"])
    #expect(outcome.status == 1, "\(outcome.err)")
    #expect(outcome.err.contains("As a language model I can't say."))
    #expect(server.questions.count == 3)
  }

  @Test("label tells a web page at its address, and ends with 69")
  func webPage() throws {
    let sample = try SampleFolder.shared.get()
    let place = try TemporaryFolder()
    let server = try ChatServer { _ in
      .raw(status: 200, fields: ["Content-Type: text/html"], body: "<!DOCTYPE html>Welcome")
    }
    defer { server.close() }
    let outcome = try Program(in: place.url).run(
      Self.asking(server, ["--data", sample.folder.file("data").path]),
      environment: ["LABEL_TEST_KEY": "k"])
    #expect(outcome.status == 69)
    #expect(outcome.err.contains("found a web page (status 200, <!DOCTYPE html>Welcome)"))
  }

  @Test(
    "the paper's prompt is read from the authors' file, and the labels' manifest names it",
    .enabled(if: Shared.exists, Shared.missing))
  func paperPrompt() throws {
    let place = try TemporaryFolder()
    let program = try Program(in: place.url)
    let server = try ChatServer { _ in .answer("4,5,4,5,4,5") }
    defer { server.close() }
    let ask = Self.asking(server, ["--prompt", "paper-scale-aware"])
    let key = ["LABEL_TEST_KEY": "k"]
    try #require(try program.run("data", "sample").status == 0)
    let missing = try program.run(ask, environment: key)
    #expect(missing.status == 66 && missing.err.contains("invitro data fetch llmpathy"))
    let folder = place.file("data/fetched/llmpathy/src")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appending(path: "llm_labels.py")
    try FileManager.default.copyItem(at: Shared.url("data/llmpathy/src/llm_labels.py"), to: file)
    let outcome = try program.run(ask, environment: key)
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(server.questions.first?.user.hasPrefix("Essay: ```") == true)
    let manifest = try String(contentsOf: place.file("labels.tsv.manifest.json"), encoding: .utf8)
    #expect(manifest.contains(#""prompt" : "paper-scale-aware""#))
    try Data("# another file".utf8).write(to: file)
    #expect(try program.run(ask, environment: key).status == 65)
  }

  @Test("a model with a list price has a cost without a price file, which overrides it")
  func listPrice() throws {
    let sample = try SampleFolder.shared.get()
    let ask = [
      "label", "-b", "sample24", "-s", "dev", "--base-url", "http://127.0.0.1:9/v1", "--model",
      "gpt-4o-mini", "--journal", "price.jsonl", "--out", "price.tsv", "--dry-run", "--json",
    ]
    let listed = try sample.program.run(ask + ["--max-spend", "1"])
    #expect(listed.status == 0, "\(listed.err)")
    #expect(listed.err.contains("Price of gpt-4o-mini: list price of"))
    let cost = try #require(try listed.object()["cost"] as? Double)
    let file = try sample.folder.write(
      #"{"gpt-4o-mini": {"prompt": 0.3, "answer": 1.2}}"#, to: "double.json")
    let own = try sample.program.run(ask + ["--prices", file.path])
    #expect(abs(try #require(try own.object()["cost"] as? Double) - 2 * cost) < 1e-9)
    #expect(!own.err.contains("list price"))
  }

  // MARK: errors

  private static let ask: [String] = [
    "label", "-b", "sample24", "--base-url", "http://127.0.0.1:9/v1", "--model", "m",
    "--journal", "none.jsonl", "--out", "none.tsv",
  ]
  private static let correct: [String] = [
    "curate", "correct", "-b", "sample24", "--llm", "a=b", "--out", "x",
  ]
  private static let augment: [String] = ["curate", "augment", "-b", "sample24", "--out", "x"]
  private static let agree: [String] = ["agreement", "-b", "sample24", "-s", "test", "--labels"]
  private static let labels =
    "llama=data/sample24-files/llmpathy/NewsEmp2024/trac3_EMP_dev_gpt.tsv"

  struct Wrong: Sendable {
    let status: Int32
    let arguments: [String]
    init(_ status: Int32, _ start: [String], _ more: [String] = []) {
      (self.status, arguments) = (status, start + more)
    }
  }

  private static let wrong: [Wrong] = [
    Wrong(64, ["agreement", "-b", "sample24"]),
    Wrong(64, agree, ["llama"]),
    Wrong(64, agree, ["crowd=x.tsv"]),
    Wrong(66, agree, ["llama=absent.tsv"]),
    Wrong(65, agree, [labels, "--label-column", "llama=joy"]),
    Wrong(64, correct, ["--alpha", "9"]),
    Wrong(64, correct, ["--alpha", "4", "--way", "em"]),
    Wrong(64, correct, ["--alpha", "auto"]),
    Wrong(64, correct, ["--way", "blup"]),
    Wrong(64, correct, ["--way", "em", "--states", "x"]),
    Wrong(64, augment, ["--with", "newsemp18"]),
    Wrong(66, augment, ["--with", "newsemp22", "--evaluation", "test"]),
    Wrong(64, ask, ["--samples", "3"]),
    Wrong(64, ask, ["--temperature", "3"]),
    Wrong(64, ask, ["--prompt", "paper-plain", "--prompt-file", "x"]),
    Wrong(64, ask, ["--max-spend", "1"]),
    Wrong(64, ask, ["--key-variable", "INVITRO_NO_SUCH_KEY"]),
    Wrong(66, ask, ["--prices", "absent.json", "--max-spend", "1"]),
  ]

  @Test(
    "what makes no sense ends with 64, bad data with 65, a missing file with 66", arguments: wrong)
  func errors(wrong: Wrong) throws {
    let sample = try SampleFolder.shared.get()
    let outcome = try sample.program.run(wrong.arguments)
    #expect(outcome.status == wrong.status, "\(outcome.err)")
    #expect(outcome.out.isEmpty && !outcome.err.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: sample.folder.file("x").path))
  }
}
