import Foundation
import Harness
import Metrics
import TestSupport
import Testing

@Suite("A bare pair of files")
struct FilePairTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func score(
    _ predictions: String, _ gold: String, dropMissing: Bool = false
  ) throws -> ScoreReport {
    try ReleaseRule.open.release(
      FilePair(
        predictions: folder.write(predictions, to: "predictions"),
        gold: folder.write(gold, to: "gold"), like: BenchmarkRegistry.standard(),
        dropMissing: dropMissing
      ).score(Synthetic.quick))
  }

  @Test("files without header are joined by row order, each row its own cluster")
  func ordered() throws {
    let report = try score("1\n2\n3\n5\n", "2\n4\n6\n10\n")
    #expect(report.benchmark == "files" && report.n == 4 && report.clusters == 4)
    #expect(report.targets["empathy"]?[.pcc]?.value == 1)
    #expect(report.signature.contains("cluster:row"))
  }

  @Test("files with ids are joined by id; the gold file's persons are the clusters")
  func keyed() throws {
    let gold = "id,empathy,person\na,1,p\nb,2,p\nc,3,q\nd,5,r\n"
    let report = try score("id,empathy\nd,10\nb,4\na,2\nc,6\n", gold)
    #expect(report.n == 4 && report.clusters == 3)
    #expect(report.targets["empathy"]?[.pcc]?.value == 1)
    #expect(report.signature.contains("cluster:person"))
  }

  @Test("another number of rows is refused")
  func rowCount() throws {
    let faults = refusal { try score("1\n2\n", "1\n2\n3\n") }
    #expect(faults.map(\.code) == [.rowCount])
    #expect(faults.first?.found == "2 rows")
  }

  @Test("predictions with a header need a gold file with ids")
  func mixed() throws {
    #expect(refusal { try score("id,empathy\na,1\n", "1\n") }.map(\.code) == [.header])
  }

  @Test("drop-missing leaves rows out and counts them")
  func dropMissing() throws {
    let gold = "id,empathy\na,1\nb,2\nc,3\nd,5\n"
    #expect(refusal { try score("id,empathy\na,1\nb,\nc,3\n", gold) }.count == 2)
    let report = try score("id,empathy\na,1\nb,\nc,3\nd,5\n", gold, dropMissing: true)
    #expect(report.n == 3 && report.dropped == 1)
  }

  @Test("an id that stands twice in the gold file is refused")
  func repeatedGold() throws {
    let faults = refusal { try score("id,empathy\na,1\nb,2\n", "id,empathy\na,1\nb,2\na,3\n") }
    #expect(faults.map(\.code) == [.repeatedID])
    #expect(faults.first?.line == 4)
  }

  @Test("a fault of the gold file never shows a label")
  func goldFault() throws {
    let faults = refusal { try score("1\n2\n3\n", "3,375\n4.125x\n5\n") }
    #expect(!faults.isEmpty)
    #expect(!faults.contains { $0.found?.contains(/375|4\.125/) ?? false })
  }

  @Test("files that share no target are not scored")
  func noTarget() throws {
    #expect(throws: HarnessError.self) { try score("id,distress\na,1\n", "id,empathy\na,1\n") }
  }
}
