import Basics
import Foundation
import Harness
import Metrics

/// A way to reconstruct hidden labels from a board's answers. It knows the prior and the guards,
/// nothing else.
enum ProbingAttack: String, CaseIterable {
  /// A base, then one row moved at a time: the change in RMSE² gives the row's label.
  case rows = "one row at a time"
  /// One row at a million: RMSE is that row's error alone, whatever the rounding.
  case farOut = "one row far out"
  /// Eight rows a query, moved by powers of 1/37: labels on a grid of 37 steps are the digits of
  /// one exact figure.
  case packed = "eight rows as digits"
  /// Submissions at both ends of the range by chance; every PCC is a linear equation in the labels.
  case linear = "linear system"
  /// Each submission is the last best moved towards labels that would explain all answers so far;
  /// that it was no new best is an answer too.
  case climbing = "climbing"

  /// Estimates of all labels after `budget` queries; a row without any is at the mean of train.
  func run(
    _ board: ProbedBoard, prior: ProbingPrior, budget: Int, seed: UInt64
  ) throws -> [Double] {
    var board = board
    var random = SplitMix64(seed: seed, stream: .simulation)
    let estimates: [Double]
    switch self {
    case .rows: estimates = try Self.rows(&board, prior, budget)
    case .farOut: estimates = try Self.farOut(&board, prior, budget)
    case .packed: estimates = try Self.packed(&board, prior, budget)
    case .linear: estimates = try Self.linear(&board, prior, budget, &random)
    case .climbing: estimates = try Self.climbing(&board, prior, budget, &random)
    }
    return estimates.map { min(7, max(1, $0)) }
  }

  private static func rows(
    _ board: inout ProbedBoard, _ prior: ProbingPrior, _ budget: Int
  ) throws -> [Double] {
    let n = Double(prior.rows)
    var estimates = [Double](repeating: prior.mean, count: prior.rows)
    // Not constant: PCC is defined, so the Ladder takes it as a best.
    let base = (0..<prior.rows).map { $0 % 2 == 0 ? 3.5 : 4.5 }
    guard let start = try board.submit(base)?.rmse else { return estimates }
    for row in 0..<min(prior.rows, budget - 1) {
      var moved = base
      moved[row] = 7
      guard let rmse = try board.submit(moved)?.rmse else { continue }
      let change = n * (rmse * rmse - start * start)
      let (new, old) = (moved[row], base[row])
      estimates[row] = (new * new - old * old - change) / (2 * (new - old))
    }
    return estimates
  }

  private static func farOut(
    _ board: inout ProbedBoard, _ prior: ProbingPrior, _ budget: Int
  ) throws -> [Double] {
    let far = 1e6
    var estimates = [Double](repeating: prior.mean, count: prior.rows)
    for row in 0..<min(prior.rows, budget) {
      var moved = [Double](repeating: 4, count: prior.rows)
      moved[row] = far
      guard let rmse = try board.submit(moved)?.rmse else { continue }
      estimates[row] = far - rmse * Double(prior.rows).squareRoot()
    }
    return estimates
  }

  private static func packed(
    _ board: inout ProbedBoard, _ prior: ProbingPrior, _ budget: Int
  ) throws -> [Double] {
    let (n, width, radix) = (Double(prior.rows), 8, 37.0)
    var estimates = [Double](repeating: prior.mean, count: prior.rows)
    let base = (0..<prior.rows).map { $0 % 2 == 0 ? 3.5 : 4.5 }
    guard let start = try board.submit(base)?.rmse else { return estimates }
    for block in 0..<min((prior.rows + width - 1) / width, budget - 1) {
      let rows = Array((block * width)..<min(prior.rows, (block + 1) * width))
      var moved = base
      for (place, row) in rows.enumerated() { moved[row] += 2.5 * pow(radix, -Double(place)) }
      guard let rmse = try board.submit(moved)?.rmse else { continue }
      // Σ (new - old)·(new + old - 2y) over the block.
      var rest = n * (rmse * rmse - start * start)
      let steps = rows.map { moved[$0] - base[$0] }
      for (row, step) in zip(rows, steps) { rest -= step * (moved[row] + base[row] - 8) }
      // What is left is Σ step·2·(4 - y): the nearest label takes its part, the rest goes on.
      for (row, step) in zip(rows, steps) {
        let wanted = 4 - rest / (2 * step)
        let label = ProbingPrior.levels.min { abs($0 - wanted) < abs($1 - wanted) } ?? prior.mean
        estimates[row] = label
        rest -= step * 2 * (4 - label)
      }
    }
    return estimates
  }

  private static func linear(
    _ board: inout ProbedBoard, _ prior: ProbingPrior, _ budget: Int,
    _ random: inout SplitMix64
  ) throws -> [Double] {
    var belief = Belief(prior, board.roundingError)
    for _ in 0..<budget {
      let submitted = (0..<prior.rows).map { _ in random.uniform() < 0.5 ? 1.0 : 7.0 }
      guard let answer = try board.submit(submitted) else { break }
      belief.take(answer, to: submitted)
    }
    return belief.estimates
  }

  private static func climbing(
    _ board: inout ProbedBoard, _ prior: ProbingPrior, _ budget: Int,
    _ random: inout SplitMix64
  ) throws -> [Double] {
    var belief = Belief(prior, board.roundingError)
    var best: [Double]?
    // Small steps pass the Ladder most often for what they tell: found by trial at 1 and 2 SE.
    let (step, spread) = (0.15, 0.7)
    for _ in 0..<budget {
      let guess = zip(belief.posterior.mean, belief.posterior.draw(&random)).map {
        $0 + spread * ($1 - $0)
      }
      let last = best.map { Standardised($0).unit }
      let root = Double(prior.rows).squareRoot()
      let submitted = guess.indices.map { row -> Double in
        let z = last.map { (1 - step) * $0[row] * root + step * guess[row] } ?? guess[row]
        return min(7, max(1, 4 + 1.5 * z))
      }
      guard let answer = try board.submit(submitted) else { break }
      if let best, let errors = board.guards.ladder {
        belief.take(isNewBest: answer.isNewBest, submitted, over: best, errors: errors)
      }
      belief.take(answer, to: submitted)
      if answer.isNewBest { best = submitted }
    }
    return belief.estimates
  }
}

/// Everything learned from answers in PCC and RMSE.
private struct Belief {
  var posterior: LabelPosterior
  private let prior: ProbingPrior
  private let roundingError: Double
  private var answers: [(submitted: [Double], pcc: Double, rmse: Double)] = []

  init(_ prior: ProbingPrior, _ roundingError: Double) {
    self.prior = prior
    self.roundingError = roundingError
    posterior = LabelPosterior(rows: prior.rows)
  }

  mutating func take(_ answer: ProbedBoard.Answer, to submitted: [Double]) {
    guard let pcc = answer.pcc, let rmse = answer.rmse else { return }
    answers.append((submitted, pcc, rmse))
    let n = Double(prior.rows)
    // Rounding is uniform within its largest error: variance error²/3.
    let noise = max(1e-10, n * roundingError * roundingError / 3)
    posterior.observe(Standardised(submitted).unit, equals: pcc * n.squareRoot(), noise: noise)
  }

  /// That a submission did or did not beat the best by `errors` standard errors, to first order:
  /// the error of Δ·z is √Σ Δ²e², e being the best's residual.
  mutating func take(
    isNewBest: Bool, _ submitted: [Double], over best: [Double], errors: Double
  ) {
    let root = Double(prior.rows).squareRoot()
    let (new, old) = (Standardised(submitted).unit, Standardised(best).unit)
    let change = zip(new, old).map { $0 - $1 }
    let correlation = posterior.expectation(old) / root
    var square = 0.0
    for row in change.indices {
      let residual = posterior.mean[row] - correlation * old[row] * root
      square += change[row] * change[row] * (residual * residual + posterior.variance(row))
    }
    let threshold = errors * square.squareRoot()
    posterior.observe(
      change, exceeds: threshold, is: isNewBest, noise: 0.02 * threshold * threshold)
  }

  var estimates: [Double] {
    let scale = LabelScale.fit(answers, prior: prior, roundingError: roundingError)
    return posterior.mean.map { scale.mean + scale.deviation * $0 }
  }
}
