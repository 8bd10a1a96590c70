import Basics

/// Centred sums of a pair of columns: all that PCC, CCC, RMSE, MAE and alpha need.
///
/// The columns are read once, in blocks of 4096 rows: two-pass within a block, blocks merged in
/// their order (Chan, Golub and LeVeque 1983). Means are unevaluated sums of two numbers, so an
/// offset of 1e8 costs nothing. The result has the same bits for any number of threads.
public struct PairedMoments: Sendable, Hashable {
  /// Number of rows.
  public private(set) var count = 0
  /// Sums of squared deviations from the means and of their products, about both means.
  private var sumSquaresX = 0.0, sumSquaresY = 0.0, sumProducts = 0.0
  /// Sums of (prediction - gold)² and of |prediction - gold|.
  private var sumSquaredErrors = 0.0, sumAbsoluteErrors = 0.0
  /// Means, leading part and remainder.
  private var centreX = 0.0, remainderX = 0.0
  private var centreY = 0.0, remainderY = 0.0
  /// True where no two values of a column differ.
  private var isConstantX = true, isConstantY = true

  private init() {}

  /// Reads both columns, which must be equally long; (n,) each, with at most `threads` threads.
  ///
  /// Values that are not finite are not refused here: every figure then says `notFinite`.
  public init(predictions: [Double], gold: [Double], threads: Int = 1) {
    precondition(predictions.count == gold.count, "columns of different length")
    self = predictions.withUnsafeBufferPointer { x in
      gold.withUnsafeBufferPointer { y in Self.read(x, y, threads: threads) }
    }
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

  /// Ratio of standard deviations below which predictions count as collapsed.
  public static let collapseRatio = 0.1

  /// What it means that predictions have collapsed, for notes on a run.
  public static let collapseMeaning = "less than a tenth of the labels' SD"

  /// Whether the predictions hardly differ from row to row: their standard deviation is less than a
  /// tenth of the labels'. A fine-tuning that fails ends so. False where either is undefined.
  public var isCollapsed: Bool {
    guard let own = deviationX.value, let labels = deviationY.value else { return false }
    return own < Self.collapseRatio * labels
  }

  private func deviation(_ sumSquares: Double) -> Figure {
    guard count > 1 else { return .undefined(count == 0 ? .noRows : .tooFewRows) }
    return .finite((sumSquares / Double(count - 1)).squareRoot())
  }

  /// Pearson's correlation, clamped to [-1, 1].
  ///
  /// Undefined for fewer than two rows and where a column is constant.
  public func pcc() -> Figure {
    guard isFinite || count < 2 else { return .undefined(.notFinite) }
    if let obstacle { return .undefined(obstacle) }
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
      return .undefined(obstacle == nil ? .spreadTooSmall : .bothConstant)
    }
    return .finite(max(-1, min(1, 2 * (sumProducts / divisor) / spread)))
  }

  /// Root mean squared error; 0 or more, in label units.
  public func rmse() -> Figure { mean(sumSquaredErrors).map { $0.squareRoot() } }

  /// Mean absolute error; 0 or more, in label units.
  public func mae() -> Figure { mean(sumAbsoluteErrors) }

  private func mean(_ sum: Double) -> Figure {
    count > 0 ? .finite(sum / Double(count)) : .undefined(.noRows)
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
    guard case .moments(_, let figure) = metric.computation else {
      return .undefined(.methodDoesNotApply)
    }
    return figure(self, form)
  }

  /// Why there is no correlation: too few rows or a constant column.
  private var obstacle: Figure.Reason? {
    .ofColumns(count: count, isConstantX: isConstantX, isConstantY: isConstantY)
  }

  private var isFinite: Bool {
    (sumSquaresX + sumSquaresY + sumProducts.magnitude + sumSquaredErrors).isFinite
      && meanError.isFinite
  }
}

/// Which moments the concordance correlation takes.
///
/// Lin (1989) divides sums of squares by n, some libraries (torchmetrics) by n - 1, which makes the
/// figure a little larger in size. A report names its form.
public enum ConcordanceForm: String, Sendable, Codable, CaseIterable, Hashable {
  /// Lin's form, sums of squares over n.
  case population = "lin-n"
  /// Sums of squares over n - 1.
  case sample = "lin-n-1"
}

/// Eight partial sums side by side: LLVM keeps them in vector registers.
private typealias Lanes = SIMD8<Double>
private typealias Column = UnsafeBufferPointer<Double>

// The one place where the columns are read through pointers. Every index stays below the count of
// the buffer, which is equal for the two columns.
extension PairedMoments {
  /// Rows of a block; fixed, so that sums do not depend on the number of threads.
  private static let blockRows = 4096
  /// Blocks that one piece of parallel work takes.
  private static let blocksPerTask = 16

  private static func read(_ x: Column, _ y: Column, threads: Int) -> PairedMoments {
    if x.count <= blockRows { return block(x, y) }
    let rows = blockRows * blocksPerTask
    let parts = Parallel.map((x.count + rows - 1) / rows, threads: threads) { task in
      var part = PairedMoments()
      let end = min(x.count, (task + 1) * rows)
      for start in stride(from: task * rows, to: end, by: blockRows) {
        let range = start..<min(end, start + blockRows)
        part.merge(block(x.extracting(range), y.extracting(range)))
      }
      return part
    }
    return parts.reduce(into: PairedMoments()) { $0.merge($1) }
  }

  /// Sums of one block about its own mean.
  private static func block(_ x: Column, _ y: Column) -> PairedMoments {
    let n = x.count
    guard n > 0 else { return PairedMoments() }
    let first = (x[0], y[0])
    // Sums about the first row: exactly zero for a constant column, whatever its value.
    var sumX = Lanes.zero, sumY = Lanes.zero
    // Distances from the first row tell a constant column from one whose squares underflow.
    var farX = Lanes.zero, farY = Lanes.zero
    @inline(__always) func add(_ dx: Lanes, _ dy: Lanes) {
      sumX += dx
      sumY += dy
      farX.replace(with: dx, where: dx .!= 0)
      farY.replace(with: dy, where: dy .!= 0)
    }
    let whole = n / 8 * 8
    for i in stride(from: 0, to: whole, by: 8) { add(load(x, i) - first.0, load(y, i) - first.1) }
    if whole < n { add(tail(x, whole, first.0), tail(y, whole, first.1)) }
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
  private mutating func addDeviations(_ x: Column, _ y: Column) {
    let n = x.count
    let cx = centreX, cy = centreY
    var sx = Lanes.zero, sy = Lanes.zero, sxx = Lanes.zero, syy = Lanes.zero, sxy = Lanes.zero
    var see = Lanes.zero, sae = Lanes.zero
    @inline(__always) func add(_ dx: Lanes, _ dy: Lanes, _ error: Lanes) {
      sx += dx
      sy += dy
      sxx += dx * dx
      syy += dy * dy
      sxy += dx * dy
      see += error * error
      sae += magnitude(error)
    }
    let whole = n / 8 * 8
    for i in stride(from: 0, to: whole, by: 8) {
      let rowX = load(x, i), rowY = load(y, i)
      add(rowX - cx, rowY - cy, rowX - rowY)
    }
    if whole < n {
      add(tail(x, whole, cx), tail(y, whole, cy), tail(x, whole, 0) - tail(y, whole, 0))
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
  private mutating func merge(_ other: PairedMoments) {
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
}

/// Eight neighbours; the caller has checked that `i + 8 <= count`.
@inline(__always) private func load(_ column: Column, _ i: Int) -> Lanes {
  UnsafeRawBufferPointer(column).loadUnaligned(
    fromByteOffset: i &* MemoryLayout<Double>.stride, as: Lanes.self)
}

/// The values from `start` on, fewer than eight, less `centre`; then zeros.
private func tail(_ column: Column, _ start: Int, _ centre: Double) -> Lanes {
  var lanes = Lanes.zero
  for i in start..<column.count { lanes[i - start] = column[i] - centre }
  return lanes
}

@inline(__always) private func magnitude(_ v: Lanes) -> Lanes {
  let bits = unsafeBitCast(v, to: SIMD8<UInt64>.self) & SIMD8(repeating: UInt64.max >> 1)
  return unsafeBitCast(bits, to: Lanes.self)
}

/// Count, mean and sum of squares of one sample, two-pass and corrected.
struct SampleMoments {
  let count, mean, sumSquares: Double

  /// n - 1 in the denominator.
  var variance: Double { sumSquares / (count - 1) }

  /// Of a statistic that has these values without each unit in turn: (G - 1)/G Σ (θ₋g - θ̄)².
  var jackknifeVariance: Double { sumSquares * (count - 1) / count }

  init(_ values: [Double]) {
    count = Double(values.count)
    guard let first = values.first else {
      (mean, sumSquares) = (0, 0)
      return
    }
    let centre = first + values.reduce(0) { $0 + ($1 - first) } / count
    var sum = 0.0, squares = 0.0
    for value in values {
      let d = value - centre
      sum += d
      squares += d * d
    }
    mean = centre + sum / count
    sumSquares = max(0, squares - sum * sum / count)
  }
}
