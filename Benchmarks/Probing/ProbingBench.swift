import Basics
import Foundation
import Harness
import Metrics

/// `invitro-bench probing`: how many hidden labels a strong attacker recovers, as markdown for
/// docs/explanation/probing.md. It fails where three teams get over 6 labels more than the honest
/// system alone while a phase is open, and where the answers are more than the bound allows.
package enum ProbingBench {
  package static let usage = """
    probing [--mode M,…] [--teams N,…] [--golds N] [--seed N] [--floor F] [--step S] [--chains N]
    """

  private struct Options {
    var modes = Attack.Mode.allCases
    var teams: [Int]?
    var golds = 6
    var seed: UInt64 = 1
    var chains = 80
    var setting = HiddenBoard.Setting()

    init(_ arguments: [String]) throws {
      func read<Value>(_ text: String, _ make: (String) -> Value?) throws -> Value {
        if let value = make(text) { return value }
        throw HarnessError.usage("\(text): found where a number was expected; \(usage)")
      }
      func count(_ text: String) throws -> Int {
        try read(text) { Int($0).flatMap { $0 > 0 ? $0 : nil } }
      }
      var rest = arguments[...]
      while let name = rest.popFirst() {
        guard let text = rest.popFirst() else { throw HarnessError.usage(usage) }
        let parts = text.split(separator: ",").map(String.init)
        switch name {
        case "--mode": modes = try parts.flatMap(Attack.Mode.named)
        case "--teams": teams = try parts.map(count)
        case "--golds": golds = try count(text)
        case "--seed": seed = try read(text, UInt64.init)
        case "--chains": chains = try count(text)
        case "--floor": setting.floor = try read(text, Double.init)
        case "--step":
          setting.step = try read(text) { Double($0).flatMap { $0 > 0 ? $0 : nil } }
        default: throw HarnessError.usage("\(name) is no option; \(usage)")
        }
      }
    }

    /// Close modes without an open phase are cheap and go on to 20 teams.
    func counts(_ mode: Attack.Mode) -> [Int] {
      let closes = mode == .closeHonest || mode == .closeAdversarial
      return [0] + (teams ?? [1, 3, 5, 10] + (closes ? [20] : []))
    }
  }

  package static func run(_ arguments: [String]) throws {
    let options = try Options(arguments)
    let board = try HiddenBoard(options.setting, seed: options.seed, teams: 1)
    let bits = Rounding.text(board.grid.bits(submissions: board.submissions), decimals: 1)
    print(
      "\(board.target.gold.count) labels, \(options.golds) label vectors from seed \(options.seed), "
        + "grid \(board.grid.step) from \(board.grid.floor), \(board.submissions) submissions a "
        + "team: at most \(bits) bits a team. Labels within 0.5 by the best window, means; what the "
        + "attacker expects in brackets.\n")
    let modes = options.modes.filter { $0 != .bound }
    let jobs = modes.flatMap { mode in
      (0..<UInt64(options.golds)).map { (mode: mode, seed: options.seed &+ $0) }
    }
    let runs = try Parallel.map(jobs) { job in
      let counts = options.counts(job.mode)
      var attack = try Attack(
        job.mode, options.setting, seed: job.seed, teams: counts.max() ?? 0,
        chains: options.chains)
      return try attack.run(counts)
    }
    let results = Dictionary(grouping: zip(jobs, runs), by: { $0.0.mode }).mapValues {
      $0.map(\.1)
    }
    printTable(modes, results, counts: Set(modes.flatMap(options.counts)).sorted())
    if options.modes.contains(.bound) { try bound(options) }
    try judge(results)
  }

  private static func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(values.count)
  }

  private static func text(_ value: Double) -> String { Rounding.text(value, decimals: 1) }

  private typealias Results = [Attack.Mode: [[Int: Attack.Recovery]]]

  private static func printTable(_ modes: [Attack.Mode], _ results: Results, counts: [Int]) {
    guard !modes.isEmpty else { return }
    let titles = counts.map { $0 == 0 ? "no query" : $0 == 1 ? "1 team" : "\($0)" }
    print("| attack | \(titles.joined(separator: " | ")) |")
    print("|---|" + counts.map { _ in "---:|" }.joined())
    for mode in modes {
      let cells = counts.map { count in
        let all = (results[mode] ?? []).compactMap { $0[count] }
        guard !all.isEmpty else { return "–" }
        let found = mean(all.map { Double($0.found[.window] ?? 0) })
        return "\(text(found)) (\(text(mean(all.map(\.expected)))))"
      }
      print("| \(mode.rawValue) | \(cells.joined(separator: " | ")) |")
    }
    print("")
  }

  /// The most that an open-phase attack, by each decoder, gains on the honest system by the window.
  private static func judge(_ results: Results) throws {
    let attacks = results.filter { $0.key.isOpenPhase && $0.key != .secondTarget }.values
    func found(_ runs: [[Int: Attack.Recovery]], _ count: Int, _ by: Posterior.Decoder) -> Double? {
      let all = runs.compactMap { $0[count]?.found[by] }
      return all.isEmpty ? nil : mean(all.map(Double.init))
    }
    func most(_ count: Int, _ decoder: Posterior.Decoder) -> Double? {
      attacks.compactMap { found($0, count, decoder) }.max()
    }
    guard let honest = most(0, .window) else { return }
    print("| most gained by | 1 team | 3 | 5 | 10 |\n|---|---:|---:|---:|---:|")
    var worst: [Int: Double] = [:]
    for decoder in Posterior.Decoder.allCases {
      let cells = [1, 3, 5, 10].map { count in
        guard let gain = most(count, decoder).map({ $0 - honest }) else { return "–" }
        worst[count] = max(gain, worst[count] ?? gain)
        return text(gain)
      }
      print("| \(decoder.rawValue) | \(cells.joined(separator: " | ")) |")
    }
    if let five = worst[5] {
      print("\nThe goal for five teams, at most 10, is \(five <= 10 ? "met" : "missed").")
    }
    if let three = worst[3], three > 6 {
      throw HarnessError.usage(
        "Three teams recover \(text(three)) labels more than the honest system, expected at most 6."
      )
    }
  }

  /// Random teams, whose queries have all PCCs from -1 to 1: how many sequences of answers they get.
  private static func bound(_ options: Options) throws {
    let (queries, teams) = (3, 500)
    var board = try HiddenBoard(options.setting, seed: options.seed, teams: teams)
    var generator = SplitMix64(seed: options.seed, stream: .simulation)
    var seen: Set<[Double]> = []
    for team in 0..<teams {
      var answers: [Double] = []
      for _ in 0..<queries {
        let r = min(1, 1.2 * generator.uniform())
        let query = HiddenBoard.mixed(board.target.gold, r, &generator)
        _ = try board.submit(query, by: team)
        answers.append(board.bests[team] ?? -1)
      }
      seen.insert(answers)
    }
    let most = exp2(board.grid.bits(submissions: queries)).rounded()
    print(
      "bound: \(teams) random teams with \(queries) queries get \(seen.count) different sequences "
        + "of answers, of at most \(Int(most)).\n")
    guard Double(seen.count) <= most else {
      throw HarnessError.usage("More sequences of answers than the bound allows.")
    }
  }
}
