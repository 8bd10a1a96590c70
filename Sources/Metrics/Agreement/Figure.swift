/// A computed figure, or the reason why there is none.
///
/// Metrics never return NaN or a made-up zero for an undefined case: a constant column has no
/// correlation, and a table that prints 0 there would rank it above a system that is merely bad.
public enum Figure: Sendable, Hashable {
  case value(Double)
  case undefined(Reason)

  /// Why a figure does not exist.
  public enum Reason: String, Sendable, Hashable, CaseIterable, Codable {
    case noRows = "no rows"
    case tooFewRows = "too few rows"
    case constantPrediction = "the predictions are constant"
    case constantGold = "the gold labels are constant"
    case bothConstant = "predictions and gold labels are constant"
    case tooFewClusters = "too few clusters"
    case tooFewEffectiveClusters =
      "the clusters' sizes differ so much that they count as fewer than two"
    case tooFewReplicates = "too few replicates in which the metric is defined"
    case notFinite = "a value is not finite or a sum overflows"
    case spreadTooSmall = "the values differ by too little to be squared"
    case degenerate = "the variance of the statistic is zero"
    case undefinedWithoutCluster =
      "the metric or its scale is undefined without one of the clusters"
    case oneGroup = "there is only one group"
    case methodDoesNotApply = "the method does not apply to this metric"
    case tooManyRows = "too many rows for this method"
    case tooSmallToPublish = "too small to publish"
    case notDetectable = "no difference in reach would be found this often"
    case tooManySystems = "too many systems for this display"
  }

  /// The number, or nil where the figure is undefined.
  public var value: Double? { if case .value(let number) = self { number } else { nil } }

  /// The reason, or nil where the figure is defined.
  public var reason: Reason? { if case .undefined(let reason) = self { reason } else { nil } }
}

/// A result of several numbers, or the reason why there is none.
///
/// What `Figure` is to a single number, this is to a value with parts.
public enum Outcome<Value: Sendable>: Sendable {
  case value(Value)
  case undefined(Figure.Reason)

  public var value: Value? { if case .value(let value) = self { value } else { nil } }

  public var reason: Figure.Reason? {
    if case .undefined(let reason) = self { reason } else { nil }
  }

  /// The figure that `part` takes from the value; the reason is passed on.
  public func figure(_ part: (Value) -> Double) -> Figure {
    switch self {
    case .value(let value): .value(part(value))
    case .undefined(let reason): .undefined(reason)
    }
  }
}

extension Outcome: Equatable where Value: Equatable {}
extension Outcome: Hashable where Value: Hashable {}
