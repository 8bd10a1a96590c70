import Foundation
import Report
import Study
import Testing

@Suite("The page of a replication")
struct ReplicationPageTests {
  @Test("the page shows each published figure, ours with its verdict, and what was misprinted")
  func page() throws {
    var input = try SampleInput.input([SampleInput.entry("a", pcc: 0.5)])
    input.replication = try Replication(Published.shipped(), setting: "here <so>") { definition in
      switch definition.claim.id {
      case "headline/pcc":
        .measured(
          .init(0.55, seeds: .init(count: 5, mean: 0.52, sd: 0.031), low: 0.4, high: 0.66))
      case "IX/llama-gpt/alpha": .measured(.init(0.79611))
      default: .notRun("no data")
      }
    }
    let site = try BuiltSite(input)
    #expect(try SiteChecker().check(site.url) == [])
    let page = try site.text("replication.html")
    #expect(page.contains("here &lt;so&gt;"))
    #expect(page.contains("<b>0.550</b> <span class=\"iv\">[0.400, 0.660]</span>"))
    #expect(page.contains("0.520 ± 0.031, 5 seeds"))
    #expect(page.contains("<span class=\"badge bad\">not replicated</span>"))
    #expect(page.contains("<b>0.7961</b>"))
    #expect(page.contains("<span class=\"sr\">first printed </span>0.092</s> 1.209"))
    #expect(page.contains("24 claims not run: no data"))
    #expect(page.contains("published, peak of five seeds"))
    #expect(page.components(separatedBy: "<table class=\"claims fold\">").count - 1 > 10)
  }
}
