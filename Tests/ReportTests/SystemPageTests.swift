import Foundation
import Harness
import Metrics
import Report
import Testing

@Suite("A system's page")
struct SystemPageTests {
  private func page(
    _ slug: String, of entries: [Board.Entry], comparison: BoardComparison? = nil,
    isGuarded: Bool = false
  ) throws -> String {
    let site = try BuiltSite(
      SampleInput.input(entries, comparison: comparison, isGuarded: isGuarded))
    #expect(try SiteChecker().check(site.url) == [])
    return try site.text("toy/test/systems/\(slug).html")
  }

  private func pair() -> [Board.Entry] {
    [SampleInput.entry("a", pcc: 0.6), SampleInput.entry("b", pcc: 0.4)]
  }

  @Test("names its neighbours and what it differs from them by, seen from either of the two")
  func neighbours() throws {
    let comparison = SampleInput.comparison("a", "b")
    let better = try page("a", of: pair(), comparison: comparison)
    #expect(better.contains(#"0.200 <span class="iv">[0.100, 0.300]</span>"#))
    #expect(
      better.contains(#"data-l="Adjusted p">0.0100</td><td data-l="This system is">better</td>"#))
    #expect(better.contains(#"<a href="../systems/b.html">System b</a>"#))
    #expect(better.contains(#"<a href="../index.html?compare=a,b">System b</a>"#))
    let worse = try page("b", of: pair(), comparison: comparison)
    #expect(worse.contains(#"−0.200 <span class="iv">[−0.300, −0.100]</span>"#))
    #expect(
      worse.contains(#"data-l="Adjusted p">0.0100</td><td data-l="This system is">worse</td>"#))
  }

  @Test("where labels are hidden it shows its neighbours' released values, and no difference")
  func hidden() throws {
    let page = try page("a", of: pair(), isGuarded: true)
    #expect(page.contains("there is no test of two systems"))
    #expect(page.contains(#"<td class="num" data-l="Value">0.40</td>"#))
    #expect(!page.contains(">Difference<"))
  }

  @Test("says what independent rows would give only where that is narrower")
  func rowwise() throws {
    func told(_ low: Double, _ high: Double) throws -> Bool {
      let figure = ScoredFigure(value: 0.5, low: low, high: high)
      return try page("a", of: [SampleInput.entry("a", pcc: 0.5, rowwise: figure)])
        .contains("were independent")
    }
    #expect(try told(0.45, 0.55))
    #expect(try !told(0.35, 0.65))
  }

  @Test("draws errors too, on an axis of their own that holds their intervals")
  func axes() throws {
    // RMSE 1.4 [1, 2] between ticks at 1 and 2, over 190 units from 5 on.
    let page = try page("a", of: [SampleInput.entry("a", pcc: 0.6)])
    #expect(page.contains(#"d="M5 8H195M5 5v6M195 5v6"/><circle class="pt" cx="81" cy="8""#))
    #expect(page.contains("Error <span class=\"of\">lower is better</span>"))
  }

  @Test("shows labels by bin with their figures where a report has them")
  func calibration() throws {
    let entry = SampleInput.entry("a", pcc: 0.5, calibration: try SampleInput.calibration())
    let page = try page("a", of: [entry])
    #expect(page.contains("Empathy: mean label over mean prediction in 2 bins"))
    #expect(
      page.contains(
        "<td class=\"num\">2.50</td><td class=\"num\">3.25</td>"
          + "<td class=\"num\">[2.50, 3.75]</td><td class=\"num\">10</td>"))
    #expect(try !self.page("a", of: [SampleInput.entry("a", pcc: 0.5)]).contains("#calibration"))
  }

  @Test("words between backticks are code, escaped, and no backtick is left")
  func code() throws {
    var entry = SampleInput.entry("a", pcc: 0.5, notes: ["See `a <b>`."])
    entry.metadata.description = "Made by `x & y` and one ` more."
    let page = try page("a", of: [entry])
    #expect(page.contains("See <code>a &lt;b&gt;</code>."))
    #expect(page.contains("Made by <code>x &amp; y</code> and one &#96; more."))
    #expect(!page.contains("`"))
  }

  @Test("groups that are withheld for one reason stand in one row")
  func withheld() throws {
    let groups = ["One", "Two", "Three"].map { name in
      var group = GroupScores(attribute: "gender", group: name)
      group.suppressed = name == "Two" ? "withheld" : "too small to publish"
      return group
    }
    let page = try page("a", of: [SampleInput.entry("a", pcc: 0.5, groups: groups)])
    #expect(page.contains("One, Three"))
    #expect(!page.contains("Two,"))
  }
}
