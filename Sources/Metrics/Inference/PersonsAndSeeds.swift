/// The difference of two procedures whose runs differ by their seeds, over persons and seeds in one
/// model: neither a test over seeds, which speaks of no other persons, nor one over persons, which
/// speaks of no other seeds.
///
/// Leaving out each of P persons in turn gives pseudo-values of the difference,
/// vₛₚ = P·dₛ - (P - 1)·dₛ₍₋ₚ₎ with the runs of seed s of both procedures (Tukey's jackknife). They are
/// taken as crossed without repetition, vₛₚ = δ + pₚ + sₛ + eₛₚ. With the mean squares of persons, seeds
/// and the rest, the variance of the mean difference over S seeds is
///
///     (MS_P + MS_S - MS_E) / (P·S), and no less than MS_P / (P·S),
///
/// on Satterthwaite's degrees of freedom, persons counting as G_eff - 1 (``ClusteredSample``). With
/// one seed nothing can be said of others, and the interval is that of persons.
public struct PersonsAndSeeds: Sendable {
  /// Mean over seeds, first minus second.
  public let difference: Double
  public let standardError: Double
  public let degreesOfFreedom: Double
  /// SDs over persons and over seeds of a pseudo-value; nil with one seed. A component below 0 is 0.
  public let personSD, seedSD: Double?
  public let persons, seeds: Int

  /// - Parameters:
  ///   - first: predictions of each seed's run, (S, n) in the order of the sample.
  ///   - second: the other procedure's with the same seeds.
  /// - Returns: undefined where the metric is, in any run or without any person.
  public static func compare(
    _ metric: Metric, _ sample: ClusteredSample, _ first: [[Double]], _ second: [[Double]],
    options: InferenceOptions = .init()
  ) -> Outcome<PersonsAndSeeds> {
    precondition(first.count == second.count && !first.isEmpty, "the same seeds of both")
    if let reason = sample.obstacle { return .undefined(reason) }
    var differences: [Double] = []
    var pseudo: [[Double]] = []
    let persons = Double(sample.clusterCount)
    for (a, b) in zip(first, second) {
      let pair = PairComparison(sample, a, b, options: options)
      let without = (pair.first.leaveOneOut(metric), pair.second.leaveOneOut(metric))
      switch (pair.difference(metric), without.0, without.1) {
      case (.value(let whole), .value(let one), .value(let other)):
        differences.append(whole)
        pseudo.append(zip(one, other).map { persons * whole - (persons - 1) * ($0 - $1) })
      case (.undefined(let reason), _, _), (_, .undefined(let reason), _),
        (_, _, .undefined(let reason)):
        return .undefined(reason)
      }
    }
    return .value(
      PersonsAndSeeds(
        difference: SampleMoments(differences).mean, pseudo,
        personFreedom: sample.effectiveClusters - 1))
  }

  /// - Parameter pseudo: (S, P), at least one seed and three persons.
  init(difference: Double, _ pseudo: [[Double]], personFreedom: Double) {
    (seeds, persons) = (pseudo.count, pseudo[0].count)
    self.difference = difference
    let (s, p) = (Double(seeds), Double(persons))
    let ofSeed = pseudo.map { SampleMoments($0).mean }
    let ofPerson = pseudo[0].indices.map { person in
      pseudo.reduce(0) { $0 + $1[person] } / s
    }
    let mean = SampleMoments(ofSeed).mean
    let squaresOfPersons = ofPerson.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let meanSquareP = s * squaresOfPersons / (p - 1)
    guard seeds > 1 else {
      (standardError, degreesOfFreedom) = ((meanSquareP / p).squareRoot(), personFreedom)
      (personSD, seedSD) = (nil, nil)
      return
    }
    let meanSquareS = p * ofSeed.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (s - 1)
    var rest = 0.0
    for (row, seed) in zip(pseudo, ofSeed) {
      for (value, person) in zip(row, ofPerson) {
        let error = value - seed - person + mean
        rest += error * error
      }
    }
    let meanSquareE = rest / ((s - 1) * (p - 1))
    personSD = max(0, (meanSquareP - meanSquareE) / s).squareRoot()
    seedSD = max(0, (meanSquareS - meanSquareE) / p).squareRoot()
    let excess = meanSquareS - meanSquareE
    let total = meanSquareP + max(0, excess)
    standardError = (total / (p * s)).squareRoot()
    guard excess > 0 else {
      degreesOfFreedom = personFreedom
      return
    }
    let terms =
      meanSquareP * meanSquareP / personFreedom + meanSquareS * meanSquareS / (s - 1)
      + meanSquareE * meanSquareE / ((s - 1) * (p - 1))
    degreesOfFreedom = min(personFreedom, total * total / terms)
  }

  /// difference ± t·error; nil where the runs differ in nothing that varies.
  public func interval(_ level: Double = 0.95) -> (low: Double, high: Double)? {
    guard standardError > 0 || difference == 0 else { return nil }
    let half =
      Distributions.studentQuantile((1 + level) / 2, df: degreesOfFreedom) * standardError
    return (difference - half, difference + half)
  }

  /// Two-sided p of no difference; 1 where nothing differs, nil where only the variance is 0.
  public var p: Double? {
    guard standardError > 0 else { return difference == 0 ? 1 : nil }
    return Distributions.studentTwoSided(difference / standardError, df: degreesOfFreedom)
  }
}
