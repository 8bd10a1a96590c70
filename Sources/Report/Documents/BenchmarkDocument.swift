import Harness

/// `benchmark.json`: what a benchmark's page shows, for programs.
struct BenchmarkDocument: Encodable {
  let schema = 1
  var benchmark: BenchmarkDefinition
  /// Sizes, labels and groups of the splits that were at hand, by name.
  var splits: [DatasetStatistics.SplitStatistics]

  init(_ benchmark: BenchmarkDefinition, _ boards: [Board]) {
    self.benchmark = benchmark
    splits = benchmark.splitNames.compactMap { name in
      boards.first { $0.split == name }?.labels
    }
  }
}
