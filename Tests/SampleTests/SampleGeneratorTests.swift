import Foundation
import Harness
import Sample
import TestSupport
import Testing

/// One written sample for all tests that only read it.
private struct Sample {
  static let shared = Result { try Sample(seed: 24) }

  let folder: TemporaryFolder
  let summary: SampleSummary
  let train: EscapedTable
  let dev: EscapedTable
  let test: EscapedTable

  init(seed: UInt64) throws {
    folder = try TemporaryFolder()
    let target = folder.file("sample24")
    summary = try SampleGenerator(seed: seed).write(to: target)
    train = try EscapedTable(contentsOf: target.appending(path: "trac3_EMP_train.csv"))
    dev = try EscapedTable(contentsOf: target.appending(path: "trac3_EMP_dev.csv"))
    test = try EscapedTable(contentsOf: target.appending(path: "goldstandard_EMP.csv"))
  }

  var splits: [EscapedTable] { [train, dev, test] }

  func table(_ path: String, separator: Character = ",") throws -> EscapedTable {
    try EscapedTable(contentsOf: folder.file("sample24/" + path), separator: separator)
  }

  func lines(_ path: String) throws -> Int {
    try Data(contentsOf: folder.file("sample24/" + path)).count { $0 == 0x0A }
  }

  func escapedRows(_ table: EscapedTable) -> Int {
    table["person_essay"].count { $0.contains("\"") }
  }
}

@Suite("The synthetic set: layout and quirks")
struct SampleGeneratorTests {
  @Test("the splits have the columns of NewsEmp24 and 1000, 63 and 83 rows")
  func shape() throws {
    let sample = try Sample.shared.get()
    let columns = [
      "conversation_id", "article_id", "person_id", "person_essay", "person_empathy",
      "person_distress",
    ]
    #expect(sample.train.header == columns)
    #expect(sample.dev.header == ["id"] + columns)
    #expect(sample.test.header == columns)
    #expect(sample.splits.map(\.rows.count) == [1000, 63, 83])
    for table in sample.splits {
      #expect(table.rows.allSatisfy { $0.count == table.header.count })
    }
  }

  @Test("999 of 1000 essays of train differ, 46 of 63 of dev, all of test")
  func duplicates() throws {
    let sample = try Sample.shared.get()
    #expect(sample.splits.map { Set($0["person_essay"]).count } == [999, 46, 83])
  }

  @Test("a repeated essay has the same person and labels and another conversation")
  func duplicatesAgree() throws {
    let sample = try Sample.shared.get()
    for table in [sample.train, sample.dev] {
      let rows = table.rows.indices.map { index in
        (
          essay: table["person_essay"][index],
          same: [
            table["person_id"][index], table["person_empathy"][index],
            table["person_distress"][index],
          ], conversation: table["conversation_id"][index]
        )
      }
      for group in Dictionary(grouping: rows, by: \.essay).values {
        #expect(Set(group.map(\.same)).count == 1)
        #expect(Set(group.map(\.conversation)).count == group.count)
      }
    }
  }

  @Test("a quote is escaped with a backslash in 76 rows of train and 6 of dev")
  func escapes() throws {
    let sample = try Sample.shared.get()
    #expect(sample.escapedRows(sample.train) == 76)
    #expect(sample.escapedRows(sample.dev) == 6)
    let text = try String(
      contentsOf: sample.folder.file("sample24/trac3_EMP_train.csv"), encoding: .utf8)
    #expect(text.contains("\\\""))
    #expect(!text.contains("\"\""))
  }

  @Test("fields hold line feeds: dev has 80 lines for 63 rows and a header")
  func lineFeeds() throws {
    let sample = try Sample.shared.get()
    #expect(try sample.lines("trac3_EMP_dev.csv") == 80)
    #expect(try sample.lines("trac3_EMP_train.csv") > 1001)
  }

  @Test("persons of train are p000 to p074, those of dev and test plain integers")
  func persons() throws {
    let sample = try Sample.shared.get()
    let train = Set(sample.train["person_id"])
    #expect(train.sorted().first == "p000")
    #expect(train.sorted().last == "p074")
    #expect(train.count == 75)
    #expect(sample.dev["person_id"].allSatisfy { Int($0) != nil })
    #expect(sample.test["person_id"].allSatisfy { Int($0) != nil })
    #expect(Set(sample.test["person_id"]).count == 57)
  }

  @Test("a conversation and a person name one row of a split")
  func keys() throws {
    let sample = try Sample.shared.get()
    for table in sample.splits {
      let keys = zip(table["conversation_id"], table["person_id"]).map { [$0, $1] }
      #expect(Set(keys).count == keys.count)
    }
  }

  @Test("test has 14 articles, and no article stands in two splits")
  func articles() throws {
    let sample = try Sample.shared.get()
    let articles = sample.splits.map { Set($0["article_id"]) }
    #expect(articles[2].count == 14)
    #expect(articles[0].isDisjoint(with: articles[1]))
    #expect(articles[0].isDisjoint(with: articles[2]))
    #expect(articles[1].isDisjoint(with: articles[2]))
  }

  @Test("essays have 60 to 150 words")
  func words() throws {
    let sample = try Sample.shared.get()
    for essay in sample.splits.flatMap({ $0["person_essay"] }) {
      #expect((60...150).contains(essay.split(whereSeparator: \.isWhitespace).count))
    }
  }

  @Test("labels lie in [1, 7], in train on sevenths, in dev on sixths and eighths")
  func labels() throws {
    let sample = try Sample.shared.get()
    // Six decimals are written, so seven or eight times a label is off by at most 4e-6.
    func areMeans(of items: Double, _ labels: [Double]) -> Bool {
      labels.allSatisfy { abs($0 * items - ($0 * items).rounded()) < 5e-6 }
    }
    for table in sample.splits {
      for column in ["person_empathy", "person_distress"] {
        #expect(table.numbers(column).count == table.rows.count)
        #expect(table.numbers(column).allSatisfy { (1...7).contains($0) })
      }
    }
    #expect(areMeans(of: 7, sample.train.numbers("person_empathy")))
    #expect(areMeans(of: 7, sample.train.numbers("person_distress")))
    #expect(!areMeans(of: 6, sample.train.numbers("person_empathy")))
    for table in [sample.dev, sample.test] {
      #expect(areMeans(of: 6, table.numbers("person_empathy")))
      #expect(areMeans(of: 8, table.numbers("person_distress")))
    }
  }

  @Test("demographics repeat persons of dev, miss some of test, and hold unknown ones")
  func demographics() throws {
    let sample = try Sample.shared.get()
    let train = try sample.table("trac4_PER_train.csv")
    let dev = try sample.table("trac4_PER_dev.csv")
    let test = try sample.table("goldstandard_PER.csv")
    #expect(
      train.header.prefix(7) == ["id", "person_id", "gender", "education", "race", "age", "income"])
    #expect(train.header.count == 16)
    #expect(dev.rows.count == 83)
    #expect(Set(dev["person_id"]).count == 55)
    #expect(Set(sample.dev["person_id"]).isSubset(of: Set(dev["person_id"])))
    let known = Set(test["person_id"])
    #expect(sample.test["person_id"].count { !known.contains($0) } == 24)
    #expect(train.rows.contains { $0.contains("unknown") })
    #expect(train["income"].contains("1000000"))
    let ages = train.numbers("age")
    #expect(ages.count { (24..<40).contains($0) } > ages.count / 3)
    #expect(train["race"].count { $0 == "1" } > 75 / 2)
  }

  @Test("a repeated person has the same demographics in every row")
  func repeatedDemographics() throws {
    let dev = try Sample.shared.get().table("trac4_PER_dev.csv")
    for group in Dictionary(grouping: dev.rows, by: { $0[1] }).values {
      #expect(Set(group.map { Array($0.dropFirst()) }).count == 1)
    }
  }

  @Test("labels of models stand in the LLMPathy layout, one line a row, in row order")
  func modelLabels() throws {
    let sample = try Sample.shared.get()
    let folder = "llmpathy/NewsEmp2024/"
    for (path, table, columns) in [
      ("trac3_EMP_train_llama.tsv", sample.train, ["llm_empathy"]),
      ("trac3_EMP_train_gpt.tsv", sample.train, ["llm_empathy"]),
      ("trac3_EMP_dev_gpt.tsv", sample.dev, ["llm_empathy"]),
      (
        "trac3_EMP_dev_llama_llama_plain.tsv", sample.dev,
        ["llm_empathy", "llm_empathy_plain"]
      ),
      (
        "test_data_with_labels/goldstandard_EMP_llama_llama_plain.tsv", sample.test,
        ["llm_empathy", "llm_empathy_plain"]
      ),
    ] {
      let labels = try sample.table(folder + path, separator: "\t")
      #expect(labels["conversation_id"] == table["conversation_id"])
      #expect(labels["article_id"] == table["article_id"])
      #expect(labels["person_id"] == table["person_id"])
      #expect(labels.header.suffix(columns.count) == columns[...])
      for column in columns {
        #expect(labels.numbers(column).allSatisfy { (1...7).contains($0) })
        #expect(labels.numbers(column).count == table.rows.count)
      }
    }
  }

  @Test("the summary counts what was written")
  func summary() throws {
    let sample = try Sample.shared.get()
    #expect(sample.summary.splits.map(\.rows) == [1000, 63, 83])
    #expect(sample.summary.splits.map(\.essays) == [999, 46, 83])
    #expect(sample.summary.splits.map(\.persons) == [75, 46, 57])
    for file in sample.summary.files {
      #expect(FileManager.default.fileExists(atPath: sample.folder.file("sample24/" + file).path))
    }
  }
}
