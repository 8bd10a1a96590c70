import ArgumentParser
import Basics
import Foundation
import Harness
import Reference
import Study

struct LabelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "label",
    abstract: "Label the essays of a split with a language model on an OpenAI-compatible server.",
    discussion: """
      The API key is read from the environment variable that --key-variable names and
      is never written anywhere. Every answer is synced to the journal before it
      counts, so an interrupted run continues where it stopped and pays for nothing
      twice. If an answer cannot be parsed, the question is asked once more; then the
      essay stays without a label. The table holds the ids and llm_TARGET; --items
      writes a table with the six scores, the SD over samples and the counts.

      List prices of gpt-4o, gpt-4o-mini, llama-3.3-70b-versatile and llama3-70b-8192
      (Groq) are built in, as of \(Prices.builtInMonth). --prices FILE, such as
      {"MODEL": {"prompt": 2.5, "answer": 10}} in dollars per million tokens,
      overrides them. Without a price the cost is unknown. --dry-run estimates the
      number of tokens (four bytes each).

      The essays are sent to the server: check the data's licence first.

      Example:
        invitro label --benchmark newsemp18 --split test --base-url http://localhost:11434/v1 \\
          --model llama3:70b --journal llama.jsonl --out llama.tsv --dry-run
      """)

  @OptionGroup var split: SplitOptions
  @OptionGroup var server: ChatServerOptions
  @OptionGroup var asking: AskingOptions

  @Option(
    help: ArgumentHelp("File to which every answer is appended, as JSON lines.", valueName: "file"))
  var journal: String

  @Option(help: ArgumentHelp("File for the labels, TSV.", valueName: "file"))
  var out: String

  @Option(help: ArgumentHelp("File for the labels with the six scores, TSV.", valueName: "file"))
  var items: String?

  @Flag(help: "Show the prompt and what a run would ask and cost, and send nothing.")
  var dryRun = false

  @Flag(help: "With --dry-run, show the first essay in its prompt.")
  var showText = false

  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func run() async throws {
    let (definition, name) = try split.resolve()
    let dataset = try data.home.load(definition, split: name)
    let essays = dataset.rows.map { UnlabelledEssay(id: $0.id, text: $0.text) }
    let prompt = try asking.chosenPrompt()
    let prices = try asking.chosenPrices(of: server.model)
    if try asking.usesBuiltInPrice(of: server.model) {
      Console.message(
        "Price of \(server.model): list price of \(Prices.builtInMonth) or earlier; --prices "
          + "overrides it.")
    }
    let labeller = try Labeller(
      client: ChatClient(
        server.endpoint(withKey: !dryRun), connections: asking.concurrency),
      prompt: prompt, options: asking.labellerOptions(), prices: prices)
    if dryRun { return try await show(labeller, essays) }
    if !definition.open, !server.isLocal {
      Console.message(
        "The essays go to \(server.baseURL). Licence of \(definition.id): \(definition.licence)")
    }
    try AtomicFile.createFolder(URL(filePath: journal).deletingLastPathComponent())
    let answers = try Journal(URL(filePath: journal))
    if answers.wasTruncated {
      Console.message("\(journal): an unfinished last line was cut off")
    }
    let display = LabellingDisplay()
    let result = try await labeller.run(essays, journal: answers) { display.show($0) }
    try write(result, prompt, definition, RatedSplit.idColumns(definition, split: name))
    let report = LabellingReport(result, prompt: prompt, model: server.model)
    if output.json { try Console.json(report) } else { Console.print(report.text) }
    for failure in result.failures.prefix(5) {
      Console.message("\(failure.id): \(failure.error.description)")
    }
    if !result.failures.isEmpty { throw ExitCode(ExitStatus.unavailable.rawValue) }
    if result.notAsked > 0 { throw ExitCode(ExitStatus.checkFailed.rawValue) }
  }

  private func write(
    _ result: LabellingResult, _ prompt: RatingPrompt, _ definition: BenchmarkDefinition,
    _ idColumns: [String]
  ) throws {
    let parts = result.labels.map {
      $0.id.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    }
    let fits = parts.allSatisfy { $0.count == idColumns.count }
    let columns = fits ? idColumns : ["id"]
    let ids = fits ? parts : result.labels.map { [$0.id] }
    try AtomicFile.createFolder(URL(filePath: out).deletingLastPathComponent())
    let column = "llm_\(definition.primary.target)"
    try LabelTable(result.labels, column: column, idColumns: columns, ids: ids)
      .write(to: URL(filePath: out))
    if let items {
      try AtomicFile.createFolder(URL(filePath: items).deletingLastPathComponent())
      try LabelTable(
        result.labels, column: column, idColumns: columns, ids: ids, items: prompt.items
      ).write(to: URL(filePath: items))
    }
    let labelled = result.labels.count { $0.label != nil }
    Console.message("\(labelled) labels for \(result.labels.count) essays in \(out)")
  }

  private func show(_ labeller: Labeller, _ essays: [UnlabelledEssay]) async throws {
    let exists = FileManager.default.fileExists(atPath: journal)
    let plan = await labeller.plan(
      essays, journalled: exists ? try Journal.entries(of: URL(filePath: journal)) : [])
    let report = LabellingPlanReport(
      plan, prompt: labeller.prompt, model: server.model, showText: showText)
    if output.json { return try Console.json(report) }
    Console.print(report.text)
  }
}
