/// A computed result, or the reason why there is none.
///
/// Metrics never return NaN or a made-up zero for an undefined case: a constant column has no
/// correlation, and a table that prints 0 there would rank it above a system that is merely bad.
public enum Outcome<Value: Sendable>: Sendable {
  case value(Value)
  case undefined(Reason)

  public typealias Reason = UndefinedReason

  /// The result, or nil where it is undefined.
  public var value: Value? { if case .value(let value) = self { value } else { nil } }

  /// The reason, or nil where the result is defined.
  public var reason: Reason? { if case .undefined(let reason) = self { reason } else { nil } }

  /// What `part` takes from the value; the reason is passed on.
  public func map<Other>(_ part: (Value) -> Other) -> Outcome<Other> {
    flatMap { .value(part($0)) }
  }

  /// What `next` makes of the value; the reason is passed on.
  public func flatMap<Other>(_ next: (Value) -> Outcome<Other>) -> Outcome<Other> {
    switch self {
    case .value(let value): next(value)
    case .undefined(let reason): .undefined(reason)
    }
  }
}

extension Outcome: Equatable where Value: Equatable {}
extension Outcome: Hashable where Value: Hashable {}

/// A single number, or the reason why there is none.
public typealias Figure = Outcome<Double>

extension Figure {
  /// A number that must be finite to count as a figure.
  static func finite(_ number: Double) -> Figure {
    number.isFinite ? .value(number) : .undefined(.notFinite)
  }

  /// This less `other`; the first reason where one of them is undefined.
  func minus(_ other: Figure) -> Figure { flatMap { a in other.map { a - $0 } } }
}

/// Why a figure does not exist.
public enum UndefinedReason: String, Sendable, Hashable, CaseIterable, Codable {
  case noRows = "no rows"
  case tooFewRows = "too few rows"
  case constantPrediction = "the predictions are constant"
  case constantGold = "the gold labels are constant"
  case bothConstant = "predictions and gold labels are constant"
  case tooFewClusters = "too few clusters"
  case tooFewRepeats = "too few clusters have more than one row"
  case noVarianceWithin = "the rows of a cluster do not vary, or in one direction only"
  case noVarianceBetween = "hardly any variance lies between clusters"
  case atLimit = "the estimate lies at the limit of what is possible"
  case notConverged = "the estimation did not converge"
  case tooFewEffectiveClusters =
    "the clusters' sizes differ so much that they count as fewer than two"
  case tooFewReplicates = "too few replicates in which the metric is defined"
  case notFinite = "a value is not finite or a sum overflows"
  case spreadTooSmall = "the values differ by too little to be squared"
  case degenerate = "the variance of the statistic is zero"
  case undefinedWithoutCluster = "the metric or its scale is undefined without one of the clusters"
  case oneGroup = "there is only one group"
  case methodDoesNotApply = "the method does not apply to this metric"
  case tooManyRows = "too many rows for this method"
  case notDetectable = "no difference in reach would be found this often"
  case tooManySystems = "too many systems for this display"

  /// The reason of a correlation of `count` rows in which a column may be constant; nil for none.
  static func ofColumns(count: Int, isConstantX: Bool, isConstantY: Bool) -> Self? {
    switch (count, isConstantX, isConstantY) {
    case (0, _, _): .noRows
    case (1, _, _): .tooFewRows
    case (_, true, true): .bothConstant
    case (_, true, false): .constantPrediction
    case (_, false, true): .constantGold
    default: nil
    }
  }
}
