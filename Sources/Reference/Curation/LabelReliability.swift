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
    let rated = known.map { [$0.crowd ?? 0, $0.labels[llm] ?? 0, $0.labels[third] ?? 0] }
    let rows = rated.count
    guard rows >= 30 else {
      throw .curation(
        .tooFew(what: "rows rated by the crowd, \(llm) and \(third)", found: rows, needed: 30))
    }
    try Self.check(known.map(\.writer), rated, third)
    let means = (0..<3).map { rater in rated.reduce(0) { $0 + $1[rater] } / Double(rows) }
    func covariance(_ a: Int, _ b: Int) -> Double {
      rated.reduce(0) { $0 + ($1[a] - means[a]) * ($1[b] - means[b]) } / Double(rows - 1)
    }
    let (cm, ct, mt) = (covariance(0, 1), covariance(0, 2), covariance(1, 2))
    let pairs = [
      (cm, Agreement.crowd, llm), (ct, Agreement.crowd, third), (mt, llm, third),
    ]
    if let least = pairs.min(by: { $0.0 < $1.0 }), least.0 <= 0 {
      throw .curation(.unrelated(least.1, least.2))
    }
    let (vc, vm) = (covariance(0, 0), covariance(1, 1))
    // Sampling error may put an estimate outside its range.
    crowd = min(max(cm * ct / mt / vc, 0), 1)
    model = min(max(cm * mt / ct / vm, 0), 1)
    scale = ct / mt
    let (crowdError, modelError) = (vc * (1 - crowd), scale * scale * vm * (1 - model))
    weight = crowdError + modelError > 0 ? crowdError / (crowdError + modelError) : 0.5
    (crowdMean, modelMean, self.rows) = (means[0], means[1], rows)
  }

  /// Refuses a third rater that knows nothing of the crowd's labels: what its covariances say of the
  /// others would be chance.
  private static func check(
    _ persons: [String], _ rated: [[Double]], _ third: String
  ) throws(ReferenceError) {
    let system = SystemInference(
      ClusteredSample(gold: rated.map { $0[0] }, clusters: persons),
      predictions: rated.map { $0[2] })
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
