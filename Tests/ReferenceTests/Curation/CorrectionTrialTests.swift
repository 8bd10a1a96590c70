import Basics
import Foundation
import Metrics
import Reference
import Testing

@Suite("Ways to correct labels, compared")
struct CorrectionTrialTests {
  /// 40 persons of 6 essays: the truth is a function of two features; every fourth crowd label has
  /// noise on top (soft correction assumes that noise adds to the truth), the model is near the
  /// truth.
  private static func set(
    seed: UInt64
  ) -> (essays: [LabelledEssay], features: [[Double]], truth: [Double]) {
    var random = SplitMix64(seed: seed)
    var (essays, features, truths): ([LabelledEssay], [[Double]], [Double]) = ([], [], [])
    for index in 0..<240 {
      let x = [
        Double.random(in: -1...1, using: &random), Double.random(in: -1...1, using: &random),
      ]
      let truth = 4 + 2 * x[0] - 0.8 * x[1]
      let noise = Double.random(in: -5...5, using: &random)
      let crowd = index % 4 == 0 ? truth + noise : truth
      let model = min(7, max(1, truth + Double.random(in: -0.3...0.3, using: &random)))
      essays.append(
        LabelledEssay(
          id: "\(index)", text: "essay \(index)", person: "p\(index / 6)", crowd: crowd,
          labels: ["llm": model]))
      features.append(x)
      truths.append(truth)
    }
    return (essays, features, truths)
  }

  private static let ways: [CorrectionTrial.Way] = [
    .fixed(.none), .fixed(.threshold(llm: "llm", alpha: 6)), .chosenAlpha(llm: "llm"),
    .soft(llm: "llm"), .fixed(.replace(llm: "llm")),
  ]

  /// Soft labels keep the scale and the mean of the crowd's, errors of these included: what they
  /// win is order.
  @Test("with clean labels by the model, learning from them comes nearer to the truth")
  func nearer() throws {
    let (essays, features, truth) = Self.set(seed: 1)
    let trial = try CorrectionTrial(
      essays, features: features, ways: Self.ways, folds: 5, seed: 3)
    let errors = trial.results.map { PointMetrics.rmse($0.predictions, truth).value ?? .infinity }
    #expect(errors[4] < errors[0])
    let orders = trial.results.map { PointMetrics.pcc($0.predictions, truth).value ?? -1 }
    #expect(orders[3] > orders[0])
    #expect(orders[4] > orders[0])
    #expect(trial.results.map(\.used.count) == [5, 5, 5, 5, 5])
    #expect(trial.results[3].used == Array(repeating: "llm:llm:soft:text", count: 5))
  }

  @Test("a threshold that replaces nothing gives the crowd's predictions, bit for bit")
  func nothing() throws {
    let (essays, features, _) = Self.set(seed: 2)
    let trial = try CorrectionTrial(
      essays, features: features, ways: Self.ways, folds: 4, seed: 1)
    #expect(trial.results[0].predictions == trial.results[1].predictions)
    #expect(trial.results[1].changed == 0)
  }

  @Test("labels of held-out persons reach no prediction for them")
  func heldOut() throws {
    let (essays, features, _) = Self.set(seed: 4)
    let folds = 40
    func predictions(_ essays: [LabelledEssay]) throws -> [[Double]] {
      try CorrectionTrial(
        essays, features: features, ways: Self.ways, folds: folds, seed: 1
      ).results.map { Array($0.predictions[0..<6]) }
    }
    let changed = essays.map { essay in
      essay.person == "p0"
        ? LabelledEssay(
          id: essay.id, text: essay.text, person: essay.person, crowd: 1, labels: ["llm": 7])
        : essay
    }
    #expect(try predictions(essays) == predictions(changed))
  }

  @Test("rows without a crowd label take no part, and too few persons are refused")
  func refusals() throws {
    let (essays, features, _) = Self.set(seed: 5)
    let some = essays.enumerated().map { index, essay in
      index < 60
        ? LabelledEssay(
          id: essay.id, text: essay.text, person: essay.person, crowd: nil, labels: essay.labels)
        : essay
    }
    let trial = try CorrectionTrial(
      some, features: features, ways: [.fixed(.none)], folds: 3, seed: 1)
    #expect(trial.crowd.count == 180 && trial.results[0].predictions.count == 180)
    #expect(throws: ReferenceError.self) {
      try CorrectionTrial(
        essays, features: features, ways: [.fixed(.none)], folds: 41, seed: 1)
    }
  }

  // MARK: The same essay in two sets

  @Test("labels of the same text in another set join as a rater, whatever the case and the blanks")
  func sameText() {
    let own = ["One two.", "Three four!", "Five"].enumerated().map {
      LabelledEssay(id: "\($0)", text: $1, crowd: 4, labels: ["llama": Double($0) + 2])
    }
    let other = [
      LabelledEssay(id: "x", text: "ONE  two", crowd: nil, labels: ["llama": 2.5]),
      LabelledEssay(id: "y", text: "one two", crowd: nil, labels: ["llama": 6]),
      LabelledEssay(id: "z", text: "three four", crowd: nil, labels: ["llama": 3.5]),
      LabelledEssay(id: "w", text: "five", crowd: nil),
    ]
    let joined = LabelledEssay.addingByText(own, name: "again", from: other, rater: "llama")
    #expect(joined.map { $0.labels["again"] } == [2.5, 3.5, nil])
    let agreement = Agreement(joined, "llama", "again")
    #expect(agreement.count == 2)
    #expect(agreement.mae.value == 0.5 && agreement.deviation.value == 0)
  }

  @Test("a repaired label says so where the crowd's is taken, and not where a model's is")
  func provenance() throws {
    let rows = [3.0, 6.5].enumerated().map {
      LabelledEssay(
        id: "\($0)", text: "t\($0)", crowd: $1, crowdSource: "crowd:repaired",
        labels: ["llama": 2])
    }
    var table = TrainingTable(target: "empathy", evaluation: [])
    try table.add(
      rows, set: "newsemp24/train", correction: .threshold(llm: "llama", alpha: 4))
    #expect(table.rows.map(\.provenance) == ["crowd:repaired", "llm:llama:alpha=4.0"])
    #expect(table.steps.first?.repaired == 2)
  }
}
