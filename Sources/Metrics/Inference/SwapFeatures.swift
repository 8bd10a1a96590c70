import Basics

/// Sums of every system over each cluster, arranged so that metrics and jackknife errors of a
/// swapped pair are functions of sums that are linear in the swap's indicators.
///
/// With indicators w in {0, 1} a swapped system's sum is Σ A + w(B - A). Because w² = w, so are the
/// sums of products over clusters of which the infinitesimal jackknife's variance ∇θᵀ C ∇θ is made.
/// A block of permutations is therefore one product of every system's features with the
/// indicators, and one of each pair's three mixed products.
/// - A correlation or alpha has the sums a, aa, ay of a cluster (Σx, Σx², Σxy with y centred on its mean) and
///   n, y, yy, which no swap changes. Its 18 features are these three, their nine products with n,
///   y, yy, and their six products with one another. Products of two systems' sums are mixed: three
///   stay as they are, and of the other six three follow from the rest.
/// - An error has one sum e, of squares or absolute values; its features are e and e². The mean's
///   denominator n is common to both systems and cancels.
struct SwapFeatures: Sendable {
  enum Form: Sendable, Equatable {
    case pearson
    /// The (n - 1)/n of Lin's form with n - 1; 1 in the population's form.
    case concordance(Double)
    /// Krippendorff's alpha, with its 1 - 1/(2n).
    case interval(Double)
    case loss
  }

  let form: Form
  let systems, clusters: Int
  /// Sums that a system has in a cluster: 3 or 1.
  let lanes: Int
  /// The pairs of lanes whose mixed products the error takes: CCC in the population's form needs one.
  var mixed: ArraySlice<(Int, Int)> {
    PairConstants.mixed.prefix(form == .loss ? 0 : form == .concordance(1) ? 1 : 3)
  }
  /// Features of a system: 18 or 2.
  let width: Int
  /// (S·lanes, G).
  let sums: [Double]
  /// (S·width, G).
  let features: [Double]
  /// (S,): the features of all clusters together, 0 beyond ``width``.
  let totals: [InlineArray<18, Double>]
  /// Over the clusters: Σn², Σn·y, Σn·yy, Σy², Σy·yy, Σyy².
  let shared: InlineArray<6, Double>
  let rows, sumSquaresY: Double

  init(
    _ sample: ClusteredSample, _ predictions: [[Double]], _ metric: Metric, form: ConcordanceForm
  ) {
    let n = Double(sample.count)
    rows = n
    self.form =
      switch metric {
      case .pcc: .pearson
      case .ccc: .concordance(form == .population ? 1 : (n - 1) / n)
      case .alpha: .interval(1 - 0.5 / n)
      default: .loss
      }
    lanes = self.form == .loss ? 1 : 3
    width = self.form == .loss ? 2 : 18
    systems = predictions.count
    clusters = sample.clusterCount
    // All in units of the labels' deviation, so that no scale of theirs loses digits.
    let gold = SampleMoments(sample.gold)
    let unit = gold.sumSquares > 0 ? (gold.sumSquares / n).squareRoot() : 1
    let y = sample.gold.map { ($0 - gold.mean) / unit }
    sumSquaresY = y.reduce(0) { $0 + $1 * $1 }
    let g = clusters
    var common = [Double](repeating: 0, count: 3 * g)
    for (row, cluster) in sample.clusterOfRow.enumerated() {
      common[cluster] += 1
      common[g + cluster] += y[row]
      common[2 * g + cluster] += y[row] * y[row]
    }
    func dot(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
      zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let parts = (0..<3).map { common[($0 * g)..<(($0 + 1) * g)] }
    let couples = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    shared = InlineArray { dot(parts[couples[$0].0], parts[couples[$0].1]) }
    var (sums, features): ([Double], [Double]) = ([], [])
    for x in predictions {
      let own = Self.sums(x, sample, y, metric: metric, centre: gold.mean, unit: unit, lanes: lanes)
      sums += own
      features += Self.features(own, common, lanes: lanes, clusters: g)
    }
    let width = width
    totals = (0..<predictions.count).map { system in
      InlineArray { feature in
        guard feature < width else { return 0 }
        let start = (system * width + feature) * g
        return features[start..<(start + g)].reduce(0, +)
      }
    }
    (self.sums, self.features) = (sums, features)
  }

  private static func sums(
    _ x: [Double], _ sample: ClusteredSample, _ y: [Double], metric: Metric, centre: Double,
    unit: Double, lanes: Int
  ) -> [Double] {
    let g = sample.clusterCount
    var sums = [Double](repeating: 0, count: lanes * g)
    var (middle, scale) = (centre, unit)
    if metric == .pcc {
      let moments = SampleMoments(x)
      let deviation = (moments.sumSquares / moments.count).squareRoot()
      (middle, scale) = (moments.mean, deviation > 0 ? deviation : 1)
    }
    for (row, cluster) in sample.clusterOfRow.enumerated() {
      guard lanes == 3 else {
        let error = (x[row] - sample.gold[row]) / unit
        sums[cluster] += metric == .rmse ? error * error : abs(error)
        continue
      }
      let a = (x[row] - middle) / scale
      sums[cluster] += a
      sums[g + cluster] += a * a
      sums[2 * g + cluster] += a * y[row]
    }
    return sums
  }

  private static func features(
    _ own: [Double], _ common: [Double], lanes: Int, clusters g: Int
  ) -> [Double] {
    var features = own
    if lanes == 3 {
      for shared in 0..<3 {
        for lane in 0..<3 {
          features += (0..<g).map { common[shared * g + $0] * own[lane * g + $0] }
        }
      }
    }
    for first in 0..<lanes {
      for second in first..<lanes {
        features += (0..<g).map { own[first * g + $0] * own[second * g + $0] }
      }
    }
    return features
  }

  /// The statistic of every pair without a swap, (pairs,).
  func observed(_ constants: PairConstants) -> [Double] {
    let zeros = [Double](repeating: 0, count: 4 * width), singles = [Float](repeating: 0, count: 12)
    var observed = [Double](repeating: 0, count: systems * (systems - 1) / 2)
    for j in 0..<systems {
      for i in 0..<j {
        let pair = SwapPair(self, constants, i, j)
        observed[SwapTest.pair(i, j)] = pair.statistic(zeros, zeros, singles, 0, stride: 4)[0]
      }
    }
    return observed
  }
}

/// Sums over the clusters of products of two systems' sums, (pairs, 9): the three that no swap
/// changes, then Σ A_k B_l of the pairs of lanes (1, 2), (0, 1), (0, 2), then the same with
/// Σ B_k A_l added, which no swap changes. An error has the first alone.
struct PairConstants: Sendable {
  static let mixed = [(1, 2), (0, 1), (0, 2)]
  /// (pairs,); 0 beyond the numbers of an error.
  let numbers: [InlineArray<9, Double>]

  init(_ features: SwapFeatures, _ threads: Int) {
    let (g, lanes) = (features.clusters, features.lanes)
    let rows = Parallel.map(features.systems, threads: threads) { j in
      features.sums.withUnsafeBufferPointer { sums in
        func dot(_ i: Int, _ k: Int, _ l: Int) -> Double {
          let (a, b) = ((i * lanes + k) * g, (j * lanes + l) * g)
          var sum = 0.0
          for cluster in 0..<g { sum += sums[a + cluster] * sums[b + cluster] }
          return sum
        }
        return (0..<j).map { i -> InlineArray<9, Double> in
          var numbers = InlineArray<9, Double>(repeating: 0)
          for lane in 0..<lanes { numbers[lane] = dot(i, lane, lane) }
          guard lanes == 3 else { return numbers }
          for (place, (k, l)) in Self.mixed.enumerated() {
            numbers[3 + place] = dot(i, k, l)
            numbers[6 + place] = numbers[3 + place] + dot(i, l, k)
          }
          return numbers
        }
      }
    }
    numbers = rows.flatMap { $0 }
  }
}
