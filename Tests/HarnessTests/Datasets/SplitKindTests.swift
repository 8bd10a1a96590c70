import Foundation
import Harness
import TestSupport
import Testing

@Suite("Splits of JSON lines, parts of a file, columns that may be missing, and hashed rows")
struct SplitKindTests {
  private static let optional = #""optional": ["gender", "age", "income"]"#
  private static let lines = """
    [{"name": "train", "file": "train.jsonl", "format": "jsonl", \(optional)}]
    """

  /// Three splits of one file by its column `part`.
  private static func parts(_ more: String = "") -> String {
    let splits = ["train", "dev", "test"].map {
      """
      {"name": "\($0)", "file": "all.csv", "format": "csv", "only": {"part": "\($0)"}\(more)}
      """
    }
    return "[\(splits.joined(separator: ", "))]"
  }

  private static let header = "row,person,article,essay,empathy,distress"

  @Test("JSON lines are read by their keys, in any order, null as missing")
  func jsonLines() throws {
    let bench = try Workbench(splits: Self.lines)
    try bench.put(
      #"""
      {"row": 1, "person": "p", "article": 7, "essay": "a \"quote\"\nand a line", "empathy": 3.5, "distress": 2}

      {"distress": null, "row": 2.0, "empathy": 4, "person": "q", "article": 7.0, "essay": "über"}
      """#, "train.jsonl")
    let rows = try bench.imported().rows
    #expect(rows.map(\.id) == ["1", "2"] && rows.map(\.empathy) == [3.5, 4])
    #expect(rows.map(\.distress) == [2, nil])
    #expect(rows[0].text == "a \"quote\"\nand a line" && rows[1].text == "über")
    #expect(rows.map { $0.clusters["article"] } == ["7", "7"])
  }

  @Test("faults of JSON lines name line and key, all at once, and no label")
  func jsonFaults() throws {
    let bench = try Workbench(splits: Self.lines)
    try bench.put(
      """
      {"row": 1, "person": "p", "article": "a", "essay": "x", "empathy": 8.125, "distress": 2}
      {"row": 1, "person": "q", "article": "a", "essay": "y", "empathy": "high", "distress": 2}
      """, "train.jsonl")
    let faults = try bench.importFaults()
    #expect(Set(faults.map(\.code)) == [.range, .number, .repeatedID])
    #expect(faults.first { $0.code == .range }?.line == 1)
    #expect(faults.first { $0.code == .number }?.line == 2)
    #expect(faults.first { $0.code == .number }?.field == "empathy")
    #expect(!HarnessError.invalid(faults).description.contains("8.125"))
    try bench.put(
      """
      {"row": 1, "person": ["p"], "article": "a", "essay": "x", "empathy": 3, "distress": 2}
      {"row": 2,
      """, "train.jsonl")
    let syntax = try bench.importFaults()
    #expect(syntax.map(\.line) == [1, 2] && syntax.first?.field == "person")
  }

  @Test("a key that no line has is a missing column; one that a line lacks is an empty cell")
  func jsonKeys() throws {
    let bench = try Workbench(splits: Self.lines)
    try bench.put(
      #"{"row": 1, "person": "p", "article": "a", "essay": "x", "empathy": 3}"#, "train.jsonl")
    let faults = try bench.importFaults()
    #expect(faults.map(\.code) == [.header] && faults.first?.line == nil)
    #expect(faults.first?.expected == "a column named distress")
    try bench.put(
      """
      {"row": 1, "person": "p", "article": "a", "essay": "x", "empathy": 3}
      {"row": 2, "person": "q", "article": "a", "essay": "y", "distress": 3}
      """, "train.jsonl")
    #expect(try bench.imported().rows.map(\.empathy) == [3, nil])
  }

  @Test("splits of one file take the rows that their column names, written 2 or 2.0")
  func only() throws {
    let bench = try Workbench(splits: Self.parts(", " + Self.optional))
    let rows = ["train", "test", "dev", "train", "other"].enumerated().map {
      "\($0),p\($0),a,x\($0),3,4,\($1)\n"
    }
    try bench.put(Self.header + ",part\n" + rows.joined(), "all.csv")
    let summary = try bench.importAll()
    #expect(summary.splits.map(\.rows) == [2, 1, 1])
    let train = try bench.home.load(bench.definition, split: "train").rows
    #expect(train.map(\.id) == ["0", "3"])
    let year = try Workbench(
      splits: """
        [{"name": "train", "file": "all.csv", "format": "csv", "only": {"year": "2", "part": "a"},
          \(Self.optional)}]
        """)
    try year.put(
      Self.header + ",part,year\n1,p,a,x,3,4,a,2.0\n2,p,a,y,3,4,b,2\n3,p,a,z,3,4,a,1\n", "all.csv")
    #expect(try year.imported().rows.map(\.id) == ["1"])
  }

  @Test("a split that no row belongs to, and a column that is not there, are told once")
  func onlyFaults() throws {
    let bench = try Workbench(splits: Self.parts(", " + Self.optional))
    try bench.put(Self.header + ",part\n1,p,a,x,3,4,train\n2,q,a,y,3,4,dev\n", "all.csv")
    let faults = try bench.importFaults()
    #expect(faults.map(\.code) == [.rowCount])
    #expect(faults.first?.found == "no row of split test")
    try bench.put(Self.header + "\n1,p,a,x,3,4\n", "all.csv")
    #expect(try bench.importFaults().map(\.expected) == ["a column named part"])
    let strict = try Workbench(splits: Self.parts())
    try strict.put(
      Self.header + ",part,gender,age\n"
        + ["train", "dev", "test"].map { "\($0),p,a,x,3,4,\($0),1,30\n" }.joined(), "all.csv")
    let missing = try strict.importFaults()
    #expect(missing.map(\.expected) == ["a column named income"])
    let checked = try DatasetReader(strict.definition, from: strict.source).faults(name: "d.json")
    #expect(checked == missing)
  }

  @Test("only what is optional may be missing: a target, an attribute")
  func optional() throws {
    func bench(_ optional: String) throws -> Workbench {
      let bench = try Workbench(
        splits: """
          [{"name": "train", "file": "train.csv", "format": "csv", "optional": [\(optional)]}]
          """)
      try bench.put("row,person,article,essay,empathy,gender,income\n1,p,a,x,3,1,9\n")
      return bench
    }
    let rows = try bench(#""distress", "age""#).imported().rows
    #expect(rows.first?.empathy == 3 && rows.first?.distress == nil)
    #expect(rows.first?.attributes == ["gender": "1", "income": "9"])
    #expect(
      try bench(#""age""#).importFaults().map(\.expected) == ["a column named distress"])
    #expect(
      try bench(#""distress""#).importFaults().map(\.expected) == ["a column named age"])
  }

  @Test(
    "derived splits without a cluster divide the rows by a hash of their ids, whatever their order")
  func derivedByRow() throws {
    func parts(_ order: [Int]) throws -> [Set<String>] {
      let bench = try Workbench(
        derived: """
          {"from": "train", "buckets": 100, "splits": [
           {"name": "fit", "from": 0, "to": 70}, {"name": "held", "from": 70, "to": 100}]}
          """)
      try bench.put(Workbench.header + order.map { "r\($0),p,a,x\($0),3,4,1,30,9\n" }.joined())
      _ = try bench.importAll()
      return try ["fit", "held"].map { name in
        Set(try bench.home.load(bench.definition, split: name).rows.map(\.id))
      }
    }
    let (one, other) = (try parts(Array(0..<300)), try parts((0..<300).reversed()))
    #expect(one == other && one[0].isDisjoint(with: one[1]))
    #expect(one[0].count + one[1].count == 300)
    // All rows are of one person: a split by person would have all of them in one part.
    #expect((180...240).contains(one[0].count), "about 70% of 300, found \(one[0].count)")
    #expect(try parts(Array(0..<200))[1].isSubset(of: one[1]), "more rows move none")
  }
}
