import Reference
import Testing

@Suite("Losses")
struct LossTests {
  @Test("mean squared error and its gradient")
  func squared() {
    var gradient: [Float] = []
    let loss = Loss.meanSquaredError.evaluate([1, 3], [2, 1], count: 2, gradient: &gradient)
    #expect(loss == 2.5)
    #expect(gradient == [-1, 2])
  }

  @Test("Huber's loss is quadratic inside delta and linear beyond")
  func huber() {
    var gradient: [Float] = []
    let loss = Loss.huber(delta: 1).evaluate(
      [0.5, 4, -4], [0, 0, 0], count: 3, gradient: &gradient)
    #expect(abs(loss - (0.125 + 3.5 + 3.5) / 3) < 1e-12)
    #expect(gradient == [Float(0.5 / 3), Float(1.0 / 3), Float(-1.0 / 3)])
  }

  @Test("a row counts only for the outputs that it has a label of")
  func missingLabels() {
    var gradient: [Float] = []
    let loss = Loss.meanSquaredError.evaluate(
      [1, 5, 3, 2, 0, 4], [2, nil, 1, nil, nil, 1], counts: [2, 1], weights: [1, 3],
      gradient: &gradient)
    #expect(loss == 0.25 * (1 + 4) / 2 + 0.75 * 9)
    #expect(gradient == [-0.25, 0, 0.5, 0, 0, 4.5])
  }

  @Test("an output without labels adds nothing, and equal weights are a mean over all numbers")
  func weights() {
    var gradient: [Float] = []
    let half = Loss.meanSquaredError.evaluate(
      [1, 9, 3, 9], [2, nil, 1, nil], counts: [2, 0], weights: [1, 1], gradient: &gradient)
    #expect(half == 1.25)
    let equal = Loss.meanSquaredError.evaluate(
      [1, 2, 3, 4], [0, 0, 0, 0], counts: [2, 2], weights: [7, 7], gradient: &gradient)
    #expect(equal == 7.5)
    #expect(gradient == [0.5, 1, 1.5, 2])
  }
}
