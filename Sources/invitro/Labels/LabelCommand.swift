import ArgumentParser
import Basics
import Foundation
import Harness
import Reference
import Report
import Study
import Synchronization

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

      --prompt paper-scale-aware and paper-plain send what the authors of arXiv
      2501.00691 sent, read from their own file (invitro data fetch llmpathy). The
      table's manifest and the journal name the prompt and the settings.

      --batch submits the questions as a batch (OpenAI, Groq) at half the price and
      waits for it, up to a day. Ctrl-C leaves the batch running; the same command
      continues. --response-format json_schema asks for an object with a number for
      each item within the range, from servers that know structured outputs; one that
      takes a schema as json_object alone (llama-cpp-python) gets it so. Thoughts in
      <think> tags and JSON answers are understood anyway.

      A web page at the address ends the run at the first answer, and so does a
      redirect, which is told and not followed. --give-up-after unreadable answers
      in a row end it with exit code 1 and the last answer.

      The essays are sent to the server: check the data's licence first.

      Example:
        invitro label -b newsemp18 -s test --base-url http://localhost:11434/v1 \\
          --model llama3:70b --journal llama.jsonl --out llama.tsv --dry-run
      """)

  @OptionGroup var split: SplitOptions
  @OptionGroup var server: ChatServerOptions
  @OptionGroup var asking: AskingOptions

  @Option(
    help: .value("file", "File to which every answer is appended, as JSON lines."),
    completion: .file())
  var journal: String

  @Option(help: .value("file", "File for the labels, TSV."), completion: .file()) var out: String

  @Option(
    help: .value("file", "File for the labels with the six scores, TSV."), completion: .file())
  var items: String?

  @Flag(help: "Show the prompt and what a run would ask and cost, and send nothing.")
  var dryRun = false

  @Flag(help: "With --dry-run, show the first essay in its prompt.") var showText = false

  @OptionGroup var shared: SharedOptions

  func run() async throws {
    let (definition, dataset) = try split.load(shared.home)
    let essays = dataset.rows.map { UnlabelledEssay(id: $0.id, text: $0.text) }
    let prompt = try asking.chosenPrompt(of: definition, in: shared.home)
    let (prices, isBuiltIn) = try asking.chosenPrices(of: server.model)
    if isBuiltIn {
      Console.message(
        "Price of \(server.model): list price of \(Prices.builtInMonth) or earlier; --prices "
          + "overrides it.")
    }
    let labeller = try Labeller(
      client: ChatClient(
        server.endpoint(withKey: !dryRun, role: asking.role(at:), settings: asking.settings.chosen),
        connections: asking.concurrency),
      prompt: prompt, options: asking.labellerOptions(), prices: prices)
    if dryRun { return try await show(labeller, essays) }
    if !definition.open, !server.isLocal {
      Console.message(
        "The essays go to \(server.baseUrl). Licence of \(definition.id): \(definition.licence)")
    }
    try AtomicFile.createFolder(URL(filePath: journal).deletingLastPathComponent())
    let answers = try Journal(URL(filePath: journal))
    if answers.wasTruncated { Console.message("\(journal): an unfinished last line was cut off") }
    let result = try await label(essays, with: labeller, journal: answers)
    try result.write(
      to: URL(filePath: out), items: items.map { URL(filePath: $0) },
      column: "llm_\(definition.mainTarget)",
      idColumns: RatedSplit.idColumns(definition, split: dataset.split), prompt: prompt)
    let report = LabellingReport(
      result, prompt: prompt, model: server.model, settings: asking.settings.chosen)
    try result.write(report, beside: URL(filePath: out))
    Console.message("\(report.labelled) labels for \(report.essays) essays in \(out)")
    try shared.show(report, as: report.text)
    try finish(result, labelled: report.labelled)
  }

  private func label(_ essays: [UnlabelledEssay], with labeller: Labeller, journal: Journal)
    async throws -> LabellingResult
  {
    if asking.batch {
      return try await labeller.runInBatches(essays, journal: journal) { Self.tell($0) }
    }
    let display = LabellingDisplay()
    return try await labeller.run(essays, journal: journal) { display.show($0) }
  }

  private static func tell(_ progress: BatchProgress) {
    switch progress {
    case .submitted(let id, let questions):
      Console.message(
        "Batch \(id) of \(questions) questions is at the server, for up to 24 hours. Ctrl-C leaves "
          + "it running; the same command continues.")
    case .waiting(let id, let status, let completed, let total):
      Console.status("batch \(id): \(status), \(completed) of \(total) answered", isLast: false)
    case .ended(let id, let status, let answers):
      Console.message("Batch \(id) is \(status), \(answers) answers")
    }
  }

  /// Tells what went wrong, and ends with its code.
  private func finish(_ result: LabellingResult, labelled: Int) throws {
    for failure in result.failures.prefix(5) {
      Console.message("\(failure.id): \(failure.error.description)")
    }
    if let count = result.finishReasons["length"] {
      Console.message(
        "\(count) answers were cut off at the limit on their length (finish_reason length)")
    }
    let isUnread = result.stoppedBy == .unreadable || labelled == 0 && result.failures.isEmpty
    if isUnread, let sample = result.unreadableSample {
      let line = sample.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      Console.message(
        "\(result.unreadableAnswers) answers cannot be read. The last one: "
          + "\"\(line.prefix(300))\". Expected scores as the prompt asks for them: another --prompt "
          + "or --response-format json_schema may help.")
    }
    try end(with: .unavailable, unless: result.failures.isEmpty)
    try end(with: .checkFailed, unless: result.notAsked == 0 && result.stoppedBy == nil)
    try end(with: .checkFailed, unless: labelled > 0 || result.labels.isEmpty)
  }

  private func show(_ labeller: Labeller, _ essays: [UnlabelledEssay]) async throws {
    let exists = FileManager.default.fileExists(atPath: journal)
    let plan = await labeller.plan(
      essays, journalled: exists ? try Journal.content(of: URL(filePath: journal)).entries : [])
    let report = LabellingPlanReport(
      plan, prompt: labeller.prompt, model: server.model, showText: showText)
    try shared.show(report, as: report.text)
  }
}

/// A line that is rewritten on a terminal, plain lines at every tenth elsewhere.
final class LabellingDisplay: Sendable {
  private let shown = Mutex(-1)

  func show(_ progress: LabellingProgress) {
    shown.withLock { shown in
      let settled = progress.done + progress.failed
      let percent = progress.total > 0 ? settled * 100 / progress.total : 100
      let isLast = settled >= progress.total
      guard Console.errorIsTerminal || percent / 10 > shown || isLast && shown < 10 else { return }
      // Answers may be reported out of order: the count never goes back.
      shown = max(shown, isLast ? 10 : percent / 10)
      Console.status(Self.line(progress, percent), isLast: isLast)
    }
  }

  private static func line(_ progress: LabellingProgress, _ percent: Int) -> String {
    var parts = ["labelling: \(percent)% (\(progress.done)/\(progress.total) answers)"]
    if progress.failed > 0 { parts.append("\(progress.failed) failed") }
    parts += ["\(progress.requests) requests", LabellingReport.cost(progress.spent)]
    if let left = progress.secondsLeft, progress.done < progress.total {
      parts.append("\(Console.duration(left)) left")
    }
    return parts.joined(separator: ", ")
  }
}
