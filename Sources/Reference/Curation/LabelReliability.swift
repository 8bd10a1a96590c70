import Basics
import Metrics

/// How reliable the crowd's and a model's labels are, and how to blend the two.
/// With a third rater whose errors are independent of theirs, the covariances tell whose error a
/// disagreement is (triple collocation, Stoffelen 1998). With crowd c, model m and third rater t:
///
///     reliability of c = cov(c,m) cov(c,t) / (cov(m,t) var(c)),   of m likewise;
///     m on the crowd's scale = mean(c) + scale (m - mean(m)),     scale = cov(c,t) / cov(m,t);
///     weight of m = error variance of c / (that + scale² · error variance of m).
///
/// Models share their errors: `LabelledEssay.addingTextRater` is a better third rater.
public struct LabelReliability: Sendable, Equatable {
  /// The share of the labels' variance that is not error, from 0 to 1.
  public let crowd: Double
  public let model: Double
  /// The weight of the model's label in the blend, from 0 to 1.
  public let weight: Double
  /// The factor from the model's scale to the crowd's.
  public let scale: Double
  public let crowdMean, modelMean: Double
  /// The number of rows with all three labels.
  public let rows: Int

  /// - Throws: `ReferenceError` with fewer than 30 rows rated by all three, where the third rater
  ///   does not agree with the crowd by more than chance (its correlation over persons has a 95%
  ///   interval that reaches 0), or where two of them are not positively correlated: then the
  ///   reliabilities cannot be estimated.
  public init(_ essays: [LabelledEssay], llm: String, third: String) throws(ReferenceError) {
    let known = essays.filter {
      $0.crowd != nil && $0.labels[llm] != nil && $0.labels[third] != nil
    }
    let rows = known.count
    guard rows >= 30 else {
      throw .curation(
        .tooFew(what: "rows rated by the crowd, \(llm) and \(third)", found: rows, needed: 30))
    }
    let sample = ClusteredSample(
      gold: known.compactMap(\.crowd), clusters: known.map(\.writer))
    let models = known.compactMap { $0.labels[llm] }
    let thirds = known.compactMap { $0.labels[third] }
    try Self.check(SystemInference(sample, predictions: thirds), third)
    let of = TripleCollocation(sample, models, thirds).covariances
    let pairs = [
      (of.ab, Agreement.crowd, llm), (of.ac, Agreement.crowd, third), (of.bc, llm, third),
    ]
    if let least = pairs.min(by: { $0.0 < $1.0 }), !of.isUsable {
      throw .curation(.unrelated(least.1, least.2))
    }
    // Sampling error may put an estimate outside its range.
    crowd = min(of.reliabilityOfFirst, 1)
    model = min(of.reliabilityOfSecond, 1)
    scale = of.ac / of.bc
    let (crowdError, modelError) = (of.a * (1 - crowd), scale * scale * of.b * (1 - model))
    weight = crowdError + modelError > 0 ? crowdError / (crowdError + modelError) : 0.5
    crowdMean = sample.gold.reduce(0, +) / Double(rows)
    modelMean = models.reduce(0, +) / Double(rows)
    self.rows = rows
  }

  /// Refuses a third rater that knows nothing of the crowd's labels: what its covariances say of the
  /// others would be chance.
  private static func check(
    _ system: SystemInference, _ third: String
  ) throws(ReferenceError) {
    guard let value = system.figure(.pcc).value else {
      throw .curation(.uninformative(third, pcc: nil, low: nil, high: nil))
    }
    let interval = system.interval(.pcc)
    // A perfect correlation has no interval.
    let isKnown = interval.value.map { $0.low > 0 } ?? (interval.reason == .degenerate && value > 0)
    guard isKnown else {
      throw .curation(
        .uninformative(
          third, pcc: Rounding.rounded(value, decimals: 2),
          low: Rounding.rounded(interval.value?.low, decimals: 2),
          high: Rounding.rounded(interval.value?.high, decimals: 2)))
    }
  }

  /// The blend of both labels, within [1, 7].
  public func label(crowd: Double, model: Double) -> Double {
    let onCrowdScale = crowdMean + scale * (model - modelMean)
    let blend = (1 - weight) * crowd + weight * onCrowdScale
    return min(max(blend, RatingPrompt.scale.lowerBound), RatingPrompt.scale.upperBound)
  }
}
