public import Metrics

/// How the systems of one leaderboard compare in its primary metric: every pair's difference with
/// its interval and test, and what follows from them for ranks.
///
/// Systems are named by their ``Board/Entry/slug``. A pair that was not tested is absent, and
/// so is the standing of a system whose primary metric is undefined.
public struct BoardComparison: Codable, Sendable, Equatable {
  /// Version of this document's form.
  public var schema: Int = 1
  public var metric: Metric
  public var target: String
  /// The test of a pair in words, with replicates and seed.
  public var test: String
  /// How the interval of a difference was made, in words.
  public var interval: String
  /// How p-values were adjusted within the family, for example `step-down max-T`.
  public var adjustment: String
  /// Which tests were adjusted together, in words.
  public var family: String
  /// Level of the tests, for example 0.05; an interval covers one minus it.
  public var level: Double
  public var pairs: [Pair]
  public var standings: [Standing]
  /// Smallest true difference that a test of two systems on this split would find.
  public var detectable: DetectableDifference?
  /// What a reader has to know beside the figures, in words.
  public var notes: [String]?
  /// The choices above in one line.
  public var signature: String?

  /// `first` against `second`; each unordered pair stands at most once.
  public struct Pair: Codable, Sendable, Equatable {
    public var first: String
    public var second: String
    /// Metric of `first` minus metric of `second`.
    public var difference: Double?
    public var low: Double?
    public var high: Double?
    public var p: Double?
    /// `p` after adjustment over the family.
    public var adjusted: Double?
    /// `p` after Benjamini and Hochberg's adjustment over the same family: the share of false
    /// findings is controlled, not the chance of any.
    public var discoveryRate: Double?
    /// Why there is no figure.
    public var undefined: String?

    public init(
      first: String, second: String, difference: Double? = nil, low: Double? = nil,
      high: Double? = nil, p: Double? = nil, adjusted: Double? = nil,
      discoveryRate: Double? = nil, undefined: String? = nil
    ) {
      (self.first, self.second, self.difference, self.low) = (first, second, difference, low)
      (self.high, self.p, self.adjusted) = (high, p, adjusted)
      (self.discoveryRate, self.undefined) = (discoveryRate, undefined)
    }
  }

  /// The ranks that the data leave open to a system; 1 is best.
  public struct Standing: Codable, Sendable, Equatable {
    public var slug: String
    public var lowRank: Int
    public var highRank: Int
    /// Letters of the tie groups; two systems that share one cannot be told apart.
    public var tieGroups: [String]

    public init(slug: String, lowRank: Int, highRank: Int, tieGroups: [String]) {
      (self.slug, self.lowRank) = (slug, lowRank)
      (self.highRank, self.tieGroups) = (highRank, tieGroups)
    }
  }

  package init(
    metric: Metric, target: String, test: String, interval: String, adjustment: String,
    family: String, level: Double, pairs: [Pair], standings: [Standing],
    detectable: DetectableDifference? = nil, signature: String? = nil
  ) {
    (self.metric, self.target, self.test, self.interval) = (metric, target, test, interval)
    (self.adjustment, self.family, self.level, self.pairs) = (adjustment, family, level, pairs)
    (self.standings, self.detectable, self.signature) = (standings, detectable, signature)
  }
}

extension BoardComparison {
  /// What `rule` releases: differences, bounds and p-values, rounded. With an exact difference to an
  /// entry of known score a guarded one's would be exact too.
  func released(by rule: ReleaseRule) -> BoardComparison {
    guard !rule.isOpen else { return self }
    var comparison = self
    for index in pairs.indices {
      for path in [\Pair.difference, \Pair.low, \Pair.high] {
        comparison.pairs[index][keyPath: path] = rule.rounded(pairs[index][keyPath: path])
      }
      for path in [\Pair.p, \Pair.adjusted, \Pair.discoveryRate] {
        comparison.pairs[index][keyPath: path] = rule.p(pairs[index][keyPath: path])
      }
    }
    comparison.detectable?.difference = rule.rounded(detectable?.difference)
    return comparison
  }
}
