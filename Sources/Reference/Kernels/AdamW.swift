/// Settings of AdamW; those of the paper's recipe by default.
public struct AdamW: Equatable, Sendable, Codable {
  public var beta1 = 0.9
  public var beta2 = 0.98
  public var epsilon = 1e-6
  /// Decoupled weight decay on every parameter, biases and norms included, as in the recipe.
  public var weightDecay = 0.1

  public init() {}
}

/// The constants of one AdamW step (Loshchilov and Hutter 2019, algorithm 2), prepared in Double.
package struct AdamWConstants {
  private let (decay, epsilon): (Float, Float)
  private let (beta1, beta2): (Float, Float)
  private let (oneMinusBeta1, oneMinusBeta2): (Float, Float)
  private let (stepSize, inverseRootCorrection): (Float, Float)
  private let gradientScale: Float

  /// `step` counts from 1; `gradientScale` multiplies every gradient first (clipping).
  package init(_ settings: AdamW, learningRate: Double, step: Int, gradientScale: Double) {
    precondition(step >= 1, "steps count from 1")
    decay = Float(1 - learningRate * settings.weightDecay)
    epsilon = Float(settings.epsilon)
    (beta1, beta2) = (Float(settings.beta1), Float(settings.beta2))
    (oneMinusBeta1, oneMinusBeta2) = (Float(1 - settings.beta1), Float(1 - settings.beta2))
    stepSize = Float(learningRate / (1 - power(settings.beta1, step)))
    inverseRootCorrection = Float(1 / (1 - power(settings.beta2, step)).squareRoot())
    self.gradientScale = Float(gradientScale)
  }

  /// p ← p·(1 - ηλ); m ← β1·m + (1-β1)·g; v ← β2·v + (1-β2)·g²;
  /// p ← p - η/(1-β1^t)·m / (√v/√(1-β2^t) + ε), over `count` elements of each.
  @inline(never) package func update(
    _ p: MutableFloats, gradient: Floats, m: MutableFloats, v: MutableFloats, count: Int
  ) {
    for i in 0..<count {
      let g = gradient[i] * gradientScale
      let mean = beta1 * m[i] + oneMinusBeta1 * g
      let square = beta2 * v[i] + oneMinusBeta2 * (g * g)
      m[i] = mean
      v[i] = square
      let denominator = square.squareRoot() * inverseRootCorrection + epsilon
      p[i] = p[i] * decay - stepSize * (mean / denominator)
    }
  }

  /// The update of elements that never had a gradient: their moments are 0, so only decay is left.
  @inline(never) package func decayOnly(_ p: MutableFloats, count: Int) {
    for i in 0..<count { p[i] = p[i] * decay }
  }
}

/// base^exponent by repeated squaring, exponent ≥ 0.
private func power(_ base: Double, _ exponent: Int) -> Double {
  var (result, factor, rest) = (1.0, base, exponent)
  while rest > 0 {
    if rest & 1 == 1 { result *= factor }
    factor *= factor
    rest >>= 1
  }
  return result
}

/// The sum of squares of `count` values: of a block in Float (relative error 1e-6 at most), of the
/// blocks in Double.
@inline(never) func sumOfSquares(_ x: Floats, _ count: Int) -> Double {
  stride(from: 0, to: count, by: 4096).reduce(0) { total, i in
    let block = x + i
    return total + Double(reduce(min(4096, count - i)) { block[$0] * block[$0] })
  }
}
