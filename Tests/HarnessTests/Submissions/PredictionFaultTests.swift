import Foundation
import Harness
import Testing

@Suite("Prediction files: faults and warnings")
struct PredictionFaultTests {
  private func faults(_ text: String, rows: Int = 3, dropMissing: Bool = false) throws
    -> [Diagnostic]
  {
    let bench = try PredictionBench(rows: rows)
    return refusal { try bench.read(text, dropMissing: dropMissing) }
  }

  @Test(
    "too few rows: the count, and the first row without a prediction", arguments: ["\n", "\r\n"])
  func tooFew(end: String) throws {
    let faults = try faults(["1", "2", ""].joined(separator: end))
    #expect(faults.map(\.code) == [.rowCount])
    #expect(faults.first?.found == "2 rows")
    #expect(faults.first?.line == 2)
    #expect(faults.first?.expected.contains("row 3 of the split (id 3)") == true)
  }

  @Test("too many rows: the count, and the line of the first that is too many")
  func tooMany() throws {
    let faults = try faults("1\n2\n\n3\n4\n5\n")
    #expect(faults.map(\.code) == [.rowCount])
    #expect(faults.first?.found == "5 rows")
    #expect(faults.first?.line == 5)
  }

  @Test("a header with thousands of repeated names is told in one line")
  func repeatedNames() throws {
    let faults = try faults("id\tempathy" + String(repeating: "\t", count: 5000) + "\n1\t1\n")
    #expect(faults.count == 5000)
    let message = HarnessError.invalid(faults).description
    let lines = message.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].hasSuffix(" (4999 times)") && lines[2] == "5000 errors")
  }

  @Test("every cell that is no finite number is listed with line, column and value")
  func badCells() throws {
    let faults = try faults("1x\t1\nnan\t-inf\n1,5\t\n2\t0x10\n1e999\t1 2\n", rows: 5)
    #expect(
      faults.map(\.code) == [
        .number, .nonFinite, .decimalComma, .nonFinite, .nonFinite, .missingValue, .number, .number,
      ])
    #expect(faults.map(\.line) == [1, 2, 3, 5, 2, 3, 4, 5])
    #expect(faults.map(\.column) == [1, 1, 1, 1, 2, 2, 2, 2])
    #expect(faults.map(\.found) == ["1x", "nan", "1,5", "1e999", "-inf", "", "0x10", "1 2"])
  }

  @Test("a decimal comma is named as such")
  func decimalComma() throws {
    let faults = try faults("row\tempathy\n1\t1,5\n2\t2\n3\t3\n")
    #expect(faults.map(\.code).contains(.decimalComma))
    let fault = try #require(faults.of(.decimalComma).first)
    #expect(fault.expected == "a number with a point as decimal sign")
    #expect(fault.field == "empathy")
    #expect(fault.line == 2)
  }

  @Test(
    "NaN and infinity are refused on the first line too",
    arguments: ["nan", "NaN", "inf", "-Infinity"])
  func firstLineNotFinite(cell: String) throws {
    #expect(try faults("\(cell)\n2\n3\n").map(\.code) == [.nonFinite])
  }

  @Test("a number outside the label range is a warning and is scored as it stands")
  func outOfRange() throws {
    let read = try PredictionBench().read("0.5\n7\n7.5\n")
    #expect(read.warnings.map(\.code) == [.range, .range])
    #expect(read.warnings.map(\.line) == [1, 3])
    #expect(read.warnings.allSatisfy { $0.severity == .warning })
    #expect(read.values("empathy") == [0.5, 7, 7.5])
  }

  @Test("unknown, repeated and missing ids are all listed")
  func ids() throws {
    let faults = try faults("row,empathy\n1,1\n9,2\n1,3\n")
    #expect(faults.map(\.code) == [.unknownID, .repeatedID, .missingID, .missingID])
    #expect(faults.map(\.line) == [3, 4, nil, nil])
    #expect(faults[0].found == "9")
    #expect(faults[1].expected.contains("line 2"))
    #expect(faults[2].expected.contains("id 2") && faults[3].expected.contains("id 3"))
  }

  @Test("a missing value is a fault that names the way out")
  func missingValue() throws {
    let faults = try faults("row,empathy\n1,1\n2,\n3,3\n")
    #expect(faults.map(\.code) == [.missingValue])
    #expect(faults.first?.line == 3)
    #expect(faults.first?.expected.contains("--drop-missing") == true)
  }

  @Test("with drop-missing, rows without a value or an id are left out and counted")
  func dropMissing() throws {
    let read = try PredictionBench(rows: 4).read("row,empathy\n1,1\n2,\n4,4\n", dropMissing: true)
    #expect(read.present == [0, 3])
    #expect(read.missingCount == 2)
    #expect(read.values("empathy") == [1, 4])
  }

  @Test("drop-missing forgives neither an unknown id nor a bad number")
  func dropMissingIsNotBlind() throws {
    let faults = try faults("row,empathy\n1,1\n8,2\n3,x\n", dropMissing: true)
    #expect(Set(faults.map(\.code)) == [.unknownID, .number])
  }

  @Test("drop-missing that leaves nothing is refused")
  func nothingLeft() throws {
    let faults = try faults("row,empathy\n1,\n2,\n", dropMissing: true)
    #expect(faults.map(\.found) == ["no predictions"])
  }

  @Test("a constant column is a warning that says what becomes of it")
  func constant() throws {
    let read = try PredictionBench().read("4\t1\n4\t2\n4\t3\n")
    #expect(read.warnings.map(\.code) == [.constantColumn])
    #expect(read.warnings.first?.field == "empathy")
    #expect(read.columns.count == 2)
  }

  @Test("a distress column that copies empathy counts as not attempted")
  func copy() throws {
    let bench = try PredictionBench()
    let read = try bench.read("1\t1\n2\t2\n3\t3\n")
    #expect(read.warnings.map(\.code) == [.notAttempted])
    #expect(read.values("distress") == nil)
    #expect(try read.digest == bench.read("1\n2\n3\n").digest)
  }

  @Test("nothing is said of columns that may be swapped")
  func swapped() throws {
    let bench = try PredictionBench(rows: 7)
    let rows = bench.dataset.rows.map { "\($0.distress ?? 1)\t\($0.empathy ?? 1)\n" }
    let read = try bench.read(rows.joined())
    #expect(read.warnings.filter { $0.code != .range } == [])
    #expect(read.columns.count == 2)
  }

  @Test("rows of another width than the first are listed")
  func widths() throws {
    let faults = try faults("1\t2\n3\n4\t5\t6\n")
    #expect(faults.of(.fieldCount).map(\.line) == [2, 3])
    #expect(faults.of(.fieldCount).map(\.found) == ["1 field", "3 fields"])
  }

  @Test("an empty file holds no predictions", arguments: ["", "\n\n", " \r\n"])
  func empty(text: String) throws {
    let faults = try faults(text)
    #expect(faults.map(\.code) == [.rowCount])
    #expect(faults.first?.found == "an empty file")
  }

  @Test("a header without an id, or without a target, says what is wanted")
  func headers() throws {
    let keyless = try faults("empathy\n1\n2\n3\n")
    #expect(keyless.map(\.code) == [.header])
    #expect(keyless.first?.expected.hasPrefix("the id column row") == true)
    let aimless = try faults("row,score\n1,1\n2,2\n3,3\n")
    #expect(aimless.map(\.code) == [.header])
    #expect(aimless.first?.expected.contains("--column empathy=NAME") == true)
  }

  @Test("a file in UTF-16 or with bytes that are not UTF-8 is refused")
  func encoding() throws {
    let bench = try PredictionBench()
    let texts: [Data] = [
      Data([0xFF, 0xFE, 0x31, 0]), Data("row,empathy\n1,\u{e9}\n".utf8) + [0xFF],
    ]
    for data in texts { #expect(refusal { try bench.read(data) }.map(\.code) == [.encoding]) }
  }

  @Test("a value that is shown is shortened and its control characters are made visible")
  func hostileValue() throws {
    let faults = try faults("\u{1B}[31m\(String(repeating: "x", count: 90))\n2\n3\n")
    let found = try #require(faults.first?.found)
    #expect(found.hasPrefix("\\u{1b}[31m"))
    #expect(found.count <= 61)
  }

  @Test("JSON lines that are no object, no JSON or without id are listed by line")
  func badJSONLines() throws {
    let faults = try faults(
      """
      {"row": 1, "empathy": 1}
      {"row": 2, "empathy": }
      [3]
      {"empathy": 4}
      {"row": 3, "empathy": true}
      {"row": 2, "empathy": "2,5"}
      """)
    #expect(faults.of(.json).map(\.line) == [2, 3])
    #expect(faults.of(.missingID).first?.line == 4)
    #expect(faults.of(.number).map(\.line) == [5])
    #expect(faults.of(.decimalComma).map(\.line) == [6])
  }

  @Test(
    "JSON numbers beyond the reach of Double, NaN and infinity are refused",
    arguments: ["1e999", "-1e999", "NaN", "Infinity", "\"inf\""])
  func jsonNotFinite(number: String) throws {
    let faults = try faults(
      "{\"row\": 1, \"empathy\": \(number)}\n{\"row\": 2, \"empathy\": 2}\n{\"row\": 3, \"empathy\": 3}"
    )
    #expect(faults.contains { [.json, .nonFinite].contains($0.code) && $0.line == 1 })
  }

  @Test("a null in JSON is a missing value")
  func jsonNull() throws {
    let text =
      #"{"row": 1, "empathy": null}"# + "\n" + #"{"row": 2, "empathy": 2}"# + "\n"
      + #"{"row": 3, "empathy": 3}"#
    #expect(try faults(text).map(\.code) == [.missingValue])
    let read = try PredictionBench().read(text, dropMissing: true)
    #expect(read.present == [1, 2])
  }
}
