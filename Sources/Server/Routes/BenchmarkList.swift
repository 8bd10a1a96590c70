import Foundation
import Harness

/// The benchmarks of the program, and the phases of their boards.
struct BenchmarkList: Encodable {
  let schema = 1
  var benchmarks: [Benchmark]

  struct Benchmark: Encodable {
    var id: String
    var title: String
    var description: String
    var licence: String
    var source: String
    var targets: [Target]
    var primary: BenchmarkDefinition.PrimaryMetric
    var splits: [Split]
  }

  struct Split: Encodable {
    var name: String
    var rows: Int?
    /// Absent where the board takes no submissions.
    var phase: Phase?
  }

  init(_ definitions: [BenchmarkDefinition], _ phases: [Phase]) {
    let known = Dictionary(phases.map { ($0.board, $0) }) { _, last in last }
    benchmarks = definitions.map { definition in
      Benchmark(
        id: definition.id, title: definition.title, description: definition.description,
        licence: definition.licence, source: definition.source, targets: definition.targets,
        primary: definition.primary,
        splits: definition.splitNames.map { name in
          Split(
            name: name, rows: definition.expectedRows(name),
            phase: known[BoardKey(benchmark: definition.id, split: name)])
        })
    }
  }
}
