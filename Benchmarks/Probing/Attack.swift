import Basics
import Foundation
import Harness
import Metrics

/// Teams that work together against one board, and what they recover.
struct Attack {
  enum Mode: String, CaseIterable {
    /// The one or two rows whose labels the answer should fix best.
    case rows
    /// The direction in which the labels are least certain.
    case info
    /// Signs by chance in a block of the least certain rows.
    case blocks4 = "blocks-4"
    case blocks12 = "blocks-12"
    /// Directions by chance and a plan of angles made before the first answer.
    case fixed
    /// The first query of each team is one by chance, the others go up from there.
    case lowStart = "low-start"
    /// 20 honest systems whose predictions are known, at the close.
    case closeHonest = "close-honest"
    /// A query of few heavy rows for each team, at the close.
    case closeAdversarial = "close-adversarial"
    /// `rows` while the phase is open, with the team's last query built for the close.
    case openClose = "open+close"
    /// What `rows` tells of the second target.
    case secondTarget = "second-target"
    /// Not an attack: whether the answers of random teams are as few as the bound says.
    case bound

    var isOpenPhase: Bool {
      switch self {
      case .closeHonest, .closeAdversarial, .openClose, .bound: false
      default: true
      }
    }

    /// Modes of a name: `blocks` and `close` stand for both of theirs.
    static func named(_ name: String) throws -> [Mode] {
      let modes = allCases.filter { $0.rawValue == name || $0.rawValue.hasPrefix(name + "-") }
      guard modes.isEmpty else { return modes }
      let names = allCases.map(\.rawValue).joined(separator: ", ")
      throw HarnessError.usage("No mode \(name); the modes are \(names).")
    }
  }

  /// Labels within 0.5 by each decoder, and as many as the posterior expects.
  struct Recovery {
    var found: [Posterior.Decoder: Int]
    var expected: Double
  }

  let mode: Mode
  let seed: UInt64
  let chains: Int
  private var board: HiddenBoard
  private var generator: SplitMix64
  private var answers: [LabelSampler.Answer] = []
  /// Answers that come at the close, after all queries.
  private var closing: [LabelSampler.Answer] = []
  private var heavy: Set<Int> = []
  private var sampler: LabelSampler
  private let planner: QueryPlanner

  init(_ mode: Mode, _ setting: HiddenBoard.Setting, seed: UInt64, teams: Int, chains: Int) throws {
    (self.mode, self.seed, self.chains) = (mode, seed, chains)
    board = try HiddenBoard(setting, seed: seed, teams: teams)
    generator = SplitMix64(seed: seed &+ 77, stream: .simulation)
    sampler = LabelSampler(board, [], chains: chains, sweeps: 80, seed: seed)
    planner = QueryPlanner(sampler, board.grid)
  }

  /// What is recovered after each of `counts` teams; 0 is the honest system alone.
  mutating func run(_ counts: [Int]) throws -> [Int: Recovery] {
    var recoveries: [Int: Recovery] = [:]
    for count in 0...(counts.max() ?? 0) {
      if count > 0 { try play(count - 1) }
      if counts.contains(count) { recoveries[count] = recovery() }
    }
    return recoveries
  }

  private func recovery() -> Recovery {
    let final = LabelSampler(
      board, answers + closing, chains: 3 * chains, sweeps: 200, seed: seed &+ 5)
    let second = mode == .secondTarget
    let posterior = second ? final.posterior.second(board) : final.posterior
    let target = second ? board.second : board.target
    let found = Posterior.Decoder.allCases.map { ($0, target.found(posterior.estimates($0))) }
    return Recovery(
      found: Dictionary(uniqueKeysWithValues: found), expected: posterior.expected)
  }

  private mutating func play(_ team: Int) throws {
    switch mode {
    case .closeHonest:
      // Like the attacker's own, and no more of the labels in it: what is found is the scores' doing.
      closing.append(try board.close(HiddenBoard.mixed(board.honest, 0.85, &generator)))
    case .closeAdversarial: closing.append(try board.close(heavyRows()))
    case .openClose:
      while board.used[team] + 1 < board.submissions { try query(team) }
      let last = heavyRows()
      try learn(board.submit(last, by: team))
      closing.append(try board.close(last))
    default: while board.used[team] < board.submissions { try query(team) }
    }
  }

  private mutating func query(_ team: Int) throws {
    var query = next(team)
    if mode == .lowStart, board.used[team] == 0 { query = chance() }
    if mode == .secondTarget {
      guard try board.hidesSecond(query, chance(), by: team) else {
        throw HarnessError.usage("An answer depends on the predictions of the second target.")
      }
    }
    try learn(board.submit(query, by: team))
  }

  private mutating func learn(_ answer: LabelSampler.Answer) throws {
    answers.append(answer)
    guard mode != .fixed else { return }
    sampler = LabelSampler(
      board, answers, chains: chains, sweeps: 80, seed: seed &+ UInt64(answers.count))
  }

  private mutating func next(_ team: Int) -> [Double] {
    let planner = mode == .fixed ? planner : QueryPlanner(sampler, board.grid)
    let step = board.grid.step
    let reached = board.bests[team].map { 1 + Int((($0 - board.grid.floor) / step).rounded()) }
    let left = board.submissions - board.used[team]
    func plan(_ direction: [Double]) -> QueryPlanner.Plan {
      planner.plan(direction, reached: reached ?? 0, left: left)
    }
    switch mode {
    case .rows, .openClose, .secondTarget:
      let plans = candidates().map { rows, direction in
        let plan = plan(direction)
        return (query: plan.query, gain: planner.gain(plan, rows: rows))
      }
      return plans.max { $0.gain < $1.gain }?.query ?? chance()
    case .info: return plan(planner.widest(&generator)).query
    case .blocks4: return plan(block(of: 4, team)).query
    case .blocks12: return plan(block(of: 12, team)).query
    default: return plan(chance()).query
    }
  }

  private mutating func chance() -> [Double] { board.honest.map { _ in generator.normal() } }

  private func direction(_ weights: [(row: Int, weight: Double)]) -> [Double] {
    var direction = [Double](repeating: 0, count: board.honest.count)
    for (row, weight) in weights { direction[row] = weight }
    return direction
  }

  /// The rows from the least certain on.
  private func order() -> [Int] {
    let deviation = sampler.posterior.deviation
    return deviation.indices.sorted { deviation[$0] > deviation[$1] }
  }

  /// One row, or the sum or difference of two, among the ten least certain.
  private func candidates() -> [(rows: [Int], direction: [Double])] {
    let rows = order().prefix(10)
    return rows.flatMap { one in
      rows.flatMap { two in
        if one == two { return [([one], direction([(one, 1)]))] }
        return [([one, two], direction([(one, 1), (two, one < two ? 1 : -1)]))]
      }
    }
  }

  private mutating func block(of size: Int, _ team: Int) -> [Double] {
    let order = order()
    let start = (answers.count * size) % (order.count - size)
    return direction(
      order[start..<start + size].map { ($0, generator.uniform() < 0.5 ? -1 : 1) })
  }

  /// Three rows that no close has told of, with weights of 1, 1/4 and 1/16: so apart are two decimals'
  /// units and a label's window.
  private mutating func heavyRows() -> [Double] {
    let certainty = sampler.posterior.certainty
    let order = certainty.indices.sorted { certainty[$0] < certainty[$1] }
    let rows = order.filter { !heavy.contains($0) }.prefix(3)
    heavy.formUnion(rows)
    return direction(Array(zip(rows, [1, -0.25, 0.0625])))
  }
}
