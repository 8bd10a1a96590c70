/// Many systems on the same rows: p-values of all pairs, rank confidence sets, tie groups.
public struct SystemsComparison: Sendable {
  /// The metric whose p-values are adjusted and whose ranks are shown: the declared family.
  public let primary: Metric
  public let options: InferenceOptions
  /// The primary metric of each system.
  public let figures: [Figure]
  /// The ranks that the data allow to each system; nil where its primary metric is undefined.
  public let rankSets: [RankSet?]
  /// The critical value of the simultaneous intervals; nil where there are none.
  public let criticalValue: Double?
  public let undefinedReplicates: Int
  private let far: [Int32]
  private let defined: [[Metric: Bool]]

  /// Name of the rank sets' method for a signature: Mogstad, Romano, Shaikh and Wilhelm (2024,
  /// Rev. Econ. Stud. 91:476), single step, max of studentised differences.
  public static let rankMethod = "mrsw-max-t"

  /// Metrics with pairwise p-values. CCC takes Lin's n form here, whatever the options say.
  public static let testedMetrics: [Metric] = [.pcc, .ccc, .rmse]

  /// - Parameters:
  ///   - systems: (S, n) predictions, finite, each in the order of the sample.
  ///   - primary: PCC, CCC, RMSE or MAE.
  public init(
    _ sample: ClusteredSample, systems: [[Double]], primary: Metric = .pcc,
    options: InferenceOptions = .init()
  ) {
    precondition(systems.allSatisfy { $0.count == sample.count }, "one prediction a row")
    precondition(primary.lane != nil, "ranks need a metric that is a function of sums")
    self.primary = primary
    self.options = options
    let moments = systems.map { PairedMoments(predictions: $0, gold: sample.gold) }
    let figures = moments.map { $0.figure(primary, form: options.form) }
    self.figures = figures
    defined = moments.map { sums in
      Dictionary(
        uniqueKeysWithValues: Self.testedMetrics.map {
          ($0, sums.figure($0, form: .population).value != nil)
        })
    }
    far = AllPairsSwap(sample, systems, options: options).farCounts()
    let ranked = figures.indices.filter { figures[$0].value != nil }
    let sums = ranked.map { ClusterSums(sample, systems[$0], form: options.form) }
    let differences = SimultaneousDifferences(sums, primary, options: options)
    criticalValue = differences?.critical
    undefinedReplicates = differences?.undefinedReplicates ?? 0
    var sets = [RankSet?](repeating: nil, count: systems.count)
    if let differences {
      for (place, set) in RankSet.all(differences, higherIsBetter: primary.higherIsBetter)
        .enumerated()
      {
        sets[ranked[place]] = set
      }
    }
    rankSets = sets
  }

  public var count: Int { figures.count }

  /// The swap test's p-value of one pair; 1 for a system against itself, nil where undefined or
  /// the metric has no pairwise test (see `testedMetrics`).
  public func p(_ metric: Metric, _ i: Int, _ j: Int) -> Double? {
    guard let lane = Self.testedMetrics.firstIndex(of: metric), defined[i][metric] == true,
      defined[j][metric] == true
    else { return nil }
    guard i != j else { return 1 }
    let pair = max(i, j) * (max(i, j) - 1) / 2 + min(i, j)
    return Double(far[3 * pair + lane] + 1) / Double(options.replicates + 1)
  }

  /// Adjusted p-values of the family of all defined pairs of the primary metric.
  public func adjusted(_ method: Adjustment) -> PairTable {
    var pairs: [(Int, Int)] = []
    var values: [Double] = []
    for j in 0..<count {
      for i in 0..<j {
        guard let value = p(primary, i, j) else { continue }
        pairs.append((i, j))
        values.append(value)
      }
    }
    var table = PairTable(count: count)
    for (pair, value) in zip(pairs, method.adjust(values)) { table[pair.0, pair.1] = value }
    return table
  }

  /// Tie groups at `alpha` from Holm's adjusted p-values, best system first.
  public func letters(alpha: Double = 0.05) -> Outcome<[String]> {
    CompactLetters.display(adjusted(.holm), order: ranking, alpha: alpha)
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
