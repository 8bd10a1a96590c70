import Basics
import Reference
import Testing

@Suite("Training on few persons' labels")
struct FewLabelsTrialTests {
  /// 100 persons of 4 essays. The truth follows three of eight features; people's labels hold a
  /// person's own level and noise, the model's a constant and noise of their own.
  private static func set(
    seed: UInt64, modelNoise: Double
  ) -> (essays: [LabelledEssay], features: [[Double]]) {
    var random = SplitMix64(seed: seed)
    var (essays, features): ([LabelledEssay], [[Double]]) = ([], [])
    for person in 0..<100 {
      let own = 2 * random.uniform() - 1
      for essay in 0..<4 {
        let x = (0..<8).map { _ in 2 * random.uniform() - 1 }
        let truth = x[0] + x[1] - x[2]
        features.append(x)
        essays.append(
          LabelledEssay(
            id: "\(person)-\(essay)", text: "", person: "p\(person)",
            crowd: 4 + truth + own + 2 * random.uniform() - 1,
            labels: ["llm": 3 + truth + modelNoise * (2 * random.uniform() - 1)]))
      }
    }
    return (essays, features)
  }

  private static func trial(_ modelNoise: Double, seed: UInt64 = 1) throws -> FewLabelsTrial {
    let (essays, features) = set(seed: 3, modelNoise: modelNoise)
    return try FewLabelsTrial(
      essays, features: features, llm: "llm", sizes: [5, 20, 500], draws: 6, seed: seed)
  }

  @Test("good labels by a model help where people's are few, and less where they are many")
  func helps() throws {
    let trial = try Self.trial(0.3)
    #expect(trial.points.map(\.persons) == [5, 20, 80] && trial.pool == 80 && trial.held == 20)
    let (few, more, all) = (trial.points[0], trial.points[1], trial.points[2])
    let (gain, error) = (try #require(few.gain), try #require(few.gainError))
    #expect(gain > 2 * error && error > 0, "\(few)")
    #expect(gain > (try #require(more.gain)))
    #expect(all.gain == nil && all.alone == all.together)
    #expect(abs(few.together - few.alone - gain) < 1e-12)
    let worth = try #require(trial.worth(of: few) ?? Double(trial.pool))
    #expect(worth > 10, "\(worth)")
  }

  @Test("labels by a model that are noise gain nothing, and the break-even is the first size")
  func noise() throws {
    let trial = try Self.trial(20)
    #expect(trial.points.dropLast().allSatisfy { ($0.gain ?? 1) < 2 * ($0.gainError ?? 0) })
    #expect(trial.breakEven(level: 0.95) == 5)
  }

  @Test("the same seed gives the same bits, and another one other draws")
  func seeds() throws {
    let (one, two, other) = try (Self.trial(1), Self.trial(1), Self.trial(1, seed: 2))
    #expect(one.points == two.points)
    #expect(one.points != other.points)
  }

  @Test("too few persons, a tiny size and an unknown model are refused")
  func refusals() throws {
    let (essays, features) = Self.set(seed: 4, modelNoise: 1)
    func make(_ rows: Range<Int>, _ llm: String, _ sizes: [Int]) throws {
      _ = try FewLabelsTrial(
        Array(essays[rows]), features: Array(features[rows]), llm: llm, sizes: sizes, draws: 1,
        seed: 1)
    }
    #expect(throws: ReferenceError.self) { try make(0..<96, "llm", [20]) }
    #expect(throws: ReferenceError.self) { try make(0..<400, "llm", [4]) }
    #expect(throws: ReferenceError.self) { try make(0..<400, "gpt", [20]) }
  }
}
