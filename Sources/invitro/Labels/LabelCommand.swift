public import ArgumentParser
import Basics
import Foundation
import Harness
public import Reference
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

      The essays are sent to the server: check the data's licence first.

      Example:
        invitro label --benchmark newsemp18 --split test --base-url http://localhost:11434/v1 \\
          --model llama3:70b --journal llama.jsonl --out llama.tsv --dry-run
      """)

  @OptionGroup var split: SplitOptions
  @OptionGroup var server: ChatServerOptions
  @OptionGroup var asking: AskingOptions

  @Option(help: .value("file", "File to which every answer is appended, as JSON lines."))
  var journal: String

  @Option(help: .value("file", "File for the labels, TSV.")) var out: String

  @Option(help: .value("file", "File for the labels with the six scores, TSV.")) var items: String?

  @Flag(help: "Show the prompt and what a run would ask and cost, and send nothing.")
  var dryRun = false

  @Flag(help: "With --dry-run, show the first essay in its prompt.") var showText = false

  @OptionGroup var shared: SharedOptions

  func run() async throws {
    let (definition, dataset) = try split.load(shared.home)
    let essays = dataset.rows.map { UnlabelledEssay(id: $0.id, text: $0.text) }
    let prompt = try asking.chosenPrompt()
    let (prices, isBuiltIn) = try asking.chosenPrices(of: server.model)
    if isBuiltIn {
      Console.message(
        "Price of \(server.model): list price of \(Prices.builtInMonth) or earlier; --prices "
          + "overrides it.")
    }
    let labeller = try Labeller(
      client: ChatClient(server.endpoint(withKey: !dryRun), connections: asking.concurrency),
      prompt: prompt, options: asking.labellerOptions(), prices: prices)
    if dryRun { return try await show(labeller, essays) }
    if !definition.open, !server.isLocal {
      Console.message(
        "The essays go to \(server.baseUrl). Licence of \(definition.id): \(definition.licence)")
    }
    try AtomicFile.createFolder(URL(filePath: journal).deletingLastPathComponent())
    let answers = try Journal(URL(filePath: journal))
    if answers.wasTruncated { Console.message("\(journal): an unfinished last line was cut off") }
    let display = LabellingDisplay()
    let result = try await labeller.run(essays, journal: answers) { display.show($0) }
    try result.write(
      to: URL(filePath: out), items: items.map { URL(filePath: $0) },
      column: "llm_\(definition.mainTarget)",
      idColumns: RatedSplit.idColumns(definition, split: dataset.split), prompt: prompt)
    let report = LabellingReport(result, prompt: prompt, model: server.model)
    Console.message("\(report.labelled) labels for \(report.essays) essays in \(out)")
    try shared.show(report, as: report.text)
    for failure in result.failures.prefix(5) {
      Console.message("\(failure.id): \(failure.error.description)")
    }
    try end(with: .unavailable, unless: result.failures.isEmpty)
    try end(with: .checkFailed, unless: result.notAsked == 0)
  }

  private func show(_ labeller: Labeller, _ essays: [UnlabelledEssay]) async throws {
    let exists = FileManager.default.fileExists(atPath: journal)
    let plan = await labeller.plan(
      essays, journalled: exists ? try Journal.entries(of: URL(filePath: journal)) : [])
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

/// Which model is asked, and where.
struct ChatServerOptions: ParsableArguments {
  @Option(
    help: .value(
      "url", "Address of the server up to its version, such as https://api.openai.com/v1."))
  var baseUrl: String

  @Option(help: "The model's name on that server.") var model: String

  @Option(help: .value("name", "Environment variable with the API key. Default: no key is sent."))
  var keyVariable: String?

  @Option(help: "Role of the instruction: system or developer.")
  var role: ChatEndpoint.Role = .system

  @Option(name: .customLong("timeout"), help: "Maximum seconds to wait for an answer.")
  var timeoutSeconds: Double = 120

  func validate() throws { try require(timeoutSeconds > 0, "--timeout must be above 0.") }

  /// Whether the server is on this machine.
  var isLocal: Bool {
    ["localhost", "127.0.0.1", "::1"].contains(URL(string: baseUrl)?.host() ?? "")
  }

  /// - Parameter withKey: false where nothing will be sent.
  func endpoint(withKey: Bool) throws -> ChatEndpoint {
    guard let url = URL(string: baseUrl) else { throw ReferenceError.chat(.badURL(baseUrl)) }
    return ChatEndpoint(
      baseURL: url, model: model, keyVariable: withKey ? keyVariable : nil, role: role,
      timeoutSeconds: timeoutSeconds)
  }
}

/// What is asked, how often and at what cost.
struct AskingOptions: ParsableArguments {
  enum Prompt: String, CaseIterable, ExpressibleByArgument {
    case scaleAware = "scale-aware"
    case plain
  }

  @Option(help: "scale-aware (six items, the label is their mean) or plain (one score).")
  var prompt: Prompt = .scaleAware

  @Option(
    help: .value(
      "file",
      "A prompt of one's own: system text, a line of ---, user text with {essay} once. "
        + "--prompt says how many scores it asks for.")) var promptFile: String?

  @Option(help: "Number of answers to ask for per essay.") var samples: Int = 1
  @Option(help: "Number of requests at the same time.") var concurrency: Int = 8

  @Option(help: .value("count", "Maximum number of requests, retries included."))
  var maxRequests: Int?

  @Option(
    help: .value("dollars", "Maximum cost of this run in dollars; needs a price of the model."))
  var maxSpend: Double?

  @Option(
    help: .value(
      "file",
      "Prices by model (JSON, dollars per million tokens); they override the built-in prices."))
  var prices: String?

  @Option(help: "Seed of the waits between retries.") var seed: UInt64 = 1

  func validate() throws {
    try require((1...1_000).contains(samples), "--samples is from 1 to 1000.")
    try require((1...256).contains(concurrency), "--concurrency is from 1 to 256.")
    try require(maxRequests ?? 1 >= 1, "--max-requests is 1 or more.")
    try require(maxSpend ?? 1 > 0, "--max-spend is above 0.")
  }

  func chosenPrompt() throws -> RatingPrompt {
    let own: RatingPrompt = prompt == .plain ? .plain : .scaleAware
    guard let promptFile else { return own }
    return try RatingPrompt.load(named(promptFile), items: own.items)
  }

  /// The prices, and whether that of `model` is a built-in one, which may be out of date.
  /// - Throws: `ValidationError` where spend is capped and the model has no price.
  func chosenPrices(of model: String) throws -> (prices: Prices, isBuiltIn: Bool) {
    let own = try prices.map { try Prices.load(named($0)) } ?? Prices()
    let chosen = Prices.builtIn.overridden(by: own)
    try require(
      maxSpend == nil || chosen.models[model] != nil,
      "--max-spend needs a price of \(model): give it with --prices FILE. Built in: "
        + "\(Prices.builtIn.models.keys.sorted().joined(separator: ", ")).")
    return (chosen, own.models[model] == nil && chosen.models[model] != nil)
  }

  private func named(_ path: String) throws -> URL {
    try existing(path, hint: "See `invitro label --help` for its form.")
  }

  func labellerOptions() -> Labeller.Options {
    var options = Labeller.Options()
    (options.samples, options.concurrency, options.seed) = (samples, concurrency, seed)
    (options.maxRequests, options.maxSpend) = (maxRequests, maxSpend)
    return options
  }
}

extension ChatEndpoint.Role: ExpressibleByArgument {}
