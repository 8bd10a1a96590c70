import Basics
import Foundation
import Harness
import TestSupport
import Testing

@Suite("Reading the organisers' files: faults")
struct ReaderFaultTests {
  private func faults(
    _ rows: String, header: String = Workbench.header, splits: String? = nil
  ) throws -> [Diagnostic] {
    let bench = try splits.map { try Workbench(splits: $0) } ?? Workbench()
    try bench.put(header + rows)
    let faults = bench.importFaults()
    #expect(!FileManager.default.fileExists(atPath: bench.home.url.path), "nothing is written")
    return faults
  }

  @Test("a byte that is not UTF-8 is named with its offset and line")
  func invalidUTF8() throws {
    let bench = try Workbench()
    let before = Array((Workbench.header + "1,p,a,caf").utf8)
    try bench.put(before + [0xE9] + Array(",3,4,1,30,9\n".utf8))
    let faults = bench.importFaults()
    #expect(faults.map(\.code) == [.encoding])
    #expect(faults.map(\.line) == [2])
    #expect(faults.first?.found == "byte 0xE9 at offset \(before.count)")
  }

  @Test("the offset counts the byte order mark")
  func invalidAfterMark() throws {
    let bench = try Workbench()
    try bench.put([0xEF, 0xBB, 0xBF, 0x61, 0xFF])
    #expect(bench.importFaults().first?.found == "byte 0xFF at offset 4")
  }

  @Test(
    "malformed sequences are found where they begin",
    arguments: [
      [0x61, 0xC0, 0x80], [0x61, 0xED, 0xA0, 0x80], [0x61, 0xF4, 0x90, 0x80, 0x80],
      [0x61, 0xE2, 0x82], [0x61, 0x80], [0x61, 0xE0, 0x80, 0x80], [0x61, 0xF0, 0x9F, 0x41, 0x41],
    ] as [[UInt8]])
  func malformed(bytes: [UInt8]) throws {
    let bench = try Workbench()
    try bench.put(bytes)
    #expect(bench.importFaults().first?.found?.hasSuffix("at offset 1") == true)
  }

  @Test(
    "UTF-16 is recognised and its conversion named",
    arguments: [[0xFF, 0xFE], [0xFE, 0xFF]] as [[UInt8]])
  func utf16(mark: [UInt8]) throws {
    let bench = try Workbench()
    try bench.put(mark + [0x61, 0x00])
    let fault = try #require(bench.importFaults().first)
    #expect(fault.code == .encoding)
    #expect(fault.expected.contains("iconv -f UTF-16"))
  }

  @Test("every row that is too short or too long is listed with its line")
  func fieldCounts() throws {
    let faults = try faults(
      "1,p,a,x,3,4,1,30,9\n2,p,a,x\n3,p,a,\"x\ny\",3,4,1,30,9\n4,p,a,x,3,4,1,30,9,10,11\n5\n")
    #expect(faults.map(\.code) == [.fieldCount, .fieldCount, .fieldCount])
    #expect(faults.map(\.line) == [3, 6, 7])
    #expect(faults.map(\.found) == ["4 fields", "11 fields", "1 field"])
  }

  @Test("a quote that is never closed is named by the line that opens it")
  func unterminated() throws {
    let faults = try faults("1,p,a,\"x\ny\nz")
    #expect(faults.of(.syntax).map(\.line) == [2])
    #expect(faults.of(.syntax).first?.found == "a quoted field that is never closed")
  }

  @Test("text after a closing quote is a fault that says how a quote is escaped")
  func afterQuote() throws {
    let plain = try faults("1,p,a,\"x\"y,3,4,1,30,9\n")
    #expect(plain.map(\.code) == [.syntax])
    #expect(plain.map(\.line) == [2])
    #expect(plain.first?.expected.contains("\"\"") == true)
    let escaped = try faults(
      "1,p,a,\"x\"y,3,4,1,30,9\n",
      splits: #"[{"name": "train", "file": "train.csv", "format": "csv-backslash"}]"#)
    #expect(escaped.first?.expected.contains("\\\"") == true)
  }

  @Test("an empty file has no header", arguments: ["", "\n", "\r\n\n"])
  func emptyFile(text: String) throws {
    let faults = try faults("", header: text)
    #expect(faults.map(\.code) == [.header])
    #expect(faults.first?.found == "an empty file")
  }

  @Test("every column that is missing is named")
  func missingColumns() throws {
    let faults = try faults("x,3\n", header: "essay,empathy\n")
    #expect(
      faults.of(.header).map(\.expected).sorted() == [
        "a column named age", "a column named article", "a column named distress",
        "a column named gender", "a column named income", "a column named person",
        "a column named row",
      ])
  }

  @Test("a column that stands in the header twice is named")
  func repeatedColumn() throws {
    let faults = try faults("", header: "row,person,row\n")
    #expect(faults.first?.code == .header)
    #expect(faults.first?.column == 3)
    #expect(faults.first?.found == "row")
  }

  @Test("a repeated id is named with both lines, an empty one with its own")
  func repeatedIDs() throws {
    let faults = try faults("1,p,a,x,3,4,1,30,9\n1.0,p,a,y,3,4,1,30,9\n ,p,a,z,3,4,1,30,9\n")
    #expect(faults.map(\.code) == [.repeatedID, .missingID])
    #expect(faults.map(\.line) == [3, 4])
    #expect(faults.first?.expected.contains("line 2") == true)
  }

  @Test("a row without a person is refused")
  func missingPerson() throws {
    let faults = try faults("1,,a,x,3,4,1,30,9\n")
    #expect(faults.map(\.code) == [.missingID])
    #expect(faults.first?.expected == "a person's id")
  }

  @Test("a label outside the range is named by place, never by value")
  func labelRange() throws {
    let faults = try faults("1,p,a,x,7.125,4,1,30,9\n2,p,a,y,3,0.625,1,30,9\n")
    #expect(faults.map(\.code) == [.range, .range])
    #expect(faults.map(\.line) == [2, 3])
    #expect(faults.map(\.column) == [5, 6])
    #expect(faults.map(\.field) == ["empathy", "distress"])
    let text = HarnessError.invalid(faults).description
    #expect(!text.contains("7.125") && !text.contains("0.625"))
  }

  @Test(
    "a label that is no number is named by place and kind, never by value",
    arguments: [
      ("\"3,375\"", Diagnostic.Code.decimalComma), ("3.375x", .number), ("inf", .nonFinite),
      ("0x1.8p1", .number),
    ])
  func labelSyntax(cell: String, code: Diagnostic.Code) throws {
    let faults = try faults("1,p,a,x,\(cell),4,1,30,9\n")
    #expect(faults.map(\.code) == [code])
    #expect(faults.map(\.field) == ["empathy"])
    #expect(faults.map(\.found) == ["a label that is not shown"])
  }

  @Test("a split with another number of rows than expected is refused")
  func rowCount() throws {
    let faults = try faults(
      "1,p,a,x,3,4,1,30,9\n",
      splits: #"[{"name": "train", "rows": 2, "file": "train.csv", "format": "csv"}]"#)
    #expect(faults.map(\.code) == [.rowCount])
    #expect(faults.first?.found == "1 rows")
    #expect(faults.first?.expected == "2 rows in tiny/train")
  }

  @Test("the faults of all files come at once, and a sound file beside them is not written")
  func allFiles() throws {
    let bench = try Workbench(
      splits: """
        [{"name": "train", "file": "train.csv", "format": "csv"},
         {"name": "dev", "file": "dev.csv", "format": "csv"},
         {"name": "test", "file": "test.csv", "format": "csv"}]
        """)
    try bench.put(Workbench.header + "1,p,a,x,3,4,1,30,9\n")
    try bench.put(Workbench.header + "1,p,a,x,9,4,1,30,9\n", "dev.csv")
    try bench.put(Workbench.header + "1,p\n", "test.csv")
    let faults = bench.importFaults()
    #expect(faults.map(\.code) == [.range, .fieldCount])
    #expect(faults.map { URL(filePath: $0.file).lastPathComponent } == ["dev.csv", "test.csv"])
    #expect(!FileManager.default.fileExists(atPath: bench.home.url.path))
  }

  @Test("an import that is refused leaves an earlier one as it was")
  func earlierImportStays() throws {
    let bench = try Workbench()
    try bench.put(Workbench.header + "1,p,a,x,3,4,1,30,9\n")
    let before = try bench.imported()
    try bench.put(Workbench.header + "1,p,a,x,8,4,1,30,9\n")
    _ = bench.importFaults()
    #expect(try bench.home.load(bench.definition, split: "train") == before)
  }

  @Test("an imported file that was changed by hand is refused by its digest")
  func tampered() throws {
    let bench = try Workbench()
    try bench.put(Workbench.header + "1,p,a,x,3,4,1,30,9\n")
    try bench.importAll()
    let file = bench.home.url.appending(path: "tiny/train.csv")
    try (String(contentsOf: file, encoding: .utf8).replacing("3.0", with: "5.0"))
      .write(to: file, atomically: true, encoding: .utf8)
    let faults = refusal { try bench.home.load(bench.definition, split: "train") }
    #expect(faults.map(\.code) == [.metadata])
    #expect(faults.first?.found?.hasPrefix("SHA-256") == true)
  }

  @Test("a folder that is not there, or holds none of the files, is missing input")
  func nothingThere() throws {
    let bench = try Workbench()
    for folder in ["files", "empty"] {
      if folder == "empty" { try bench.folder.write("", to: "empty/other.txt") }
      do {
        _ = try DatasetImporter.run(
          bench.definition, from: bench.folder.file(folder), into: bench.home)
        Issue.record("nothing was refused")
      } catch let error {
        #expect(error.exitStatus == .missingInput)
      }
    }
  }
}
