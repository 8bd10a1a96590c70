import Basics
import Glibc
import Metrics
import Synchronization

/// What a model's labels add to training where people have labelled the texts of few persons.
///
/// A draw keeps a fifth of the persons for scoring. Of the others' rows it takes, for each number k, the
/// people's labels of k persons; a ridge regression learns either these alone, or these and the model's
/// labels of all other persons, shifted to the people's mean over the k persons. Both are scored by
/// their PCC with the people's labels of the persons kept. Each regression chooses its penalty by
/// cross-validation on the labels that it learns.
public struct FewLabelsTrial: Sendable {
  /// What training on the labels of some number of persons gives.
  public struct Point: Sendable, Equatable {
    /// Persons whose labels by people are learned.
    public let persons: Int
    /// Mean PCC over the draws: of people's labels alone, and with the model's labels of the rest.
    public let alone, together: Double
    /// The difference, and its standard error: a jackknife over the persons scored, plus the variance of
    /// the mean over draws. nil where no person is left for the model.
    public let gain, gainError: Double?
    /// Standard deviations over the draws; nil for one draw.
    public let aloneSpread, togetherSpread: Double?
  }

  /// By the number of persons, ascending; the last has all that are trained on.
  public let points: [Point]
  /// Persons trained on and persons scored in a draw, and rows with both labels.
  public let pool, held, rows: Int
  public let draws: Int
  public let seed: UInt64

  private static let folds = 5
  /// One of so many persons is kept for scoring.
  private static let heldShare = 5

  /// - Parameters:
  ///   - essays: rows without a label by people or by `llm` are not used.
  ///   - features: (n, D), a row for each essay.
  ///   - sizes: numbers of persons to try, besides all; those beyond all are left out.
  /// - Throws: `ReferenceError` with fewer than 25 persons, a size under 5, an unknown model, or where a
  ///   PCC is undefined.
  public init(
    _ essays: [LabelledEssay], features: [[Double]], llm: String, sizes: [Int], draws: Int,
    seed: UInt64, progress: @Sendable (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws(ReferenceError) {
    precondition(draws > 0 && essays.count == features.count, "draws, and features for each essay")
    let data = try FewLabelsData(essays, features: features, llm: llm)
    let count = data.persons.count
    guard count >= 25 else { throw .curation(.tooFew(what: "persons", found: count, needed: 25)) }
    if let small = sizes.min(), small < Self.folds {
      throw .curation(.tooFew(what: "labelled persons", found: small, needed: Self.folds))
    }
    held = count / Self.heldShare
    pool = count - held
    let sizes = Set(sizes.filter { [pool] in $0 < pool } + [pool]).sorted()
    let done = Mutex(0)
    let made = Parallel.map(draws, threads: Parallel.processors) { [held] draw in
      let result = Result { () throws(ReferenceError) in
        try FewLabelsDraw(data, held: held, sizes: sizes, seed: seed, draw: draw)
      }
      done.withLock {
        $0 += 1
        progress($0, draws)
      }
      return result
    }
    var drawn: [FewLabelsDraw] = []
    for result in made { drawn.append(try result.get()) }
    var points: [Point] = []
    for (place, size) in sizes.enumerated() {
      let all = drawn.map { $0.scores[place] }
      guard let point = Self.point(size, all, isAll: size == pool, persons: count) else {
        throw .curation(.constant("the regression's predictions or the labels it is scored by"))
      }
      points.append(point)
    }
    self.points = points
    (rows, self.draws, self.seed) = (data.rows.count, draws, seed)
  }

  /// nil where a correlation is undefined.
  private static func point(
    _ size: Int, _ draws: [FewLabelsDraw.Score], isAll: Bool, persons: Int
  ) -> Point? {
    let (alone, together) = (draws.map(\.alone.correlation), draws.map(\.together.correlation))
    guard (alone + together).allSatisfy(\.isFinite) else { return nil }
    let count = Double(draws.count)
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / count }
    func spread(_ values: [Double]) -> Double? {
      guard values.count > 1 else { return nil }
      let centre = mean(values)
      return (values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / (count - 1)).squareRoot()
    }
    let gains = draws.indices.map { together[$0] - alone[$0] }
    // The mean gain without each person in turn, in whichever draws the person was scored.
    let without = (0..<persons).map { person in
      var total = 0.0
      for (gain, draw) in zip(gains, draws) {
        total += draw.without(person) ?? gain
      }
      return total / count
    }
    guard without.allSatisfy(\.isFinite) else { return nil }
    let centre = without.reduce(0, +) / Double(persons)
    let squares = without.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
    let overPersons = squares * Double(persons - 1) / Double(persons)
    let overDraws = spread(gains).map { $0 * $0 / count } ?? 0
    return Point(
      persons: size, alone: mean(alone), together: mean(together), gain: isAll ? nil : mean(gains),
      gainError: isAll ? nil : (overPersons + overDraws).squareRoot(), aloneSpread: spread(alone),
      togetherSpread: spread(together))
  }

  /// The number of persons from which on no larger size gains significantly at `level`; nil where the
  /// largest still does.
  public func breakEven(level: Double) -> Int? {
    let quantile = Distributions.normalQuantile((1 + level) / 2)
    var from: Int?
    for point in points.reversed() {
      if let gain = point.gain, let error = point.gainError, gain - quantile * error > 0 { break }
      from = point.persons
    }
    // All persons leave nothing to the model: that they gain nothing says nothing.
    return from == pool ? nil : from
  }

  /// The number of persons whose labels alone would give the PCC of `point` with the model's labels, on
  /// the curve between the sizes tried (linear in the logarithm); nil beyond it.
  public func worth(of point: Point) -> Double? {
    for (small, large) in zip(points, points.dropFirst())
    where small.alone <= point.together && point.together <= large.alone
      && small.alone < large.alone
    {
      let share = (point.together - small.alone) / (large.alone - small.alone)
      let ratio = Double(large.persons) / Double(small.persons)
      return Double(small.persons) * pow(ratio, share)
    }
    return nil
  }
}

/// The rows that have both labels, and the persons who wrote them.
private struct FewLabelsData: Sendable {
  let rows: [LabelledEssay]
  let features: [[Double]]
  let crowd, model: [Double]
  /// Person of each row, by its place in `persons`.
  let personOfRow: [Int]
  let persons: [String]

  init(_ essays: [LabelledEssay], features: [[Double]], llm: String) throws(ReferenceError) {
    let used = essays.indices.filter {
      essays[$0].crowd != nil && essays[$0].labels[llm] != nil
    }
    guard !used.isEmpty else {
      throw .curation(
        .unknownLabels(name: llm, known: Set(essays.flatMap(\.labels.keys)).sorted()))
    }
    rows = used.map { essays[$0] }
    self.features = used.map { features[$0] }
    crowd = rows.compactMap(\.crowd)
    model = rows.compactMap { $0.labels[llm] }
    let names = rows.map(\.writer)
    let sorted = Set(names).sorted()
    let places = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, $0) })
    (persons, personOfRow) = (sorted, names.map { places[$0] ?? 0 })
  }
}

/// One draw: who is scored, who is labelled, and what the regressions predict.
private struct FewLabelsDraw: Sendable {
  /// The correlations at one number of labelled persons.
  struct Score: Sendable {
    let alone, together: PersonCorrelation

    /// The gain without a person; nil for one who is not scored.
    func without(_ person: Int) -> Double? {
      guard let first = together.without(person), let second = alone.without(person) else {
        return nil
      }
      return first - second
    }
  }

  /// For each size.
  let scores: [Score]

  init(
    _ data: FewLabelsData, held: Int, sizes: [Int], seed: UInt64, draw: Int
  ) throws(ReferenceError) {
    var generator = SplitMix64(seed: seed, labels: [UInt64(draw)])
    let order = Array(data.persons.indices).shuffled(using: &generator)
    // Its place in the order: the first are scored, the next k are labelled.
    var placeOf = [Int](repeating: 0, count: order.count)
    for (place, person) in order.enumerated() { placeOf[person] = place }
    let places = data.personOfRow.map { placeOf[$0] }
    let scored = places.indices.filter { places[$0] < held }
    let training = places.indices.filter { places[$0] >= held }
    let heldFeatures = scored.map { data.features[$0] }
    func score(_ predictions: [Double]) -> PersonCorrelation {
      PersonCorrelation(
        predictions, gold: scored.map { data.crowd[$0] },
        persons: scored.map { data.personOfRow[$0] })
    }
    func predictions(_ rows: [Int], _ labels: [Double], penalty: Double) -> [Double] {
      RidgeRegression(FeatureMoments(rows.map { data.features[$0] }), penalty: penalty)
        .predict(heldFeatures, trainedOn: labels)
    }
    func validation(_ rows: [Int]) throws(ReferenceError) -> CrossValidation {
      try CrossValidation(
        rows.map { data.rows[$0] }, features: rows.map { data.features[$0] }, folds: 5, seed: seed)
    }
    let labelled = sizes.map { size in training.filter { places[$0] < held + size } }
    let mixes = labelled.map { known in
      let isKnown = Set(known)
      let gaps = known.map { data.crowd[$0] - data.model[$0] }
      let shift = gaps.reduce(0, +) / Double(gaps.count)
      return training.map { isKnown.contains($0) ? data.crowd[$0] : data.model[$0] + shift }
    }
    let penalties = try validation(training).bestPenalties(for: mixes)
    let moments = FeatureMoments(training.map { data.features[$0] })
    var scores: [Score] = []
    for (place, known) in labelled.enumerated() {
      let together = score(
        RidgeRegression(moments, penalty: penalties[place])
          .predict(heldFeatures, trainedOn: mixes[place]))
      let labels = known.map { data.crowd[$0] }
      let penalty = try validation(known).bestPenalty(for: labels)
      scores.append(
        Score(
          alone: known.count == training.count
            ? together : score(predictions(known, labels, penalty: penalty)), together: together))
    }
    self.scores = scores
  }
}

/// A correlation over persons that is quick to find without one of them.
private struct PersonCorrelation: Sendable {
  /// n, Σx, Σy, Σx², Σy², Σxy about the means, of each person.
  private var sums: [Int: SIMD8<Double>] = [:]
  private var total = SIMD8<Double>.zero

  init(_ predictions: [Double], gold: [Double], persons: [Int]) {
    let count = Double(max(1, gold.count))
    let centreX = predictions.reduce(0, +) / count
    let centreY = gold.reduce(0, +) / count
    for row in gold.indices {
      let (x, y) = (predictions[row] - centreX, gold[row] - centreY)
      let sum = SIMD8(1, x, y, x * x, y * y, x * y, 0, 0)
      sums[persons[row], default: .zero] += sum
      total += sum
    }
  }

  /// NaN where it is undefined.
  var correlation: Double { Self.correlation(total) }

  func without(_ person: Int) -> Double? { sums[person].map { Self.correlation(total - $0) } }

  private static func correlation(_ s: SIMD8<Double>) -> Double {
    let n = s[0]
    let (vx, vy) = (s[3] - s[1] * s[1] / n, s[4] - s[2] * s[2] / n)
    // Rounding may leave a hair of a constant column's variance.
    guard vx > 1e-20, vy > 1e-20 else { return .nan }
    return (s[5] - s[1] * s[2] / n) / (vx * vy).squareRoot()
  }
}
