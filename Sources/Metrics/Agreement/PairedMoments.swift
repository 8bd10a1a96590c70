import Basics

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

// The one place where the columns are read through pointers. Every index stays below the count of
// the buffer, which both callers have checked to be equal for the two columns.

/// Eight partial sums side by side: LLVM keeps them in vector registers.
private typealias Lanes = SIMD8<Double>

extension PairedMoments {
  /// Rows of a block; fixed, so that sums do not depend on the number of threads.
  static let blockRows = 4096
  /// Blocks that one piece of parallel work takes.
  private static let blocksPerTask = 16

  static func read(
    _ x: UnsafeBufferPointer<Double>, _ y: UnsafeBufferPointer<Double>, threads: Int
  ) -> PairedMoments {
    if x.count <= blockRows { return block(x, y) }
    let rows = blockRows * blocksPerTask
    let tasks = (x.count + rows - 1) / rows
    let parts = Parallel.map(tasks, threads: threads) { task in
      var part = PairedMoments()
      var start = task * rows
      let end = min(x.count, start + rows)
      while start < end {
        let next = min(end, start + blockRows)
        part.merge(block(x.extracting(start..<next), y.extracting(start..<next)))
        start = next
      }
      return part
    }
    var all = PairedMoments()
    for part in parts { all.merge(part) }
    return all
  }

  /// Sums of one block about its own mean.
  private static func block(
    _ x: UnsafeBufferPointer<Double>, _ y: UnsafeBufferPointer<Double>
  ) -> PairedMoments {
    let n = x.count
    guard n > 0 else { return PairedMoments() }
    let first = (x[0], y[0])
    // Sums about the first row: exactly zero for a constant column, whatever its value.
    var sumX = Lanes.zero, sumY = Lanes.zero
    // Largest distance from the first row tells a constant column from one whose squares underflow.
    var farX = Lanes.zero, farY = Lanes.zero
    let whole = n / 8 * 8
    for i in stride(from: 0, to: whole, by: 8) {
      let dx = load(x, i) - first.0, dy = load(y, i) - first.1
      sumX += dx
      sumY += dy
      farX.replace(with: dx, where: dx .!= 0)
      farY.replace(with: dy, where: dy .!= 0)
    }
    if whole < n {
      let dx = tail(x, whole, first.0), dy = tail(y, whole, first.1)
      sumX += dx
      sumY += dy
      farX.replace(with: dx, where: dx .!= 0)
      farY.replace(with: dy, where: dy .!= 0)
    }
    var sums = PairedMoments()
    sums.count = n
    sums.isConstantX = !any(farX .!= 0)
    sums.isConstantY = !any(farY .!= 0)
    sums.centreX = first.0 + sumX.sum() / Double(n)
    sums.centreY = first.1 + sumY.sum() / Double(n)
    sums.addDeviations(x, y)
    return sums
  }

  /// Second pass over a block: squares and products about the centres, corrected for their error.
  private mutating func addDeviations(
    _ x: UnsafeBufferPointer<Double>, _ y: UnsafeBufferPointer<Double>
  ) {
    let n = x.count
    let cx = centreX, cy = centreY
    var sx = Lanes.zero, sy = Lanes.zero, sxx = Lanes.zero, syy = Lanes.zero, sxy = Lanes.zero
    var see = Lanes.zero, sae = Lanes.zero
    let whole = n / 8 * 8
    for i in stride(from: 0, to: whole, by: 8) {
      let rowX = load(x, i), rowY = load(y, i)
      let dx = rowX - cx, dy = rowY - cy, error = rowX - rowY
      sx += dx
      sy += dy
      sxx += dx * dx
      syy += dy * dy
      sxy += dx * dy
      see += error * error
      sae += magnitude(error)
    }
    for i in whole..<n {
      let dx = x[i] - cx, dy = y[i] - cy, error = x[i] - y[i]
      sx[i - whole] += dx
      sy[i - whole] += dy
      sxx[i - whole] += dx * dx
      syy[i - whole] += dy * dy
      sxy[i - whole] += dx * dy
      see[i - whole] += error * error
      sae[i - whole] += error.magnitude
    }
    let (sumX, sumY) = (sx.sum(), sy.sum())
    remainderX = sumX / Double(n)
    remainderY = sumY / Double(n)
    sumSquaresX = isConstantX ? 0 : max(0, sxx.sum() - sumX * remainderX)
    sumSquaresY = isConstantY ? 0 : max(0, syy.sum() - sumY * remainderY)
    sumProducts = isConstantX || isConstantY ? 0 : sxy.sum() - sumX * remainderY
    sumSquaredErrors = see.sum()
    sumAbsoluteErrors = sae.sum()
  }

  /// Adds the rows of `other` (Chan, Golub and LeVeque's update).
  public mutating func merge(_ other: PairedMoments) {
    guard other.count > 0 else { return }
    guard count > 0 else {
      self = other
      return
    }
    let (n, m) = (Double(count), Double(other.count))
    let share = m / (n + m)
    let dx = (other.centreX - centreX) + (other.remainderX - remainderX)
    let dy = (other.centreY - centreY) + (other.remainderY - remainderY)
    let weight = n * share
    sumSquaresX += other.sumSquaresX + dx * dx * weight
    sumSquaresY += other.sumSquaresY + dy * dy * weight
    sumProducts += other.sumProducts + dx * dy * weight
    sumSquaredErrors += other.sumSquaredErrors
    sumAbsoluteErrors += other.sumAbsoluteErrors
    isConstantX = isConstantX && other.isConstantX && dx == 0
    isConstantY = isConstantY && other.isConstantY && dy == 0
    (centreX, remainderX) = Self.normalised(centreX, remainderX + dx * share)
    (centreY, remainderY) = Self.normalised(centreY, remainderY + dy * share)
    count += other.count
  }

  /// `a + b` as its rounded sum and the rounding error (Knuth's two-sum).
  private static func normalised(_ a: Double, _ b: Double) -> (Double, Double) {
    let sum = a + b
    let part = sum - a
    return (sum, (a - (sum - part)) + (b - part))
  }

  /// Eight neighbours; the caller has checked that `i + 8 <= count`.
  @inline(__always)
  private static func load(_ column: UnsafeBufferPointer<Double>, _ i: Int) -> Lanes {
    UnsafeRawBufferPointer(column).loadUnaligned(
      fromByteOffset: i &* MemoryLayout<Double>.stride, as: Lanes.self)
  }

  @inline(__always) private func load(_ column: UnsafeBufferPointer<Double>, _ i: Int) -> Lanes {
    Self.load(column, i)
  }

  private static func tail(
    _ column: UnsafeBufferPointer<Double>, _ start: Int, _ centre: Double
  ) -> Lanes {
    var lanes = Lanes.zero
    for i in start..<column.count { lanes[i - start] = column[i] - centre }
    return lanes
  }

  @inline(__always) private func magnitude(_ v: Lanes) -> Lanes {
    let bits = unsafeBitCast(v, to: SIMD8<UInt64>.self) & SIMD8(repeating: UInt64.max >> 1)
    return unsafeBitCast(bits, to: Lanes.self)
  }
}
