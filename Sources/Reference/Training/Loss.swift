/// The training loss, a mean over the batch.
public enum Loss: Equatable, Sendable, Codable {
  /// Mean of (ŷ - y)².
  case meanSquaredError
  /// Huber 1964: ½e² within ±delta, delta·(|e| - ½delta) beyond; PyTorch's `HuberLoss`.
  case huber(delta: Double)

  /// The loss over `predictions` and `targets`, and its gradient with respect to each prediction.
  ///
  /// `count` is the number of rows that the mean is over: the batch's, of which this may be a part.
  /// Both have the same length. An empty batch has loss 0.
  public func evaluate(
    _ predictions: [Float], _ targets: [Float], count: Int, gradient: inout [Float]
  ) -> Double {
    precondition(predictions.count == targets.count, "one target for each prediction")
    gradient.removeAll(keepingCapacity: true)
    let weight = 1 / Double(max(1, count))
    var total = 0.0
    for (prediction, target) in zip(predictions, targets) {
      let error = Double(prediction) - Double(target)
      switch self {
      case .meanSquaredError:
        total += error * error
        gradient.append(Float(2 * error * weight))
      case .huber(let delta):
        if abs(error) <= delta {
          total += 0.5 * error * error
          gradient.append(Float(error * weight))
        } else {
          total += delta * (abs(error) - 0.5 * delta)
          gradient.append(Float(error > 0 ? delta * weight : -delta * weight))
        }
      }
    }
    return total * weight
  }
}
