import Foundation
import Metrics
import Reference
import TestSupport
import Testing

@Suite("NewsEmp18 with the published labels", .enabled(if: Shared.exists, Shared.missing))
struct PublishedLabelTests {
  let essays: [LabelledEssay]
  init() throws { essays = try OpenData.newsEmp18() }

  @Test("The rows join to their labels, and what is missing stays missing")
  func join() {
    #expect(essays.count == 1_860)
    #expect(essays.count { $0.labels["llama"] == nil } == 0)
    #expect(essays.count { $0.labels["gpt"] == nil } == 5)
  }

  @Test(
    "As many labels are replaced as the data's notes say",
    arguments: [
      ("llama", [276, 165, 93, 51, 25]), ("gpt", [348, 214, 142, 97, 69]),
    ])
  func replaced(_ name: String, _ counts: [Int]) throws {
    for (alpha, count) in zip([3, 3.5, 4, 4.5, 5], counts) {
      let (rows, summary) = try LabelCorrection.threshold(llm: name, alpha: alpha)
        .apply(essays, set: "newsemp18")
      #expect(summary.changed == count, "\(name) at \(alpha)")
      #expect(rows.count { $0.provenance == "llm:\(name):alpha=\(alpha)" } == count)
      #expect(rows.count == 1_860)
      #expect(summary.withoutModelLabel == (name == "gpt" ? 5 : 0))
    }
  }

  @Test("Crowd and Llama agree as the data's notes say")
  func agreement() throws {
    let agreement = Agreement(essays, "crowd", "llama")
    // The notes give four decimals.
    #expect(abs(try #require(agreement.alpha.value) - 0.4014) < 5e-5)
    #expect(abs(try #require(agreement.pcc.value) - 0.4369) < 5e-5)
    #expect(Agreement.all(essays).map(\.count) == [1_855, 1_860, 1_855])
  }

  @Test("The labels of NewsEmp24 train by Llama and GPT agree as in table IX")
  func table9() throws {
    let folder = Shared.url("data/llmpathy/NewsEmp2024")
    let keys = ["conversation_id", "article_id", "person_id"]
    var tables: [[String: Double?]] = []
    for name in ["llama", "gpt"] {
      let file = folder.appending(path: "trac3_EMP_train_\(name).tsv")
      tables.append(try LabelTable.read(file).labels("llm_empathy", by: keys, in: 1...7))
    }
    let essays = tables[0].keys.map { key in
      LabelledEssay(id: key, text: "", crowd: nil)
        .adding("llama", from: tables[0], key: key).adding("gpt", from: tables[1], key: key)
    }
    let agreement = Agreement(essays, "llama", "gpt")
    #expect(agreement.count == 1_000)
    // Published with four and three decimals.
    #expect(abs(try #require(agreement.alpha.value) - 0.7961) < 5e-5)
    #expect(abs(try #require(agreement.mae.value) - 0.785) < 5e-4)
    #expect(abs(try #require(agreement.deviation.value) - 0.703) < 5e-4)
  }

  @Test("Every published label file reads, with one label for each key")
  func allFiles() throws {
    let folder = Shared.url("data/llmpathy")
    let files = try #require(
      FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
    var count = 0
    for case let file as URL in files where file.pathExtension == "tsv" {
      let table = try LabelTable.read(file)
      let keys = table.header.filter { !$0.hasPrefix("llm_") }
      #expect(
        try table.labels("llm_empathy", by: keys, in: 1...7).count == table.rows.count,
        "\(file.lastPathComponent)")
      count += 1
    }
    #expect(count == 16)
  }

  @Test("The soft correction with a rater of the text keeps to the scale")
  func soft() throws {
    let features = WordFeatures.extract(essays.map(\.text), size: 128)
    let rated = try LabelledEssay.addingTextRater(essays, features: features)
    let (rows, summary) = try LabelCorrection.soft(llm: "llama", third: "text")
      .apply(rated, set: "newsemp18")
    let reliability = try #require(summary.reliability)
    #expect(reliability.rows == 1_860)
    #expect((0...1).contains(reliability.crowd) && (0...1).contains(reliability.model))
    #expect(rows.allSatisfy { (1...7).contains($0.label) })
  }
}
