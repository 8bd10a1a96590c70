import Basics
import Metrics
import Testing

/// Data on which a careless formula gives a figure that means nothing.
@Suite("Degenerate data, few clusters and many systems")
struct DegenerateDataTests {
  @Test("An interval of no width is undefined, with its reason")
  func zeroWidth() {
    var generator = SplitMix64(seed: 3, stream: .simulation)
    let gold = (0..<30).map { _ in 4 + generator.normal() }
    var almostConstant = [Double](repeating: 3, count: 30)
    almostConstant[7] = 5
    let rows = ClusteredSample(rows: gold)
    let one = SystemInference(rows, predictions: almostConstant)
    #expect(one.figure(.pcc).value != nil)
    #expect(one.interval(.pcc).reason == .undefinedWithoutCluster)
    var almostGold = gold
    almostGold[4] += 1
    let other = SystemInference(rows, predictions: almostGold)
    for metric in [Metric.pcc, .ccc, .rmse, .mae] {
      #expect(other.interval(metric).reason == .undefinedWithoutCluster)
    }
    #expect(SystemInference(rows, predictions: gold).interval(.pcc).value == nil)
  }

  @Test("Predictions with less than a tenth of the labels' SD have collapsed")
  func collapsed() {
    let gold: [Double] = [1, 3, 4, 6, 7]
    func isCollapsed(_ predictions: [Double], _ gold: [Double] = gold) -> Bool {
      PairedMoments(predictions: predictions, gold: gold).isCollapsed
    }
    #expect(isCollapsed(gold.map { 4 + 0.099 * $0 }))
    #expect(!isCollapsed(gold.map { 4 + 0.101 * $0 }))
    #expect(isCollapsed([4, 4, 4, 4, 4]))
    #expect(!isCollapsed([4, 4], [5, 5]) && !isCollapsed([4], [5]) && !isCollapsed([], []))
  }

  @Test("Small sets of whole numbers have an interval of some width or none")
  func likert() {
    var generator = SplitMix64(seed: 4, stream: .simulation)
    func column() -> [Double] { (0..<10).map { _ in 1 + (generator.uniform() * 7).rounded(.down) } }
    var undefined = 0
    for _ in 0..<600 {
      let sample = ClusteredSample(gold: column(), clusters: column().map { min(5, $0) })
      let articles = column()
      let system = SystemInference(sample, predictions: column())
      for metric in Metric.all {
        for outcome in [
          system.interval(metric), system.twoWayInterval(metric, crossedWith: articles),
        ] {
          guard let interval = outcome.value else {
            undefined += 1
            continue
          }
          #expect(interval.low < interval.high)
        }
      }
    }
    #expect(undefined > 0)
  }

  @Test("A replicate without an error is left out and counted, not a bound of infinity")
  func infiniteReplicates() throws {
    // Half of the clusters are predicted without an error: many replicates draw these alone.
    let gold: [Double] = [1, 2, 3, 4, 5, 6, 7, 2, 4, 5]
    var predictions = gold
    for row in 6..<10 { predictions[row] += row % 2 == 0 ? 1 : -0.5 }
    let sample = ClusteredSample(gold: gold, clusters: (0..<10).map { $0 / 2 })
    let system = SystemInference(sample, predictions: predictions)
    let interval = try #require(system.interval(.rmse, method: .studentised).value)
    #expect(interval.undefinedReplicates > 0)
    #expect(interval.low > 0 && interval.high.isFinite)
  }

  @Test("Clusters of unequal size count as fewer")
  func effectiveClusters() throws {
    let equal = ClusteredSample(gold: (0..<12).map(Double.init), clusters: (0..<12).map { $0 / 2 })
    #expect(equal.effectiveClusters == 6)
    // One person wrote 40 of 83 rows: 83² / (40² + 43).
    let names = (0..<83).map { max(0, $0 - 39) }
    var generator = SplitMix64(seed: 5, stream: .simulation)
    let gold = (0..<83).map { _ in generator.normal() }
    let large = ClusteredSample(gold: gold, clusters: names)
    #expect(agree(large.effectiveClusters, 6889.0 / 1643))
    let predictions = gold.map { $0 + generator.normal() }
    let interval = try #require(
      SystemInference(large, predictions: predictions).interval(.rmse).value)
    #expect(interval.clusters == 44 && interval.fewClusters)
    #expect(interval.effectiveClusters == large.effectiveClusters)
    // 60 of 83 rows by one person count as fewer than two clusters.
    let one = ClusteredSample(gold: gold, clusters: (0..<83).map { max(0, $0 - 59) })
    let system = SystemInference(one, predictions: predictions)
    #expect(system.interval(.rmse).reason == .tooFewEffectiveClusters)
    let pair = PairComparison(one, predictions, gold.map { $0 / 2 })
    #expect(pair.interval(.rmse).reason == .tooFewEffectiveClusters)
    #expect(
      SystemInference(large, predictions: predictions)
        .twoWayInterval(.rmse, crossedWith: (0..<83).map { max(0, $0 - 59) }).reason
        == .tooFewEffectiveClusters)
  }

  @Test("Forty systems with true gaps are told apart, and ranks, groups and pairs agree")
  func manySystems() throws {
    var generator = SplitMix64(seed: 6, stream: .simulation)
    let gold = (0..<83).map { _ in 4 + generator.normal() }
    let persons = (0..<83).map { min($0, 56) == $0 ? $0 : $0 - 57 }
    let systems = (0..<40).map { number in
      gold.map { $0 + (0.15 + 0.075 * Double(number)) * generator.normal() }
    }
    let comparison = SystemsComparison(
      ClusteredSample(gold: gold, clusters: persons), systems: systems,
      options: InferenceOptions(replicates: 2000))
    #expect(comparison.isBetter(0, than: 39))
    let letters = try #require(comparison.letters().value)
    #expect(Set(letters.flatMap { $0 }).count > 2)
    for i in 0..<40 {
      let set = try #require(comparison.rankSets[i])
      #expect(set.best == 1 + (0..<40).count { comparison.isBetter($0, than: i) })
      #expect(set.worst == 40 - (0..<40).count { comparison.isBetter(i, than: $0) })
      for j in 0..<i {
        let isApart = comparison.isBetter(i, than: j) || comparison.isBetter(j, than: i)
        #expect(isApart == ((comparison.adjusted(i, j) ?? 1) <= 0.05))
        #expect(isApart == Set(letters[i]).isDisjoint(with: letters[j]))
      }
    }
  }

  @Test("Tie groups beyond the 26th keep a name of their own")
  func chain() throws {
    // Neighbours are alike and all others differ: 39 groups.
    let groups = try #require(
      CompactLetters.display(count: 40, order: Array(0..<40)) { abs($0 - $1) > 1 }.value)
    for i in 0..<40 {
      for j in 0..<i {
        #expect(Set(groups[i]).isDisjoint(with: groups[j]) == (i - j > 1))
      }
    }
    #expect(groups[0] == ["a"] && groups[26].contains("aa") && groups[39] == ["am"])
  }

  @Test("p is never below 1/(B + 1), and an outlier of ten million costs no digits")
  func outlier() {
    let data = Simulated(systems: 3)
    var far = data.systems
    far[0][5] = 1e7
    let options = InferenceOptions(replicates: 999)
    let all = SwapTest(data.sample, systems: far, options: options)
    let alone = SwapTest(data.sample, systems: [far[0], far[1]], options: options)
    for metric in [Metric.pcc, .ccc, .rmse, .mae] {
      #expect(all.p(metric, 0, 1) == alone.p(metric))
      #expect((alone.p(metric).value ?? 0) >= 0.001)
    }
    let perfect = SwapTest(
      data.sample, systems: [data.gold, data.systems[0]], options: options)
    #expect(perfect.p(.rmse) == .value(0.001) && perfect.p(.pcc) == .value(0.001))
  }

  @Test("Systems that differ in scale and bias alone are told apart where their errors are")
  func scale() throws {
    // Swapping raw predictions would mix the two scales and hide the difference.
    let data = Simulated(rows: 200, persons: 140, systems: 2, seed: 9)
    let wide = data.systems[1].map { 4 + 3 * ($0 - 4) }
    let test = SwapTest(
      data.sample, systems: [data.systems[1], wide], options: InferenceOptions(replicates: 1999))
    #expect(try #require(test.p(.ccc).value) < 0.01)
    #expect(try #require(test.p(.rmse).value) < 0.01)
    #expect(test.p(.pcc) == .value(1))
  }

  @Test("A group whose labels have another mean is no disparity by itself")
  func groupMeans() throws {
    var rejections = 0
    for seed in 0..<40 {
      var generator = SplitMix64(seed: UInt64(seed), stream: .simulation)
      let groups: [Int?] = (0..<120).map { $0 < 100 ? 0 : 1 }
      let gold = groups.map { ($0 == 1 ? 6 : 4) + generator.normal() }
      let predictions = gold.enumerated().map { row, value in
        let mean: Double = groups[row] == 1 ? 6 : 4
        return mean + 0.5 * (value - mean) + 0.8 * generator.normal()
      }
      let outcome = DisparityTest.run(
        ClusteredSample(rows: gold), predictions, groups: groups, groupCount: 2,
        threshold: PublishingThreshold(minRows: 10, minClusters: 5),
        options: InferenceOptions(replicates: 399))
      if try #require(outcome.value).p <= 0.05 { rejections += 1 }
    }
    // 40 tests at .05: more than 7 rejections have a chance below .001.
    #expect(rejections <= 7)
  }
}
