/// Centred sums of a pair of columns: all that PCC, CCC, RMSE and MAE need.
///
/// The columns are read once, in blocks of 4096 rows. Within a block the sums are taken about the
/// block's own mean and corrected (two-pass, Chan, Golub and LeVeque 1983); blocks are merged in
/// their order with the pairwise update of the same authors. Means are kept as an unevaluated sum
/// of two numbers, so an offset of 1e8 or a spread of a few units in the last place costs nothing.
/// The result has the same bits for any number of threads.
public struct PairedMoments: Sendable, Hashable {
  /// Number of rows.
  public internal(set) var count = 0
  /// Sum of squared deviations of the predictions from their mean.
  public internal(set) var sumSquaresX = 0.0
  /// Sum of squared deviations of the gold labels from their mean.
  public internal(set) var sumSquaresY = 0.0
  /// Sum of the products of both deviations.
  public internal(set) var sumProducts = 0.0
  /// Sum of (prediction - gold)².
  public internal(set) var sumSquaredErrors = 0.0
  /// Sum of |prediction - gold|.
  public internal(set) var sumAbsoluteErrors = 0.0

  /// Means, leading part and remainder.
  var centreX = 0.0, remainderX = 0.0
  var centreY = 0.0, remainderY = 0.0
  /// True where no two values of a column differ.
  var isConstantX = true, isConstantY = true

  /// Sums of nothing.
  public init() {}

  /// Reads both columns, which must be equally long; (n,) each, any finite values.
  ///
  /// Values that are not finite are not refused here: every figure then says `notFinite`.
  public init(predictions: Span<Double>, gold: Span<Double>) {
    self.init(predictions: predictions, gold: gold, threads: 1)
  }

  /// The same with up to `threads` threads; the bits do not depend on their number.
  public init(predictions: Span<Double>, gold: Span<Double>, threads: Int) {
    precondition(predictions.count == gold.count, "columns of different length")
    self = predictions.withUnsafeBufferPointer { x in
      gold.withUnsafeBufferPointer { y in Self.read(x, y, threads: threads) }
    }
  }

  public init(predictions: [Double], gold: [Double], threads: Int = 1) {
    self.init(predictions: predictions.span, gold: gold.span, threads: threads)
  }

  public init(predictions: UnsafeBufferPointer<Double>, gold: UnsafeBufferPointer<Double>) {
    precondition(predictions.count == gold.count, "columns of different length")
    self = Self.read(predictions, gold, threads: 1)
  }

  /// Mean prediction; 0 where there are no rows.
  public var meanX: Double { centreX + remainderX }
  /// Mean gold label; 0 where there are no rows.
  public var meanY: Double { centreY + remainderY }
  /// Mean error, prediction minus gold: the bias.
  public var meanError: Double { (centreX - centreY) + (remainderX - remainderY) }

  /// Standard deviation of the gold labels (n - 1).
  public var deviationY: Figure { deviation(sumSquaresY) }
  /// Standard deviation of the predictions (n - 1).
  public var deviationX: Figure { deviation(sumSquaresX) }

  private func deviation(_ sumSquares: Double) -> Figure {
    guard count > 1 else { return .undefined(count == 0 ? .noRows : .tooFewRows) }
    return .finite((sumSquares / Double(count - 1)).squareRoot())
  }

  /// Pearson's correlation, clamped to [-1, 1].
  ///
  /// Undefined for fewer than two rows and where a column is constant.
  public func pcc() -> Figure {
    guard count > 1 else { return .undefined(count == 0 ? .noRows : .tooFewRows) }
    guard isFinite else { return .undefined(.notFinite) }
    if let reason = constantReason { return .undefined(reason) }
    let scale = sumSquaresX.squareRoot() * sumSquaresY.squareRoot()
    guard scale > 0 else { return .undefined(.spreadTooSmall) }
    return .finite(max(-1, min(1, sumProducts / scale)))
  }

  /// Lin's concordance correlation 2s_xy / (s_x² + s_y² + (x̄ - ȳ)²) (Lin 1989, Biometrics 45:255).
  ///
  /// One constant column gives 0, as the formula does; two equal constants leave 0/0, undefined.
  public func ccc(_ form: ConcordanceForm = .population) -> Figure {
    guard count > 1 else { return .undefined(count == 0 ? .noRows : .tooFewRows) }
    guard isFinite else { return .undefined(.notFinite) }
    let divisor = form == .population ? Double(count) : Double(count - 1)
    let spread = sumSquaresX / divisor + sumSquaresY / divisor + meanError * meanError
    guard spread > 0 else {
      return .undefined(constantReason == nil ? .spreadTooSmall : .bothConstant)
    }
    return .finite(max(-1, min(1, 2 * (sumProducts / divisor) / spread)))
  }

  /// Root mean squared error; 0 or more, in label units.
  public func rmse() -> Figure {
    guard count > 0 else { return .undefined(.noRows) }
    return .finite((sumSquaredErrors / Double(count)).squareRoot())
  }

  /// Mean absolute error; 0 or more, in label units.
  public func mae() -> Figure {
    guard count > 0 else { return .undefined(.noRows) }
    return .finite(sumAbsoluteErrors / Double(count))
  }

  /// Krippendorff's interval alpha of the two columns as two raters without missing values.
  public func alpha() -> Figure {
    guard count > 0 else { return .undefined(.noRows) }
    guard isFinite else { return .undefined(.notFinite) }
    let values = 2 * Double(count)
    let total = sumSquaresX + sumSquaresY + Double(count) / 2 * meanError * meanError
    guard total > 0 else { return .undefined(.bothConstant) }
    return .finite(1 - (values - 1) / values * (sumSquaredErrors / total))
  }

  /// A metric that is a function of the sums; rank correlations are `methodDoesNotApply`.
  public func figure(_ metric: Metric, form: ConcordanceForm = .population) -> Figure {
    if case .moments(_, let figure) = metric.computation {
      figure(self, form)
    } else {
      .undefined(.methodDoesNotApply)
    }
  }

  /// Which column is constant, if any.
  public var constantReason: Figure.Reason? {
    switch (isConstantX, isConstantY) {
    case (true, true): .bothConstant
    case (true, false): .constantPrediction
    case (false, true): .constantGold
    case (false, false): nil
    }
  }

  private var isFinite: Bool {
    (sumSquaresX + sumSquaresY + sumProducts.magnitude + sumSquaredErrors).isFinite
      && meanError.isFinite
  }
}

extension Figure {
  /// A number that must be finite to count as a figure.
  static func finite(_ number: Double) -> Figure {
    number.isFinite ? .value(number) : .undefined(.notFinite)
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
