import Foundation
import Harness
import Reference
import Study
import TestSupport
import Testing

@Suite("Curation: correction and augmentation")
struct CurationTests {
  private static func request(
    split: String = "train", evaluation: [String] = ["test"],
    overlap: TrainingTable.Overlap = .refuse
  ) -> CurationRequest {
    CurationRequest(
      benchmark: "sample24", split: split, evaluation: evaluation, overlap: overlap,
      repair: false, seed: 0)
  }

  private static let words = EssayFeatures(states: nil)

  struct Case: Sendable, CustomTestStringConvertible {
    let alpha: Double
    let replaced: Int
    var testDescription: String { "alpha \(alpha)" }
  }

  @Test(
    "labels that differ by more than alpha are replaced, the others stay the crowd's",
    arguments: [
      Case(alpha: 0.4, replaced: 12), Case(alpha: 0.5, replaced: 3),
      Case(alpha: 1.99, replaced: 3), Case(alpha: 2, replaced: 0),
    ])
  func correction(tried: Case) throws {
    let home = try StudyHome()
    let made = try Self.request().correct(
      .init(
        .threshold, by: Self.option(home.labels("llama", of: "train", rows: 0..<12)),
        alpha: tried.alpha), features: Self.words, home: home.home, say: { _ in })
    #expect(made.table.rows.count == 12)
    let replaced = made.table.rows.filter { $0.provenance.hasPrefix("llm:llama") }
    #expect(replaced.count == tried.replaced)
    #expect(made.table.steps.map(\.changed) == [tried.replaced])
    #expect(made.evaluation.splits == ["test"])
    #expect(made.table.rows[0].label == (tried.replaced == 12 ? 1.5 : 1))
    let file = home.folder.file("made/train.csv")
    try made.write(to: file)
    #expect(
      try EmbeddedRows(table: file).rows.map(\.provenance) == made.table.rows.map(\.provenance))
  }

  /// A label file as `--llm` takes it.
  private static func option(_ file: LabelFile) -> String { "\(file.name)=\(file.path)" }

  @Test("the options of a correction make one choice or are mistakes of usage")
  func choices() throws {
    typealias Choice = CurationRequest.Choice
    #expect(try Choice(.threshold, by: "llama=a") == Choice(.threshold, by: "llama=a", alpha: 4))
    #expect(try Choice(.blup, by: nil).readsText == false)
    #expect(try Choice(.soft, by: "llama=a").readsText)
    #expect(try Choice(.soft, by: "llama=a", third: "gpt=b").readsText == false)
    #expect(try Choice(.flaggedText, by: "llama=a", alpha: 3).readsText)
    let wrong: [(CorrectionWay, String?, Double?, String?)] = [
      (.threshold, "llama=a", 7, nil), (.threshold, nil, nil, nil), (.em, "llama=a", 4, nil),
      (.blup, "llama=a", nil, nil), (.threshold, "llama=a", nil, "gpt=b"),
      (.soft, "llama=a", nil, "llama=b"), (.soft, "llama", nil, nil),
    ]
    for (way, llm, alpha, third) in wrong {
      #expect(throws: StudyError.self) { try Choice(way, by: llm, alpha: alpha, third: third) }
    }
  }

  @Test("a soft correction blends all labels, with the third rater's reliability")
  func soft() throws {
    let home = try StudyHome(train: 36)
    let made = try Self.request().correct(
      .init(
        .soft, by: Self.option(home.labels("llama", of: "train", rows: 0..<36)),
        third: Self.option(home.labels("gpt", of: "train", rows: 0..<36))),
      features: Self.words, home: home.home, say: { _ in })
    let reliability = try #require(made.report.reliability)
    #expect(reliability.rows == 36 && reliability.weight != nil)
    #expect(made.table.rows.allSatisfy { $0.provenance.contains("soft") })
  }

  @Test("rows of another benchmark join with the labels asked for, by their share")
  func augmentation() throws {
    let home = try StudyHome()
    let llama = try home.labels("llama", of: "all", in: "newsemp18", rows: 0..<10)
    for (labels, portion, added) in [("crowd", 1.0, 8), ("llama", 1.0, 8), ("llama", 0.5, -1)] {
      let made = try Self.request(evaluation: ["dev"]).augment(
        with: [
          .init(
            benchmark: "newsemp18", splits: ["all"], labels: labels, files: [llama],
            portion: portion)
        ], correctingBy: nil, alpha: 4, home: home.home, say: { _ in })
      let other = made.table.rows.filter { $0.set == "newsemp18/all" }
      // Two of the ten essays also stand in dev, which is evaluated.
      #expect(added < 0 ? (3...5).contains(other.count) : other.count == added)
      #expect(made.table.rows.count == 12 + other.count)
      #expect(made.table.steps.map(\.set) == ["sample24/train", "newsemp18/all"])
      #expect(other.allSatisfy { $0.provenance.hasPrefix(labels == "crowd" ? "crowd" : "llm:") })
    }
  }

  @Test("a set is neither added to itself nor evaluated on what it trains on")
  func contradictions() throws {
    let home = try StudyHome()
    let itself = CurationRequest.Addition(
      benchmark: "sample24", splits: ["train"], labels: "crowd", files: [], portion: 1)
    #expect(throws: StudyError.self) {
      try Self.request().augment(
        with: [itself], correctingBy: nil, alpha: 4, home: home.home, say: { _ in })
    }
    #expect(throws: StudyError.self) {
      try EvaluationTexts(["train"], of: home.definition, training: ["train"], home: home.home)
    }
    let standard = try EvaluationTexts([], of: home.definition, training: ["dev"], home: home.home)
    #expect(standard.splits == ["test"] && standard.texts.count == 12)
  }
}
