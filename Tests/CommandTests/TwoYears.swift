import Foundation
import TestSupport
import Testing

/// NewsEmp23 and NewsEmp24 in miniature of content and full size: every essay of NewsEmp23 train and
/// dev stands in NewsEmp24 train, where one distress item counts as empathy. All of it is made up.
struct TwoYears {
  static let shared = Result { try TwoYears() }

  let folder: TemporaryFolder
  let program: Program
  /// Rows of NewsEmp24 train whose empathy label differs from the one in NewsEmp23.
  let misscored: Int
  static let labels = "llmpathy"

  private init() throws {
    folder = try TemporaryFolder()
    program = try Program(in: folder.url)
    try #require(try program.run("data", "sample").status == 0)
    for name in ["trac3_EMP_dev.csv", "goldstandard_EMP.csv", "trac4_PER_train.csv"]
      + ["trac4_PER_dev.csv", "goldstandard_PER.csv"]
    {
      let data = try Data(contentsOf: folder.file("data/sample24-files/\(name)"))
      try folder.write(data, to: "files24/\(name)")
    }
    let essays = (0..<1000).map(Essay.init)
    misscored = essays.count { $0.empathy24 != $0.empathy }
    try folder.write(Self.train24(essays), to: "files24/trac3_EMP_train.csv")
    try Self.write23(Array(essays), in: folder)
    try Self.writeLabels(essays, in: folder)
    for (set, files) in [("newsemp24", "files24"), ("newsemp23", "files23")] {
      let made = try program.run("data", "import", set, "--from", files)
      try #require(made.status == 0, "\(made.err)")
    }
  }

  /// One essay with its item scores: sums of 6 and 8 items, and the item that moved.
  struct Essay {
    let number: Int
    var text: String { "Essay \(number) is about story \(number % 37), and I felt \(number % 11)." }
    private var empathyItems: Int { 6 + (number * 7) % 37 }
    private var distressItems: Int { 8 + (number * 5) % 41 }
    private var moved: Int { 1 + number % 7 }
    var empathy: Double { Double(empathyItems) / 6 }
    var distress: Double { Double(distressItems) / 8 }
    var empathy24: Double { Double(empathyItems + moved) / 7 }
    var distress24: Double { max(1, Double(distressItems - moved) / 7) }
    var llama: Double { 1.5 + Double((number * 3) % 21) / 4 }
    /// The same model's label a year earlier.
    var llamaAgain: Double { llama + (number % 2 == 0 ? 0.25 : -0.25) }
    var person: String { "p0\(number % 75 < 10 ? "0" : "")\(number % 75)" }

    init(_ number: Int) { self.number = number }
  }

  private static func train24(_ essays: [Essay]) -> String {
    "conversation_id,article_id,person_id,person_essay,person_empathy,person_distress\n"
      + essays.map {
        "\($0.number),\($0.number % 37),\($0.person),\"\($0.text)\",\($0.empathy24),\($0.distress24)\n"
      }.joined()
  }

  private static func write23(_ essays: [Essay], in folder: TemporaryFolder) throws {
    let people = "gender\teducation\trace\tage\tincome\tessay_id"
    func row(_ essay: Essay, labels: Bool) -> String {
      let known = labels ? "\t\(essay.empathy)\t\(essay.distress)" : ""
      return "\(essay.number)\t\(essay.number % 37)\t\(essay.text)\(known)\t\(essay.number % 75)"
        + "\t1\t4\t1\t30\t40000\t\(essay.number)\n"
    }
    let header = "conversation_id\tarticle_id\tessay"
    let (train, dev) = (essays[..<792], essays[792...])
    try folder.write(
      "\(header)\tempathy\tdistress\tspeaker_id\t\(people)\n"
        + train.map { row($0, labels: true) }.joined(),
      to: "files23/WASSA23_essay_level_with_labels_train.tsv")
    try folder.write(
      "\(header)\tspeaker_id\t\(people)\n" + dev.map { row($0, labels: false) }.joined(),
      to: "files23/WASSA23_essay_level_dev.tsv")
    try folder.write(
      dev.map { "\($0.empathy)\t\($0.distress)\n" }.joined(),
      to: "files23/goldstandard_dev.tsv")
    try folder.write(
      "\(header)\tspeaker_id\t\(people)\n"
        + (5000..<5100).map { row(Essay($0), labels: false) }.joined(),
      to: "files23/WASSA23_essay_level_test.tsv")
  }

  private static func writeLabels(_ essays: [Essay], in folder: TemporaryFolder) throws {
    try folder.write(
      "conversation_id\tarticle_id\tperson_id\tllm_empathy\n"
        + essays.map { "\($0.number)\t\($0.number % 37)\t\($0.person)\t\($0.llama)\n" }.joined(),
      to: "\(labels)/NewsEmp2024/trac3_EMP_train_llama.tsv")
    for (name, part) in [
      ("WASSA23_essay_level_with_labels_train", essays[..<792]),
      ("WASSA23_essay_level_dev", essays[792...]),
    ] {
      try folder.write(
        "conversation_id\tarticle_id\tspeaker_id\tessay_id\tllm_empathy\n"
          + part.map {
            "\($0.number)\t\($0.number % 37)\t\($0.number % 75)\t\($0.number)\t\($0.llamaAgain)\n"
          }.joined(), to: "\(labels)/NewsEmp2023/\(name)_llama.tsv")
    }
  }
}

@Suite("Commands over two years of essays")
struct TwoYearsTests {
  private static let llama24 = "\(TwoYears.labels)/NewsEmp2024/trac3_EMP_train_llama.tsv"
  private static let llama23 = ["with_labels_train", "dev"].map {
    "\(TwoYears.labels)/NewsEmp2023/WASSA23_essay_level_\($0)_llama.tsv"
  }

  @Test(
    "a model's labels of the same essays in two sets are compared, by agreement and by replicate")
  func again() throws {
    let set = try TwoYears.shared.get()
    let outcome = try set.program.run(
      "agreement", "-b", "newsemp24", "-s", "train", "--labels", "llama=\(Self.llama24)",
      "--again", "earlier=\(Self.llama23[0])", "--again", "earlier=\(Self.llama23[1])",
      "--again-in", "newsemp23/train", "--again-in", "newsemp23/dev", "--largest", "0",
      "--format=json")
    #expect(outcome.status == 0, "\(outcome.err)")
    let pairs = try #require(try outcome.object()["pairs"] as? [[String: Any]])
    let pair = try #require(pairs.first { $0["first"] as? String == "earlier" })
    #expect(pair["n"] as? Int == 1000)
    #expect(pair["mae"] as? Double == 0.25)
    #expect(pair["sd"] as? Double == 0)
    #expect(outcome.err.contains("earlier: 1000 of 1000 essays"))
    let report = try set.program.run("replicate", "--llmpathy", TwoYears.labels, "--format=json")
      .object()
    let claims = (report["replication"] as? [String: Any])?["claims"] as? [[String: Any]]
    let byID = Dictionary(
      uniqueKeysWithValues: (claims ?? []).compactMap { claim in
        (claim["id"] as? String).map { ($0, claim) }
      })
    #expect(byID["IX/llama-llama-again/mae"]?["ours"] as? Double == 0.25)
    #expect(byID["IX/llama-llama-again/alpha"]?["ours"] as? Double == pair["alpha"] as? Double)
    #expect(byID["IX/llama-llama-again/mae"]?["verdict"] as? String == "not replicated")
  }

  @Test("--repair takes the labels of the earlier year, says so row by row, and leaves the import")
  func repair() throws {
    let set = try TwoYears.shared.get()
    let imported = set.folder.file("data/newsemp24/train.csv")
    let before = try Data(contentsOf: imported)
    let outcome = try set.program.run(
      "curate", "correct", "-b", "newsemp24", "--llm", "llama=\(Self.llama24)", "--alpha", "6",
      "--repair", "--out", "repaired.csv", "--json")
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(try Data(contentsOf: imported) == before)
    let manifest = try #require(try outcome.object()["manifest"] as? [String: Any])
    let provenances = try #require(manifest["provenances"] as? [String: Int])
    let repaired = try #require(provenances["crowd:repaired"])
    #expect(repaired > 800 && repaired <= set.misscored)
    #expect(repaired + (provenances["crowd"] ?? 0) == 1000)
    let steps = try #require(manifest["steps"] as? [[String: Any]])
    #expect(steps.first?["repaired"] as? Int == repaired)
    let table = try String(contentsOf: set.folder.file("repaired.csv"), encoding: .utf8)
    let first = TwoYears.Essay(20)
    #expect(
      table.contains("newsemp24/train,20:\(first.person),\(first.person),\(first.empathy),crowd"))
  }

  @Test("--repair of a set that needs none, and --again without its set, are mistakes of usage")
  func usage() throws {
    let set = try TwoYears.shared.get()
    let wrong = [
      ["curate", "correct", "-b", "newsemp23", "--llm", "llama=x", "--repair", "--out", "x"],
      ["curate", "augment", "-b", "newsemp23", "--with", "newsemp18", "--evaluation", "dev"]
        + ["--repair", "--out", "x"],
      ["agreement", "-b", "newsemp24", "--labels", "a=x", "--again", "b=y"],
      ["agreement", "-b", "newsemp24", "--labels", "a=x", "--again", "a=y", "--again-in", "c/d"],
    ]
    for arguments in wrong {
      #expect(try set.program.run(arguments).status == 64, "\(arguments)")
    }
  }
}
