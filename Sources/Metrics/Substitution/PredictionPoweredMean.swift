import Basics

/// A mean of labels that only some units have, made sharper by a model's predictions for all of them:
/// PPI++ (Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453), with the power tuning and the moments
/// of its authors' package ppi_py.
///
/// With n labelled units (Y, F) and N others (F̃):
///
///     θ̂ = λ mean(F̃) + mean(Y - λF),   se² = λ² var(F̃)/N + var(Y - λF)/n,
///     λ = cov(Y, F) / ((1 + n/N) var(F ∪ F̃)), clipped to [0, 1],
///
/// where var and cov divide by the count, and only the pooled var(F ∪ F̃) by one less. With λ = 0 it
/// is the mean of the labels and its usual error. The units must be independent of each other: where a
/// person wrote several texts, a unit is the mean of a person's rows (``PersonMeans``), not a row.
public struct PredictionPoweredMean: Sendable, Hashable {
  /// Units with a label, and units with a prediction alone.
  public let labelled, unlabelled: Int
  /// θ̂, and the mean of the labels alone.
  public let estimate, classical: Double
  /// Standard errors of both.
  public let error, classicalError: Double
  /// λ in [0, 1].
  public let lambda: Double

  /// - Parameters:
  ///   - labels, predictions: (n,) each, of the labelled units.
  ///   - others: (N,), predictions for the units without a label.
  /// - Returns: undefined with fewer than two labelled units, no other unit or constant labels.
  public static func of(
    labels: [Double], predictions: [Double], others: [Double]
  ) -> Outcome<PredictionPoweredMean> {
    precondition(labels.count == predictions.count, "a prediction for each label")
    guard labels.count > 1 else { return .undefined(.tooFewRows) }
    guard !others.isEmpty else { return .undefined(.noRows) }
    let made = PredictionPoweredMean(labels, predictions, others)
    guard made.classicalError > 0, made.error > 0 else { return .undefined(.constantGold) }
    guard made.error.isFinite, made.estimate.isFinite else { return .undefined(.notFinite) }
    return .value(made)
  }

  private init(_ labels: [Double], _ predictions: [Double], _ others: [Double]) {
    let (n, m) = (Double(labels.count), Double(others.count))
    let (y, f, other) = (
      SampleMoments(labels), SampleMoments(predictions), SampleMoments(others)
    )
    var products = 0.0
    for i in labels.indices { products += (labels[i] - y.mean) * (predictions[i] - f.mean) }
    let apart = f.mean - other.mean
    let pooled = (f.sumSquares + other.sumSquares + apart * apart * n * m / (n + m)) / (n + m - 1)
    let tuned = products / n / ((1 + n / m) * pooled)
    // Predictions that never vary carry nothing.
    let lambda = pooled > 0 && tuned.isFinite ? min(1, max(0, tuned)) : 0
    let rest = max(0, y.sumSquares - 2 * lambda * products + lambda * lambda * f.sumSquares)
    (labelled, unlabelled, self.lambda) = (labels.count, others.count, lambda)
    classical = y.mean
    classicalError = (y.sumSquares / n / n).squareRoot()
    estimate = lambda * other.mean + y.mean - lambda * f.mean
    error = (lambda * lambda * other.sumSquares / m / m + rest / n / n).squareRoot()
  }

  /// The effective sample multiplier, (classical error / error)²: with the predictions the labels tell
  /// as much as this many times their number alone.
  public var multiplier: Double { (classicalError / error) * (classicalError / error) }

  /// The ends of a normal interval about a mean with this error.
  public static func interval(
    _ mean: Double, error: Double, level: Double
  ) -> (low: Double, high: Double) {
    let half = Distributions.normalQuantile((1 + level) / 2) * error
    return (mean - half, mean + half)
  }

  /// What the multiplier comes to as ever fewer of many units are labelled: 1 / (1 - r²), with r the
  /// correlation of labels and predictions over units, negative ones taken as 0. No number of
  /// predictions gets further.
  public static func limit(labels: [Double], predictions: [Double]) -> Figure {
    PairedMoments(predictions: predictions, gold: labels).pcc().flatMap { r in
      .finite(1 / (1 - max(0, r) * max(0, r)))
    }
  }
}

/// The labels and predictions of persons, each the mean over a person's rows: what a prediction-powered
/// mean takes as its independent units.
public struct PersonMeans: Sendable, Equatable {
  /// Of persons with at least one labelled row: the mean label over those rows, and the mean
  /// prediction over all rows that have one.
  public private(set) var labels: [Double] = []
  public private(set) var predictions: [Double] = []
  /// The mean prediction of the other persons.
  public private(set) var others: [Double] = []
  /// Whether a person has more than one row.
  public private(set) var repeats = false

  /// - Parameters:
  ///   - labels, predictions: (n,) each; nil where a row has none.
  ///   - persons: (n,), the person of each row. Persons without any prediction are left out.
  public init<Name: Hashable>(labels: [Double?], predictions: [Double?], persons: [Name]) {
    precondition(
      labels.count == persons.count && predictions.count == persons.count, "one of each a row")
    var places: [Name: Int] = [:]
    var sums: [SIMD4<Double>] = []
    for row in persons.indices {
      let place = places[persons[row]] ?? sums.count
      if place == sums.count {
        places[persons[row]] = place
        sums.append(.zero)
      } else {
        repeats = true
      }
      if let label = labels[row] { sums[place] += SIMD4(label, 1, 0, 0) }
      if let prediction = predictions[row] { sums[place] += SIMD4(0, 0, prediction, 1) }
    }
    for sum in sums where sum[3] > 0 {
      if sum[1] > 0 {
        self.labels.append(sum[0] / sum[1])
        self.predictions.append(sum[2] / sum[3])
      } else {
        others.append(sum[2] / sum[3])
      }
    }
  }

  /// The mean of prediction less label over the labelled persons, and its standard error: how far off
  /// the mean of the predictions alone would be. nil with fewer than two of them.
  public var bias: (mean: Double, error: Double)? {
    guard labels.count > 1 else { return nil }
    let moments = SampleMoments(labels.indices.map { predictions[$0] - labels[$0] })
    return (moments.mean, moments.sumSquares.squareRoot() / moments.count)
  }

  /// How the mean fares if only some of the labelled persons had been.
  public struct Rehearsal: Sendable, Hashable {
    /// Of one draw, the first.
    public let example: PredictionPoweredMean
    /// The mean multiplier over draws.
    public let multiplier: Double
    /// Root mean squares of both standard errors over draws.
    public let error, classicalError: Double
    public let draws: Int
  }

  /// Hides the labels of all but `count` labelled persons, drawn anew each time.
  /// - Returns: undefined where `count` leaves nobody to hide, or a draw has no mean.
  public func rehearsal(labelled count: Int, draws: Int, seed: UInt64) -> Outcome<Rehearsal> {
    precondition(draws > 0, "at least one draw")
    guard count < labels.count else { return .undefined(.noRows) }
    var generator = SplitMix64(seed: seed, stream: .substitution)
    var order = Array(labels.indices)
    var first: PredictionPoweredMean?
    var (multipliers, squares, classicalSquares) = (0.0, 0.0, 0.0)
    for _ in 0..<draws {
      order.shuffle(using: &generator)
      let mean = PredictionPoweredMean.of(
        labels: order[..<count].map { labels[$0] },
        predictions: order[..<count].map { predictions[$0] },
        others: order[count...].map { predictions[$0] } + others)
      guard case .value(let value) = mean else { return .undefined(mean.reason ?? .degenerate) }
      if first == nil { first = value }
      multipliers += value.multiplier
      squares += value.error * value.error
      classicalSquares += value.classicalError * value.classicalError
    }
    guard let first else { return .undefined(.noRows) }
    let count = Double(draws)
    return .value(
      Rehearsal(
        example: first, multiplier: multipliers / count, error: (squares / count).squareRoot(),
        classicalError: (classicalSquares / count).squareRoot(), draws: draws))
  }
}
