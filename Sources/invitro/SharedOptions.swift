import ArgumentParser
import Foundation
import Harness
import Study

/// Where the data home is.
struct DataOptions: ParsableArguments {
  @Option(name: .long, help: "The data home. Default: INVITRO_DATA, else ./data.") var data: String?

  var home: DataHome { DataHome(option: data, environment: ProcessInfo.processInfo.environment) }
}

/// Which split of which benchmark.
struct SplitOptions: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: "A benchmark's name, such as newsemp24, newsemp18 or sample24, or a definition's path.")
  var benchmark: String?

  @Option(name: [.short, .long], help: "The split. Default: the benchmark's default split.")
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

/// What a team says of its system.
struct SystemOptions: ParsableArguments {
  @Option(help: "Name of the system.") var system: String?
  @Option(help: "fine-tuned, prompted, ensemble or baseline.") var kind: String?
  @Option(help: "The system in one line.") var description: String?
  @Option(help: "JSON file with further fields of submission.json.") var meta: String?

  /// Fields of submission.json: those of the file, and over them what the options say.
  func fields(_ definition: BenchmarkDefinition, split: String) throws -> [String: Any] {
    var fields = try meta.map { try Documents.object(from: URL(filePath: $0)) } ?? [:]
    for (key, value) in [("system", system), ("kind", kind), ("description", description)] {
      if let value { fields[key] = value }
    }
    fields["benchmark"] = definition.id
    fields["split"] = split
    return fields
  }
}

/// Definitions of one's own beside the shipped ones, for commands over many benchmarks.
struct BenchmarkFiles: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: .init(
      "Definition of a benchmark of your own, in addition to the shipped ones; may be repeated.",
      valueName: "file")) var benchmark: [String] = []

  /// Every definition that an entry may name.
  func known() throws -> [BenchmarkDefinition] { try BenchmarkRegistry.known(adding: benchmark) }
}

/// How a prediction file is read.
struct PredictionOptions: ParsableArguments {
  @Option(
    name: .long,
    help: .init(
      "Column that holds a target, in a file with a header: for example empathy=score.",
      valueName: "target=name")) var column: [String] = []

  @Flag(
    help: "Drop rows without a prediction and report their number, instead of refusing the file.")
  var dropMissing = false

  /// The columns that were named, by target.
  func columns(_ definition: BenchmarkDefinition) throws -> TargetTable<String> {
    try PredictionColumns.parse(column, targets: definition.targetNames)
  }

  func reader(_ definition: BenchmarkDefinition, _ dataset: Dataset) throws -> PredictionReader {
    PredictionReader(
      definition, dataset: dataset, columns: try columns(definition), dropMissing: dropMissing)
  }
}

struct JSONOption: ParsableArguments { @Flag(help: "Print the result as JSON.") var json = false }

/// What a command's `validate()` does, with a study's mistakes of usage told as the parser tells
/// its own: it would take another error for a failure.
func checkingUsage(_ check: () throws -> Void) throws {
  do { try check() } catch StudyError.usage(let text) { throw ValidationError(text) }
}

/// The address that a site or a server is known by.
enum SiteAddress {
  /// - Throws: a usage error where `text` is no http or https address.
  static func parse(_ text: String?, option: String) throws -> URL? {
    guard let text else { return nil }
    guard let url = URL(string: text), ["http", "https"].contains(url.scheme ?? "") else {
      throw HarnessError.usage("\(option) takes an http or https address, not '\(text)'.")
    }
    return url
  }
}
