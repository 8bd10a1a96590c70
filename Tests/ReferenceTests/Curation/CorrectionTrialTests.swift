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
          id: "\(index)", text: "essay \(index)", person: "p\(index / 6)",
          article: "a\(index % 12)", crowd: crowd, labels: ["llm": model]))
      features.append(x)
      truths.append(truth)
    }
    return (essays, features, truths)
  }

  private static let ways: [LabelCorrection] = [
    .none, .threshold(llm: "llm", alpha: 6), .em(llm: "llm"), .soft(llm: "llm", third: "text"),
    .replace(llm: "llm"), .flaggedText(llm: "llm", alpha: 2, text: "text"),
    .samePersons(llm: "llm", alpha: 2, seed: 1),
  ]

  /// Soft labels keep the scale and the mean of the crowd's, errors of these included: what they
  /// win is order.
  @Test("with clean labels by the model, learning from them comes nearer to the truth")
  func nearer() throws {
    let (essays, features, truth) = Self.set(seed: 1)
    let trial = try CorrectionTrial(
      essays, features: features, corrections: Self.ways, folds: 5, seed: 3)
    let errors = trial.results.map { PointMetrics.rmse($0.predictions, truth).value ?? .infinity }
    #expect(errors[4] < errors[0])
    let orders = trial.results.map { PointMetrics.pcc($0.predictions, truth).value ?? -1 }
    for place in [2, 3, 4] { #expect(orders[place] > orders[0]) }
    #expect(trial.results.map(\.used.count) == Self.ways.map { _ in 5 })
    for (way, result) in zip(Self.ways, trial.results) {
      #expect(result.used == Array(repeating: way.name, count: 5))
    }
    // Both flag and both replace the same number in each block.
    #expect(trial.results[5].changed == trial.results[6].changed)
    #expect(trial.results[5].changed > 0)
  }

  @Test("a threshold that replaces nothing gives the crowd's predictions, bit for bit")
  func nothing() throws {
    let (essays, features, _) = Self.set(seed: 2)
    let trial = try CorrectionTrial(
      essays, features: features, corrections: Self.ways, folds: 4, seed: 1)
    #expect(trial.results[0].predictions == trial.results[1].predictions)
    #expect(trial.results[1].changed == 0)
  }

  @Test(
    "labels of held-out persons reach no prediction for them, nor do those of held-out articles",
    arguments: CorrectionTrial.HeldOut.allCases)
  func heldOut(_ heldOut: CorrectionTrial.HeldOut) throws {
    let (essays, features, _) = Self.set(seed: 4)
    // The rows of p0 and of article a0, whose labels change.
    let own = essays.indices.filter {
      essays[$0].person == "p0" || heldOut == .personsAndArticles && essays[$0].article == "a0"
    }
    let folds = heldOut == .persons ? 40 : 6
    func predictions(_ essays: [LabelledEssay]) throws -> [[Double]] {
      try CorrectionTrial(
        essays, features: features, corrections: Self.ways, heldOut: heldOut, folds: folds, seed: 1
      ).results.map { Array($0.predictions[0..<(heldOut == .persons ? 6 : 1)]) }
    }
    var changed = essays
    for place in own {
      let essay = essays[place]
      changed[place] = LabelledEssay(
        id: essay.id, text: essay.text, person: essay.person, article: essay.article,
        crowd: Double(1 + place % 3), labels: ["llm": Double(7 - place % 2)])
    }
    #expect(try predictions(essays) == predictions(changed))
  }

  @Test("persons and articles are held out together: a block trains on neither")
  func blocks() throws {
    let (essays, features, _) = Self.set(seed: 6)
    let both = try CorrectionTrial(
      essays, features: features, corrections: [.none], heldOut: .personsAndArticles, folds: 4,
      seed: 1)
    let persons = try CorrectionTrial(
      essays, features: features, corrections: [.none], folds: 4, seed: 1)
    #expect(abs(persons.trainingRows - 180) < 1e-9)
    // 9/16 of 240.
    #expect(abs(both.trainingRows - 135) < 6)
    let bare = essays.map {
      LabelledEssay(id: $0.id, text: "", person: $0.person, crowd: $0.crowd, labels: $0.labels)
    }
    #expect(throws: ReferenceError.self) {
      try CorrectionTrial(
        bare, features: features, corrections: [.none], heldOut: .personsAndArticles, folds: 4)
    }
  }

  @Test("a way that refuses the rows leaves the crowd's labels, and says so")
  func refused() throws {
    var (essays, features, _) = Self.set(seed: 7)
    var random = SplitMix64(seed: 5)
    // Texts and model that know nothing.
    features = features.map { _ in [Double.random(in: -1...1, using: &random)] }
    essays = essays.map {
      LabelledEssay(
        id: $0.id, text: $0.text, person: $0.person, crowd: $0.crowd,
        labels: ["llm": 8 - ($0.labels["llm"] ?? 4)])
    }
    let trial = try CorrectionTrial(
      essays, features: features,
      corrections: [.none, .soft(llm: "llm", third: "text"), .em(llm: "llm")], folds: 4, seed: 1)
    for result in trial.results.dropFirst() {
      #expect(result.used == Array(repeating: CorrectionTrial.refused, count: 4))
      #expect(result.changed == 0 && result.predictions == trial.results[0].predictions)
    }
  }

  @Test("rows without a crowd or a model's label take no part, and too few persons are refused")
  func refusals() throws {
    let (essays, features, _) = Self.set(seed: 5)
    let some = essays.enumerated().map { index, essay in
      LabelledEssay(
        id: essay.id, text: essay.text, person: essay.person,
        crowd: index < 60 ? nil : essay.crowd, labels: index == 100 ? [:] : essay.labels)
    }
    let trial = try CorrectionTrial(
      some, features: features, corrections: [.none, .mean(llm: "llm")], folds: 3, seed: 1)
    #expect(trial.crowd.count == 179 && trial.results[0].predictions.count == 179)
    #expect(throws: ReferenceError.self) {
      try CorrectionTrial(essays, features: features, corrections: [.none], folds: 41, seed: 1)
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
