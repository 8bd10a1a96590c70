import Basics
import Foundation
import Metrics

/// How often tests reject: of equal and unequal systems, of families, of groups.
extension CoverageSimulation {
  private static func options(_ resamples: Int, _ seed: UInt64) -> InferenceOptions {
    InferenceOptions(replicates: resamples, seed: seed, threads: 1)
  }

  private static func head(_ title: String, _ columns: [String]) {
    print("\n### \(title)\n")
    print("| \(columns.joined(separator: " | ")) |")
    let rules = columns.dropFirst().map { $0 == "metric" ? "---|" : "---:|" }
    print("|---|" + rules.joined())
  }

  private static let families: [Scenario] = [
    Scenario("57 persons, 0.3", SimulatedWorld.persons, 0.3),
    Scenario("14 articles, 0.3", SimulatedWorld.articles, 0.3),
    Scenario("8 clusters, 0.1", SimulatedWorld.eight, 0.1),
  ]

  /// Two exchangeable systems.
  static func size(_ runs: Int, _ resamples: Int) {
    let columns = ["swap by cluster", "swap by row", "jackknife", "Williams", "Steiger"]
    head(
      "How often a test of two exchangeable systems rejects at 5%",
      ["clusters, correlation within", "metric"] + columns)
    let scenarios =
      [0, 0.3, 0.6].map { Scenario("57 persons, \($0)", SimulatedWorld.persons, $0) }
      + families.dropFirst()
    for scenario in scenarios {
      let tally = tally(runs) { seed, part in
        var world = scenario.world.seeded(seed)
        let rows = world.draw()
        let options = options(resamples, seed)
        let pair = PairComparison(rows.sample, rows.systems[0], rows.systems[1], options: options)
        let byCluster = pair.permutation()
        let byRow = SwapTest(
          ClusteredSample(rows: rows.gold), systems: rows.systems, options: options)
        for metric in metrics {
          part.add("\(columns[0]) \(metric)", byCluster.p(metric).value.map { $0 <= 0.05 })
          part.add("\(columns[1]) \(metric)", byRow.p(metric).value.map { $0 <= 0.05 })
          part.add(
            "\(columns[2]) \(metric)", pair.interval(metric).value.map { $0.low > 0 || $0.high < 0 }
          )
        }
        let (williams, steiger) = pair.rowwiseTests
        part.add("Williams \(Metric.pcc)", williams.value.map { $0.p <= 0.05 })
        part.add("Steiger \(Metric.pcc)", steiger.value.map { $0.p <= 0.05 })
      }
      for metric in metrics {
        let cells = columns.map { tally.share("\($0) \(metric)") }.joined(separator: " | ")
        print("| \(scenario.title) | \(metric.title) | \(cells) |")
      }
    }
  }

  /// Systems that are equally good by a metric and differ in bias, scale or noise; and a true
  /// difference.
  static func unequal(_ runs: Int, _ resamples: Int) {
    head(
      "Systems that differ in bias, scale and noise: how often a test rejects at 5%",
      [
        "second system", "metric", "equally good: swap", "equally good: jackknife",
        "quality .58: swap", "quality .58: jackknife",
      ])
    let systems: [(String, SimulatedWorld.System)] = [
      ("bias 0.6", .init(bias: 0.6)), ("scale 1.5", .init(scale: 1.5)),
      ("scale 0.6", .init(scale: 0.6)), ("bias -0.5, scale 1.4", .init(bias: -0.5, scale: 1.4)),
    ]
    for (title, second) in systems {
      for metric in [Metric.pcc, .ccc, .rmse, .mae] {
        var world = SimulatedWorld(seed: 0)
        world.withinPerson = 0.3
        world.systems[1] = second
        let equal = world.balanced(metric)
        world.systems[1].quality = 0.58
        let cells = [equal, world].flatMap { world in
          let tally = tally(runs) { seed, part in
            var world = world.seeded(seed)
            let rows = world.draw()
            let pair = PairComparison(
              rows.sample, rows.systems[0], rows.systems[1], options: options(resamples, seed))
            part.add("swap", pair.permutation([metric]).p(metric).value.map { $0 <= 0.05 })
            part.add("jackknife", pair.interval(metric).value.map { $0.low > 0 || $0.high < 0 })
          }
          return [tally.share("swap"), tally.share("jackknife")]
        }
        print("| \(title) | \(metric.title) | \(cells.joined(separator: " | ")) |")
      }
    }
  }

  /// Five and ten equally good systems: at least one false separation.
  static func families(_ runs: Int, _ resamples: Int) {
    let tested: [Metric] = [.pcc, .ccc, .rmse]
    head(
      "How often a board of equal systems separates any two",
      ["clusters, correlation within", "systems"] + tested.map(\.title))
    for scenario in families {
      for count in [5, 10] {
        let tally = tally(runs) { seed, part in
          var world = scenario.world.seeded(seed)
          world.systems = [SimulatedWorld.System](repeating: .init(quality: 0.6), count: count)
          let rows = world.draw()
          let test = SwapTest(
            rows.sample, systems: rows.systems, metrics: tested, options: options(resamples, seed))
          for metric in tested {
            let separates = (0..<count).contains { j in
              (0..<j).contains { (test.adjusted(metric, $0, j).value ?? 1) <= 0.05 }
            }
            part.add(metric.id, separates)
          }
        }
        let cells = tested.map { tally.share($0.id) }.joined(separator: " | ")
        print("| \(scenario.title) | \(count) | \(cells) |")
      }
    }
  }

  /// Persons crossed with articles.
  static func crossed(_ runs: Int, _ resamples: Int) {
    head(
      "Persons crossed with articles (57 and 14, correlation .3 within an article)",
      ["metric", "person interval covers", "two-way interval covers", "person swap rejects"])
    let scenario = Scenario("") { $0.withinArticle = 0.3 }
    let truth = scenario.world.truth()[0]
    let tally = tally(runs) { seed, part in
      var world = scenario.world.seeded(seed)
      let rows = world.draw()
      let options = options(resamples, seed)
      let system = SystemInference(rows.sample, predictions: rows.systems[0], options: options)
      let test = SwapTest(rows.sample, systems: rows.systems, options: options)
      for metric in metrics {
        guard let target = truth[metric] else { continue }
        func covers(_ outcome: Outcome<Interval>) -> Bool? {
          outcome.value.map { $0.low <= target && target <= $0.high }
        }
        part.add("one \(metric)", covers(system.interval(metric)))
        part.add(
          "two \(metric)", covers(system.twoWayInterval(metric, crossedWith: rows.articles)))
        part.add("swap \(metric)", test.p(metric).value.map { $0 <= 0.05 })
      }
    }
    for metric in metrics {
      let cells = ["one", "two", "swap"].map { tally.share("\($0) \(metric)") }
      print("| \(metric.title) | \(cells.joined(separator: " | ")) |")
    }
  }

  /// Whether the difference that is said to be found in 80% of comparisons is: it is computed on one
  /// drawn split, and two systems that differ so are compared on others.
  static func detectable(_ runs: Int, _ resamples: Int) {
    head(
      "How often the detectable difference in PCC, promised for 80%, is found",
      ["clusters, correlation within", "mean detectable difference", "found"])
    let scenarios = [
      Scenario("57 persons, 0.6", SimulatedWorld.persons, 0.6),
      Scenario("14 articles, 0.3", SimulatedWorld.articles, 0.3),
      Scenario("12 persons of 1 to 21 rows, 0.3", SimulatedWorld.twelve, 0.3),
    ]
    for scenario in scenarios {
      let splits = max(20, runs / 100)
      var (sum, found, trials) = (0.0, 0, 0)
      let parts = Parallel.map(splits, threads: Parallel.processors) { split in
        detect(scenario.world, UInt64(split + 1), trials: 100)
      }
      for part in parts.compactMap({ $0 }) {
        sum += part.difference
        found += part.found
        trials += 100
      }
      let mean = shown(sum / Double(max(1, trials / 100)))
      print("| \(scenario.title) | \(mean) | \(shown(Double(found) / Double(max(1, trials)))) |")
    }
  }

  private static func detect(
    _ world: SimulatedWorld, _ seed: UInt64, trials: Int
  ) -> (difference: Double, found: Int)? {
    var first = world.seeded(seed)
    let rows = first.draw()
    guard
      let power = PowerAnalysis.find(
        rows.sample, rows.systems[0], simulations: 300, options: options(99, seed)
      ).value
    else { return nil }
    // A weaker second system that differs by as much, its predictions correlated as assumed.
    var weaker = world
    let wanted = power.difference
    var (low, high) = (0.0, world.systems[0].quality)
    for _ in 0..<10 {
      weaker.systems[1].quality = (low + high) / 2
      let (a, b) = (weaker.systems[0].quality, weaker.systems[1].quality)
      weaker.common = min(1, (0.9 - a * b) / ((1 - a * a) * (1 - b * b)).squareRoot())
      let truth = weaker.truth(rows: 20_000)
      let apart = (truth[0][.pcc] ?? 0) - (truth[1][.pcc] ?? 0)
      if apart > wanted {
        low = weaker.systems[1].quality
      } else {
        high = weaker.systems[1].quality
      }
    }
    let found = (0..<trials).count { trial in
      var other = weaker.seeded(seed &* 1_000_003 &+ UInt64(trial))
      let rows = other.draw()
      let pair = PairComparison(rows.sample, rows.systems[0], rows.systems[1])
      return (pair.interval(.pcc).value?.low ?? 0) > 0
    }
    return (wanted, found)
  }

  /// Groups in which a system is equally good, one of them small and with another label mean.
  static func disparity(_ runs: Int, _ resamples: Int) {
    head(
      "How often the disparity test rejects at 5% where a system is equally good in both groups",
      ["groups", "rejects"])
    for (title, share, shift) in [
      ("equal, same mean", 0.5, 0.0), ("15% of persons, same mean", 0.15, 0),
      ("15% of persons, label mean 0.8 higher", 0.15, 0.8),
    ] {
      let tally = tally(runs) { seed, part in
        var world = SimulatedWorld(seed: seed)
        let rows = world.draw()
        let persons = rows.sample.clusterCount
        let small = Int(share * Double(persons))
        let groups: [Int?] = rows.persons.map { $0 * 31 % persons < small ? 1 : 0 }
        func moved(_ values: [Double]) -> [Double] {
          zip(values, groups).map { $0 + ($1 == 1 ? shift : 0) }
        }
        let outcome = DisparityTest.run(
          ClusteredSample(gold: moved(rows.gold), clusters: rows.persons), moved(rows.systems[0]),
          groups: groups, groupCount: 2,
          threshold: PublishingThreshold(minRows: 5, minClusters: 5),
          options: options(resamples, seed))
        part.add("all", outcome.value.map { $0.p <= 0.05 })
      }
      print("| \(title) | \(tally.share("all")) |")
    }
  }
}
