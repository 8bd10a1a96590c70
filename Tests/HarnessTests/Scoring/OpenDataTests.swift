import Basics
import Foundation
import Harness
import Metrics
import TestSupport
import Testing

/// The open set, imported once for all tests that only read it.
private struct OpenSet {
  static let shared = Result { try OpenSet() }

  let folder: TemporaryFolder
  let definition: BenchmarkDefinition
  let all: Dataset

  init() throws {
    folder = try TemporaryFolder()
    definition = try BenchmarkRegistry(folder: nil).find("newsemp18")
    let home = DataHome(folder.file("home"))
    _ = try DatasetImporter.run(definition, from: Shared.url("data/newsemp18"), into: home)
    all = try home.load(definition, split: "all")
  }

  func labels(_ model: String) -> URL {
    Shared.url("data/llmpathy/NewsEmp2022/messages_train_ready_for_WS_\(model).tsv")
  }
}

@Suite("Real labels on the open set", .enabled(if: Shared.exists, Shared.missing))
struct OpenDataTests {
  @Test("Llama's labels score PCC 0.4369 and alpha 0.4014 on the 1860 rows of NewsEmp18")
  func llama() throws {
    let open = try OpenSet.shared.get()
    let read = try PredictionReader(open.definition, dataset: open.all).read(open.labels("llama"))
    let scorer = try Scorer(open.definition, dataset: open.all, options: Synthetic.quick)
    let report = ReleaseRule.open.release(try scorer.score(read))
    let scores = try #require(report.targets["empathy"])
    #expect(report.n == 1860 && report.clusters == 372)
    #expect(scores[.pcc]?.value == 0.4369)
    #expect(scores[.alpha]?.value == 0.4014)
    #expect(report.wassa["empathy"] == 0.4369)
    #expect(report.targets["distress"] == nil)
    let (low, high) = try (#require(scores[.pcc]?.low), #require(scores[.pcc]?.high))
    #expect(low < 0.4369 && 0.4369 < high && high - low < 0.2)
  }

  @Test("GPT's labels lack 5 rows: 5 faults, or 1855 rows with drop-missing")
  func gpt() throws {
    let open = try OpenSet.shared.get()
    let faults = refusal {
      try PredictionReader(open.definition, dataset: open.all).read(open.labels("gpt"))
    }
    #expect(faults.count == 5)
    #expect(faults.allSatisfy { [.missingValue, .missingID].contains($0.code) })
    let read = try PredictionReader(
      open.definition, dataset: open.all, dropMissing: true
    ).read(open.labels("gpt"))
    #expect(read.missingCount == 5)
    let scorer = try Scorer(open.definition, dataset: open.all, options: Synthetic.quick)
    let report = ReleaseRule.open.release(try scorer.score(read))
    #expect(report.n == 1855 && report.dropped == 5)
  }

  @Test("the crowd's empathy has mean 3.700 and SD 1.825, and no label is outside the histogram")
  func statistics() throws {
    let open = try OpenSet.shared.get()
    let statistics = DatasetStatistics([open.all], definition: open.definition)
    let labels = try #require(statistics.splits.first?.labels["empathy"])
    #expect(Rounding.text(labels.mean, decimals: 3) == "3.700")
    #expect(Rounding.text(try #require(labels.sd), decimals: 3) == "1.825")
    #expect(labels.histogram?.count == DatasetStatistics.bins)
    #expect(labels.histogram?.reduce(0, +) == 1860)
  }
}
