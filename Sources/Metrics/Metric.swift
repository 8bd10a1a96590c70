/// A measure of agreement between predictions and gold labels.
public enum Metric: String, CaseIterable, Sendable, Codable, Hashable {
  /// Pearson's correlation, in [-1, 1].
  case pcc
  /// Lin's concordance correlation, in [-1, 1].
  case ccc
  /// Root mean squared error, in label units.
  case rmse
  /// Mean absolute error, in label units.
  case mae
  /// Spearman's rank correlation with average ranks, in [-1, 1].
  case spearman
  /// Kendall's tau-b, in [-1, 1].
  case kendall

  /// False for the two errors, true for the four correlations.
  public var higherIsBetter: Bool {
    switch self {
    case .pcc, .ccc, .spearman, .kendall: true
    case .rmse, .mae: false
    }
  }
}

/// Which moments the concordance correlation takes.
///
/// Lin (1989) divides sums of squares by n. Some libraries (torchmetrics) divide by n - 1, which
/// makes the figure a little larger in size. The two never mix: a report names its form.
public enum ConcordanceForm: String, Sendable, Codable, CaseIterable, Hashable {
  /// Lin's form, sums of squares over n.
  case population = "lin-n"
  /// Sums of squares over n - 1.
  case sample = "lin-n-1"
}

/// A result of several numbers, or the reason why there is none.
///
/// What `Figure` is to a single number, this is to a value with parts.
public enum Outcome<Value: Sendable>: Sendable {
  case value(Value)
  case undefined(Figure.Reason)

  public var value: Value? {
    if case .value(let value) = self { value } else { nil }
  }

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
