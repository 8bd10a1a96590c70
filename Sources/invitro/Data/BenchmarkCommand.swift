import ArgumentParser
import Basics
import Foundation
import Harness
import Metrics
import Report

struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Define benchmarks of your own and look at known ones.",
    discussion: """
        From a file to a definition:  invitro benchmark init turns --from all.csv
        Everything wrong with it:     invitro benchmark check turns --from DIR

      A definition says what the columns of a file mean. init guesses it and keeps it
      in the data home; data import, score, serve and the others then take its id.
      """,
    subcommands: [
      BenchmarkInitCommand.self, BenchmarkCheckCommand.self, BenchmarkListCommand.self,
      BenchmarkShowCommand.self, BenchmarkSchemaCommand.self,
    ])
}

struct BenchmarkCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Say everything that is wrong with a definition or its files.",
    discussion: """
      Each fault is named with the path in the definition or the line of the file,
      all at once. Exits with 65 where there is one.

        Example:  invitro benchmark check turns.json --from files
      """)

  @Argument(
    help: "A definition's path ending in .json, or a benchmark's id.",
    completion: Completions.definitions) var benchmark: String
  @Option(help: .value("dir", "Folder with the files, to check them too."), completion: .directory)
  var from: String?
  @OptionGroup var shared: SharedOptions

  func run() throws {
    var (name, definition, faults) = try shared.home.definition(benchmark)
    if let definition, faults.isEmpty, try BenchmarkRegistry.isTaken(definition) {
      faults.append(
        Diagnostic(
          .metadata, file: name, field: "id", found: definition.id,
          expected: "an id of its own: a shipped benchmark has this one and is defined otherwise"))
    }
    if let definition, faults.isEmpty, let from {
      let folder = URL(filePath: from, directoryHint: .isDirectory)
      faults = try DatasetReader(definition, from: folder).faults(name: name)
    }
    let errors = faults.filter { $0.severity == .error }
    if shared.json {
      try Console.json(faults)
    } else if !errors.isEmpty {
      throw HarnessError.invalid(faults)
    } else {
      FaultListing.show(faults)
      Console.print("\(name): no errors\(from == nil ? "; --from DIR checks its files too" : "")")
    }
    try end(with: .badData, unless: errors.isEmpty)
  }
}

struct BenchmarkListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the shipped benchmarks and your own.")

  @OptionGroup var shared: SharedOptions

  private struct Row: Encodable {
    var id, title: String
    var targets, splits: [String]
    var isOwn, isImported: Bool
  }

  func run() throws {
    let home = shared.home
    let own = try home.benchmarks.kept().definitions
    try home.warnOfBrokenDefinitions()
    let shipped = try BenchmarkRegistry.shipped()
    let rows = try (shipped + own).enumerated().map { place, definition in
      Row(
        id: definition.id, title: definition.title, targets: definition.targetNames,
        splits: definition.splitNames, isOwn: place >= shipped.count,
        isImported: try home.manifest(definition.id) != nil)
    }
    try shared.show(
      rows,
      as: TextTable.text(
        ["id", "title", "targets", "splits", "from", "imported"],
        rows.map {
          [
            $0.id, $0.title, $0.targets.joined(separator: ", "), $0.splits.joined(separator: ", "),
            $0.isOwn ? "own" : "shipped", $0.isImported ? "yes" : "no",
          ]
        }))
  }
}

struct BenchmarkShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show what a benchmark consists of.",
    discussion: "--json prints the definition itself.")

  @Argument(
    help: "A benchmark's id, or the path of a definition ending in .json.",
    completion: Completions.benchmarks)
  var benchmark: String
  @OptionGroup var shared: SharedOptions

  func run() throws {
    let (_, read, faults) = try shared.home.definition(benchmark)
    guard let definition = read, faults.isEmpty else { throw HarnessError.invalid(faults) }
    try shared.show(definition, as: text(definition))
  }

  private func text(_ definition: BenchmarkDefinition) -> String {
    func list(_ names: [String]) -> String {
      names.isEmpty ? "none" : names.joined(separator: ", ")
    }
    let targets = definition.targets.map { "\($0.name) (\($0.low) to \($0.high))" }
    let splits = definition.splits.map { "\($0.name) (\($0.file))" }
    let derived = (definition.derived?.splits ?? []).map(\.name)
    let primary = definition.primary
    return """
      \(definition.title) (\(definition.id))
      \(definition.description)
      licence     \(definition.licence)
      a row is    a row called \(definition.rowNoun)
      targets     \(list(targets))
      ranked by   \(primary.metric.title) of \(primary.target)
      clusters    \(list(definition.clusters))
      attributes  \(list(definition.attributeNames))
      splits      \(list(splits + derived)); \(definition.defaultSplit) where none is named
      """
  }
}

struct BenchmarkSchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema (2020-12) of a definition.")

  func run() throws { FileHandle.standardOutput.write(DefinitionCheck.schema) }
}

extension DataHome {
  /// The definition that `name` names, by path, as kept or as shipped, and what is wrong with it.
  func definition(
    _ name: String
  ) throws -> (name: String, definition: BenchmarkDefinition?, faults: [Diagnostic]) {
    let kept = definitionURL(name)
    let isPath = name.hasSuffix(".json")
    if isPath || FileManager.default.fileExists(atPath: kept.path) {
      let file = try existing(isPath ? name : kept.path, hint: "Check the path.")
      let (read, faults) = DefinitionCheck.read(try Data(contentsOf: file), name: file.relativePath)
      if !isPath, faults.isEmpty,
        let broken = try benchmarks.kept().broken.first(where: { $0.id == name })
      {
        throw broken.error
      }
      return (file.relativePath, read, faults)
    }
    return (name, try benchmarks.find(name), [])
  }
}
