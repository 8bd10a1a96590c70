public import ArgumentParser
import Foundation
import Harness
public import Reference
import Study

/// Which model is asked, and where.
struct ChatServerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Address of the server up to its version, such as https://api.openai.com/v1.",
      valueName: "url"))
  var baseUrl: String

  @Option(help: "The model's name on that server.")
  var model: String

  @Option(
    help: ArgumentHelp(
      "Environment variable with the API key. Default: no key is sent.", valueName: "name"))
  var keyVariable: String?

  @Option(help: "Role of the instruction: system or developer.")
  var role: ChatEndpoint.Role = .system

  @Option(name: .customLong("timeout"), help: "Maximum seconds to wait for an answer.")
  var timeoutSeconds: Double = 120

  func validate() throws {
    guard timeoutSeconds > 0 else { throw ValidationError("--timeout must be above 0.") }
  }

  var baseURL: String { baseUrl }

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
    help: ArgumentHelp(
      "A prompt of one's own: system text, a line of ---, user text with {essay} once. --prompt "
        + "says how many scores it asks for.", valueName: "file"))
  var promptFile: String?

  @Option(help: "Number of answers to ask for per essay.")
  var samples: Int = 1

  @Option(help: "Number of requests at the same time.")
  var concurrency: Int = 8

  @Option(help: ArgumentHelp("Maximum number of requests, retries included.", valueName: "count"))
  var maxRequests: Int?

  @Option(
    help: ArgumentHelp(
      "Maximum cost of this run in dollars; needs a price of the model.", valueName: "dollars"))
  var maxSpend: Double?

  @Option(
    help: ArgumentHelp(
      "Prices by model (JSON, dollars per million tokens); they override the built-in prices.",
      valueName: "file"))
  var prices: String?

  @Option(help: "Seed of the waits between retries.")
  var seed: UInt64 = 1

  func validate() throws {
    guard (1...1_000).contains(samples) else {
      throw ValidationError("--samples is from 1 to 1000.")
    }
    guard (1...256).contains(concurrency) else {
      throw ValidationError("--concurrency is from 1 to 256.")
    }
    if let maxRequests, maxRequests < 1 {
      throw ValidationError("--max-requests is 1 or more.")
    }
    if let maxSpend, !(maxSpend > 0) { throw ValidationError("--max-spend is above 0.") }
  }

  func chosenPrompt() throws -> RatingPrompt {
    let own: RatingPrompt = prompt == .plain ? .plain : .scaleAware
    guard let promptFile else { return own }
    try Self.require(promptFile)
    return try RatingPrompt.load(URL(filePath: promptFile), items: own.items)
  }

  /// - Throws: `ValidationError` where spend is capped and the model has no price.
  func chosenPrices(of model: String) throws -> Prices {
    var chosen = Prices.builtIn
    if let prices {
      try Self.require(prices)
      chosen = chosen.overridden(by: try Prices.load(URL(filePath: prices)))
    }
    guard maxSpend == nil || chosen.models[model] != nil else {
      throw ValidationError(
        "--max-spend needs a price of \(model): give it with --prices FILE. Built in: "
          + "\(Prices.builtIn.models.keys.sorted().joined(separator: ", ")).")
    }
    return chosen
  }

  /// Whether the model's price is a built-in one, which may be out of date.
  func usesBuiltInPrice(of model: String) throws -> Bool {
    let own = try prices.map { try Prices.load(URL(filePath: $0)) } ?? Prices()
    return own.models[model] == nil && Prices.builtIn.models[model] != nil
  }

  private static func require(_ path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else {
      throw HarnessError.missing(path: path, hint: "See `invitro label --help` for its form.")
    }
  }

  func labellerOptions() -> Labeller.Options {
    var options = Labeller.Options()
    options.samples = samples
    options.concurrency = concurrency
    options.maxRequests = maxRequests
    options.maxSpend = maxSpend
    options.seed = seed
    return options
  }
}

extension ChatEndpoint.Role: ExpressibleByArgument {}

/// Label files of models, by name.
struct LabelFileOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Labels by a model: TSV with a header and the split's ids, as in the LLMPathy repository. "
        + "May be given several times, also for one name.", valueName: "name=file"))
  var labels: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Column of a name's labels. Default: llm_TARGET, else TARGET.", valueName: "name=column"))
  var labelColumn: [String] = []

  func validate() throws { try checkingUsage { _ = try parsed() } }

  func parsed() throws -> [LabelFile] {
    try LabelFile.parse(labels, columns: labelColumn, option: "--labels")
  }
}
