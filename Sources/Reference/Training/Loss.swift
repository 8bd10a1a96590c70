/// The training loss, a mean over the batch.
public enum Loss: Equatable, Sendable, Codable {
  /// Mean of (ŷ - y)².
  case meanSquaredError
  /// Huber 1964: ½e² within ±delta, delta·(|e| - ½delta) beyond; PyTorch's `HuberLoss`.
  case huber(delta: Double)

  /// The loss over `predictions` and `labels`, of one length, and its gradient with respect to
  /// each prediction. The mean is over `count` rows, of which these may be a part; 0 for none.
  public func evaluate(
    _ predictions: [Float], _ labels: [Float], count: Int, gradient: inout [Float]
  ) -> Double {
    evaluate(predictions, labels, counts: [count], weights: [1], gradient: &gradient)
  }

  /// The loss of K outputs, Σ wₖ·Lₖ / Σ wₖ, where Lₖ is the mean over the rows that have a label of
  /// output k, and its gradient. With equal weights and no label missing it is the mean over all
  /// numbers, as in Transformers.
  /// - Parameters:
  ///   - predictions: (B, K), row-major, as are `labels`, nil where a row has none.
  ///   - counts: the labels of each output in all rows of the step, of which these may be a part; an
  ///     output without any adds nothing.
  ///   - weights: wₖ, not negative, with a positive sum.
  public func evaluate(
    _ predictions: [Float], _ labels: [Float?], counts: [Int], weights: [Double],
    gradient: inout [Float]
  ) -> Double {
    precondition(predictions.count == labels.count, "a label, or none, for each prediction")
    precondition(counts.count == weights.count, "a weight for each output")
    let sum = weights.reduce(0, +)
    let scales = zip(counts, weights).map { $1 / sum / Double(max(1, $0)) }
    var totals = Array(repeating: 0.0, count: counts.count)
    gradient.removeAll(keepingCapacity: true)
    for (place, prediction) in predictions.enumerated() {
      guard let label = labels[place] else {
        gradient.append(0)
        continue
      }
      let output = place % counts.count
      let (part, slope) = value(error: Double(prediction) - Double(label))
      totals[output] += part
      gradient.append(Float(slope * scales[output]))
    }
    return zip(totals, scales).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// One row's loss and its derivative.
  private func value(error: Double) -> (loss: Double, slope: Double) {
    switch self {
    case .meanSquaredError:
      return (error * error, 2 * error)
    case .huber(let delta):
      let isSmall = abs(error) <= delta
      let loss = isSmall ? 0.5 * error * error : delta * (abs(error) - 0.5 * delta)
      return (loss, min(max(error, -delta), delta))
    }
  }
}
