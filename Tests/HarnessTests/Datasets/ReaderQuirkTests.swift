import Foundation
import Harness
import Testing

@Suite("Reading the organisers' files: quirks that are legal")
struct ReaderQuirkTests {
  private static let backslash =
    #"[{"name": "train", "file": "train.csv", "format": "csv-backslash"}]"#
  private static let tabs = #"[{"name": "train", "file": "train.tsv", "format": "tsv"}]"#

  /// The essays of a file with one row for each of `cells`.
  private func essays(_ cells: [String], splits: String? = nil) throws -> [String] {
    let bench = try splits.map { try Workbench(splits: $0) } ?? Workbench()
    let rows = cells.enumerated().map { "\($0),p,a,\($1),3,4,1,30,1000\n" }
    try bench.put(Workbench.header + rows.joined())
    return try bench.imported().rows.map(\.text)
  }

  private func tabbed(_ essay: String) throws -> [DatasetRow] {
    let bench = try Workbench(splits: Self.tabs)
    try bench.put(
      (Workbench.header + "1,p,a,ESSAY,3,4,1,30,1000\n").replacing(",", with: "\t")
        .replacing("ESSAY", with: essay), "train.tsv")
    return try bench.imported().rows
  }

  @Test("a quote inside a field may be written with a backslash")
  func backslashEscape() throws {
    let essays = try essays([#""She said \"no\", twice""#], splits: Self.backslash)
    #expect(essays == [#"She said "no", twice"#])
  }

  @Test("a backslash before another character stays")
  func backslashAlone() throws {
    #expect(try essays([#""a \n b, c""#], splits: Self.backslash) == [#"a \n b, c"#])
  }

  @Test("a backslash is an ordinary character in a plain CSV")
  func backslashInPlainFile() throws {
    #expect(try essays([#""ends with \""#]) == [#"ends with \"#])
  }

  @Test("a quote inside a field may be doubled", arguments: [nil, backslash])
  func doubledQuote(splits: String?) throws {
    #expect(try essays([#""one ""two"" three""#], splits: splits) == [#"one "two" three"#])
  }

  @Test("a field may hold newlines")
  func newlines() throws {
    let read = try essays(["\"first\n\nsecond\"", "next"])
    #expect(read == ["first\n\nsecond", "next"])
  }

  @Test("an empty quoted field is an empty essay, which is remarked on and not refused")
  func emptyQuoted() throws {
    let bench = try Workbench()
    try bench.put(Workbench.header + "1,p,a,\"\",3,4,1,30,1000\n")
    let summary = try bench.importAll()
    #expect(summary.warnings.map(\.code) == [.text])
    #expect(summary.warnings.map(\.line) == [2])
  }

  @Test("a quote that merely begins or ends a TSV field is kept")
  func strayQuote() throws {
    for text in [#""It began so"#, #"it ended "so""#, #""a" b"#] {
      #expect(try tabbed(text).map(\.text) == [text])
    }
  }

  @Test("quotes that enclose a whole TSV field are dropped")
  func enclosedTSV() throws {
    #expect(try tabbed(#""She said ""no"".""#).map(\.text) == [#"She said "no"."#])
  }

  @Test("a TSV field that quotes enclose may hold line ends, and lines are counted on")
  func enclosedLines() throws {
    #expect(try tabbed("\"first\n\nsecond \"\"so\"\"\"").map(\.text) == ["first\n\nsecond \"so\""])
    let bench = try Workbench(splits: Self.tabs)
    try bench.put(
      (Workbench.header + "1,p,a,\"x\ny\",3,4,1,30,1000\n2,p,a,\"z,9,4,1,30,1000\n")
        .replacing(",", with: "\t"), "train.tsv")
    #expect(bench.importFaults().map(\.line) == [4])
  }

  @Test("persons may be named p000 or by integers, the latter written 1.0 too")
  func personIDs() throws {
    let bench = try Workbench()
    try bench.put(
      Workbench.header + "1,p007,a,x,3,4,1,30,1000\n2,12,a,y,3,4,1,30,1000\n"
        + "3,12.0,a,z,3,4,1,30,1000\n")
    #expect(try bench.imported().rows.map(\.person) == ["p007", "12", "12"])
  }

  @Test("codes written 1.0 are the codes 1")
  func codesWithDecimals() throws {
    let bench = try Workbench()
    try bench.put(Workbench.header + "1,p,a,x,3,4,2.0,30.0,70000.0\n")
    let row = try #require(try bench.imported().rows.first)
    #expect(row.attributes == ["gender": "2", "age": "30", "income": "70000"])
  }

  @Test("unknown and empty cells are missing, in labels and demographics alike")
  func missingCells() throws {
    let bench = try Workbench()
    try bench.put(
      Workbench.header + "1,p,a,x,unknown,4,Unknown,,NA\n2,q,a,y,3,,1,30,1000\n")
    let summary = try bench.importAll()
    let rows = try bench.home.load(bench.definition, split: "train").rows
    #expect(rows.map(\.empathy) == [nil, 3])
    #expect(rows.map(\.distress) == [4, nil])
    #expect(rows[0].attributes.isEmpty)
    #expect(summary.splits[0].missingLabels == ["empathy": 1, "distress": 1])
    #expect(summary.splits[0].withoutAttributes == 1)
  }

  @Test("lines may end in CRLF, and a newline at the end of the file may be absent")
  func carriageReturns() throws {
    let bench = try Workbench()
    let text = Workbench.header + "1,p,a,\"x\ny\",3,4,1,30,1000\n2,p,a,z,3,4,1,30,1000"
    try bench.put(text.replacing("\n", with: "\r\n"))
    let rows = try bench.imported().rows
    #expect(rows.map(\.id) == ["1", "2"])
    #expect(rows.map(\.text) == ["x\r\ny", "z"])
    #expect(rows.map { $0.attributes["income"] } == ["1000", "1000"])
  }

  @Test("a byte order mark at the start is dropped")
  func byteOrderMark() throws {
    let bench = try Workbench()
    try bench.put([0xEF, 0xBB, 0xBF] + Array((Workbench.header + "1,p,a,x,3,4,1,30,9\n").utf8))
    #expect(try bench.imported().rows.map(\.id) == ["1"])
  }

  @Test("empty lines between records are skipped")
  func emptyLines() throws {
    let bench = try Workbench()
    try bench.put(Workbench.header + "\n1,p,a,x,3,4,1,30,9\n\r\n\n2,p,a,y,3,4,1,30,9\n\n")
    #expect(try bench.imported().rows.map(\.id) == ["1", "2"])
  }

  @Test("text in other scripts survives the normal form byte for byte")
  func unicode() throws {
    let text = "naïve — “quoted” 日本語 🙂 e\u{301}"
    #expect(try essays([text]).map { Array($0.utf8) } == [Array(text.utf8)])
  }

  @Test("an age of 24 falls in 25-30 and an income of exactly 1,000,000 in the last bin")
  func bins() throws {
    let definition = try Workbench().definition
    let age = try #require(definition.groups.first { $0.attribute == "age" })
    let income = try #require(definition.groups.first { $0.attribute == "income" })
    #expect(definition.group(age, "23") == "18-24")
    #expect(definition.group(age, "24") == "25-30")
    #expect(definition.group(age, "17") == nil)
    #expect(definition.group(income, "1000000") == "50K+")
    #expect(definition.group(income, "1000001") == nil)
    #expect(definition.group(income, nil) == nil)
  }

  @Test("a demographic value outside the table is a warning that does not show it")
  func foreignCode() throws {
    let bench = try Workbench()
    try bench.put(Workbench.header + "1,p,a,x,3,4,77,30,9\n")
    let warnings = try bench.importAll().warnings
    #expect(warnings.map(\.code) == [.demographics])
    #expect(warnings.map(\.field) == ["gender"])
    #expect(warnings.map(\.found) == ["a value outside the table"])
  }

  @Test("the normal form gives back what was read, and its files are their owner's alone")
  func normalForm() throws {
    let bench = try Workbench()
    try bench.put(
      Workbench.header + "1,p,a,\"x, \"\"y\"\"\nz\",3.166666666666667,4,1,30,9\n")
    let dataset = try bench.imported()
    #expect(dataset.rows[0].text == "x, \"y\"\nz")
    #expect(dataset.rows[0].empathy == 3.166666666666667)
    for file in ["train.csv", "dataset.json"] {
      let path = bench.home.url.appending(path: "tiny").appending(path: file).path
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
      #expect((mode as? NSNumber)?.intValue == 0o600)
    }
  }
}
