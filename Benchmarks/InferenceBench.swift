import Basics
import Foundation
import Metrics

/// `invitro-bench inference [PEER]`: times the inference beside scipy and numpy in one run.
///
/// Without `PEER` (the path of `inference_peer.py`) only our own times are printed.
enum InferenceBench {
  static func run(_ arguments: [String]) {
    if arguments.first == "point-metrics" { return pointMetrics(Array(arguments.dropFirst())) }
    let data = Data83()
    var ours: [String: Double] = [:]
    print("n = 83, 57 clusters, B = 10,000, \(Parallel.processors) threads; best of several runs")
    ours["interval"] = report("one system, percentile, PCC + CCC + RMSE") {
      let system = SystemInference(data.sample, predictions: data.systems[0])
      return system.intervals([.pcc, .ccc, .rmse], method: .percentile).count
    }
    _ = report("one system, BCa, PCC + CCC + RMSE") {
      SystemInference(data.sample, predictions: data.systems[0])
        .intervals([.pcc, .ccc, .rmse], method: .bca).count
    }
    _ = report("one system, studentised, PCC + CCC + RMSE") {
      SystemInference(data.sample, predictions: data.systems[0])
        .intervals([.pcc, .ccc, .rmse], method: .studentised).count
    }
    _ = report("one system, jackknife, PCC + CCC + RMSE") {
      SystemInference(data.sample, predictions: data.systems[0])
        .intervals([.pcc, .ccc, .rmse], method: .jackknife).count
    }
    ours["rows"] = report("one system, percentile, rows as clusters (as scipy does)") {
      SystemInference(ClusteredSample(rows: data.gold), predictions: data.systems[0])
        .intervals([.pcc, .ccc, .rmse], method: .percentile).count
    }
    ours["swap"] = report("one pair, swap permutation, four metrics") {
      SwapTest(
        data.sample, systems: Array(data.systems[..<2]), metrics: [.pcc, .ccc, .rmse, .mae]
      ).replicates
    }
    ours["swapRows"] = report("one pair, swap permutation, rows as clusters (as scipy does)") {
      SwapTest(
        ClusteredSample(rows: data.gold), systems: Array(data.systems[..<2]),
        metrics: [.pcc, .ccc, .rmse, .mae]
      ).replicates
    }
    ours["pairs"] = report("all pairs of 50 systems, studentised, three metrics", runs: 3) {
      SwapTest(data.sample, systems: data.systems, metrics: [.pcc, .ccc, .rmse]).count
    }
    ours["pairsRows"] = report("the same, rows as clusters (as the peers do)", runs: 3) {
      SwapTest(
        ClusteredSample(rows: data.gold), systems: data.systems, metrics: [.pcc, .ccc, .rmse]
      ).count
    }
    growth(data)
    if let peer = arguments.first { compare(peer, ours) }
  }

  /// Cost by number of systems and of resamples.
  private static func growth(_ data: Data83) {
    print("\n| systems | pairs | B | seconds | µs a pair |")
    print("|---:|---:|---:|---:|---:|")
    for (systems, replicates) in [
      (10, 10_000), (50, 10_000), (100, 10_000), (300, 10_000), (50, 1_000), (50, 100_000),
    ] {
      row(data, systems, replicates)
    }
  }

  /// `invitro-bench inference-many [SYSTEMS [B]]`: one line, for time and peak memory from outside.
  static func many(_ arguments: [String]) {
    let numbers = arguments.compactMap { Int($0) }
    row(Data83(), numbers.first ?? 1000, numbers.count > 1 ? numbers[1] : 2000)
    if let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) {
      for line in status.split(separator: "\n") where line.hasPrefix("VmHWM") { print(line) }
    }
  }

  /// `invitro-bench inference point-metrics [ROWS]`: point metrics of two long columns.
  static func pointMetrics(_ arguments: [String]) {
    let rows = arguments.first.flatMap { Int($0) } ?? 1_000_000
    var generator = SplitMix64(seed: 3, stream: .simulation)
    let gold = (0..<rows).map { _ in ((1 + 6 * generator.uniform()) * 1000).rounded() / 1000 }
    let x = gold.map { ((0.5 * $0 + 2 + generator.normal()) * 1e6).rounded() / 1e6 }
    for threads in [1, Parallel.processors] {
      print("\(rows) rows, \(threads) threads")
      _ = report("PCC, CCC, RMSE, MAE", runs: 10) {
        PairedMoments(predictions: x, gold: gold, threads: threads).count
      }
      _ = report("Spearman and Kendall", runs: 5) {
        RankCorrelation(predictions: x, gold: gold, threads: threads).spearman.value == nil ? 0 : 1
      }
    }
  }

  private static func row(_ data: Data83, _ count: Int, _ replicates: Int) {
    let systems = data.more(count)
    let seconds = time {
      SystemsComparison(
        data.sample, systems: systems, options: InferenceOptions(replicates: replicates)
      ).letters().value?.count ?? 0
    }
    let pairs = count * (count - 1) / 2
    print(
      "| \(count) | \(pairs) | \(replicates) | \(shown(seconds)) "
        + "| \(shown(seconds / Double(pairs) * 1e6)) |")
  }

  private static func compare(_ peer: String, _ ours: [String: Double]) {
    guard let theirs = peerTimes(peer) else {
      FileHandle.standardError.write(Data("no times from \(peer)\n".utf8))
      return
    }
    print("\n| task | theirs, ms | ours, ms | ratio | target |")
    print("|---|---:|---:|---:|---:|")
    let lines: [(String, String, String, Double)] = [
      ("intervals of one system: scipy.stats.bootstrap, three metrics", "scipy_boot", "rows", 20),
      ("intervals of one system: numpy count matrix", "numpy_counts", "rows", 4),
      (
        "swap test of one pair: scipy.stats.permutation_test, one metric (ours four)",
        "scipy_perm", "swapRows", 30
      ),
      (
        "all pairs of 50: scipy.stats.permutation_test, three metrics", "scipy_pairs", "pairsRows",
        500
      ),
      (
        "all pairs of 50, studentised: numpy, each row left out, three metrics",
        "numpy_delete_one", "pairsRows", 5
      ),
      (
        "all pairs of 50, studentised: numpy, the same products, three metrics",
        "numpy_products", "pairsRows", 2
      ),
    ]
    for (title, their, our, target) in lines {
      guard let a = theirs[their], let b = ours[our] else { continue }
      print(
        "| \(title) | \(shown(a)) | \(shown(b * 1e3)) | \(shown(a / (b * 1e3))) | \(shown(target)) |"
      )
    }
  }

  private static func peerTimes(_ script: String) -> [String: Double]? {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", script]
    let pipe = Pipe()
    process.standardOutput = pipe
    guard (try? process.run()) != nil else { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try? JSONDecoder().decode([String: Double].self, from: data)
  }

  /// Best time of several runs, in seconds, printed in milliseconds.
  private static func report(_ title: String, runs: Int = 20, _ body: () -> Int) -> Double {
    _ = time(body)
    let best = (0..<runs).map { _ in time(body) }.min() ?? 0
    print("\(shown(best * 1e3)) ms  \(title)")
    return best
  }

  private static func time(_ body: () -> Int) -> Double {
    let start = ContinuousClock.now
    let result = body()
    let elapsed = ContinuousClock.now - start
    precondition(result >= 0)
    return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
  }

  static func shown(_ value: Double) -> String {
    String(format: value < 10 ? "%.3f" : "%.1f", value)
  }
}

/// 83 rows of 57 persons and systems of rising quality, seeded.
struct Data83 {
  let gold: [Double]
  let sample: ClusteredSample
  let systems: [[Double]]

  init() {
    var world = SimulatedWorld(seed: 7)
    world.withinPerson = 0.4
    let rows = world.draw()
    (gold, sample) = (rows.gold, rows.sample)
    systems = Self.predictions(gold, 50)
  }

  func more(_ count: Int) -> [[Double]] { Self.predictions(gold, count) }

  private static func predictions(_ gold: [Double], _ count: Int) -> [[Double]] {
    var generator = SplitMix64(seed: 11, stream: .simulation)
    return (0..<count).map { number in
      let slope = 0.3 + 0.3 * Double(number) / Double(count)
      return gold.map { max(1, min(7, slope * $0 + 2.2 + 1.2 * generator.normal())) }
    }
  }
}
