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
}
