import Basics

/// Many systems on the same rows: differences and p-values of all pairs, ranks, tie groups.
///
/// Ranks and tie groups follow from one set of decisions, the pairs that ``SwapTest`` tells apart at
/// 1 - level after its step-down over all pairs, so that none of them can contradict another.
public struct SystemsComparison: Sendable {
  /// The metric that is compared: the declared family.
  public let primary: Metric
  public let options: InferenceOptions
  /// The primary metric of each system.
  public let figures: [Figure]
  public let test: SwapTest
  private let sample: ClusteredSample
  /// The metric without each cluster in turn, one list a system.
  private let withoutEach: [Outcome<[Double]>]

  /// - Parameter systems: (S, n), finite, in the order of the sample.
  public init(
    _ sample: ClusteredSample, systems: [[Double]], primary: Metric = .pcc,
    options: InferenceOptions = .init()
  ) {
    let figures = systems.compactMap {
      SystemInference(sample, predictions: $0, options: options).jackknifed([primary])[primary]
    }
    self.init(
      sample, figures,
      primary.isOfRanks
        ? SwapTest(figures, metric: primary, clusters: sample.clusterCount, options: options)
        : SwapTest(sample, systems: systems, metrics: [primary], options: options), primary,
      options)
  }

  /// By a weighted average over targets, the same for every system.
  public init(
    _ systems: [AveragedSystem], of average: TargetAverage, primary: Metric,
    options: InferenceOptions = .init()
  ) {
    self.init(
      average.sample, systems.map { $0.jackknifed(primary) },
      SwapTest(systems, metric: primary, options: options), primary, options)
  }

  private init(
    _ sample: ClusteredSample, _ systems: [JackknifedFigure], _ test: SwapTest, _ primary: Metric,
    _ options: InferenceOptions
  ) {
    (self.primary, self.options, self.sample, self.test) = (primary, options, sample, test)
    (figures, withoutEach) = (systems.map(\.figure), systems.map(\.withoutEach))
  }

  public var count: Int { figures.count }

  /// The swap test's p-value of one pair; 1 for a system against itself, nil where undefined.
  public func p(_ i: Int, _ j: Int) -> Double? { test.p(primary, i, j).value }

  /// The same, adjusted over all pairs.
  public func adjusted(_ i: Int, _ j: Int) -> Double? { test.adjusted(primary, i, j).value }

  /// The primary metric of `i` less that of `j`, with its jackknife interval.
  public func difference(_ i: Int, _ j: Int) -> (figure: Figure, interval: Outcome<Interval>) {
    let difference = figures[i].minus(figures[j])
    let interval = PairComparison.jackknife(
      difference, (withoutEach[i], withoutEach[j]), primary, sample, options.level)
    return (difference, interval)
  }

  /// p-values of all pairs by Benjamini and Hochberg's adjustment, which controls the share of false
  /// separations.
  public func discoveryRates() -> PairTable {
    let pairs = (0..<count).flatMap { j in (0..<j).map { ($0, j) } }.filter { p($0.0, $0.1) != nil }
    let adjusted = Adjustment.benjaminiHochberg.adjust(pairs.compactMap { p($0.0, $0.1) })
    var table = PairTable(count: count)
    for (pair, value) in zip(pairs, adjusted) { table[pair.0, pair.1] = value }
    return table
  }

  /// Whether `i` is significantly better than `j`.
  public func isBetter(_ i: Int, than j: Int) -> Bool {
    guard i != j, let a = figures[i].value, let b = figures[j].value,
      let p = adjusted(i, j), p <= alpha
    else { return false }
    return (a > b) == primary.higherIsBetter
  }

  /// What a p-value is held against, 1 - level.
  var alpha: Double { InferenceOptions.alpha(options.level) }

  /// The ranks that the data allow to each system; nil where its metric is undefined.
  public var rankSets: [RankSet?] {
    let ranked = ranking
    return figures.indices.map { i in
      guard figures[i].value != nil else { return nil }
      let better = ranked.count { isBetter($0, than: i) }
      let worse = ranked.count { isBetter(i, than: $0) }
      return RankSet(best: 1 + better, worst: ranked.count - worse)
    }
  }

  /// Tie groups, best system first; see ``CompactLetters``.
  public func letters() -> Outcome<[[String]]> {
    CompactLetters.display(count: count, order: ranking) {
      isBetter($0, than: $1) || isBetter($1, than: $0)
    }
  }

  /// Systems with a defined primary metric, best first, ties in the order given.
  public var ranking: [Int] {
    figures.indices.filter { figures[$0].value != nil }.sorted {
      let (a, b) = (figures[$0].value ?? 0, figures[$1].value ?? 0)
      return a == b ? $0 < $1 : (a > b) == primary.higherIsBetter
    }
  }
}

/// A symmetric table of pairs without a diagonal; nil where there is nothing.
public struct PairTable: Sendable, Hashable {
  public let count: Int
  private var values: [Double]

  init(count: Int) {
    self.count = count
    values = [Double](repeating: .nan, count: count * (count - 1) / 2)
  }

  public internal(set) subscript(i: Int, j: Int) -> Double? {
    get {
      guard i != j else { return nil }
      let value = values[max(i, j) * (max(i, j) - 1) / 2 + min(i, j)]
      return value.isNaN ? nil : value
    }
    set { values[max(i, j) * (max(i, j) - 1) / 2 + min(i, j)] = newValue ?? .nan }
  }
}

/// The ranks that are compatible with the data, 1 the best: one more than the number of systems that
/// are significantly better, up to all but those that are significantly worse.
public struct RankSet: Sendable, Hashable, Codable {
  public let best, worst: Int

  public init(best: Int, worst: Int) {
    precondition(best <= worst, "the best rank is the smaller number")
    (self.best, self.worst) = (best, worst)
  }
}

/// Tie groups as letters: systems that share a letter are not told apart.
public enum CompactLetters {
  /// More groups than this are no display any more.
  static let mostGroups = 300

  /// Insert and absorb (Piepho 2004, J. Comput. Graph. Stat. 13:456).
  /// - Parameter order: the systems to show, best first; letters go by it.
  /// - Returns: the groups of every system, none for those not in `order`.
  public static func display(
    count: Int, order: [Int], isApart: (Int, Int) -> Bool
  ) -> Outcome<[[String]]> {
    var groups: [Set<Int>] = order.isEmpty ? [] : [Set(order.indices)]
    for b in order.indices {
      for a in 0..<b where isApart(order[a], order[b]) {
        groups = split(groups, a, b)
        guard groups.count <= mostGroups else { return .undefined(.tooManySystems) }
      }
    }
    groups.sort { ($0.min() ?? 0, $0.max() ?? 0) < ($1.min() ?? 0, $1.max() ?? 0) }
    var letters = [[String]](repeating: [], count: count)
    for (number, group) in groups.enumerated() {
      for place in group { letters[order[place]].append(name(number)) }
    }
    return .value(letters)
  }

  private static func split(_ groups: [Set<Int>], _ a: Int, _ b: Int) -> [Set<Int>] {
    var kept = groups.filter { !($0.contains(a) && $0.contains(b)) }
    for group in groups where group.contains(a) && group.contains(b) {
      for dropped in [b, a] {
        let part = group.subtracting([dropped])
        if !kept.contains(where: { part.isSubset(of: $0) }) { kept.append(part) }
      }
    }
    return kept
  }

  /// a, b, …, z, aa, ab, …: a name is one group's, and is never taken apart.
  package static func name(_ number: Int) -> String {
    let letter = String(UnicodeScalar(UInt8(97 + number % 26)))
    return number < 26 ? letter : name(number / 26 - 1) + letter
  }
}
