import ArgumentParser
import Foundation
import Harness

/// Where the data home is.
struct DataOptions: ParsableArguments {
  @Option(name: .long, help: "The data home. Default: INVITRO_DATA, else ./data.")
  var data: String?

  var home: DataHome {
    DataHome(option: data, environment: ProcessInfo.processInfo.environment)
  }
}

/// Which split of which benchmark.
struct SplitOptions: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: "newsemp24, newsemp23, newsemp22, newsemp18, sample24, or the path of a definition.")
  var benchmark: String?

  @Option(name: [.short, .long], help: "The split. Default: the benchmark's own.")
  var split: String?

  /// The definition and the split's name.
  func resolve() throws -> (BenchmarkDefinition, String) {
    guard let benchmark else { throw ValidationError("Give a benchmark with --benchmark.") }
    let definition = try BenchmarkRegistry.find(benchmark)
    let split = split ?? definition.defaultSplit
    try definition.checkSplit(split)
    return (definition, split)
  }
}

/// Definitions of one's own beside the shipped ones, for commands over many benchmarks.
struct BenchmarkFiles: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "A benchmark definition of your own, beside the shipped ones; may be repeated.",
      valueName: "file"))
  var benchmark: [String] = []

  /// Every definition that an entry may name.
  func known() throws -> [BenchmarkDefinition] {
    try BenchmarkRegistry.known(adding: benchmark)
  }
}

/// How a prediction file is read.
struct PredictionOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Column of a target in a file with a header, for example empathy=score.",
      valueName: "target=name"))
  var column: [String] = []

  @Flag(help: "Leave out rows without a prediction and say how many, instead of refusing the file.")
  var dropMissing = false
}

struct JSONOption: ParsableArguments {
  @Flag(help: "Print JSON for programs.")
  var json = false
}
