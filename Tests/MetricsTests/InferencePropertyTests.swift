import Basics
import Metrics
import Testing

@Suite("Properties of inference")
struct InferencePropertyTests {
  let data = Simulated()
  static let metrics: [Metric] = [.pcc, .ccc, .rmse, .mae]
  static let methods: [IntervalMethod] = [.jackknife, .percentile, .bca, .studentised]

  private func options(_ threads: Int = 2, seed: UInt64 = 1, replicates: Int = 2000)
    -> InferenceOptions
  {
    InferenceOptions(replicates: replicates, seed: seed, threads: threads)
  }

  @Test("The same seed gives the same bits with 1 and 2 threads", arguments: methods)
  func threads(_ method: IntervalMethod) {
    let results = [1, 2].map {
      SystemInference(data.sample, predictions: data.systems[0], options: options($0))
        .intervals(Self.metrics, method: method)
    }
    #expect(results[0] == results[1])
    #expect(results[0].values.allSatisfy { $0.value != nil })
  }

  @Test("Swap tests and comparisons of many have the same bits with 1 and 2 threads")
  func threadsOfTests() {
    let tests = [1, 2].map {
      SwapTest(data.sample, systems: data.systems, options: options($0))
    }
    #expect(tests[0] == tests[1])
  }

  @Test("Another seed moves a bootstrap interval but only by Monte Carlo noise", arguments: metrics)
  func seeds(_ metric: Metric) throws {
    let intervals = try [UInt64(1), 2].map { seed in
      let system = SystemInference(
        data.sample, predictions: data.systems[2], options: options(seed: seed, replicates: 10_000))
      return try #require(system.interval(metric, method: .percentile).value)
    }
    #expect(intervals[0] != intervals[1])
    // Width is about 3.92 s; five errors of the difference of two quantiles, 2.67·s·√(2/B) each.
    let deviation: Double = (intervals[0].high - intervals[0].low) / 3.92
    let limit: Double = 5 * 2.67 * deviation * (2.0 / 10_000).squareRoot()
    #expect(abs(intervals[0].low - intervals[1].low) < limit)
    #expect(abs(intervals[0].high - intervals[1].high) < limit)
  }

  @Test("Renaming persons changes nothing")
  func renaming() {
    let renamed = ClusteredSample(gold: data.gold, clusters: data.persons.map { "person \(-$0)" })
    for method in Self.methods {
      let a = SystemInference(data.sample, predictions: data.systems[1], options: options())
      let b = SystemInference(renamed, predictions: data.systems[1], options: options())
      #expect(a.intervals(method: method) == b.intervals(method: method))
    }
  }

  @Test("Shuffling rows changes jackknife intervals by rounding alone")
  func shuffling() throws {
    var generator = SplitMix64(seed: 3, stream: .simulation)
    let order = data.gold.indices.shuffled(using: &generator)
    let shuffled = ClusteredSample(
      gold: order.map { data.gold[$0] }, clusters: order.map { data.persons[$0] })
    for metric in Metric.all {
      let a = try #require(
        SystemInference(data.sample, predictions: data.systems[1]).interval(metric).value)
      let b = try #require(
        SystemInference(shuffled, predictions: order.map { data.systems[1][$0] })
          .interval(metric).value)
      #expect(agree(a.low, b.low, relative: 1e-10))
      #expect(agree(a.high, b.high, relative: 1e-10))
    }
  }

  @Test("A system against itself has p = 1 and intervals of [0, 0]", arguments: metrics)
  func itself(_ metric: Metric) throws {
    let pair = PairComparison(data.sample, data.systems[0], data.systems[0], options: options())
    #expect(pair.permutation().p(metric) == .value(1))
    for method in [IntervalMethod.jackknife, .percentile] {
      let interval = try #require(pair.interval(metric, method: method).value)
      #expect(interval.low == 0 && interval.high == 0)
    }
  }

  @Test("Two equal systems among many have p = 1 and share their ranks")
  func equalSystems() throws {
    let systems = [data.systems[0], data.systems[2], data.systems[0]]
    let comparison = SystemsComparison(data.sample, systems: systems, options: options())
    #expect(comparison.p(0, 2) == 1 && comparison.adjusted(0, 2) == 1)
    #expect(comparison.rankSets[0] == comparison.rankSets[2])
  }

  @Test("A pair among many has the p-value that it has alone", arguments: metrics)
  func matrix(_ metric: Metric) {
    let all = SwapTest(data.sample, systems: data.systems, options: options())
    for (i, j) in [(0, 1), (0, 2), (1, 2)] {
      let alone = SwapTest(
        data.sample, systems: [data.systems[i], data.systems[j]], options: options())
      #expect(all.p(metric, i, j) == alone.p(metric))
      #expect(alone.adjusted(metric, 0, 1) == alone.p(metric))
    }
  }

  @Test("Few clusters are said to be few, and two are refused")
  func fewClusters() throws {
    let few = Simulated(rows: 40, persons: 14)
    let interval = SystemInference(few.sample, predictions: few.systems[0]).interval(.pcc)
    #expect(try #require(interval.value).fewClusters)
    let two = ClusteredSample(gold: [1, 2, 3, 4], clusters: ["a", "a", "b", "b"])
    #expect(
      SystemInference(two, predictions: [1, 3, 2, 4]).interval(.pcc).reason == .tooFewClusters)
  }

  @Test("Replicates without a defined metric are counted")
  func undefinedReplicates() throws {
    // All spread of the predictions sits in one of four clusters: (3/4)⁴ of the draws miss it.
    let sample = ClusteredSample(
      gold: [1, 2, 3, 4, 5, 6, 7, 2], clusters: [0, 0, 1, 1, 2, 2, 3, 3])
    let system = SystemInference(
      sample, predictions: [1, 5, 3, 3, 3, 3, 3, 3], options: options(replicates: 10_000))
    let interval = try #require(system.interval(.pcc, method: .percentile).value)
    let share = Double(interval.undefinedReplicates) / 10_000
    // 81/256 = .3164, five binomial errors of .0047.
    #expect(abs(share - 0.3164) < 0.0235)
  }

  @Test("A constant system has no correlation, no interval, no p-value and no rank")
  func constantSystem() {
    let constant = [Double](repeating: 3, count: data.gold.count)
    let system = SystemInference(data.sample, predictions: constant, options: options())
    #expect(system.interval(.pcc).reason == .constantPrediction)
    #expect(system.interval(.rmse).value != nil)
    let comparison = SystemsComparison(
      data.sample, systems: [data.systems[0], constant, data.systems[1]], options: options())
    #expect(comparison.p(0, 1) == nil)
    #expect(comparison.rankSets[1] == nil)
    #expect(comparison.rankSets[0] != nil)
    #expect(comparison.ranking == [2, 0])
  }

  @Test("A two-way interval is at least as wide as the wider one-way interval")
  func twoWay() throws {
    let articles = data.gold.indices.map { $0 % 14 }
    let system = SystemInference(data.sample, predictions: data.systems[1])
    let other = SystemInference(
      ClusteredSample(gold: data.gold, clusters: articles), predictions: data.systems[1])
    let both = try #require(system.twoWayInterval(.ccc, crossedWith: articles).value)
    #expect(both.clusters == 14)
    #expect(both.fewClusters)
    let oneWay = try #require(other.interval(.ccc).value)
    #expect(both.high - both.low >= (oneWay.high - oneWay.low) * (1 - 1e-12))
  }
}
