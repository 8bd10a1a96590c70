import Basics
import Reference
import Testing

@Suite("Labels standardised as others")
struct LabelScalingTests {
  @Test("rescaled labels have the mean and the SD of the others, and keep their order and gaps")
  func planted() throws {
    var random = SplitMix64(seed: 3)
    let noise = (0..<400).map { _ in random.uniformInside() }
    let crowd = noise.map { Optional(1 + 6 * $0) }
    let model = noise.map { Optional(3.5 + 0.8 * $0 * $0) }
    let scaling = try #require(LabelScaling(target: "empathy", model, like: crowd))
    let rescaled = model.map { $0.map(scaling.apply) }
    let again = try #require(LabelScaling(target: "empathy", rescaled, like: crowd))
    #expect(abs(again.mean - scaling.newMean) < 1e-12 && abs(again.sd - scaling.newSD) < 1e-12)
    #expect(abs(again.apply(2) - 2) < 1e-12)
    #expect(scaling.rows == 400)
  }

  @Test("the change is taken over the rows with both labels; by hand")
  func byHand() throws {
    let scaling = try #require(
      LabelScaling(target: "t", [2, 4, nil, 6, 100], like: [1, 4, 9, 7, nil]))
    // Means 4 and 4, SDs over n - 1 of 2 and 3.
    #expect(scaling.rows == 3 && scaling.mean == 4 && scaling.newMean == 4)
    #expect(scaling.sd == 2 && scaling.newSD == 3)
    #expect(scaling.apply(5) == 5.5 && scaling.apply(100) == 148)
  }

  @Test("labels without spread, or without rows in common, are not rescaled")
  func none() {
    #expect(LabelScaling(target: "t", [0.1, 0.1, 0.1], like: [1, 2, 3]) == nil)
    #expect(LabelScaling(target: "t", [1, 2, 3], like: [0.1, 0.1, 0.1]) == nil)
    #expect(LabelScaling(target: "t", [1, 2, nil], like: [nil, 2, 3]) == nil)
    #expect(LabelScaling(target: "t", [], like: []) == nil)
  }
}
