import Basics
import Foundation
import Harness
import Metrics

/// `invitro-bench probing [--golds N]`: how many of 83 hidden labels a strong attacker recovers, as
/// markdown for docs/explanation/probing.md. It fails where three teams get more than the honest
/// system and 6.
enum ProbingBench {
  /// How the next query is chosen; its angle to the posterior mean is such that the drawn labels are
  /// divided most evenly between the answers that are left.
  enum Attack: String, CaseIterable {
    case rows = "the two most uncertain rows"
    case info = "all rows by their uncertainty"
    case blocks = "signs in blocks of 12"
    case small = "signs in blocks of 4"
    case fixed = "directions by chance"
    case low = "from a poor start upwards"

    func direction(
      _ sampler: LabelSampler, number: Int, of queries: Int, _ generator: inout SplitMix64
    ) -> [Double] {
      let deviations = sampler.variance.map { $0.squareRoot() }
      switch self {
      case .rows:
        let order = deviations.indices.sorted { deviations[$0] > deviations[$1] }
        let start = 2 * (number % 12)
        var direction = [Double](repeating: 0, count: order.count)
        for row in order[start..<(start + 2)] {
          direction[row] = generator.uniform() < 0.5 ? -1 : 1
        }
        return direction
      case .info: return deviations.map { $0 * generator.normal() }
      case .blocks, .small:
        let size = self == .blocks ? 12 : 4
        var direction = [Double](repeating: 0, count: deviations.count)
        let order = deviations.indices.sorted { deviations[$0] > deviations[$1] }
        let start = (number * size) % (order.count - size)
        for row in order[start..<(start + size)] {
          direction[row] = generator.uniform() < 0.5 ? -1 : 1
        }
        return direction
      case .fixed, .low: return deviations.map { _ in generator.normal() }
      }
    }
  }

  static func run(_ arguments: [String]) throws {
    let place = arguments.firstIndex(of: "--golds")
    let golds = place.flatMap { $0 + 1 < arguments.count ? Int(arguments[$0 + 1]) : nil } ?? 3
    guard golds > 0 else { throw HarnessError.usage("--golds is 1 or more") }
    let board = try HiddenBoard(seed: 1, floor: 0.4, submissions: 10, teams: 1)
    print(
      "\(board.gold.count) labels, \(golds) label vectors, grid \(board.grid.step) from "
        + "\(board.grid.floor), \(board.submissions) submissions a team: at most "
        + "\(Rounding.text(board.grid.bits(submissions: board.submissions), decimals: 1)) bits a "
        + "team. Labels within 0.5, means; what the attacker expects in brackets.\n")
    let teams = [0, 1, 3, 5, 10]
    print(
      "| attack | " + teams.map { $0 == 0 ? "no query" : "\($0)" }.joined(separator: " | ") + " |")
    print("|---|" + teams.map { _ in "---:|" }.joined())
    var worst = [Double](repeating: 0, count: teams.count)
    for attack in Attack.allCases {
      let cells = try teams.enumerated().map { place, count in
        let results = Parallel.map(golds, threads: Parallel.processors) { gold in
          Result { try Self.attack(attack, gold: UInt64(gold + 1), teams: count) }
        }
        let all = try results.map { try $0.get() }
        let found = all.reduce(0) { $0 + Double($1.found) } / Double(golds)
        worst[place] = max(worst[place], found)
        let expected = all.reduce(0) { $0 + $1.expected } / Double(golds)
        return "\(Rounding.text(found, decimals: 1)) (\(Rounding.text(expected, decimals: 1)))"
      }
      print("| \(attack.rawValue) | \(cells.joined(separator: " | ")) |")
    }
    print("\nThe honest system alone: \(Rounding.text(worst[0], decimals: 1)).")
    guard worst[2] <= worst[0] + 6 else {
      throw HarnessError.usage("Three teams recover over 6 labels more than the honest system.")
    }
  }

  private static func attack(
    _ attack: Attack, gold seed: UInt64, teams: Int
  ) throws -> (found: Int, expected: Double) {
    var board = try HiddenBoard(seed: seed, floor: 0.4, submissions: 10, teams: teams)
    var generator = SplitMix64(seed: seed &+ 77, stream: .simulation)
    var answers: [LabelSampler.Answer] = []
    var sampler = LabelSampler(board, answers, chains: 40, sweeps: 80, seed: seed)
    for team in 0..<teams {
      while board.hasQuery(team) {
        let queries = board.submissions
        let direction = attack.direction(
          sampler, number: board.used[team] + team * queries, of: queries, &generator)
        let query =
          attack == .low && board.used[team] == 0
          ? HiddenBoard.unit(direction)
          : best(
            sampler, direction,
            above: board.bests[team].map { $0 + board.grid.step } ?? board.grid.floor)
        let (low, high) = try board.submit(query, by: team)
        answers.append(.init(direction: HiddenBoard.unit(query), low: low, high: high))
        if attack != .fixed {
          sampler = LabelSampler(
            board, answers, chains: 40, sweeps: 80, seed: seed &+ UInt64(answers.count))
        }
      }
    }
    let final = LabelSampler(board, answers, chains: 80, sweeps: 300, seed: seed &+ 5)
    return (board.found(final.windows), final.expected)
  }

  /// The mixture of posterior mean and `direction` whose PCC lies above the next value in half of the
  /// drawn labels: the answer then tells most.
  private static func best(
    _ sampler: LabelSampler, _ direction: [Double], above next: Double
  ) -> [Double] {
    let (mean, other) = (HiddenBoard.unit(sampler.mean), HiddenBoard.unit(direction))
    let drawn = sampler.draws.map(HiddenBoard.unit)
    let angles = stride(from: 0.0, through: Double.pi / 2, by: Double.pi / 40)
    let mixtures = angles.map { angle in
      zip(mean, other).map { cos(angle) * $0 + sin(angle) * $1 }
    }
    return mixtures.min { a, b in
      func imbalance(_ mixture: [Double]) -> Double {
        let unit = HiddenBoard.unit(mixture)
        let above = drawn.count { zip($0, unit).reduce(0) { $0 + $1.0 * $1.1 } >= next }
        return abs(Double(above) / Double(max(1, drawn.count)) - 0.5)
      }
      return imbalance(a) < imbalance(b)
    } ?? mean
  }
}
