import ArgumentParser
import Foundation
import Glibc
import Harness

struct BenchmarkInitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Write a benchmark's definition from its file.",
    discussion: """
      Reads CSV, TSV or JSON lines, guesses what the columns are, and writes
      <data home>/NAME/benchmark.json with a guide beside it that says what was
      guessed and why. What an option gives is not guessed. On a terminal it asks for
      what cannot be guessed.

        Example:  invitro benchmark init turns --from all.csv --id turn
                    --target valence:0:10 --cluster conversation
                    --split 80/10/10 --by conversation
      """)

  @Argument(help: "The benchmark's id: lower-case letters, digits and -.") var name: String
  @Option(
    help: .value("file", "CSV, TSV or JSON lines with a row a line."),
    completion: Completions.tables) var from: String?
  @OptionGroup var draft: DraftOptions
  @Flag(help: "Replace a definition that is kept already.") var replace = false
  @OptionGroup var shared: SharedOptions

  func run() throws {
    guard let from = from ?? DraftOptions.ask("Which file holds the rows?") else {
      throw ValidationError("Give the file with the rows: --from FILE.")
    }
    let request = try draft.request(name, file: existing(from, hint: "Check --from."))
    let made = try DefinitionDraft(request)
    let (definition, guide) = try shared.home.keep(made, of: request, replacing: replace)
    draft.show(made)
    let folder = request.file.deletingLastPathComponent().relativePath
    try shared.show(
      made.definition,
      as: """
        \(definition.relativePath)
        \(guide.relativePath): what was guessed, and what comes next
        next: invitro data import \(name) --from \(folder)
        """)
  }
}

/// What is said of a definition that is made from a file.
struct DraftOptions: ParsableArguments {
  @Option(help: .value("column", "Column of a row's id; several make one together."))
  var id: [String] = []
  @Option(
    help: .value("target", "Column of labels, COLUMN:LOW:HIGH or NAME=COLUMN:LOW:HIGH; repeatable.")
  )
  var target: [String] = []
  @Option(help: .value("column", "Cluster column, the main one first; at most two."))
  var cluster: [String] = []
  @Option(help: .value("column", "Attribute that makes groups; repeatable."))
  var attribute: [String] = []
  @Option(help: .value("column", "Column of texts.")) var text: String?
  @Option(help: .value("noun", "What a row is called: essay, turn, person.")) var rowNoun: String?
  @Option(help: .value("target:metric", "What boards rank by; average for all targets."))
  var primary: String?
  @Option(help: .value("column", "Column that names each row's split.")) var splitColumn: String?
  @Option(help: .value("shares", "Splits by a stable hash, such as 80/10/10.")) var split: String?
  @Option(help: .value("cluster", "Cluster that keeps together in them. Default: the main one."))
  var by: String?
  @Option(help: "The benchmark's title.") var title: String?
  @Option(help: "Licence of the data.") var licence: String?

  /// The request for a definition from `file`; on a terminal it asks for what cannot be guessed.
  func request(_ name: String, file: URL) throws -> DraftRequest {
    var request = DraftRequest(name: name, file: file)
    (request.ids, request.targets) = (id, target)
    (request.clusters, request.attributes, request.text) = (cluster, attribute, text)
    (request.rowNoun, request.primary, request.splitColumn) = (rowNoun, primary, splitColumn)
    (request.shares, request.by) = (split, by)
    (request.title, request.licence) = (title, licence)
    for question in try DefinitionDraft.questions(request) {
      guard let answer = Self.ask(question.text) else { continue }
      request[keyPath: question.answer] = question.parts(of: answer)
    }
    return request
  }

  /// Says what each column was taken for.
  func show(_ draft: DefinitionDraft) {
    for column in draft.columns {
      Console.message("\(column.name): \(column.role) (\(column.why))")
    }
    for remark in draft.remarks { Console.message(remark) }
  }

  /// The answer from a terminal; nil where there is none.
  static func ask(_ question: String) -> String? {
    guard isatty(STDIN_FILENO) == 1 else { return nil }
    Console.message(question)
    guard let answer = readLine(), !answer.isEmpty else { return nil }
    return answer
  }
}
