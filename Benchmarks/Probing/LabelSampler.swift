import Basics
import Foundation
import Metrics

/// Draws label vectors that would explain all answers: annealed Metropolis over the labels' grid, many
/// chains, with train's marginal and the attacker's own system as the prior.
struct LabelSampler {
  /// A query's direction (centred, length 1) and the interval that its PCC was said to lie in.
  struct Answer {
    let direction: [Double]
    let low, high: Double

    init(_ direction: [Double], _ low: Double, _ high: Double) {
      (self.direction, self.low, self.high) = (HiddenBoard.unit(direction), low, high)
    }
  }

  let posterior: Posterior
  /// Label vectors of the cooled chains, four a chain, for planning.
  let draws: [[Double]]

  init(_ board: HiddenBoard, _ answers: [Answer], chains: Int, sweeps: Int, seed: UInt64) {
    let prior = Self.prior(board)
    let runs = (0..<chains).map { chain in
      var generator = SplitMix64(seed: seed &* 1_000_003 &+ UInt64(chain), stream: .simulation)
      var run = Chain(prior, answers, &generator)
      run.cool(sweeps, &generator)
      return run
    }
    // A chain that was caught where it can't explain the answers says nothing: the better half stays.
    let middle = runs.map(\.misfit).sorted()[runs.count / 2]
    let kept = runs.filter { $0.misfit <= middle + 1e-6 }
    var shares = [[Double]](repeating: [Double](repeating: 0, count: 37), count: prior.count)
    for run in kept {
      for (row, counts) in run.counts.enumerated() {
        let all = Double(kept.count) * counts.reduce(0, +)
        for (level, count) in counts.enumerated() { shares[row][level] += count / all }
      }
    }
    posterior = Posterior(shares: shares)
    draws = kept.flatMap { $0.draws.map { $0.map { HiddenBoard.levels[$0] } } }
  }

  /// ln p of each level in each row, (n, 37): the marginal, and a normal error of the own system.
  private static func prior(_ board: HiddenBoard) -> [[Double]] {
    let scale = Double(board.honest.count).squareRoot()
    let levels = board.target.standardised
    return board.honest.map { system in
      zip(levels, board.target.marginal).map { level, share in
        let error = system * scale - 0.6 * level
        return log(share) - error * error / (2 * 0.64)
      }
    }
  }

  private struct Chain {
    private let prior: [[Double]]
    private let lows, highs: [Double]
    /// The queries' entries, (n, answers).
    private let entries: [Double]
    private var state: [Int]
    private var sum = 0.0
    private var squares = 0.0
    private var dots, moved: [Double]
    private(set) var misfit = 0.0
    private(set) var counts: [[Double]]
    private(set) var draws: [[Int]] = []

    /// Starts from a draw of the prior.
    init(_ prior: [[Double]], _ answers: [Answer], _ generator: inout SplitMix64) {
      (self.prior, lows, highs) = (prior, answers.map(\.low), answers.map(\.high))
      entries = prior.indices.flatMap { row in answers.map { $0.direction[row] } }
      counts = prior.map { $0.map { _ in 0 } }
      state = prior.map { weights in
        let most = weights.max() ?? 0
        var left = generator.uniform() * weights.reduce(0) { $0 + exp($1 - most) }
        return weights.firstIndex {
          left -= exp($0 - most)
          return left <= 0
        } ?? 18
      }
      let labels = state.map { HiddenBoard.levels[$0] }
      (sum, squares) = (labels.reduce(0, +), HiddenBoard.dot(labels, labels))
      dots = answers.map { HiddenBoard.dot($0.direction, labels) }
      moved = dots
      misfit = distance(dots, sum, squares)
    }

    /// The PCCs' distances from their intervals, added up.
    private func distance(_ dots: [Double], _ sum: Double, _ squares: Double) -> Double {
      let scale = 1 / max(1e-9, squares - sum * sum / Double(prior.count)).squareRoot()
      var total = 0.0
      for k in lows.indices {
        let pcc = dots[k] * scale
        total += max(0, max(lows[k] - pcc, pcc - highs[k]))
      }
      return total
    }

    mutating func cool(_ sweeps: Int, _ generator: inout SplitMix64) {
      let thinning = max(1, sweeps / 10)
      for sweep in 0..<sweeps {
        let cooling = min(1, Double(sweep) / (0.6 * Double(sweeps)))
        for row in state.indices { move(row, weight: 20 * pow(500, cooling), &generator) }
        guard cooling >= 1 else { continue }
        for row in state.indices { counts[row][state[row]] += 1 }
        if (sweeps - 1 - sweep) % thinning == 0 { draws.append(state) }
      }
    }

    /// Proposes another level for `row`, in half of the cases together with one for a second row: rows
    /// that an exact answer ties to each other move only together.
    private mutating func move(_ row: Int, weight: Double, _ generator: inout SplitMix64) {
      let other = Int(generator.uniform() * Double(state.count))
      let pair = other != row && generator.uniform() < 0.5
      let (old, new) = (state[row], Self.jump(state[row], &generator))
      let old2 = state[other]
      let new2 = pair ? Self.jump(old2, &generator) : old2
      guard (0..<37).contains(new), (0..<37).contains(new2) else { return }
      let (change, change2) = (Double(new - old) / 6, Double(new2 - old2) / 6)
      let (first, second) = (row * dots.count, other * dots.count)
      for k in dots.indices {
        moved[k] = dots[k] + entries[first + k] * change + entries[second + k] * change2
      }
      let newSum = sum + change + change2
      // A level is 1 + k / 6, so that two add up to 2 + (k + l) / 6.
      let newSquares =
        squares + change * (2 + Double(new + old) / 6) + change2 * (2 + Double(new2 + old2) / 6)
      let then = distance(moved, newSum, newSquares)
      let gain =
        prior[row][new] - prior[row][old] + prior[other][new2] - prior[other][old2]
        - weight * (then - misfit)
      guard gain >= 0 || generator.uniform() < exp(gain) else { return }
      state[row] = new
      if pair { state[other] = new2 }
      (sum, squares, misfit) = (newSum, newSquares, then)
      swap(&dots, &moved)
    }

    private static func jump(_ level: Int, _ generator: inout SplitMix64) -> Int {
      let step = 1 + Int(8 * pow(generator.uniform(), 2))
      return generator.uniform() < 0.5 ? level - step : level + step
    }
  }
}

/// What an attacker thinks of each row's label.
struct Posterior {
  /// A way to guess a label.
  enum Decoder: String, CaseIterable {
    /// The centre of the window of ± 1/2 that holds most.
    case window
    case median, mode
  }

  /// Shares of each level in each row, (n, 37).
  let shares: [[Double]]

  func estimates(_ decoder: Decoder) -> [Double] {
    shares.map { row in
      let level: Int?
      switch decoder {
      case .window: level = row.indices.max { Self.mass(row, $0) < Self.mass(row, $1) }
      case .mode: level = row.indices.max { row[$0] < row[$1] }
      case .median:
        var left = 0.5
        level = row.firstIndex {
          left -= $0
          return left <= 0
        }
      }
      return HiddenBoard.levels[level ?? 18]
    }
  }

  /// What the window of ± 1/2 around a level holds.
  private static func mass(_ row: [Double], _ level: Int) -> Double {
    row[max(0, level - 3)...min(36, level + 3)].reduce(0, +)
  }

  /// How likely each row's best window is to hold its label.
  var certainty: [Double] { shares.map(Self.certainty) }

  static func certainty(_ row: [Double]) -> Double { row.indices.map { mass(row, $0) }.max() ?? 0 }

  /// How many labels should lie in their windows: where it differs from the count by more than
  /// chance, the sampler is not calibrated.
  var expected: Double { certainty.reduce(0, +) }

  var mean: [Double] { shares.map { HiddenBoard.dot($0, HiddenBoard.levels) } }

  var deviation: [Double] {
    zip(shares, mean).map { row, mean in
      HiddenBoard.dot(row, HiddenBoard.levels.map { ($0 - mean) * ($0 - mean) }).squareRoot()
    }
  }

  /// What follows of the second target's labels, which correlate with the first's as in train.
  func second(_ board: HiddenBoard) -> Posterior {
    let (one, two, r) = (board.target.standardised, board.second.standardised, board.correlation)
    let given = one.map { first in
      let weights = zip(two, board.second.marginal).map { second, share in
        share * exp(-(first - r * second) * (first - r * second) / (2 * (1 - r * r)))
      }
      let all = weights.reduce(0, +)
      return weights.map { $0 / all }
    }
    return Posterior(
      shares: shares.map { row in
        given[0].indices.map { level in zip(row, given).reduce(0) { $0 + $1.0 * $1.1[level] } }
      })
  }
}
