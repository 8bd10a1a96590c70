import Basics
import Foundation
import Metrics
import Testing

/// The plainest forms of the optimised parts, written from their definitions.
@Suite("Naive twins")
struct NaiveTwinTests {
  @Test("Rank correlations agree with O(n²) counting", arguments: [7, 50, 400], [true, false])
  func ranks(_ n: Int, _ ties: Bool) throws {
    var generator = SplitMix64(seed: UInt64(n), stream: .simulation)
    func column() -> [Double] {
      (0..<n).map { _ in ties ? (generator.normal() * 2).rounded() : generator.normal() }
    }
    let (x, y) = (column(), column())
    var concordant = 0, discordant = 0, tiedX = 0, tiedY = 0
    for i in 0..<n {
      for j in 0..<i {
        let (a, b) = (x[i] - x[j], y[i] - y[j])
        if a == 0 { tiedX += 1 }
        if b == 0 { tiedY += 1 }
        if a * b > 0 { concordant += 1 }
        if a * b < 0 { discordant += 1 }
      }
    }
    let pairs = n * (n - 1) / 2
    let tau =
      Double(concordant - discordant)
      / (Double(pairs - tiedX) * Double(pairs - tiedY)).squareRoot()
    func rank(_ v: [Double]) -> [Double] {
      v.map { value in
        Double(v.count { $0 < value }) + Double(v.count { $0 == value } + 1) / 2
      }
    }
    let rho = try #require(PointMetrics.pcc(rank(x), rank(y)).value)
    let figures = PointMetrics.all(x, y)
    let (kendall, spearman) = (figures[.kendall]?.value, figures[.spearman]?.value)
    #expect(agree(try #require(kendall), tau, relative: 1e-12))
    #expect(agree(try #require(spearman), rho, relative: 1e-12))
  }

  @Test(
    "Rank correlations without each cluster have the bits of those computed anew",
    arguments: [2, 4, 37, 150], [true, false])
  func rankLeaveOut(_ n: Int, _ ties: Bool) {
    var generator = SplitMix64(seed: UInt64(n), stream: .simulation)
    func column() -> [Double] {
      (0..<n).map { _ in ties ? (generator.normal() * 2).rounded() : generator.normal() }
    }
    let (x, y) = (column(), column())
    // Clusters of 1 to 5 rows; the last one of four rows leaves a single other row at n = 4.
    let clusters = (0..<n).map {
      n == 4 ? ($0 == 0 ? 0 : 1) : Int(generator.uniform() * Double(n) / 3)
    }
    let count = (clusters.max() ?? 0) + 1
    func sorted(_ rows: [Int]) -> RankCorrelation {
      RankCorrelation(predictions: rows.map { x[$0] }, gold: rows.map { y[$0] })
    }
    let ranks = PairwiseRanks(predictions: x, gold: y, clusters: clusters, count: count)
    #expect(ranks.all == sorted(Array(0..<n)))
    let anew = (0..<count).map { cluster in sorted((0..<n).filter { clusters[$0] != cluster }) }
    #expect(ranks.withoutEach == anew)
  }

  @Test("Beyond 2,048 rows rank correlations are sorted once a cluster, with the same intervals")
  func manyRanks() throws {
    var generator = SplitMix64(seed: 12, stream: .simulation)
    let gold = (0..<2_100).map { _ in generator.normal() }
    let x = gold.map { $0 + generator.normal() }
    func interval(_ n: Int) throws -> (value: Double, width: Double) {
      let sample = ClusteredSample(
        gold: Array(gold[..<n]), clusters: (0..<n).map { $0 % 30 })
      let ranks = SystemInference(sample, predictions: Array(x[..<n])).rankCorrelations()
      let (figure, interval) = try #require(ranks[.spearman])
      let bounds = try #require(interval.value)
      let value = try #require(figure.value)
      #expect(bounds.low < value && value < bounds.high)
      return (value, bounds.high - bounds.low)
    }
    // 52 rows more or less, by one way and by the other.
    let (sorted, visited) = (try interval(2_100), try interval(2_048))
    #expect(abs(sorted.value - visited.value) < 0.01)
    #expect(abs(sorted.width / visited.width - 1) < 0.15)
  }

  @Test("Long columns have the same bits for 1 and 2 threads and agree with plain sums")
  func longColumns() throws {
    var generator = SplitMix64(seed: 9, stream: .simulation)
    let y = (0..<300_001).map { _ in (generator.uniform() * 6000).rounded() / 1000 + 1 }
    let x = y.map { 0.5 * $0 + generator.uniform() }
    let all = [1, 2].map { PointMetrics.all(x, y, threads: $0) }
    #expect(all[0] == all[1])
    let n = Double(x.count)
    let (mx, my) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
    var sxx = 0.0, syy = 0.0, sxy = 0.0
    for (a, b) in zip(x, y) {
      sxx += (a - mx) * (a - mx)
      syy += (b - my) * (b - my)
      sxy += (a - mx) * (b - my)
    }
    #expect(
      agree(try #require(all[0][.pcc]?.value), sxy / (sxx * syy).squareRoot(), relative: 1e-11))
    let ccc = 2 * sxy / (sxx + syy + n * (mx - my) * (mx - my))
    #expect(agree(try #require(all[0][.ccc]?.value), ccc, relative: 1e-11))
  }

  @Test("An outlier that squeezes all other values together costs no correctness")
  func outlier() throws {
    var generator = SplitMix64(seed: 4, stream: .simulation)
    var x = (0..<500).map { _ in generator.normal() }
    let y = x.map { $0 + generator.normal() }
    let before = try #require(PointMetrics.kendallTauB(x, y).value)
    let largest = try #require(x.indices.max { x[$0] < x[$1] })
    x[largest] = 1e300
    #expect(PointMetrics.kendallTauB(x, y).value == before)
  }

  @Test("Quantiles agree with sorting, on the short way and off it", arguments: [10, 3000, 10_000])
  func quantiles(_ count: Int) throws {
    var generator = SplitMix64(seed: 12, stream: .simulation)
    let smooth = (0..<count).map { _ in generator.normal() }
    let tied = smooth.map { ($0 * 2).rounded() }
    let undefined = smooth.map { $0 > 1.5 ? .nan : $0 }
    for values in [smooth, tied, undefined, smooth.sorted()] {
      let sorted = values.filter { !$0.isNaN }.sorted()
      for levels in [[0.025, 0.975], [0.95, 0.05], [0.001, 0.88], [0.5, 0.3], [0, 1]] {
        let made = try #require(Quantiles.linear(values, levels))
        #expect(made.undefined == values.count - sorted.count)
        for (level, quantile) in zip(levels, made.quantiles) {
          let position = Double(sorted.count - 1) * level
          let below = Int(position)
          let above = min(sorted.count - 1, below + 1)
          let share = position - Double(below)
          #expect(quantile == sorted[below] + share * (sorted[above] - sorted[below]))
        }
      }
    }
  }

  @Test("The jackknife interval agrees with leaving rows out and computing anew")
  func jackknife() throws {
    let data = Simulated()
    let x = data.systems[1]
    let system = SystemInference(data.sample, predictions: x)
    for metric in Metric.all {
      let scale: (Double) -> Double = metric.higherIsBetter ? { atanh($0) } : { log($0) }
      let back: (Double) -> Double = metric.higherIsBetter ? { tanh($0) } : { exp($0) }
      let persons = Set(data.persons)
      let left = try persons.sorted().map { person in
        let rows = data.persons.indices.filter { data.persons[$0] != person }
        return scale(
          try #require(
            PointMetrics.figure(metric, rows.map { x[$0] }, rows.map { data.gold[$0] }).value))
      }
      let g = Double(left.count)
      let mean = left.reduce(0, +) / g
      let variance = (g - 1) / g * left.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let sizes = persons.map { person in Double(data.persons.count { $0 == person }) }
      let effective = 83 * 83 / sizes.reduce(0) { $0 + $1 * $1 }
      let t = Distributions.studentQuantile(0.975, df: effective - 1)
      let centre = scale(try #require(PointMetrics.figure(metric, x, data.gold).value))
      let interval = try #require(system.interval(metric).value)
      #expect(agree(interval.low, back(centre - t * variance.squareRoot()), relative: 1e-9))
      #expect(agree(interval.high, back(centre + t * variance.squareRoot()), relative: 1e-9))
    }
  }

}

/// The studentised swap test by its definition: rows change places, metrics are computed anew, and
/// the error comes from derivatives by the clusters' weights, taken numerically.
@Suite("The swap test and its naive twin")
struct SwapTwinTests {
  let data = Simulated(rows: 16, persons: 8, systems: 3, seed: 6)
  static let forms: [(Metric, ConcordanceForm)] = [
    (.pcc, .population), (.ccc, .population), (.ccc, .sample), (.rmse, .population),
    (.mae, .population), (.alpha, .population),
  ]

  @Test("With two clusters a pair has two statistics, however alike its systems are")
  func complements() throws {
    var generator = SplitMix64(seed: 5, stream: .simulation)
    for noise in [1, 0.1, 1e-2, 1e-3, 1e-4, 1e-5] {
      let gold = (0..<83).map { _ in generator.normal() }
      let base = gold.map { $0 + generator.normal() }
      let systems = (0..<6).map { _ in base.map { $0 + noise * generator.normal() } }
      let sample = ClusteredSample(gold: gold, clusters: (0..<83).map { $0 % 2 })
      let test = SwapTest(sample, systems: systems, metrics: [.pcc, .ccc])
      for metric in test.metrics {
        for j in 1..<6 {
          let p = try #require(test.p(metric, 0, j).value)
          #expect(p == 1 || abs(p - 0.5) < 0.02, "\(noise) \(metric.id)")
        }
      }
    }
  }

  private func standard(_ v: [Double]) -> [Double] {
    let m = v.reduce(0, +) / Double(v.count)
    let s = (v.reduce(0) { $0 + ($1 - m) * ($1 - m) } / Double(v.count)).squareRoot()
    return v.map { ($0 - m) / s }
  }

  /// The stabilised metric with a weight for each row.
  private func stabilised(
    _ metric: Metric, _ x: [Double], _ weights: [Double], _ form: ConcordanceForm
  ) -> Double {
    let y = data.gold
    let n = weights.reduce(0, +)
    func mean(_ value: (Int) -> Double) -> Double {
      weights.indices.reduce(0) { $0 + weights[$1] * value($1) } / n
    }
    if metric == .rmse { return 0.5 * log(mean { (x[$0] - y[$0]) * (x[$0] - y[$0]) }) }
    if metric == .mae { return log(mean { abs(x[$0] - y[$0]) }) }
    let (mx, my) = (mean { x[$0] }, mean { y[$0] })
    let vx = mean { (x[$0] - mx) * (x[$0] - mx) }, vy = mean { (y[$0] - my) * (y[$0] - my) }
    let cov = mean { (x[$0] - mx) * (y[$0] - my) }
    if metric == .pcc { return atanh(cov / (vx * vy).squareRoot()) }
    let rows = Double(y.count)
    if metric == .alpha {
      let error = mean { (x[$0] - y[$0]) * (x[$0] - y[$0]) }
      return atanh(
        1 - (1 - 0.5 / rows) * error / (vx + vy + (mx - my) * (mx - my) / 2))
    }
    let bessel = form == .population ? 1 : rows / (rows - 1)
    return atanh(2 * cov * bessel / ((vx + vy) * bessel + (mx - my) * (mx - my)))
  }

  /// |difference| / error of two columns.
  private func statistic(
    _ metric: Metric, _ x: [Double], _ z: [Double], _ form: ConcordanceForm
  ) -> Double {
    func difference(_ weights: [Double]) -> Double {
      stabilised(metric, x, weights, form) - stabilised(metric, z, weights, form)
    }
    let step = 1e-5
    var squares = 0.0
    for person in 0..<8 {
      let moved = [step, -step].map { h in
        difference(data.persons.map { $0 == person ? 1 + h : 1 })
      }
      let influence = (moved[0] - moved[1]) / (2 * step)
      squares += influence * influence
    }
    return abs(difference(data.persons.map { _ in 1 })) / squares.squareRoot()
  }

  /// T of a pair under each of the 256 patterns; the first is as observed.
  private func patterns(
    _ metric: Metric, _ a: [Double], _ b: [Double], _ form: ConcordanceForm
  ) -> [Double] {
    let (u, v) = metric == .pcc ? (standard(a), standard(b)) : (a, b)
    return (0..<256).map { pattern in
      let swapped = data.persons.map { pattern >> $0 & 1 == 1 }
      return statistic(
        metric, u.indices.map { swapped[$0] ? v[$0] : u[$0] },
        u.indices.map { swapped[$0] ? u[$0] : v[$0] }, form)
    }
  }

  @Test("p of an average approaches the share over all patterns, all targets swapped together")
  func averageOfTwo() throws {
    let replicates = 20_000
    // The second target has other predictions, and no label on every third row.
    let kept = data.gold.indices.filter { $0 % 3 != 0 }
    let average = TargetAverage(
      [
        .init(gold: data.gold, rows: Array(data.gold.indices), weight: 1),
        .init(gold: kept.map { data.gold[$0] }, rows: kept, weight: 3),
      ], clusters: data.persons)
    let second = [data.systems[2], data.systems[0]]
    let options = InferenceOptions(replicates: replicates, seed: 3)
    let systems = (0..<2).map { number in
      AveragedSystem(
        average, predictions: [data.systems[number], kept.map { second[number][$0] }],
        options: options)
    }
    let p = try #require(
      SystemsComparison(systems, of: average, primary: .ccc, options: options).p(0, 1))
    func value(_ x: [Double], _ z: [Double], _ weights: [Double]) -> Double {
      let masked = weights.indices.map { $0 % 3 == 0 ? 0 : weights[$0] }
      return atanh(
        0.25 * tanh(stabilised(.ccc, x, weights, .population))
          + 0.75 * tanh(stabilised(.ccc, z, masked, .population)))
    }
    let all = (0..<256).map { pattern -> Double in
      let swapped = data.persons.map { pattern >> $0 & 1 == 1 }
      func mixed(_ a: [Double], _ b: [Double]) -> [Double] {
        a.indices.map { swapped[$0] ? b[$0] : a[$0] }
      }
      func difference(_ weights: [Double]) -> Double {
        value(mixed(data.systems[0], data.systems[1]), mixed(second[0], second[1]), weights)
          - value(mixed(data.systems[1], data.systems[0]), mixed(second[1], second[0]), weights)
      }
      let squares = (0..<8).reduce(0.0) { sum, person in
        let moved = [1e-5, -1e-5].map { h in
          difference(data.persons.map { $0 == person ? 1 + h : 1 })
        }
        let influence = (moved[0] - moved[1]) / 2e-5
        return sum + influence * influence
      }
      return abs(difference(data.persons.map { _ in 1 })) / squares.squareRoot()
    }
    let share = Double(all.count { $0 >= all[0] * (1 - 1e-6) }) / 256
    #expect(
      abs(p - share) < 5 * (share * (1 - share) / Double(replicates)).squareRoot() + 1e-4)
  }

  @Test("The sign test of ranks lies near a swap test that ranks anew")
  func ranks() throws {
    let data = Simulated(rows: 83, persons: 57, systems: 3, seed: 8)
    let test = SwapTest(data.sample, systems: data.systems, metrics: [.spearman, .kendall])
    func ranks(_ v: [Double]) -> [Double] { v.map { value in Double(v.count { $0 < value }) } }
    let columns = data.systems.map(ranks)
    var generator = SplitMix64(seed: 1, stream: .simulation)
    for metric in test.metrics {
      for (i, j) in [(0, 1), (1, 2)] {
        func difference(_ swapped: [Bool]) -> Double {
          let (a, b) = (columns[i], columns[j])
          let pair = [(a, b), (b, a)].map { x, z in
            let mixed = data.persons.indices.map { swapped[data.persons[$0]] ? z[$0] : x[$0] }
            return PointMetrics.figure(metric, mixed, data.gold).value ?? .nan
          }
          return abs(pair[0] - pair[1])
        }
        let observed = difference([Bool](repeating: false, count: 57)) - 1e-12
        let far = (0..<999).count { _ in
          difference((0..<57).map { _ in generator.uniform() < 0.5 }) >= observed
        }
        let p = try #require(test.p(metric, i, j).value)
        #expect(abs(p - Double(far + 1) / 1000) < 0.1, "\(metric) \(i) \(j)")
      }
    }
  }

  @Test("An average of one target twice has that target's p", arguments: Metric.ofMoments)
  func averageOfOne(_ metric: Metric) throws {
    let data = Simulated(systems: 3, seed: 4)
    let rows = Array(0..<83)
    let average = TargetAverage(
      [1, 3].map { .init(gold: data.gold, rows: rows, weight: $0) }, clusters: data.persons)
    let systems = data.systems.map { AveragedSystem(average, predictions: [$0, $0]) }
    let both = SystemsComparison(systems, of: average, primary: metric)
    let one = SystemsComparison(data.sample, systems: data.systems, primary: metric)
    for (i, j) in [(0, 1), (0, 2), (1, 2)] {
      #expect(abs(try #require(both.p(i, j)) - #require(one.p(i, j))) < 3e-4)
      #expect(abs(try #require(both.adjusted(i, j)) - #require(one.adjusted(i, j))) < 3e-4)
    }
  }

  @Test("p and adjusted p approach the shares over all patterns", arguments: forms)
  func exhaustive(_ metric: Metric, _ form: ConcordanceForm) throws {
    let replicates = 20_000
    let test = SwapTest(
      data.sample, systems: data.systems, metrics: [metric],
      options: InferenceOptions(replicates: replicates, seed: 2, form: form))
    let pairs = [(0, 1), (0, 2), (1, 2)]
    let all = pairs.map { patterns(metric, data.systems[$0.0], data.systems[$0.1], form) }
    func bound(_ share: Double) -> Double {
      5 * (share * (1 - share) / Double(replicates)).squareRoot() + 1e-4
    }
    let order = pairs.indices.sorted { all[$0][0] < all[$1][0] }
    var largest = [Double](repeating: 0, count: 256)
    var stepDown: [Int: Double] = [:]
    for place in order {
      let limit = all[place][0] * (1 - 1e-6)
      let share = Double(all[place].count { $0 >= limit }) / 256
      let p = try #require(test.p(metric, pairs[place].0, pairs[place].1).value)
      #expect(abs(p - share) < bound(share))
      for pattern in 0..<256 { largest[pattern] = max(largest[pattern], all[place][pattern]) }
      stepDown[place] = Double(largest.count { $0 >= limit }) / 256
    }
    var floor = 0.0
    for place in order.reversed() {
      floor = max(floor, stepDown[place] ?? 0)
      let p = try #require(test.adjusted(metric, pairs[place].0, pairs[place].1).value)
      #expect(abs(p - floor) < bound(floor))
    }
  }
}
