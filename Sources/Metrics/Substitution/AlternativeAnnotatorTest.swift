/// May a model take the place of an annotator? The alternative annotator test of Calderon, Reichart
/// and Dror (2025, arXiv 2501.10970), for numeric ratings.
///
/// Each annotator j in turn is left out. For every item i that j has rated, the ratings of the other
/// annotators are compared with the model's f and with j's own h, by S = -RMSE over the others:
///
///     Wᶠᵢⱼ = 1 where S(fᵢ) ≥ S(hᵢⱼ), else 0;   Wʰᵢⱼ = 1 where S(hᵢⱼ) ≥ S(fᵢ);   ties give both 1;
///     ρᶠⱼ, ρʰⱼ their means over the items;   dᵢⱼ = Wʰᵢⱼ - Wᶠᵢⱼ;
///     H₀: ρᶠⱼ ≤ ρʰⱼ - ε against H₁: ρᶠⱼ > ρʰⱼ - ε, by t = (mean(d) - ε) / se, lower tail.
///
/// ε is what the annotator's cost is worth: .2 for experts, .15 for trained annotators, .1 for a
/// crowd. The annotators' p-values are adjusted by Benjamini and Yekutieli (2001), because the tests
/// share items. The winning rate ω is the share of annotators over whom the model wins; at .5 or more
/// the model may take an annotator's place.
///
/// Where items share a person, se is that of clusters of items, and t has G_eff - 1 degrees of
/// freedom; with every item its own cluster this is the authors' one-sample t-test.
public struct AlternativeAnnotatorTest: Sendable, Equatable {
  /// One rating by an annotator.
  public struct Rating: Sendable, Hashable {
    /// Places of the item and of the annotator, from 0.
    public let item, annotator: Int
    public let value: Double

    public init(item: Int, annotator: Int, value: Double) {
      (self.item, self.annotator, self.value) = (item, annotator, value)
    }
  }

  /// The comparison of the model with one annotator.
  public struct Comparison: Sendable, Equatable {
    public let annotator: Int
    /// Items that the annotator, at least one other and the model have rated, and their clusters.
    public let items, clusters: Int
    /// ρᶠ, how often the model agrees at least as well, and ρʰ, how often the annotator does.
    public let model, human: Double
    /// One-sided, of H₀; then adjusted.
    public let p: Figure
    public fileprivate(set) var adjusted: Figure
    /// Whether the model wins: adjusted p at most the level.
    public fileprivate(set) var isWon = false
  }

  /// Annotators with enough items, in their order.
  public let comparisons: [Comparison]
  /// Annotators with fewer items than the test asks for.
  public let skipped: Int
  public let epsilon: Double
  /// ω; undefined where no annotator is compared.
  public let winningRate: Figure
  /// The mean of ρᶠ over the annotators.
  public let advantage: Figure

  /// The authors ask for as many items of an annotator before they use a t-test.
  public static let minItems = 30
  /// Scores so close are ties: ratings such as 3.7 have no exact binary form.
  private static let tie = 1e-9

  /// - Parameters:
  ///   - ratings: at most one of an annotator for an item.
  ///   - model: (items,), the model's ratings, nil where it has none.
  ///   - clusters: (items,), the person of each item.
  ///   - level: the false discovery rate.
  public init<Name: Hashable>(
    _ ratings: [Rating], model: [Double?], clusters: [Name], epsilon: Double,
    level: Double = 0.05, minItems: Int = minItems
  ) {
    precondition(model.count == clusters.count, "a cluster for each item")
    var ofItem = [[Rating]](repeating: [], count: model.count)
    for rating in ratings { ofItem[rating.item].append(rating) }
    var differences: [Int: [(item: Int, model: Double, human: Double)]] = [:]
    for (item, ratings) in ofItem.enumerated() {
      guard let own = model[item], ratings.count > 1 else { continue }
      for rating in ratings {
        let others = ratings.filter { $0.annotator != rating.annotator }.map(\.value)
        let (f, h) = (Self.distance(own, others), Self.distance(rating.value, others))
        differences[rating.annotator, default: []].append(
          (item, f <= h + Self.tie ? 1 : 0, h <= f + Self.tie ? 1 : 0))
      }
    }
    let annotators = Set(ratings.map(\.annotator)).sorted()
    var made: [Comparison] = []
    for annotator in annotators {
      guard let rows = differences[annotator], rows.count >= max(2, minItems) else { continue }
      made.append(
        Self.compare(
          annotator, rows.map { $0.model }, rows.map { $0.human },
          clusters: rows.map { clusters[$0.item] }, epsilon: epsilon))
    }
    let tested = made.indices.filter { made[$0].p.value != nil }
    let adjusted = Self.benjaminiYekutieli(tested.compactMap { made[$0].p.value })
    for (index, p) in zip(tested, adjusted) {
      made[index].adjusted = .value(p)
      made[index].isWon = p <= level
    }
    (comparisons, skipped) = (made, annotators.count - made.count)
    self.epsilon = epsilon
    let count = Double(made.count)
    winningRate =
      made.isEmpty ? .undefined(.tooFewRows) : .value(Double(made.count { $0.isWon }) / count)
    advantage =
      made.isEmpty
      ? .undefined(.tooFewRows) : .value(made.reduce(0) { $0 + $1.model } / count)
  }

  /// -S: the root mean square distance to the others' ratings.
  private static func distance(_ value: Double, _ others: [Double]) -> Double {
    var sum = 0.0
    for other in others { sum += (value - other) * (value - other) }
    return (sum / Double(others.count)).squareRoot()
  }

  private static func compare<Name: Hashable>(
    _ annotator: Int, _ model: [Double], _ human: [Double], clusters: [Name], epsilon: Double
  ) -> Comparison {
    let d = model.indices.map { human[$0] - model[$0] }
    let sample = ClusteredSample(gold: d, clusters: clusters)
    let mean = SampleMoments(d).mean
    var sums = [Double](repeating: 0, count: sample.clusterCount)
    for row in d.indices { sums[sample.clusterOfRow[row]] += d[row] - mean }
    let (n, g) = (Double(d.count), Double(sample.clusterCount))
    let variance = sums.reduce(0) { $0 + $1 * $1 } / (n * n) * g / (g - 1)
    let p: Figure =
      if sample.obstacle != nil {
        .undefined(sample.obstacle ?? .tooFewClusters)
      } else if variance > 0 {
        .value(
          lowerTail((mean - epsilon) / variance.squareRoot(), df: sample.effectiveClusters - 1))
      } else {
        // Every item says the same: nothing is left to chance.
        .value(mean < epsilon ? 0 : 1)
      }
    return Comparison(
      annotator: annotator, items: d.count, clusters: sample.clusterCount,
      model: SampleMoments(model).mean, human: SampleMoments(human).mean, p: p,
      adjusted: .undefined(p.reason ?? .degenerate))
  }

  private static func lowerTail(_ t: Double, df: Double) -> Double {
    let half = Distributions.studentTwoSided(t, df: df) / 2
    return t < 0 ? half : 1 - half
  }

  /// Benjamini and Hochberg's adjusted p-values times 1 + 1/2 + … + 1/m.
  static func benjaminiYekutieli(_ p: [Double]) -> [Double] {
    let harmonic = p.indices.reduce(0.0) { $0 + 1 / Double($1 + 1) }
    return Adjustment.benjaminiHochberg.adjust(p).map { min(1, $0 * harmonic) }
  }
}
