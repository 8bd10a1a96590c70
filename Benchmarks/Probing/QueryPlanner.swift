import Basics
import Foundation
import Harness
import Metrics

/// Chooses a query between the posterior mean and a direction of the label space: cos θ · mean +
/// sin θ · direction. θ decides which grid values may be reached. By dynamic programming over the value
/// reached and the queries left, it is the angle whose answers, this one and those to come, are
/// expected to tell most bits.
struct QueryPlanner {
  struct Plan {
    let query: [Double]
    /// The answer that each draw would give: the number of values reached.
    let answers: [Int]
  }

  /// The values that may be shown.
  private let values: [Double]
  private let mean: [Double]
  private let labels: [[Double]]
  /// The draws, centred and of length 1.
  private let draws: [[Double]]
  private let meanPCC: [Double]
  private static let angles = (0...20).map { Double($0) * .pi / 40 }

  init(_ sampler: LabelSampler, _ grid: ReleaseGrid) {
    values = (0..<grid.levels).map { grid.floor + Double($0) * grid.step }
    let mean = HiddenBoard.unit(sampler.posterior.mean)
    labels = sampler.draws
    draws = labels.map(HiddenBoard.unit)
    meanPCC = draws.map { HiddenBoard.dot($0, mean) }
    self.mean = mean
  }

  /// - Parameter reached: how many of the values have been reached.
  func plan(_ direction: [Double], reached: Int, left: Int) -> Plan {
    // The part of the direction that the mean does not share.
    let unit = HiddenBoard.unit(direction)
    let shared = HiddenBoard.dot(unit, mean)
    let rest = max(1e-9, 1 - shared * shared).squareRoot()
    let other = zip(unit, mean).map { ($0 - shared * $1) / rest }
    let otherPCC = zip(draws, meanPCC).map { draw, mean in
      (direction.indices.reduce(0) { $0 + (unit[$1] == 0 ? 0 : unit[$1] * draw[$1]) }
        - shared * mean) / rest
    }
    let pccs = Self.angles.map { angle in
      zip(meanPCC, otherPCC).map { cos(angle) * $0 + sin(angle) * $1 }
    }
    let angle = bestAngle(pccs.map(reaching), reached: reached, left: left)
    let answers = pccs[angle].map { pcc in max(reached, values.count { $0 <= pcc }) }
    let (c, s) = (cos(Self.angles[angle]), sin(Self.angles[angle]))
    return Plan(query: zip(mean, other).map { c * $0 + s * $1 }, answers: answers)
  }

  /// How likely a query with these PCCs in the draws is to reach each value; they are taken as normal.
  private func reaching(_ pccs: [Double]) -> [Double] {
    let mean = pccs.reduce(0, +) / Double(pccs.count)
    let variance = pccs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(pccs.count)
    let scale = max(1e-6, variance.squareRoot())
    return values.map { Distributions.normalCDF((mean - $0) / scale) }
  }

  /// The angle whose answers, with those of the later queries, tell most bits as expected.
  /// - Parameter reaching: by angle, the probability of reaching each value.
  private func bestAngle(_ reaching: [[Double]], reached: Int, left: Int) -> Int {
    let m = values.count
    func surprise(_ p: Double) -> Double { p > 1e-12 ? -p * log2(p) : 0 }
    // shares[angle][j]: that j values are reached and no more.
    let shares = reaching.map { tail in
      [0] + tail.indices.map { max(0, tail[$0] - ($0 + 1 < m ? tail[$0 + 1] : 0)) }
    }
    let surprises = shares.map { $0.map(surprise) }
    // The best angle after `value` values; ahead[j]: bits of the later queries after j values.
    func best(_ value: Int, _ ahead: [Double]) -> (angle: Int, bits: Double) {
      let bits = shares.indices.map { angle in
        let stays = value < m ? 1 - reaching[angle][value] : 1
        return (value + 1..<m + 1).reduce(surprise(stays) + stays * ahead[value]) {
          $0 + surprises[angle][$1] + shares[angle][$1] * ahead[$1]
        }
      }
      let angle = bits.indices.max { bits[$0] < bits[$1] } ?? 0
      return (angle, bits[angle])
    }
    var ahead = [Double](repeating: 0, count: m + 1)
    for _ in 1..<max(1, left) { ahead = (0...m).map { best($0, ahead).bits } }
    return best(reached, ahead).angle
  }

  /// How many more labels of `rows` the window would catch after the plan's answer, as expected.
  func gain(_ plan: Plan, rows: [Int]) -> Double {
    rows.reduce(0) { total, row in
      var counts = [[Double]](
        repeating: [Double](repeating: 0, count: 37), count: values.count + 1)
      for (draw, answer) in zip(labels, plan.answers) {
        counts[answer][Int(((draw[row] - 1) * 6).rounded())] += 1
      }
      let all = counts[0].indices.map { level in counts.reduce(0) { $0 + $1[level] } }
      let apart = counts.reduce(0) { $0 + Posterior.certainty($1) }
      return total + (apart - Posterior.certainty(all)) / Double(labels.count)
    }
  }

  /// The direction in which the draws differ most from their mean: the first principal component.
  func widest(_ generator: inout SplitMix64) -> [Double] {
    let centre = mean.indices.map { row in
      draws.reduce(0) { $0 + $1[row] } / Double(draws.count)
    }
    let spread = draws.map { zip($0, centre).map { $0 - $1 } }
    var direction = HiddenBoard.unit(centre.map { _ in generator.normal() })
    for _ in 0..<30 {
      var next = [Double](repeating: 0, count: direction.count)
      for draw in spread {
        let weight = HiddenBoard.dot(draw, direction)
        for row in next.indices { next[row] += weight * draw[row] }
      }
      direction = HiddenBoard.unit(next)
    }
    return direction
  }
}
