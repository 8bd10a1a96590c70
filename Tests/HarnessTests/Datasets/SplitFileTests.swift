import Foundation
import Harness
import TestSupport
import Testing

@Suite("Splits that are made of several files")
struct SplitFileTests {
  private static let features = "row,person,article,essay,gender,age,income\n"
  private static let withGold = """
    [{"name": "train", "file": "train.csv", "format": "csv",
      "gold": {"file": "gold.tsv", "format": "tsv", "positions": {"empathy": 1, "distress": 2}}}]
    """
  private static let withPersons = """
    [{"name": "train", "file": "train.csv", "format": "csv",
      "attributes": {"file": "persons.csv", "format": "csv", "key": "person"}}]
    """
  private static let plain = "row,person,article,essay,empathy,distress\n"

  private func goldBench(_ gold: String?) throws -> Workbench {
    let bench = try Workbench(splits: Self.withGold)
    try bench.put(Self.features + "1,p,a,x,1,30,9\n2,q,a,y,2,30,9\n")
    if let gold { try bench.put(gold, "gold.tsv") }
    return bench
  }

  private func personBench(_ persons: String) throws -> Workbench {
    let bench = try Workbench(splits: Self.withPersons)
    try bench.put(Self.plain + "1,7.0,a,x,3,4\n2,8,a,y,3,4\n3,7,a,z,3,4\n")
    try bench.put(persons, "persons.csv")
    return bench
  }

  @Test("labels of a file without header are joined by row order")
  func separateGold() throws {
    let rows = try goldBench("3.5\t2\n4\t6.25\n").imported().rows
    #expect(rows.map(\.empathy) == [3.5, 4])
    #expect(rows.map(\.distress) == [2, 6.25])
  }

  @Test(
    "a gold file with another number of rows is refused",
    arguments: ["3\t2\n", "3\t2\n4\t5\n6\t1\n"])
  func wrongGoldRows(gold: String) throws {
    let faults = try goldBench(gold).importFaults()
    #expect(faults.map(\.code) == [.rowCount])
    #expect(faults.first.map { URL(filePath: $0.file).lastPathComponent } == "gold.tsv")
    #expect(faults.first?.expected == "2 rows, one for each of train.csv")
  }

  @Test("faults of a gold file name line and column and never the label")
  func goldFaults() throws {
    let faults = try goldBench("8.625\t2\n4\n").importFaults()
    #expect(faults.map(\.code) == [.range, .fieldCount])
    #expect(faults.map(\.line) == [1, 2])
    #expect(!HarnessError.invalid(faults).description.contains("8.625"))
  }

  @Test("second texts are kept as they are, and a missing column of them is refused")
  func pairs() throws {
    let bench = try Workbench(
      splits: #"""
        [{"name": "train", "file": "train.csv", "format": "csv", "columns": {"pair": "turn"},
          "optional": ["gender", "age", "income"]}]
        """#)
    let header = Self.plain.trimmingCharacters(in: .newlines)
    try bench.put(header + ",turn\n1,p,a,x,3,4,\" he said: \"\"so\"\", \"\n2,q,a,y,3,4,\n")
    #expect(try bench.imported().rows.map(\.pair) == [" he said: \"so\", ", ""])
    try bench.put(Self.plain + "1,p,a,x,3,4\n")
    #expect(try bench.importFaults().map(\.code) == [.header])
  }

  @Test("a split without its gold file is blind, and legal")
  func blind() throws {
    let bench = try goldBench(nil)
    let summary = try bench.importAll()
    #expect(summary.splits.map(\.hasGold) == [false])
    #expect(summary.splits.first?.missingLabels == ["empathy": 2, "distress": 2])
    let dataset = try bench.home.load(bench.definition, split: "train")
    #expect(throws: HarnessError.self) { try Scorer(bench.definition, dataset: dataset) }
  }

  @Test("demographics are joined by person, written 7 or 7.0, after repeats are removed")
  func joined() throws {
    let bench = try personBench("person,gender,age,income\n7,1,30,9\n7.0,1,30,9\n8,2,unknown,9\n")
    #expect(try bench.importAll().warnings.isEmpty)
    let rows = try bench.home.load(bench.definition, split: "train").rows
    #expect(rows.map { $0.attributes["gender"] } == ["1", "2", "1"])
    #expect(rows.map { $0.attributes["age"] } == ["30", nil, "30"])
  }

  @Test("a person who contradicts herself is remarked on, and the first line is kept")
  func contradiction() throws {
    let bench = try personBench("person,gender,age,income\n7,1,30,9\n8,2,40,9\n7,2,30,9\n")
    let warnings = try bench.importAll().warnings
    #expect(warnings.map(\.code) == [.demographics])
    #expect(warnings.map(\.line) == [4])
    let rows = try bench.home.load(bench.definition, split: "train").rows
    #expect(rows.map { $0.attributes["gender"] } == ["1", "2", "1"])
  }

  @Test("rows whose person has no demographics are counted")
  func unmatched() throws {
    let summary = try personBench("person,gender,age,income\n8,2,40,9\n").importAll()
    #expect(summary.splits.map(\.withoutAttributes) == [2])
  }

  @Test("a persons' file without its key column is refused")
  func missingKey() throws {
    let faults = try personBench("id,gender\n1,2\n").importFaults()
    #expect(faults.map(\.code) == [.header])
    #expect(faults.first?.expected == "a column named person")
  }

  @Test("splits whose files are absent are named, and the others are imported")
  func absentSplits() throws {
    let bench = try Workbench(
      splits: """
        [{"name": "train", "file": "train.csv", "format": "csv"},
         {"name": "dev", "file": "dev.csv", "format": "csv"}]
        """)
    try bench.put(Workbench.header + "1,p,a,x,3,4,1,30,9\n")
    let summary = try bench.importAll()
    #expect(summary.absent == ["dev"])
    #expect(summary.splits.map(\.name) == ["train"])
    #expect(throws: HarnessError.self) { try bench.home.load(bench.definition, split: "dev") }
  }

  @Test("files are found one or two folders below the one that is named")
  func nestedFiles() throws {
    let bench = try Workbench()
    try bench.put(Workbench.header + "1,p,a,x,3,4,1,30,9\n", "a/b/train.csv")
    #expect(try bench.imported().rows.count == 1)
  }

  @Test("derived splits divide the source by person: disjoint, and together the whole")
  func derived() throws {
    let bench = try Workbench(
      derived: """
        {"from": "train", "by": "person", "buckets": 10, "splits": [
         {"name": "fit", "from": 0, "to": 6}, {"name": "held", "from": 6, "to": 10}]}
        """)
    try bench.put(
      Workbench.header + (0..<200).map { "\($0),p\($0 % 40),a,x\($0),3,4,1,30,9\n" }.joined())
    let whole = try bench.imported()
    let parts = try ["fit", "held"].map { try bench.home.load(bench.definition, split: $0) }
    let persons = parts.map { Set($0.rows.map(\.person)) }
    #expect(persons[0].isDisjoint(with: persons[1]))
    #expect(parts.allSatisfy { !$0.rows.isEmpty })
    #expect(Set(parts.flatMap(\.rows).map(\.id)) == Set(whole.rows.map(\.id)))
    #expect(parts.map(\.rows.count).reduce(0, +) == whole.rows.count)
  }

  @Test(
    "NewsEmp18 has 1860 rows of 372 persons and person-disjoint splits of pinned sizes",
    .enabled(if: Shared.exists, Shared.missing))
  func newsEmp18() throws {
    let folder = try TemporaryFolder()
    let home = DataHome(folder.file("home"))
    let definition = try BenchmarkRegistry(folder: nil).find("newsemp18")
    let summary = try DatasetImporter.run(
      definition, from: Shared.url("data/newsemp18"), into: home)
    #expect(summary.splits.map(\.name) == ["all", "train", "dev", "test"])
    #expect(summary.splits.map(\.rows) == [1860, 1420, 230, 210])
    #expect(summary.splits.first?.clusters["person"] == 372)
    #expect(summary.splits.first?.duplicateTexts == 1)
    let persons = try ["train", "dev", "test"].map { split in
      Set(try home.load(definition, split: split).rows.map(\.person))
    }
    #expect(persons[0].isDisjoint(with: persons[1].union(persons[2])))
    #expect(persons[1].isDisjoint(with: persons[2]))
  }
}
