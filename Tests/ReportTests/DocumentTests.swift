import Foundation
import Harness
import Metrics
import Report
import Testing

@Suite("Documents beside a leaderboard")
struct DocumentTests {
  @Test("leaderboard.json reads back into the rows of the page, in their order")
  func jsonReadsBack() throws {
    let site = try BuiltSite(
      SampleInput.input([
        SampleInput.entry("b", pcc: 0.2), SampleInput.entry("a", pcc: 0.5),
        SampleInput.published("paper", pcc: 0.629),
      ]))
    let document = try JSONDecoder().decode(
      LeaderboardDocument.self,
      from: Data(contentsOf: site.url.appending(path: "toy/test/leaderboard.json")))
    #expect(document.rows.map(\.slug) == ["a", "b"])
    #expect(document.rows[0].targets["empathy"]?[.pcc]?.value == 0.5)
    #expect(document.rows[0].lowRank == nil)
    #expect(document.published.map(\.slug) == ["paper"])
  }

  @Test("leaderboard.json names the log that its board was made from, and each entry's name there")
  func jsonNamesTheLog() throws {
    var entry = SampleInput.entry("team-a-x1y2", pcc: 0.5)
    entry.id = "x1y2"
    var board = try #require(
      SampleInput.input([entry, SampleInput.published("paper", pcc: 0.6)]).boards.first)
    func document() throws -> LeaderboardDocument {
      try JSONDecoder().decode(LeaderboardDocument.self, from: LeaderboardDocument.json(of: board))
    }
    #expect(try document().ledger == nil)
    board.ledger = .init(origin: "a-log", size: 7, checkpoint: Data())
    let named = try document()
    #expect(named.ledger?.origin == "a-log" && named.ledger?.size == 7)
    #expect(named.rows.map(\.id) == ["x1y2"] && named.published.map(\.id) == ["paper"])
  }

  @Test("leaderboard.csv has as many cells in each line as in its header")
  func csvIsRectangular() throws {
    let site = try BuiltSite(
      SampleInput.input([
        SampleInput.entry("a", pcc: 0.5), SampleInput.published("paper", pcc: 0.629),
      ]))
    let lines = try site.text("toy/test/leaderboard.csv").split(separator: "\n")
    #expect(lines.count == 3)
    let counts = Set(lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).count })
    #expect(counts.count == 1)
  }

  @Test("a system's own table has its scores and its groups, and of a small group the reason alone")
  func systemTable() throws {
    var small = GroupScores(attribute: "gender", group: "Other, or \"none\"")
    small.suppressed = "too small to publish"
    var shown = GroupScores(attribute: "gender", group: "Male")
    (shown.n, shown.clusters) = (41, 28)
    var scores = TargetScores()
    scores[.pcc] = ScoredFigure(value: 0.25, low: 0.125, high: 0.5)
    scores[.ccc] = ScoredFigure(value: 0.2)
    scores[.rmse] = ScoredFigure(undefined: "held back")
    shown.targets["empathy"] = scores
    let entry = SampleInput.entry("a", pcc: 0.5, groups: [small, shown])
    let site = try BuiltSite(SampleInput.input([entry]))
    let lines = try site.text("toy/test/systems/a.csv").split(separator: "\n").map(String.init)
    #expect(lines.first == "attribute,group,target,metric,value,low,high,essays,persons,undefined")
    #expect(lines.contains { $0.hasPrefix(",,empathy,pcc,0.5000,") })
    #expect(
      lines.contains("gender,\"Other, or \"\"none\"\"\",,,,,,,,too small to publish"))
    #expect(lines.contains("gender,Male,empathy,pcc,0.2500,0.1250,0.5000,41,28,"))
    #expect(lines.contains("gender,Male,empathy,rmse,,,,41,28,held back"))
    let page = try site.text("toy/test/systems/a.html")
    #expect(page.contains("href=\"a.csv\""))
  }

  @Test(
    "a name that a spreadsheet takes for a formula gets an apostrophe",
    arguments: ["=1+1", "+1", "-1", "@x", " =1"])
  func formulasAreDefused(name: String) throws {
    var entry = SampleInput.entry("a", pcc: 0.5)
    entry.metadata.system = name
    let site = try BuiltSite(SampleInput.input([entry]))
    #expect(try site.text("toy/test/leaderboard.csv").contains(",'\(name),"))
  }

  @Test("a team's contact stands in no file of the site")
  func contactIsNeverShown() throws {
    var entry = SampleInput.entry("a", pcc: 0.5)
    entry.metadata.contact = "secret-contact@example.org"
    let site = try BuiltSite(SampleInput.input([entry]))
    for (path, data) in try BuiltSite.contents(of: site.url) {
      #expect(data.range(of: Data("secret-contact".utf8)) == nil, "\(path)")
    }
  }

  @Test("a suppressed group's figures stand in no file, even where a report holds them")
  func suppressedStaysSuppressed() throws {
    var group = GroupScores(attribute: "gender", group: "Other")
    group.n = 31_415_926
    group.suppressed = "too small to publish"
    let figure = ScoredFigure(value: 0.1357)
    var scores = TargetScores()
    for metric in Metric.all { scores[metric] = figure }
    (scores.goldSD, scores.bias) = (0.1357, 0.1357)
    group.targets["empathy"] = scores
    let entry = SampleInput.entry("a", pcc: 0.5, groups: [group])
    let site = try BuiltSite(SampleInput.input([entry]))
    for (path, data) in try BuiltSite.contents(of: site.url) {
      #expect(data.range(of: Data("0.1357".utf8)) == nil, "\(path)")
      for written in ["31415926", "31\u{202F}415\u{202F}926"] {
        #expect(data.range(of: Data(written.utf8)) == nil, "\(path)")
      }
    }
    #expect(try site.text("toy/test/systems/a.html").contains("too small to publish"))
  }

  @Test("characters that mean something to TeX are literal in leaderboard.tex")
  func latexIsEscaped() throws {
    var entry = SampleInput.entry("a", pcc: 0.5)
    entry.metadata.system = ##"100%_$&#\x{}"##
    let site = try BuiltSite(SampleInput.input([entry]))
    let table = try site.text("toy/test/leaderboard.tex")
    #expect(table.contains(##"100\%\_\$\&\#\textbackslash{}x\{\}"##))
  }
}
