import Foundation
import Harness
import Reference
import Study
import TestSupport
import Testing

@Suite("Labels joined to a split")
struct AgreementJoinTests {
  @Test("files of one name make one rater; rows of other sets and missing labels are counted")
  func join() throws {
    let home = try StudyHome()
    var rated = try home.rated("dev")
    let notes = Notes()
    try rated.add(
      [
        home.labels("llama", of: "dev", rows: 0..<4, file: "a.tsv"),
        home.labels("llama", of: "dev", rows: 4..<10, blank: [5], file: "b.tsv"),
      ], say: notes.say)
    #expect(rated.names == ["llama"])
    #expect(
      rated.essays.map { $0.labels["llama"] } == [1.5, 2.5, 3.5, 6, 5.5, nil, 2.5, 5])
    #expect(notes.lines.count == 2)
    #expect(notes.lines[0].contains("2 rows are not of sample24/dev"))
    #expect(notes.lines[1] == "llama: 1 rows of sample24/dev have no label")
  }

  @Test("labels of other rows alone are refused, and so is a file that does not exist")
  func refused() throws {
    let home = try StudyHome()
    var rated = try home.rated("dev")
    let foreign = try home.labels("llama", of: "dev", rows: 20..<24)
    #expect(throws: HarnessError.self) { try rated.add([foreign], say: { _ in }) }
    let absent = try LabelFile.parse(["llama=nowhere.tsv"], option: "--labels")
    #expect(throws: HarnessError.self) { try rated.add(absent, say: { _ in }) }
    try rated.addKnown([foreign])
    #expect(rated.names.isEmpty)
  }

  @Test("labels of the same essays in another set are joined by text, whatever its case")
  func again() throws {
    let home = try StudyHome()
    var rated = try home.rated("dev")
    let notes = Notes()
    let files = [try home.labels("again", of: "all", in: "newsemp18", rows: 0..<10)]
    try rated.addAgain(files, labelling: ["newsemp18/all"], home: home.home, say: notes.say)
    #expect(rated.essays.compactMap { $0.labels["again"] } == [1.5, 2.5])
    #expect(notes.lines == ["again: 2 of 8 essays of sample24/dev stand there too"])
    for set in ["newsemp18", "sample24/train"] {
      #expect(throws: (any Error).self) {
        try rated.addAgain(files, labelling: [set], home: home.home, say: { _ in })
      }
    }
  }

  @Test("the report has a pair of raters, their differences, and the largest of them on request")
  func report() throws {
    let home = try StudyHome()
    var rated = try home.rated("test")
    try rated.add([home.labels("llama", of: "test", rows: 0..<12)], say: { _ in })
    let report = AgreementReport(rated, largest: 2, showText: true)
    #expect(report.labels == ["crowd": 12, "llama": 12])
    let pair = try #require(report.pairs.first)
    #expect(report.pairs.count == 1 && pair.n == 12)
    // Nine rows differ by 0.5 and three by 2.
    #expect(pair.mae == 0.875 && pair.bias.map { abs($0) } == 0.875)
    #expect(report.distributions.first?.counts.reduce(0, +) == 12)
    let rows = try #require(report.largest.first?.rows)
    #expect(rows.map { abs($0.difference) } == [2, 2])
    #expect(rows[0].essay?.hasPrefix("Essay ") == true)
    #expect(AgreementReport(rated, largest: 0, showText: false).largest.isEmpty)
  }

  @Test(
    "pairs of a name and a file are read, and contradictions are mistakes of usage",
    arguments: [["llama"], ["crowd=a.tsv"], ["=a.tsv"]])
  func pairs(wrong: [String]) throws {
    #expect(throws: StudyError.self) { try LabelFile.parse(wrong, option: "--labels") }
    #expect(throws: StudyError.self) {
      try LabelFile.parse(["a=b"], columns: ["c=d"], option: "--labels")
    }
    let files = try LabelFile.parse(["a=b=c", "a=d"], columns: ["a=x"], option: "--labels")
    #expect(files.map(\.path) == ["b=c", "d"] && files.map(\.column) == ["x", "x"])
  }
}
