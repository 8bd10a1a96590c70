/// How reliable the crowd's and a model's labels are, and how to blend the two.
///
/// From two raters alone one cannot tell whose error a disagreement is. With a third rater whose
/// errors are independent of theirs, the covariances tell (triple collocation, Stoffelen 1998;
/// before it Spearman's vanishing tetrads). With crowd c, model m and third rater t:
///
///     reliability of c = cov(c,m) cov(c,t) / (cov(m,t) var(c)),   of m likewise;
///     m on the crowd's scale = mean(c) + scale (m - mean(m)),     scale = cov(c,t) / cov(m,t);
///     weight of m = error variance of c / (that + scale² · error variance of m).
///
/// Another model is a poor third rater: models share their errors, which makes the model appear
/// more reliable than it is. `LabelledEssay.addingTextRater` adds a better one.
public struct LabelReliability: Sendable, Equatable {
  /// The share of the labels' variance that is not error, from 0 to 1.
  public let crowd: Double
  public let model: Double
  /// The weight of the model's label in the blend, from 0 to 1.
  public let weight: Double
  /// The factor from the model's scale to the crowd's.
  public let scale: Double
  public let crowdMean: Double
  public let modelMean: Double
  /// The number of rows with all three labels.
  public let rows: Int

  /// - Throws: `ReferenceError` with fewer than 30 rows rated by all three, or where two of them
  ///   are not positively correlated: then the reliabilities cannot be estimated.
  public init(_ essays: [LabelledEssay], llm: String, third: String) throws(ReferenceError) {
    var columns: [[Double]] = [[], [], []]
    for essay in essays {
      if let c = essay.crowd, let m = essay.labels[llm], let t = essay.labels[third] {
        for (column, value) in [c, m, t].enumerated() { columns[column].append(value) }
      }
    }
    let rows = columns[0].count
    guard rows >= 30 else {
      throw .curation(
        .tooFew(what: "rows rated by the crowd, \(llm) and \(third)", found: rows, needed: 30))
    }
    let means = columns.map { $0.reduce(0, +) / Double(rows) }
    func covariance(_ a: Int, _ b: Int) -> Double {
      zip(columns[a], columns[b]).reduce(0) { $0 + ($1.0 - means[a]) * ($1.1 - means[b]) }
        / Double(rows - 1)
    }
    let (cm, ct, mt) = (covariance(0, 1), covariance(0, 2), covariance(1, 2))
    guard cm > 0, ct > 0, mt > 0 else {
      throw .curation(
        .outOfRange(
          what: "the smallest covariance of the crowd, \(llm) and \(third)",
          value: "\(min(cm, ct, mt))", range: "above 0"))
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

  /// The blend of both labels, within [1, 7].
  public func label(crowd: Double, model: Double) -> Double {
    let onCrowdScale = crowdMean + scale * (model - modelMean)
    let blend = (1 - weight) * crowd + weight * onCrowdScale
    return min(max(blend, RatingPrompt.scale.lowerBound), RatingPrompt.scale.upperBound)
  }
}
