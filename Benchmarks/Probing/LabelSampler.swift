import Basics
import Foundation
import Metrics

/// Draws label vectors that would explain all answers: annealed Metropolis over the labels' grid, many
/// chains, with train's marginal and the attacker's own system as the prior.
struct LabelSampler {
  /// A query's direction (centred, length 1) and the interval that its PCC was said to lie in.
  struct Answer {
    var direction: [Double]
    var low, high: Double
  }

  /// Shares of each level in each row, (n, 37), over chains that explain every answer.
  let shares: [[Double]]
  /// Final labels of the chains, for planning.
  let draws: [[Double]]

  init(_ board: HiddenBoard, _ answers: [Answer], chains: Int, sweeps: Int, seed: UInt64) {
    let prior = Self.prior(board)
    let runs = Parallel.map(chains, threads: 1) { chain in
      var generator = SplitMix64(seed: seed &* 1_000_003 &+ UInt64(chain), stream: .simulation)
      return Self.chain(prior, answers, sweeps, &generator)
    }
    let n = prior.count
    let best = runs.map(\.misfit).min() ?? 0
    let kept = runs.filter { $0.misfit <= best + 1e-9 }
    var shares = [[Double]](repeating: [Double](repeating: 0, count: 37), count: n)
    for run in kept {
      for (row, counts) in run.counts.enumerated() {
        for (level, count) in counts.enumerated() { shares[row][level] += count }
      }
    }
    self.shares = shares.map { row in
      let all = row.reduce(0, +)
      return row.map { $0 / max(all, 1) }
    }
    draws = kept.map { $0.state.map { HiddenBoard.levels[$0] } }
  }

  /// ln p of each level in each row, (n, 37): the marginal, and a normal error of the own system.
  private static func prior(_ board: HiddenBoard) -> [[Double]] {
    let levels = HiddenBoard.levels
    let mean = zip(levels, board.marginal).reduce(0) { $0 + $1.0 * $1.1 }
    let spread = zip(levels, board.marginal).reduce(0) {
      $0 + $1.1 * ($1.0 - mean) * ($1.0 - mean)
    }.squareRoot()
    let scale = Double(board.gold.count).squareRoot()
    return board.honest.map { system in
      zip(levels, board.marginal).map { level, share in
        let error = system * scale - 0.6 * (level - mean) / spread
        return log(share) - error * error / (2 * 0.64)
      }
    }
  }

  private static func chain(
    _ prior: [[Double]], _ answers: [Answer], _ sweeps: Int, _ generator: inout SplitMix64
  ) -> (state: [Int], counts: [[Double]], misfit: Double) {
    let n = prior.count
    let levels = HiddenBoard.levels
    var state = prior.map { weights -> Int in
      let most = weights.max() ?? 0
      var left = generator.uniform() * weights.reduce(0) { $0 + exp($1 - most) }
      return weights.firstIndex {
        left -= exp($0 - most); return left <= 0
      } ?? 18
    }
    var (sum, squares) = (0.0, 0.0)
    for level in state {
      (sum, squares) = (sum + levels[level], squares + levels[level] * levels[level])
    }
    var dots = answers.map { answer in
      zip(answer.direction, state).reduce(0) { $0 + $1.0 * levels[$1.1] }
    }
    func misfit(_ dots: [Double], _ sum: Double, _ squares: Double) -> Double {
      let length = max(1e-9, squares - sum * sum / Double(n)).squareRoot()
      var total = 0.0
      for (answer, dot) in zip(answers, dots) {
        let pcc = dot / length
        total += max(0, answer.low - pcc) + max(0, pcc - answer.high)
      }
      return total
    }
    var now = misfit(dots, sum, squares)
    var counts = [[Double]](repeating: [Double](repeating: 0, count: 37), count: n)
    var moved = dots
    for sweep in 0..<sweeps {
      let cooling = min(1, Double(sweep) / (0.6 * Double(sweeps)))
      let weight = 20 * pow(500, cooling)
      for row in 0..<n {
        let old = state[row]
        let jump = 1 + Int(generator.uniform() * 8)
        let new = generator.uniform() < 0.5 ? old - jump : old + jump
        guard (0..<37).contains(new) else { continue }
        let change = levels[new] - levels[old]
        let newSum = sum + change
        let newSquares = squares + levels[new] * levels[new] - levels[old] * levels[old]
        for k in dots.indices { moved[k] = dots[k] + answers[k].direction[row] * change }
        let then = misfit(moved, newSum, newSquares)
        let gain = prior[row][new] - prior[row][old] - weight * (then - now)
        if gain >= 0 || generator.uniform() < exp(gain) {
          (state[row], sum, squares, now) = (new, newSum, newSquares, then)
          swap(&dots, &moved)
        }
      }
      if cooling >= 1 { for row in 0..<n { counts[row][state[row]] += 1 } }
    }
    return (state, counts, now)
  }

  /// The centre of the window of ± 1/2 that holds most of each row's shares.
  var windows: [Double] {
    shares.map { row in
      let window = (0..<37).max { Self.mass(row, $0) < Self.mass(row, $1) } ?? 18
      return HiddenBoard.levels[window]
    }
  }

  private static func mass(_ row: [Double], _ level: Int) -> Double {
    row[max(0, level - 3)...min(36, level + 3)].reduce(0, +)
  }

  /// How many labels the sampler itself expects to lie in its windows: a check of its calibration.
  var expected: Double {
    shares.reduce(0) { sum, row in sum + ((0..<37).map { Self.mass(row, $0) }.max() ?? 0) }
  }

  var mean: [Double] {
    shares.map { zip($0, HiddenBoard.levels).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  var variance: [Double] {
    zip(shares, mean).map { row, mean in
      zip(row, HiddenBoard.levels).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
    }
  }
}
