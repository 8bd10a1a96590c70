import Basics
import Foundation
import Harness
import Metrics

/// `invitro-bench signs [--teams N]`: how often simulated teams, honest ones and attackers, show each
/// sign of probing, as markdown for docs/explanation/probing.md.
enum SignsBench {
  /// What a team of ten submissions does.
  enum Team: String, CaseIterable {
    case runs = "ten runs of a model that correlate .95"
    case nearRuns = "ten runs that correlate .995"
    case ensembles = "five runs, then the means of the first 2, 3, 4 and 5"
    case equals = "ten models of the same quality"
    case models = "ten models, each .03 better than the last"
    case prompts = "ten prompts that answer in whole numbers, correlating .9"
    case repeats = "one such prompt again, correlating .99"
    case classes = "three classes, then runs"
    case rescaled = "a model, then with its spread halved"
    case unrelated = "first a system that predicts nothing, then runs"
    case rows = "*attack:* two rows changed at a time"
    case blocks = "*attack:* signs in blocks of 12 added"
    case mixtures = "*attack:* own system mixed with directions by chance"
    case halves = "*attack:* two values, split by chance"
    case reversed = "*attack:* first the own system reversed"
  }

  /// A board's labels, and what every system has in common beside them.
  struct World {
    let gold, truth, shared: [Double]

    init(rows: Int, _ random: inout SplitMix64) {
      gold = (0..<rows).map { _ in
        min(7, max(1, ((4.4 + 1.4 * random.normal()) * 6).rounded() / 6))
      }
      truth = HiddenBoard.unit(gold).map { $0 * Double(rows).squareRoot() }
      shared = gold.map { _ in random.normal() }
    }

    /// A system whose PCC is about `r`; two of them share half of their errors' variance.
    func system(_ r: Double, _ random: inout SplitMix64) -> [Double] {
      let (error, half) = ((1 - r * r).squareRoot(), 0.5.squareRoot())
      return zip(truth, shared).map { r * $0 + error * half * ($1 + random.normal()) }
    }
  }

  static func run(_ arguments: [String]) throws {
    let place = arguments.firstIndex(of: "--teams")
    let teams = place.flatMap { $0 + 1 < arguments.count ? Int(arguments[$0 + 1]) : nil } ?? 500
    guard teams > 0 else { throw HarnessError.usage("--teams is 1 or more") }
    print("Share of \(teams) teams with the sign among ten submissions, at 83 and 500 rows.\n")
    let titles = ProbingSign.allCases.map(\.text).joined(separator: " | ")
    print("| a team sends | \(titles) |")
    print("|---|" + ProbingSign.allCases.map { _ in "---:|" }.joined())
    for team in Team.allCases {
      let shares = [83, 500].map { rows in
        let found = Parallel.map(teams, threads: Parallel.processors) { seed in
          signs(of: team, rows: rows, seed: UInt64(seed + 1))
        }
        return ProbingSign.allCases.map { sign in
          Double(found.count { $0.contains(sign) }) / Double(teams)
        }
      }
      let cells = zip(shares[0], shares[1]).map { few, many in
        few + many > 0 ? "\(percent(few)), \(percent(many))" : ""
      }
      print("| \(team.rawValue) | \(cells.joined(separator: " | ")) |")
    }
  }

  private static func percent(_ share: Double) -> String {
    Rounding.text(100 * share, decimals: share > 0 && share < 0.1 ? 1 : 0) + "%"
  }

  private static func signs(of team: Team, rows: Int, seed: UInt64) -> Set<ProbingSign> {
    var random = SplitMix64(seed: seed, stream: .simulation)
    let world = World(rows: rows, &random)
    let others = (0..<8).map { predictions(world.system(0.4 + 0.025 * Double($0), &random)) }
    let step = ReleaseGrid.step(.pcc, [.init(rows: rows)])
    let grid = ReleaseGrid(.init(target: "empathy", metric: .pcc), step: step, floor: 0.4)
    var found = ProbingSigns(own: [], others: others, releases: [])
    var all: Set<ProbingSign> = []
    for submission in submissions(of: team, in: world, &random) {
      let value = PointMetrics.figure(.pcc, submission, world.gold).value.flatMap(grid.level)
      let isNewBest = value.map { $0 > (found.releases.last ?? -1) + 1e-9 } ?? false
      if let value, isNewBest { found.releases.append(value) }
      all.formUnion(found.find(in: submission, isNewBest: isNewBest, step: step))
      found.own.append(submission)
    }
    return all
  }

  /// On the labels' scale, with four decimals.
  private static func predictions(_ system: [Double], spread: Double = 0.8) -> [Double] {
    system.map { (min(7, max(1, 4.4 + spread * $0)) * 1e4).rounded() / 1e4 }
  }

  private static func submissions(
    of team: Team, in world: World, _ random: inout SplitMix64
  ) -> [[Double]] {
    let base = world.system(0.55, &random)
    func run(_ r: Double, of base: [Double], _ random: inout SplitMix64) -> [Double] {
      base.map { r.squareRoot() * $0 + (1 - r).squareRoot() * random.normal() }
    }
    func runs(_ count: Int, _ r: Double, _ random: inout SplitMix64) -> [[Double]] {
      (0..<count).map { _ in run(r, of: base, &random) }
    }
    switch team {
    case .runs: return runs(10, 0.95, &random).map { predictions($0) }
    case .nearRuns: return runs(10, 0.995, &random).map { predictions($0) }
    case .ensembles:
      let five = runs(5, 0.95, &random).map { predictions($0) }
      let means = (2...5).map { count in
        world.gold.indices.map { row in
          five.prefix(count).reduce(0) { $0 + $1[row] } / Double(count)
        }
      }
      return five + means
    case .equals: return (0..<10).map { _ in predictions(world.system(0.55, &random)) }
    case .models:
      return (0..<10).map { predictions(world.system(0.4 + 0.03 * Double($0), &random)) }
    case .prompts, .repeats:
      return runs(10, team == .prompts ? 0.9 : 0.99, &random)
        .map { predictions($0, spread: 1.4).map { $0.rounded() } }
    case .classes:
      let classes = base.map { $0 < -0.5 ? 2.0 : $0 < 0.5 ? 4 : 6 }
      return [classes] + runs(9, 0.95, &random).map { predictions($0) }
    case .rescaled: return [predictions(base), predictions(base, spread: 0.4)]
    case .unrelated:
      let first = base.map { _ in random.normal() }
      return [predictions(first)] + runs(9, 0.95, &random).map { predictions($0) }
    case .rows, .blocks: return patches(of: base, rows: team == .rows ? 2 : 12, &random)
    case .mixtures:
      return (0..<10).map { _ in
        predictions(base.map { 0.8 * $0 + 0.6 * random.normal() })
      }
    case .halves:
      return (0..<10).map { _ in base.map { _ in random.uniform() < 0.5 ? 2.0 : 6 } }
    case .reversed:
      return [predictions(base.map { -$0 })] + runs(9, 0.8, &random).map { predictions($0) }
    }
  }

  /// An own system, then with signs by chance added in other rows each time.
  private static func patches(
    of base: [Double], rows: Int, _ random: inout SplitMix64
  ) -> [[Double]] {
    let base = predictions(base)
    return [base]
      + (0..<9).map { number in
        var patched = base
        for row in 0..<rows {
          patched[(number * rows + row) % base.count] += random.uniform() < 0.5 ? -0.5 : 0.5
        }
        return patched
      }
  }
}
