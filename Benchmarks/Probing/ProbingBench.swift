import Basics
import Foundation
import Harness
import Metrics
import Sample

/// `invitro-bench probing [--seeds N]`: how many hidden labels an attack recovers through our own
/// scorer with each guard off and on, as markdown for docs/explanation/probing.md.
///
/// The labels are those of sample24's test split, which the program itself makes.
enum ProbingBench {
  private static let budgets = [10, 50, 200, 1000]
  /// A label counts as recovered within this distance.
  private static let distance = 0.5

  private static let settings = [
    ProbedGuards(name: "none: exact figures"),
    ProbedGuards(name: "4 decimals", decimals: 4),
    ProbedGuards(name: "2 decimals", decimals: 2),
    ProbedGuards(name: "2 decimals, margin 1", decimals: 2, margin: 1),
    ProbedGuards(name: "1 decimal, margin 1", decimals: 1, margin: 1),
    ProbedGuards(name: "Ladder 1 SE, exact figures", ladder: 1),
    ProbedGuards(name: "Ladder 1 SE, 2 decimals, margin 1", decimals: 2, margin: 1, ladder: 1),
    ProbedGuards(name: "Ladder 2 SE, 2 decimals, margin 1", decimals: 2, margin: 1, ladder: 2),
    ProbedGuards(name: "quota 20, exact figures", quota: 20),
    ProbedGuards(name: "quota 20, 2 decimals, margin 1", decimals: 2, margin: 1, quota: 20),
    ProbedGuards(
      name: "quota 20, Ladder 1 SE, 2 decimals, margin 1", decimals: 2, margin: 1, ladder: 1,
      quota: 20),
  ]

  static func run(_ arguments: [String]) throws {
    let place = arguments.firstIndex(of: "--seeds")
    let seeds = place.flatMap { $0 + 1 < arguments.count ? Int(arguments[$0 + 1]) : nil } ?? 10
    guard seeds > 0 else { throw HarnessError.usage("--seeds is 1 or more") }
    let world = try World()
    print(
      "\(world.gold.count) labels, \(seeds) seeds, mean number within \(distance) of the truth. ",
      terminator: "")
    print(
      "Without a query: \(world.recovered(world.constant)) (the mean of train for every row); "
        + "the best sample system's own predictions: \(world.recovered(world.bestSystem)).\n")
    print("| guards | attack | " + budgets.map { "\($0)" }.joined(separator: " | ") + " |")
    print("|---|---|" + budgets.map { _ in "---:|" }.joined())
    for guards in settings {
      for attack in ProbingAttack.allCases {
        let cells = try budgets.map { budget in
          try mean(attack, guards, world, budget: budget, seeds: seeds)
        }
        let shown = cells.map { Rounding.text($0, decimals: 1) }.joined(separator: " | ")
        print("| \(guards.name) | \(attack.rawValue) | \(shown) |")
      }
    }
    world.printPairedErrors()
  }

  private static func mean(
    _ attack: ProbingAttack, _ guards: ProbedGuards, _ world: World, budget: Int, seeds: Int
  ) throws -> Double {
    let isRandom = attack == .linear || attack == .climbing
    let runs = isRandom ? seeds : 1
    let counts = Parallel.map(runs, threads: Parallel.processors) { run in
      Result {
        let board = ProbedBoard(world.scorer, guards: guards)
        return world.recovered(
          try attack.run(board, prior: world.prior, budget: budget, seed: UInt64(run + 1)))
      }
    }
    return Double(try counts.reduce(0) { try $0 + $1.get() }) / Double(runs)
  }

  /// The hidden split, and what is public beside it.
  private struct World {
    let scorer: Scorer
    let gold: [Double]
    let prior: ProbingPrior
    let systems: [(name: String, predictions: [Double])]

    init() throws {
      let folder = FileManager.default.temporaryDirectory.appending(
        path: "invitro-probing-\(UUID())")
      defer { try? FileManager.default.removeItem(at: folder) }
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let files = folder.appending(path: "files")
      _ = try SampleGenerator(seed: 1).write(to: files)
      let definition = try BenchmarkRegistry.find("sample24")
      let home = DataHome(folder.appending(path: "home"))
      _ = try DatasetImporter.run(definition, from: files, into: home)
      let test = try home.load(definition, split: "test")
      let train = try home.load(definition, split: "train").gold("empathy").compactMap { $0 }
      gold = test.gold("empathy").compactMap { $0 }
      let moments = Standardised(train)
      prior = ProbingPrior(
        rows: gold.count, mean: moments.mean, deviation: moments.deviation)
      // Only what a query needs: no groups and no rank correlations.
      let options = ScoringOptions(
        inference: InferenceOptions(replicates: 100, threads: 1), attributes: [], ranks: false)
      let scorer = try Scorer(definition, dataset: test, options: options)
      self.scorer = scorer
      let reader = PredictionReader(definition, dataset: test)
      let names = try FileManager.default.contentsOfDirectory(
        atPath: files.appending(path: "systems").path
      ).sorted()
      systems = try names.map { name in
        let file = files.appending(path: "systems/\(name)/predictions_EMP.tsv")
        return (name, try reader.read(file).values("empathy") ?? [])
      }
    }

    var constant: [Double] { [Double](repeating: prior.mean, count: gold.count) }

    /// The predictions with the greatest PCC.
    var bestSystem: [Double] {
      systems.map(\.predictions).max {
        (PointMetrics.pcc($0, gold).value ?? -1) < (PointMetrics.pcc($1, gold).value ?? -1)
      } ?? []
    }

    func recovered(_ estimates: [Double]) -> Int {
      zip(estimates, gold).count { abs($0 - $1) <= distance + 1e-9 }
    }

    /// What one standard error of the Ladder is, between the sample's own systems.
    func printPairedErrors() {
      print("\n| pair of sample systems | difference in PCC | paired standard error |")
      print("|---|---:|---:|")
      let sample = ClusteredSample(gold: gold, clusters: scorer.dataset.mainClusters)
      for (place, second) in systems.enumerated() {
        for first in systems[..<place] {
          let pair = PairComparison(sample, second.predictions, first.predictions)
          let difference = pair.difference(.pcc).value ?? 0
          let error = pair.standardError(.pcc).value ?? 0
          print(
            "| \(second.name), \(first.name) | \(Rounding.text(difference)) "
              + "| \(Rounding.text(error)) |")
        }
      }
    }
  }
}
