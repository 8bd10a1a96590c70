import Basics
import Foundation
import Metrics

/// `invitro-bench simulate [--runs N] [--resamples B]`: how often intervals cover and tests reject,
/// as markdown for docs/explanation/inference.md.
enum CoverageSimulation {
  static let metrics: [Metric] = [.pcc, .ccc, .rmse, .mae]

  private struct Scenario {
    let title: String
    let sizes: [Int]
    let within: Double
  }

  private static let scenarios = [
    Scenario(title: "57 persons, 0", sizes: SimulatedWorld.persons, within: 0),
    Scenario(title: "57 persons, 0.3", sizes: SimulatedWorld.persons, within: 0.3),
    Scenario(title: "57 persons, 0.6", sizes: SimulatedWorld.persons, within: 0.6),
    Scenario(title: "14 articles, 0.1", sizes: SimulatedWorld.articles, within: 0.1),
    Scenario(title: "14 articles, 0.3", sizes: SimulatedWorld.articles, within: 0.3),
  ]

  static func run(_ arguments: [String]) {
    let runs = number("--runs", arguments) ?? 4000
    let resamples = number("--resamples", arguments) ?? 1999
    let error = (0.95 * 0.05 / Double(runs)).squareRoot()
    print(
      "\(runs) runs a scenario, B = \(resamples), nominal 95%, seeds 1 to \(runs). ", terminator: ""
    )
    print("Monte Carlo standard error of a share near .95: \(shown(error, 4)).")
    coverage(runs, resamples)
    differences(runs, resamples)
    size(runs, resamples)
    ranks(min(runs, 2000), resamples)
  }

  private static func number(_ name: String, _ arguments: [String]) -> Int? {
    guard let place = arguments.firstIndex(of: name), place + 1 < arguments.count else {
      return nil
    }
    return Int(arguments[place + 1])
  }

  private static func shown(_ value: Double, _ digits: Int = 3) -> String {
    let text = String(format: "%.\(digits)f", value)
    return text.hasPrefix("0.") ? String(text.dropFirst()) : text
  }

  /// Shares of `true`, by key, over all runs that have one.
  private struct Tally {
    var hits: [String: Int] = [:]
    var trials: [String: Int] = [:]

    mutating func add(_ key: String, _ hit: Bool?) {
      guard let hit else { return }
      trials[key, default: 0] += 1
      if hit { hits[key, default: 0] += 1 }
    }

    mutating func merge(_ other: Tally) {
      hits.merge(other.hits, uniquingKeysWith: +)
      trials.merge(other.trials, uniquingKeysWith: +)
    }

    func share(_ key: String) -> String {
      guard let all = trials[key], all > 0 else { return "–" }
      return CoverageSimulation.shown(Double(hits[key] ?? 0) / Double(all))
    }
  }

  /// Runs `body` for every seed on all processors and adds its tallies.
  private static func tally(_ runs: Int, _ body: (UInt64, inout Tally) -> Void) -> Tally {
    let parts = Parallel.map(runs, threads: Parallel.processors) { run in
      var part = Tally()
      body(UInt64(run + 1), &part)
      return part
    }
    var all = Tally()
    for part in parts { all.merge(part) }
    return all
  }

  // MARK: - Intervals of one system

  private static let methods: [(String, IntervalMethod, clustered: Bool)] = [
    ("jackknife-z", .jackknife, true), ("studentised", .studentised, true),
    ("percentile", .percentile, true), ("BCa", .bca, true),
    ("rows: jackknife-z", .jackknife, false), ("rows: percentile", .percentile, false),
    ("rows: BCa", .bca, false), ("rows: Fisher z", .fisherRows, false),
  ]

  private static func coverage(_ runs: Int, _ resamples: Int) {
    print("\n### Coverage of the interval of one system\n")
    print(
      "| clusters, correlation within | metric | " + methods.map(\.0).joined(separator: " | ")
        + " |")
    print("|---|---|" + methods.map { _ in "---:|" }.joined())
    for scenario in scenarios {
      var world = SimulatedWorld(seed: 0)
      world.sizes = scenario.sizes
      let truth = world.truth().first
      let tally = tally(runs) { seed, part in
        var world = SimulatedWorld(seed: seed)
        world.sizes = scenario.sizes
        let rows = world.draw(withinPerson: scenario.within)
        let options = InferenceOptions(replicates: resamples, seed: seed, threads: 1)
        let samples = [
          true: ClusteredSample(gold: rows.gold, clusters: rows.persons),
          false: ClusteredSample(rows: rows.gold),
        ]
        for (title, method, clustered) in methods {
          guard let sample = samples[clustered] else { continue }
          let intervals = SystemInference(sample, predictions: rows.first, options: options)
            .intervals(metrics, method: method)
          for metric in metrics {
            guard let target = truth[metric], let made = intervals[metric] else { continue }
            part.add("\(title) \(metric)", made.value.map { $0.low <= target && target <= $0.high })
          }
        }
      }
      for metric in metrics {
        let cells = methods.map { tally.share("\($0.0) \(metric)") }.joined(separator: " | ")
        print("| \(scenario.title) | \(metric.id.uppercased()) | \(cells) |")
      }
    }
  }

  // MARK: - Intervals of a difference

  private static func differences(_ runs: Int, _ resamples: Int) {
    print("\n### Coverage of the paired interval of a difference\n")
    print("Two systems of latent quality .68 and .58 whose errors share 80% of their variance.\n")
    print(
      "| clusters, correlation within | metric | jackknife | percentile | rows: jackknife | rows: percentile |"
    )
    print("|---|---|---:|---:|---:|---:|")
    for scenario in scenarios {
      var world = SimulatedWorld(seed: 0)
      world.sizes = scenario.sizes
      world.quality = (0.68, 0.58)
      let truth = world.truth().difference
      let tally = tally(runs) { seed, part in
        var world = SimulatedWorld(seed: seed)
        world.sizes = scenario.sizes
        world.quality = (0.68, 0.58)
        let rows = world.draw(withinPerson: scenario.within)
        let options = InferenceOptions(replicates: resamples, seed: seed, threads: 1)
        for (name, sample) in [
          ("c", ClusteredSample(gold: rows.gold, clusters: rows.persons)),
          ("r", ClusteredSample(rows: rows.gold)),
        ] {
          let pair = PairComparison(sample, rows.first, rows.second, options: options)
          for method in [IntervalMethod.jackknife, .percentile] {
            let intervals = pair.intervals(metrics, method: method)
            for metric in metrics {
              guard let target = truth[metric], let made = intervals[metric] else { continue }
              part.add(
                "\(name) \(method) \(metric)",
                made.value.map { $0.low <= target && target <= $0.high })
            }
          }
        }
      }
      for metric in metrics {
        let keys = ["c jackknife", "c percentile", "r jackknife", "r percentile"]
        let cells = keys.map { tally.share("\($0) \(metric)") }.joined(separator: " | ")
        print("| \(scenario.title) | \(metric.id.uppercased()) | \(cells) |")
      }
    }
  }

  // MARK: - Tests under the null hypothesis

  private static func size(_ runs: Int, _ resamples: Int) {
    print("\n### How often a test of two equally good systems rejects at 5%\n")
    print(
      "| clusters, correlation within | metric | swap by cluster | swap by row | jackknife interval leaves out 0 | Williams | Steiger |"
    )
    print("|---|---|---:|---:|---:|---:|---:|")
    for scenario in scenarios {
      let tally = tally(runs) { seed, part in
        var world = SimulatedWorld(seed: seed)
        world.sizes = scenario.sizes
        let rows = world.draw(withinPerson: scenario.within)
        let options = InferenceOptions(replicates: resamples, seed: seed, threads: 1)
        let sample = ClusteredSample(gold: rows.gold, clusters: rows.persons)
        let pair = PairComparison(sample, rows.first, rows.second, options: options)
        let byCluster = pair.permutation().p
        let byRow = SwapTest(
          ClusteredSample(rows: rows.gold), rows.first, rows.second, options: options
        ).p
        for metric in metrics {
          part.add("c \(metric)", byCluster[metric]?.value.map { $0 <= 0.05 })
          part.add("r \(metric)", byRow[metric]?.value.map { $0 <= 0.05 })
          part.add("j \(metric)", pair.interval(metric).value.map { $0.low > 0 || $0.high < 0 })
        }
        let (williams, steiger) = pair.rowwiseTests
        part.add("w \(Metric.pcc)", williams.value.map { $0.p <= 0.05 })
        part.add("s \(Metric.pcc)", steiger.value.map { $0.p <= 0.05 })
      }
      for metric in metrics {
        let cells = ["c", "r", "j", "w", "s"].map { tally.share("\($0) \(metric)") }
        print(
          "| \(scenario.title) | \(metric.id.uppercased()) | \(cells.joined(separator: " | ")) |"
        )
      }
    }
  }

  // MARK: - Rank sets

  /// Ten systems, of which some are equally good: how often all rank sets hold the true ranks.
  private static func ranks(_ runs: Int, _ resamples: Int) {
    print("\n### How often the rank sets of ten systems hold all true ranks at once\n")
    print("Latent qualities .40, .45, .50, .50, .55, .60, .60, .60, .65, .70; \(runs) runs.\n")
    print("| clusters, correlation within | PCC | mean ranks in a set |")
    print("|---|---:|---:|")
    let qualities = [0.40, 0.45, 0.50, 0.50, 0.55, 0.60, 0.60, 0.60, 0.65, 0.70]
    for scenario in scenarios {
      let results = Parallel.map(runs, threads: Parallel.processors) { run in
        var world = SimulatedWorld(seed: UInt64(run + 1))
        world.sizes = scenario.sizes
        let rows = world.drawMany(qualities, withinPerson: scenario.within)
        let comparison = SystemsComparison(
          ClusteredSample(gold: rows.gold, clusters: rows.persons), systems: rows.systems,
          options: InferenceOptions(replicates: resamples, seed: UInt64(run + 1), threads: 1))
        var holds = true, width = 0
        for (i, set) in comparison.rankSets.enumerated() {
          guard let set else { continue }
          let better = qualities.count { $0 > qualities[i] }
          let worse = qualities.count { $0 < qualities[i] }
          if set.best > 1 + better || set.worst < qualities.count - worse { holds = false }
          width += set.worst - set.best + 1
        }
        return (holds, Double(width) / Double(qualities.count))
      }
      let share = Double(results.count { $0.0 }) / Double(runs)
      let width = results.reduce(0) { $0 + $1.1 } / Double(runs)
      print("| \(scenario.title) | \(shown(share)) | \(shown(width, 1)) |")
    }
  }
}
