import Basics
import Foundation
import Harness
import Metrics
import TestSupport
import Testing

@Suite("What benchmark init guesses from a file")
struct GuessTests {
  @Test(
    "columns are taken for what they are, whatever the file's format",
    arguments: [TableFormat.csv, .tsv, .jsonl])
  func roles(format: TableFormat) throws {
    let draft = try DraftBench.turns(format).draft()
    let expected = [
      "turn_id": "id", "conversation_id": "cluster conversation", "speaker_id": "cluster speaker",
      "platform": "attribute platform", "age": "attribute age", "part": "not used", "words": "text",
      "valence": "target valence",
    ]
    for (column, role) in expected where column != "part" {
      #expect(draft.role(column) == role, "\(column)")
    }
    let definition = draft.definition
    #expect(definition.columns.id == ["turn_id"] && definition.columns.text == "words")
    #expect(Set(definition.clusters) == ["speaker", "conversation"])
    #expect(definition.clusters.first == "speaker", "persons come first")
    #expect(definition.rowNoun == "turn")
    let target = try #require(definition.targets.first)
    #expect(definition.targets.count == 1 && target.low == 0 && target.high == 10)
    #expect(definition.splits.allSatisfy { $0.format == format })
    #expect(draft.rows == 120)
    #expect(draft.columns.map(\.name) == DraftBench.header)
    #expect(draft.columns.allSatisfy { !$0.why.isEmpty && !$0.summary.isEmpty })
  }

  @Test("the format follows from the content: tabs in a .csv, lists and escaped quotes")
  func formats() throws {
    let tabs = try DraftBench.turns(.tsv, file: "all.csv").draft().definition
    #expect(tabs.splits.first?.format == .tsv)
    let quotes =
      "id,words,v\n"
      + (0..<9).map { "\($0),\"he said \\\"so, \($0)\\\" then\",\($0)\n" }
      .joined()
    #expect(try DraftBench(quotes).draft().definition.splits.first?.format == .csvBackslash)
    let list = try DraftBench("[{\"id\": 1, \"v\": 2}]", "all.json")
    let faults = refusal { try list.draft() }
    #expect(faults.first?.expected.contains("JSON object on each line") == true)
  }

  @Test("a file with semicolons is told so, not taken for one column")
  func semicolons() throws {
    let faults = refusal { try DraftBench("id;v\n1;2\n2;3\n").draft() }
    #expect(faults.map(\.code) == [.header] && faults.first?.line == 1)
    #expect(faults.first?.expected.contains("commas or tabs") == true)
  }

  @Test(
    "a scale is the narrowest usual one that holds the labels",
    arguments: [
      (["1", "4.5", "3"], 1.0, 5.0), (["1", "6.5", "3"], 1, 7), (["0.2", "0.9", "0.5"], 0, 1),
      (["0", "4", "3"], 0, 4), (["-1", "0.5", "1"], -1, 1), (["3", "87", "50"], 0, 100),
      (["0", "9.9", "5"], 0, 10), (["-3.5", "2", "1"], -4, 4),
    ])
  func scales(values: [String], low: Double, high: Double) throws {
    let rows = (0..<30).map { "\($0),\(values[$0 % 3])" }
    let draft = try DraftBench("id,mood\n" + rows.joined(separator: "\n") + "\n").draft()
    let target = try #require(draft.definition.targets.first)
    #expect(target.name == "mood" && target.low == low && target.high == high)
    #expect(draft.remarks.contains { $0.contains("Labels of mood reach from") })
  }

  @Test("a range that is given stays, and labels outside it are counted")
  func givenRange() throws {
    var bench = try DraftBench.turns()
    bench.request.targets = ["mood=valence:0:9"]
    let draft = try bench.draft()
    let target = try #require(draft.definition.targets.first)
    #expect(target.name == "mood" && target.high == 9)
    #expect(draft.definition.columns.targets == ["mood": "valence"])
    let outside = DraftBench.turns.count { (Double($0[7]) ?? 0) > 9 }
    #expect(outside > 0 && draft.remarks.contains { $0.hasPrefix("\(outside) labels of mood") })
    #expect(draft.role("age") == "attribute age", "other columns are still guessed")
  }

  @Test("an id is a column that differs in every row, a row's number the last resort")
  func ids() throws {
    func draft(_ header: String, _ row: (Int) -> String) throws -> DefinitionDraft {
      try DraftBench(header + "\n" + (0..<40).map { row($0) + "\n" }.joined()).draft()
    }
    let numbered = try draft(",label") { "\($0),\($0 % 5)" }
    #expect(numbered.definition.columns.id == [""])
    #expect(numbered.remarks.contains { $0.contains("row's number") })
    let named = try draft(",essay_id,label") { "\($0),e\(99 - $0),\($0 % 5)" }
    #expect(named.definition.columns.id == ["essay_id"] && named.definition.rowNoun == "essay")
    let pair = try draft("dialogue_id,turn,label") { "d\($0 / 8),\($0 % 8),\($0 % 5)" }
    #expect(pair.definition.columns.id == ["dialogue_id", "turn"])
    #expect(pair.definition.clusters == ["dialogue"], "one of them is a cluster all the same")
  }

  @Test("what cannot be guessed is asked, with the option that answers it")
  func questions() throws {
    let bench = try DraftBench("person,word\n" + (0..<9).map { _ in "p,w\n" }.joined())
    let asked = try DefinitionDraft.questions(bench.request)
    #expect(asked.map(\.option) == ["--id", "--target"])
    #expect(asked.allSatisfy { $0.text.contains("person, word") })
    #expect(asked[0].parts(of: " person word ") == ["person", "word"])
    #expect(asked[0].parts(of: "person , word") == ["person", "word"])
    let spaced = try DraftBench("turn no,word\n" + (0..<9).map { _ in "1,w\n" }.joined())
    let first = try #require(try DefinitionDraft.questions(spaced.request).first)
    #expect(first.parts(of: "turn no") == ["turn no"] && first.parts(of: " ") == [])
    let error = #expect(throws: HarnessError.self) { try bench.draft() }
    #expect(error?.description.contains("--id") == true && error?.exitStatus == .usage)
  }

  @Test("of clusters within clusters the outer one is taken")
  func nested() throws {
    let rows = (0..<60).map { "\($0),s\($0 / 20),p\($0 / 5),\($0 % 7)\n" }
    let draft = try DraftBench("id,school_id,pupil_id,grade\n" + rows.joined()).draft()
    #expect(draft.definition.clusters == ["school"])
    #expect(draft.role("pupil_id") == "not used")
    let why = try #require(draft.columns.first { $0.name == "pupil_id" }).why
    #expect(why.contains("'school_id'"))
  }

  @Test("without a cluster column each row is one, and that is said once")
  func unclustered() throws {
    let rows = (0..<30).map { "e\($0),\($0 % 5)\n" }
    let draft = try DraftBench("essay_id,score\n" + rows.joined()).draft()
    #expect(draft.definition.clusters.isEmpty)
    let note = try #require(draft.definition.clusterNote)
    #expect(note.contains("each essay counts as a cluster of its own"))
    #expect(draft.remarks.count { $0.contains(note) } == 1)
    #expect(try DraftBench.turns().draft().definition.clusterNote == nil)
  }

  @Test("codes and bins make the attributes' groups")
  func groups() throws {
    let definition = try DraftBench.turns().draft().definition
    let platform = try #require(definition.groups.first { $0.attribute == "platform" })
    #expect(platform.codes == ["forum": "forum", "chat": "chat", "mail": "mail"])
    let wide = (0..<200).map { "\($0),\($0 % 5),\(18 + $0 % 60),\($0 * 250)\n" }
    let binned = try DraftBench("id,score,age,income\n" + wide.joined()).draft().definition
    let age = try #require(binned.groups.first { $0.attribute == "age" })
    #expect(age.edges == [18, 25, 35, 45, 55, 65, 77])
    #expect(age.labels == ["18-24", "25-34", "35-44", "45-54", "55-64", "65+"])
    let income = try #require(binned.groups.first { $0.attribute == "income" })
    let (edges, labels) = (try #require(income.edges), try #require(income.labels))
    #expect(edges == edges.sorted() && labels.count == edges.count - 1 && labels.count == 4)
    #expect(edges[0] <= 0 && (edges.last ?? 0) >= 49_750)
    #expect(!binned.targetNames.contains("income"), "numbers beyond 100 are no labels")
  }

  @Test("cells that stand for a missing value are found, and no value is told in guide or remarks")
  func missing() throws {
    let rows = (0..<40).map { "e\($0),secretword\($0),\($0 % 9 == 0 ? "NA" : "\($0 % 5)")\n" }
    let bench = try DraftBench("essay_id,note,score\n" + rows.joined())
    let draft = try bench.draft()
    #expect(draft.definition.missing == ["NA"] && draft.definition.targetNames == ["score"])
    let guide = draft.guide(bench.request)
    #expect(!guide.contains("secretword"))
    #expect(guide.contains("5 missing") && guide.contains("| `score` | target score |"))
  }

  @Test("a name that reports have for something else is changed")
  func reserved() throws {
    let rows = (0..<30).map { "e\($0),\($0 % 5),\($0 % 4)\n" }
    let definition = try DraftBench("id,n,Mood (1-5)\n" + rows.joined()).draft().definition
    #expect(definition.targetNames == ["n_column", "Mood_1_5"])
    #expect(definition.columns.targets?["n_column"] == "n")
  }

  @Test(
    "an option that cannot be is refused with what it takes",
    arguments: [
      ("target", "valence:10:0", "COLUMN:LOW:HIGH"), ("target", "valence:a:b", "COLUMN:LOW:HIGH"),
      ("cluster", "speaker_id:1:2", "COLUMN or NAME=COLUMN"), ("split", "80/10", "make 100"),
      ("split", "50/50/0", "make 100"), ("primary", "valence:pc", "spearman"),
      ("by", "platform", "one of the clusters"), ("both", "", "not both"),
    ])
  func usage(option: String, value: String, says: String) throws {
    var bench = try DraftBench.turns()
    switch option {
    case "target": bench.request.targets = [value]
    case "cluster": bench.request.clusters = [value]
    case "split": bench.request.shares = value
    case "primary": bench.request.primary = value
    case "by": (bench.request.shares, bench.request.by) = ("80/20", value)
    default: (bench.request.shares, bench.request.splitColumn) = ("80/20", "part")
    }
    let error = #expect(throws: HarnessError.self) { try bench.draft() }
    #expect(error?.exitStatus == .usage)
    #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
  }

  @Test("columns that are not there are named, all at once, with the near one")
  func unknownColumns() throws {
    var bench = try DraftBench.turns()
    (bench.request.ids, bench.request.clusters) = (["turnid"], ["talk"])
    bench.request.attributes = ["platfrom"]
    let faults = refusal { try bench.draft() }
    #expect(faults.count == 3 && faults.allSatisfy { $0.code == .header })
    #expect(faults.contains { $0.expected.contains("'platform'") })
    bench = try DraftBench.turns()
    bench.request.targets = ["platform"]
    #expect(refusal { try bench.draft() }.map(\.code) == [.number])
  }

  @Test("any metric ranks, and an average over all targets")
  func primary() throws {
    var bench = try DraftBench.turns()
    for metric in Metric.all {
      bench.request.primary = "valence:\(metric.id)"
      #expect(try bench.draft().definition.primary.metric == metric)
    }
    bench.request.targets = ["valence:0:10", "age"]
    bench.request.primary = "average:alpha"
    let primary = try bench.draft().definition.primary
    #expect(primary.weights == ["valence": 1, "age": 1] && primary.metric == .alpha)
  }

  @Test(
    "a guess can be imported as it is, in every format", arguments: [TableFormat.csv, .tsv, .jsonl])
  func imported(format: TableFormat) throws {
    var bench = try DraftBench.turns(format)
    bench.request.shares = "60/20/20"
    bench.request.by = "conversation"
    let (definition, home) = try bench.imported()
    #expect(definition.derived?.by == "conversation")
    let whole = try home.load(definition, split: "all").rows
    #expect(whole.map(\.id) == DraftBench.turns.map { $0[0] })
    #expect(whole.map { $0.labels["valence"] } == DraftBench.turns.map { Double($0[7]) })
    let parts = try ["train", "dev", "test"].map { name in
      try home.load(definition, split: name).rows
    }
    #expect(parts.map(\.count).reduce(0, +) == 120)
    let talks = parts.map { Set($0.compactMap { $0.clusters["conversation"] }) }
    #expect(talks[0].isDisjoint(with: talks[1]) && talks[0].isDisjoint(with: talks[2]))
    #expect(talks[1].isDisjoint(with: talks[2]))
  }

  @Test(
    "a split column makes a split of each of its values, and a kept definition is not overwritten")
  func splitColumn() throws {
    var bench = try DraftBench.turns(.jsonl)
    bench.request.splitColumn = "part"
    let (definition, home) = try bench.imported()
    #expect(definition.splitNames == ["train", "dev", "test"] && definition.defaultSplit == "test")
    #expect(definition.splits.map(\.only) == ["train", "dev", "test"].map { ["part": $0] })
    for split in definition.splitNames {
      let wanted = DraftBench.turns.filter { $0[5] == split }.map { $0[0] }
      #expect(try home.load(definition, split: split).rows.map(\.id) == wanted)
    }
    let draft = try bench.draft()
    let error = #expect(throws: HarnessError.self) {
      try home.keep(draft, of: bench.request, replacing: false)
    }
    #expect(error?.description.contains("--replace") == true)
    _ = try home.keep(draft, of: bench.request, replacing: true)
  }
}
