import Basics
import Foundation
import Metrics

/// `invitro-bench simulate [--runs N] [--resamples B]`: how often intervals cover and tests reject,
/// as markdown for docs/explanation/inference.md.
enum CoverageSimulation {
  static let metrics: [Metric] = [.pcc, .ccc, .rmse, .mae]

  struct Scenario {
    let title: String
    let world: SimulatedWorld

    init(_ title: String, _ change: (inout SimulatedWorld) -> Void) {
      var world = SimulatedWorld(seed: 0)
      change(&world)
      (self.title, self.world) = (title, world)
    }

    init(_ title: String, _ sizes: [Int], _ within: Double) {
      self.init(title) { ($0.sizes, $0.withinPerson) = (sizes, within) }
    }
  }

  private static let scenarios = [
    Scenario("57 persons, 0", SimulatedWorld.persons, 0),
    Scenario("57 persons, 0.3", SimulatedWorld.persons, 0.3),
    Scenario("57 persons, 0.6", SimulatedWorld.persons, 0.6),
    Scenario("14 articles, 0.1", SimulatedWorld.articles, 0.1),
    Scenario("14 articles, 0.3", SimulatedWorld.articles, 0.3),
    Scenario("12 persons of 1 to 21 rows, 0.3", SimulatedWorld.twelve, 0.3),
    Scenario("one person with 40 of 83 rows, 0.3", SimulatedWorld.onePerson, 0.3),
    Scenario("NewsEmp23 dev: 41 persons of 1 to 42 rows, 0.3", SimulatedWorld.newsEmp23Dev, 0.3),
    Scenario("57 persons, 0, heavy tails") { $0.heavyTails = true },
  ]

  private static let parts: [(String, @Sendable (Int, Int) -> Void)] = [
    ("coverage", coverage), ("differences", differences), ("size", size),
    ("unequal", unequal), ("families", families), ("crossed", crossed),
    ("detectable", detectable), ("disparity", disparity),
  ]

  static func run(_ arguments: [String]) {
    let runs = number("--runs", arguments) ?? 4000
    let resamples = number("--resamples", arguments) ?? 1999
    let error = (0.95 * 0.05 / Double(runs)).squareRoot()
    print(
      "\(runs) runs a scenario, B = \(resamples), nominal 95%, seeds 1 to \(runs). ", terminator: ""
    )
    print("Monte Carlo standard error of a share near .95: \(shown(error, 4)).")
    let wanted = arguments.firstIndex(of: "--part").map { arguments[$0 + 1] }
    for (name, part) in parts where wanted == nil || wanted == name { part(runs, resamples) }
  }

  private static func number(_ name: String, _ arguments: [String]) -> Int? {
    guard let place = arguments.firstIndex(of: name), place + 1 < arguments.count else {
      return nil
    }
    return Int(arguments[place + 1])
  }

  static func shown(_ value: Double, _ digits: Int = 3) -> String {
    let text = String(format: "%.\(digits)f", value)
    return text.hasPrefix("0.") ? String(text.dropFirst()) : text
  }

  /// Shares of `true`, by key, over all runs that have one.
  struct Tally {
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
  static func tally(_ runs: Int, _ body: (UInt64, inout Tally) -> Void) -> Tally {
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
      let truth = scenario.world.truth()[0]
      let tally = tally(runs) { seed, part in
        var world = scenario.world.seeded(seed)
        let rows = world.draw()
        let options = InferenceOptions(replicates: resamples, seed: seed, threads: 1)
        let samples = [
          true: rows.sample,
          false: ClusteredSample(rows: rows.gold),
        ]
        for (title, method, clustered) in methods {
          guard let sample = samples[clustered] else { continue }
          let intervals = SystemInference(sample, predictions: rows.systems[0], options: options)
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
      var weaker = scenario.world
      weaker.systems[1].quality = 0.58
      let truths = weaker.truth()
      let truth = truths[0].merging(truths[1], uniquingKeysWith: -)
      let tally = tally(runs) { [weaker] seed, part in
        var world = weaker.seeded(seed)
        let rows = world.draw()
        let options = InferenceOptions(replicates: resamples, seed: seed, threads: 1)
        for (name, sample) in [
          ("c", rows.sample),
          ("r", ClusteredSample(rows: rows.gold)),
        ] {
          let pair = PairComparison(
            sample, rows.systems[0], rows.systems[1], options: options)
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
}
