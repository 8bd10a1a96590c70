import Basics

/// A system's correlation with labels that only some rows have, helped by a model's labels of all rows:
/// the prediction-powered bootstrap (Zrnic 2024, arXiv 2405.18379) over clusters.
///
/// With θ the PCC of a system's predictions, Y the labels of the labelled clusters, F the model's labels
/// of the same rows and F̃ those of the other clusters, a replicate draws both sets of clusters with
/// replacement and takes
///
///     θ* = λ θ(F̃*) + θ(Y*) - λ θ(F*),   λ = cov(θ(Y*), θ(F*)) / (var θ(F*) + var θ(F̃*)) in [0, 1],
///
/// with λ from the same replicates. The interval holds the middle `level` of them.
public struct PredictionPoweredBootstrap: Sendable, Hashable {
  /// θ̂ and its interval.
  public let estimate, low, high: Double
  /// The PCC on the labelled rows alone and its bootstrap interval, from the same replicates.
  public let classical, classicalLow, classicalHigh: Double
  public let lambda: Double

  /// - Parameters:
  ///   - labelled: the labels Y with their clusters, (n,).
  ///   - predictions: the system's for these rows, (n,).
  ///   - model: the model's labels F of these rows, (n,).
  ///   - others: the model's labels F̃ of the other clusters' rows, (m,).
  ///   - otherPredictions: the system's for those, (m,).
  public static func pcc(
    labelled: ClusteredSample, predictions: [Double], model: [Double], others: ClusteredSample,
    otherPredictions: [Double], options: InferenceOptions
  ) -> Outcome<PredictionPoweredBootstrap> {
    if let reason = labelled.obstacle ?? others.obstacle { return .undefined(reason) }
    let modelled = ClusteredSample(
      gold: model, clusterOfRow: labelled.clusterOfRow, clusterCount: labelled.clusterCount)
    var apart = options
    apart.seed = SplitMix64.mix(options.seed)
    let sums = [
      ClusterSums(labelled, predictions, form: options.form),
      ClusterSums(modelled, predictions, form: options.form),
      ClusterSums(others, otherPredictions, form: options.form),
    ]
    let points = sums.map { $0.metrics($0.total)[0] }
    guard points.allSatisfy(\.isFinite) else { return .undefined(.constantPrediction) }
    // The first two draw the same clusters.
    let replicates = [
      Self.replicates(sums[0], options), Self.replicates(sums[1], options),
      Self.replicates(sums[2], apart),
    ]
    let defined = replicates[0].indices.filter { b in
      replicates[0][b].isFinite && replicates[1][b].isFinite && replicates[2][b].isFinite
    }
    guard defined.count * 2 >= options.replicates, defined.count > 1 else {
      return .undefined(.tooFewReplicates)
    }
    let (y, f, other) = (
      defined.map { replicates[0][$0] }, defined.map { replicates[1][$0] },
      defined.map { replicates[2][$0] }
    )
    let (ofY, ofF) = (SampleMoments(y), SampleMoments(f))
    var products = 0.0
    for b in y.indices { products += (y[b] - ofY.mean) * (f[b] - ofF.mean) }
    let spread = ofF.sumSquares + SampleMoments(other).sumSquares
    let lambda = spread > 0 ? min(1, max(0, products / spread)) : 0
    let powered = y.indices.map { y[$0] + lambda * (other[$0] - f[$0]) }
    let tail = (1 - options.level) / 2
    guard let own = Quantiles.linear(powered, [tail, 1 - tail])?.quantiles,
      let plain = Quantiles.linear(y, [tail, 1 - tail])?.quantiles
    else { return .undefined(.tooFewReplicates) }
    return .value(
      PredictionPoweredBootstrap(
        estimate: points[0] + lambda * (points[2] - points[1]), low: own[0], high: own[1],
        classical: points[0], classicalLow: plain[0], classicalHigh: plain[1], lambda: lambda))
  }

  private static func replicates(_ sums: ClusterSums, _ options: InferenceOptions) -> [Double] {
    Bootstrap(sums, options: options).metrics[0]
  }
}
