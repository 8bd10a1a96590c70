import ArgumentParser
import Basics
import Foundation
import Harness
import Server
import Study

/// Where the data home is.
struct DataOptions: ParsableArguments {
  @Option(
    name: .long, help: "The data home. Default: INVITRO_DATA, else ./data.", completion: .directory)
  var data: String?

  var home: DataHome { DataHome(option: data, environment: ProcessInfo.processInfo.environment) }

  /// The server's store, which is made where it does not exist.
  func store() throws -> SubmissionStore { try SubmissionStore(home.submissionStoreURL) }
}

extension DataHome {
  /// That of a command without --data: INVITRO_DATA, else ./data.
  static var usual: DataHome {
    DataHome(option: nil, environment: ProcessInfo.processInfo.environment)
  }
}

/// Which split of which benchmark.
struct SplitOptions: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: "A benchmark's id, such as newsemp24 or one of your own, or a definition's path.",
    completion: Completions.benchmarks)
  var benchmark: String?

  @Option(
    name: [.short, .long], help: "The split. Default: the benchmark's default split.",
    completion: Completions.splits)
  var split: String?

  /// The definition and the split's name.
  func resolve(_ home: DataHome) throws -> (BenchmarkDefinition, String) {
    guard let benchmark else { throw ValidationError("Give a benchmark with --benchmark.") }
    let definition = try home.benchmarks.find(benchmark)
    let split = split ?? definition.defaultSplit
    try definition.checkSplit(split)
    return (definition, split)
  }

  /// The definition and the split's rows.
  func load(_ home: DataHome) throws -> (BenchmarkDefinition, Dataset) {
    let (definition, split) = try resolve(home)
    return (definition, try home.load(definition, split: split))
  }
}

/// What a team says of its system.
struct SystemOptions: ParsableArguments {
  @Option(help: "Name of the system.") var system: String?
  @Option(
    help: "fine-tuned, prompted, ensemble or baseline.",
    completion: .list(["fine-tuned", "prompted", "ensemble", "baseline"]))
  var kind: String?
  @Option(help: "The system in one line.") var description: String?
  @Option(
    help: "JSON file with further fields of submission.json.", completion: Completions.definitions)
  var meta: String?

  /// Fields of submission.json: those of the file, and over them what the options say.
  func fields(_ definition: BenchmarkDefinition, split: String) throws -> [String: Any] {
    var fields = try meta.map { try Documents.object(from: URL(filePath: $0)) } ?? [:]
    fields["system"] = system ?? fields["system"]
    fields["kind"] = kind ?? fields["kind"]
    fields["description"] = description ?? fields["description"]
    (fields["benchmark"], fields["split"]) = (definition.id, split)
    return fields
  }
}

/// Definitions of one's own beside the shipped ones, for commands over many benchmarks.
struct BenchmarkFiles: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: .value(
      "file",
      "Definition of a benchmark that is neither shipped nor in the data home; may be repeated."),
    completion: Completions.definitions)
  var benchmark: [String] = []

  /// Every definition that an entry may name.
  func known(_ home: DataHome) throws -> [BenchmarkDefinition] {
    try home.known(adding: benchmark)
  }
}

extension DataHome {
  /// The benchmarks that commands know here; those that the data home keeps and that cannot be used are
  /// named and left out.
  func known(adding names: [String] = []) throws -> [BenchmarkDefinition] {
    let known = try benchmarks.known(adding: names)
    try warnOfBrokenDefinitions()
    return known
  }

  func warnOfBrokenDefinitions() throws {
    for (id, error) in try benchmarks.kept().broken {
      let first = String(error.description.prefix { $0 != "\n" })
      Console.message(
        "warning: \(id) is left out, its definition is broken: \(first); "
          + "`invitro benchmark check \(id)` lists all that is wrong")
    }
  }
}

/// How a prediction file is read.
struct PredictionOptions: ParsableArguments {
  @Option(
    name: .long,
    help: .value(
      "target=name",
      "Column that holds a target, in a file with a header: for example empathy=score."))
  var column: [String] = []

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

struct JSONOption: ParsableArguments {
  @Flag(help: "Print the result as JSON.") var json = false

  /// Prints `value` as the user wants it.
  func show(_ value: some Encodable, as text: @autoclosure () throws -> String) throws {
    if json { try Console.json(value) } else { Console.print(try text()) }
  }
}

/// Where the data home is, and whether the result is printed as JSON.
struct SharedOptions: ParsableArguments {
  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  var home: DataHome { data.home }
  var json: Bool { output.json }

  func store() throws -> SubmissionStore { try data.store() }

  func show(_ value: some Encodable, as text: @autoclosure () throws -> String) throws {
    try output.show(value, as: text())
  }
}

extension ArgumentHelp {
  /// The help of an option whose value is shown as `name`.
  static func value(_ name: String, _ text: String) -> ArgumentHelp {
    ArgumentHelp(text, valueName: name)
  }
}

/// Folders of submissions, `submissions` where none is named.
func submissionFolders(_ paths: [String]) -> [SubmissionFolder] {
  (paths.isEmpty ? ["submissions"] : paths).map { SubmissionFolder(URL(filePath: $0)) }
}

/// Refuses what the parser cannot: a usage error where `holds` is false.
func require(_ holds: Bool, _ text: @autoclosure () -> String) throws {
  if !holds { throw ValidationError(text()) }
}

/// Whether `text` is a calendar day, or absent.
func isDay(_ text: String?) -> Bool {
  text.map { (try? Date($0, strategy: .iso8601.year().month().day())) != nil } ?? true
}

/// Ends the command with `status` unless `passes`; everything is said by then.
func end(with status: ExitStatus, unless passes: Bool) throws {
  if !passes { throw ExitCode(status.rawValue) }
}

/// What `read` makes of each input; the faults of all of them come at once.
func faultsTogether<Input, Output>(
  _ inputs: [Input], _ read: (Input) throws -> Output
) throws -> [Output] {
  var (outputs, faults): ([Output], [Diagnostic]) = ([], [])
  for input in inputs {
    do {
      outputs.append(try read(input))
    } catch HarnessError.invalid(let found) {
      faults += found
    }
  }
  if !faults.isEmpty { throw HarnessError.invalid(faults) }
  return outputs
}

/// - Throws: ``HarnessError/missing(path:hint:)`` where there is nothing at `path`.
func existing(_ path: String, hint: String) throws -> URL {
  guard FileManager.default.fileExists(atPath: path) else {
    throw HarnessError.missing(path: path, hint: hint)
  }
  return URL(filePath: path)
}

/// Tells a study's mistakes of usage as the parser tells its own.
func checkingUsage(_ check: () throws -> Void) throws {
  do { try check() } catch StudyError.usage(let text) { throw ValidationError(text) }
}

/// The address that a site or a server is known by.
/// - Throws: a usage error where `text` is no http or https address.
func siteAddress(_ text: String?, option: String) throws -> URL? {
  guard let text else { return nil }
  guard let url = URL(string: text), ["http", "https"].contains(url.scheme ?? "") else {
    throw HarnessError.usage("\(option) takes an http or https address, not '\(text)'.")
  }
  return url
}
