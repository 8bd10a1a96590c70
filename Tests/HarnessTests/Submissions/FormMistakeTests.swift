import Foundation
import Harness
import Testing

@Suite("Prediction files: mistakes that are recognised")
struct FormMistakeTests {
  private func only(_ text: String, rows: Int = 3) throws -> Diagnostic {
    let bench = try PredictionBench(rows: rows)
    let faults = refusal { try bench.read(text) }
    #expect(faults.count == 1, "\(faults)")
    return try #require(faults.first)
  }

  @Test(
    "semicolons between fields are told once, with decimal commas where there are any",
    arguments: [
      ("row;empathy;distress\n1;4;2\n2;3;1\n3;5;2\n", false),
      ("row;empathy;distress\n1;4,5;2\n2;3,1;1\n3;5;2\n", true),
      ("4,5;2\n3,1;1\n5;2\n", true), ("4.5;2\n3.1;1\n5;2\n", false),
    ])
  func semicolons(text: String, comma: Bool) throws {
    let fault = try only(text)
    #expect(fault.code == .delimiter)
    #expect(fault.found?.contains("decimal commas") == comma)
    #expect(fault.expected.contains(#"s/;/\t/g"#))
  }

  @Test(
    "a file with decimal commas is no table of whole numbers",
    arguments: ["4,52\n3,17\n5,01\n", "4,5,2,1\n3,1,1,7\n5,0,2,2\n"])
  func decimalCommas(text: String) throws {
    #expect(try only(text).code == .decimalComma)
  }

  @Test("decimal commas between tabs are told once, with the way to write points")
  func commasBetweenTabs() throws {
    let fault = try only("4,5\t2,1\n3,1\t1\n5,2\t1,7\n")
    #expect(fault.code == .decimalComma && fault.line == 1)
    #expect(fault.expected.contains("sed 's/,/./g'"))
  }

  @Test("targets none of whose values can be read are no copies of each other")
  func unreadable() throws {
    let bench = try PredictionBench(rows: 3)
    let faults = refusal { try bench.read("1x\t2x\n3x\t4x\n5x\t6x\n") }
    #expect(faults.map(\.code) == Array(repeating: .number, count: 6))
  }

  @Test("whole numbers with a comma between them stay two columns")
  func wholeNumbers() throws {
    let read = try PredictionBench().read("4,5\n3,1\n5,2\n")
    #expect(read.values("distress") == [5, 1, 2])
  }

  @Test(
    "numbers as Python prints them are told once, with the way to write them",
    arguments: [
      "tensor(5.8)\ntensor(4.1)\ntensor(3.0)\n", "[5.8]\n[4.1]\n[3.0]\n",
      "tensor(5.8, device='cuda:0')\ntensor(4.1, device='cuda:0')\ntensor(3., device='cuda:0')\n",
      "tensor(5.8)\ttensor(5.8)\ntensor(4.1)\ttensor(4.1)\ntensor(3.0)\ttensor(3.0)\n",
      "np.float32(5.8)\nnp.float32(4.1)\nnp.float32(3.0)\n",
      "array([5.8])\narray([4.1])\narray([3])\n",
    ])
  func printed(text: String) throws {
    let fault = try only(text)
    #expect(fault.code == .number)
    #expect(fault.expected.contains("x.item()"))
  }

  @Test(
    "JSON that is not one object a line is told once",
    arguments: [
      #"[{"row": 1, "empathy": 2}, {"row": 2, "empathy": 3}, {"row": 3, "empathy": 3}]"#,
      "[\n  [4.5, 2],\n  [3.5, 1],\n  [3, 1]\n]\n",
      "{\n  \"row\": 1,\n  \"empathy\": 2\n}\n",
      #"{"row": {"0": 1, "1": 2}, "empathy": {"0": 2.5, "1": 3.5}}"#,
    ])
  func json(text: String) throws {
    let fault = try only(text)
    #expect(fault.code == .json)
    #expect(fault.line == 1)
    #expect(fault.expected.contains("on each line"))
  }

  @Test(
    "the index that pandas writes in front is recognised", arguments: [0, 1])
  func index(start: Int) throws {
    let lines = (0..<12).map { "\($0 + start)\t\(Double($0 % 5) + 1.5)\n" }
    let fault = try only(lines.joined(), rows: 12)
    #expect(fault.code == .rowNumbers)
    #expect(fault.expected.contains("index=False"))
    let wide = (0..<12).map { "\($0 + start),\(Double($0 % 5) + 1.5),2.5\n" }
    #expect(try only(wide.joined(), rows: 12).code == .rowNumbers)
  }

  @Test("predictions that count a few rows are predictions")
  func fewRows() throws {
    #expect(try PredictionBench().read("1\t2\n2\t3\n3\t1\n").values("empathy") == [1, 2, 3])
  }

  @Test("the index stands for ids only once it is named")
  func unnamedIndex() throws {
    let fault = try only(",empathy\n1,2\n2,3\n3,4\n")
    #expect(fault.code == .header)
    #expect(fault.expected.contains("index_label='id'"))
  }

  @Test(
    "a column with a near name is suggested",
    arguments: [
      ("row,Empathy\n1,2\n2,3\n3,4\n", "did you mean 'Empathy'"),
      ("row,empthay\n1,2\n2,3\n3,4\n", "did you mean 'empthay'"),
      ("row,empathy_score\n1,2\n2,3\n3,4\n", "--column empathy='empathy_score'"),
      ("Row,empathy\n1,2\n2,3\n3,4\n", "did you mean 'Row'"),
      ("{\"row\": 1, \"Empathy\": 2}\n", "did you mean 'Empathy'"),
    ])
  func nearNames(text: String, hint: String) throws {
    #expect(try only(text).expected.contains(hint))
  }

  @Test("a near name beside a target that is there is a warning")
  func secondTarget() throws {
    let read = try PredictionBench().read("row,empathy,Distress\n1,2,1\n2,3,2\n3,4,3\n")
    #expect(read.warnings.map(\.code) == [.header])
    #expect(read.warnings.first?.found == "Distress")
    #expect(read.attempted == ["empathy"])
    let plain = try PredictionBench().read("row,empathy,model\n1,2,1\n2,3,2\n3,4,3\n")
    #expect(plain.warnings.isEmpty)
  }

  @Test(
    "another scale is told once, with the way to the labels' own",
    arguments: [(0.0, 1.0, "1 + 6 * x"), (-1, 1, "1 + 3 * (x + 1)"), (0, 100, "1 + 0.06 * x")])
  func scale(low: Double, high: Double, formula: String) throws {
    let lines = (0..<20).map { "\(low + (high - low) * Double($0 * 7 % 20) / 19)\n" }
    let read = try PredictionBench(rows: 20).read(lines.joined())
    #expect(read.warnings.map(\.code) == [.scale])
    #expect(read.warnings.first?.expected.contains(formula) == true, "\(read.warnings)")
  }

  @Test("JSON lines without the key of ids are told once, with the key that may be meant")
  func noKey() throws {
    let lines = (1...3).map { "{\"Row\": \($0), \"empathy\": 2}\n" }
    let fault = try only(lines.joined())
    #expect(fault.code == .missingID && fault.line == 1 && fault.found == "Row, empathy")
    #expect(fault.expected.contains("did you mean 'Row'?"))
    let ids = (0..<3).map { "a\($0)" }
    let bench = try PredictionBench(rows: 3, ids: ids, idColumns: ["talk", "person"])
    let text = ids.map { "{\"ID\": \"\($0)\", \"empathy\": 2}\n" }.joined()
    let faults = refusal { try bench.read(text) }
    #expect(faults.count == 1, "\(faults)")
    #expect(
      faults.first?.expected == "the key talk, person, or id; did you mean 'ID'? Rename it to id")
  }

  @Test("a scale that targets share is told once for all of them")
  func sharedScale() throws {
    let lines = (0..<20).map { row in "\(Double(row * 7 % 20) / 19)\t\(Double(row * 3 % 20) / 38)\n"
    }
    let read = try PredictionBench(rows: 20).read(lines.joined())
    #expect(read.warnings.map(\.field) == ["empathy, distress"])
    #expect(read.warnings.first?.found == "numbers from 0.0000 to 1.0000")
  }

  @Test("a few numbers outside the range are no other scale")
  func fewOutside() throws {
    let lines = (0..<20).map { "\(0.8 + Double($0 * 7 % 20) * 0.3)\n" }
    let read = try PredictionBench(rows: 20).read(lines.joined())
    #expect(Set(read.warnings.map(\.code)) == [.range])
  }

  @Test("with a margin a number far outside is refused on any scale")
  func strict() throws {
    let bench = try PredictionBench(rows: 20)
    let lines = (0..<20).map { "\(Double($0 * 7 % 20) * 5)\n" }
    let faults = refusal {
      try PredictionReader(bench.definition, dataset: bench.dataset, margin: 1)
        .read(Data(lines.joined().utf8), name: "file")
    }
    #expect(faults.contains { $0.code == .range && $0.severity == .error })
  }
}

@Suite("Diagnostics: listed by kind")
struct DiagnosticListingTests {
  private func missing(_ rows: ClosedRange<Int>) -> [Diagnostic] {
    rows.map {
      Diagnostic(
        .missingID, file: "p.csv",
        expected: "a prediction for row \($0) of the split, id R_\($0)")
    }
  }

  @Test("thousands of one kind are one line with a count, the first and the last")
  func thousands() {
    #expect(
      DiagnosticListing(missing(3...1860)).lines == [
        "p.csv: error: expected a prediction for row 3, 4, 5 … 1860 of the split, "
          + "id R_3, R_4, R_5 … R_1860 (1858 times)"
      ])
  }

  @Test("up to three of a kind are told one by one")
  func few() {
    #expect(DiagnosticListing(missing(3...5)).lines == missing(3...5).map(\.description))
  }

  @Test("values and lines are told with the place of the first")
  func values() {
    let faults = (1...9).map { (line: Int) in
      Diagnostic(
        .decimalComma, file: "p.tsv", line: line, column: 1, found: "\(line),5",
        expected: "a number with a point as decimal sign")
    }
    #expect(
      DiagnosticListing(faults).lines == [
        "p.tsv:1:1: error: found '1,5', '2,5', '3,5' … '9,5', expected a number with a point as "
          + "decimal sign (9 lines: 1, 2, 3 … 9)"
      ])
  }

  @Test("kinds, columns and severities stay apart, in their order")
  func kinds() {
    let one = (1...5).map {
      Diagnostic(.number, file: "p", line: $0, column: 1, found: "x", expected: "a number")
    }
    let two = one.map { fault in
      var fault = fault
      (fault.column, fault.severity) = (2, .warning)
      return fault
    }
    let lines = DiagnosticListing(two + missing(1...4) + one).lines
    #expect(lines.count == 3)
    #expect(lines.first?.hasPrefix("p:1:2: warning: found 'x', expected a number") == true)
    #expect(lines.last?.hasPrefix("p:1:1: error:") == true)
  }

  @Test("a file full of different faults is told in a page")
  func different() {
    let faults = (0..<500).map {
      Diagnostic(.metadata, file: "p\($0)", expected: "something")
    }
    let lines = DiagnosticListing(faults).lines
    #expect(lines.count == 41)
    #expect(lines.last == "… and 460 more of other kinds")
  }
}
