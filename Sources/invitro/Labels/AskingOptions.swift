public import ArgumentParser
import Basics
import Foundation
import Harness
public import Reference
import Study

/// Which model is asked, and where.
struct ChatServerOptions: ParsableArguments {
  @Option(
    help: .value(
      "url", "Address of the server up to its version, such as https://api.openai.com/v1."))
  var baseUrl: String

  @Option(help: "The model's name on that server.") var model: String

  @Option(help: .value("name", "Environment variable with the API key. Default: no key is sent."))
  var keyVariable: String?

  @Option(
    help:
      "Role of the instruction: system or developer. Default: system; developer for paper-scale-aware at OpenAI."
  )
  var role: ChatEndpoint.Role?

  @Option(name: .customLong("timeout"), help: "Maximum seconds to wait for an answer.")
  var timeoutSeconds: Double = 120

  func validate() throws { try require(timeoutSeconds > 0, "--timeout must be above 0.") }

  /// Whether the server is on this machine.
  var isLocal: Bool {
    ["localhost", "127.0.0.1", "::1"].contains(URL(string: baseUrl)?.host() ?? "")
  }

  /// - Parameters:
  ///   - withKey: false where nothing will be sent.
  ///   - role: the role at a host where none was given.
  func endpoint(
    withKey: Bool, role ownRole: (String?) -> ChatEndpoint.Role, settings: ChatSettings
  ) throws -> ChatEndpoint {
    guard let url = URL(string: baseUrl) else { throw ReferenceError.chat(.badURL(baseUrl)) }
    return ChatEndpoint(
      baseURL: url, model: model, keyVariable: withKey ? keyVariable : nil,
      role: role ?? ownRole(url.host()), settings: settings, timeoutSeconds: timeoutSeconds)
  }
}

/// What is asked, how often and at what cost.
struct AskingOptions: ParsableArguments {
  enum Prompt: String, CaseIterable, ExpressibleByArgument {
    case scaleAware = "scale-aware"
    case plain
    case paperScaleAware = "paper-scale-aware"
    case paperPlain = "paper-plain"

    var paper: PaperPrompt? { PaperPrompt(rawValue: rawValue) }
    var isPlain: Bool { self == .plain || self == .paperPlain }
  }

  @Option(
    help:
      "scale-aware (six items, the label is their mean), plain (one score), or paper-scale-aware and paper-plain, those of arXiv 2501.00691."
  )
  var prompt: Prompt = .scaleAware

  @Option(
    help: .value(
      "file",
      "A prompt of one's own: system text, a line of ---, user text with {essay} once. "
        + "--prompt says how many scores it asks for."), completion: .file()) var promptFile:
    String?

  @OptionGroup var settings: SamplingOptions

  @Flag(help: "Ask in batches, at half the price: submit, wait, fetch.") var batch = false

  @Option(help: "Stop after so many answers in a row that cannot be read.")
  var giveUpAfter: Int = 20

  @Flag(help: "Ask for several --samples at temperature 0 all the same.") var yes = false

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
      "Prices by model (JSON, dollars per million tokens); they override the built-in prices."),
    completion: Completions.definitions)
  var prices: String?

  @Option(help: "Seed of the waits between retries.") var seed: UInt64 = 1

  func validate() throws {
    try require((1...1_000).contains(samples), "--samples is from 1 to 1000.")
    try require((1...256).contains(concurrency), "--concurrency is from 1 to 256.")
    try require(giveUpAfter >= 1, "--give-up-after is 1 or more.")
    try require(
      promptFile == nil || prompt.paper == nil, "--prompt-file replaces scale-aware or plain.")
    try require(
      samples == 1 || settings.temperature > 0 || yes,
      "\(samples) samples at temperature 0 cost \(samples) times as much and hardly differ: set "
        + "--temperature, or confirm with --yes.")
    try require(maxRequests ?? 1 >= 1, "--max-requests is 1 or more.")
    try require(maxSpend ?? 1 > 0, "--max-spend is above 0.")
  }

  /// The scores of a prompt of one's own are in the range of the benchmark's main target.
  func chosenPrompt(of definition: BenchmarkDefinition, in home: DataHome) throws -> RatingPrompt {
    if let paper = prompt.paper { return try paper.prompt(from: home) }
    let own: RatingPrompt = prompt.isPlain ? .plain : .scaleAware
    guard let promptFile else { return own }
    let range = definition.target(definition.mainTarget).map { $0.low...$0.high }
    return try RatingPrompt.load(
      named(promptFile), items: own.items, range: range ?? RatingPrompt.scale)
  }

  /// The role of the instructions at a host where no role was given.
  func role(at host: String?) -> ChatEndpoint.Role {
    prompt.paper?.role(at: host) ?? .system
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
    (options.maxUnreadable, options.isBatch) = (giveUpAfter, batch)
    return options
  }
}

/// How the model draws its answers, and their form.
struct SamplingOptions: ParsableArguments {
  @Option(help: "From 0 (the most likely answer) to 2.") var temperature: Double = 0

  @Option(help: "Share of the probability that tokens are drawn from, above 0 and up to 1.")
  var topP: Double = 0.01

  @Option(help: "Seed sent with the first sample of an essay; the next ones' are one more each.")
  var seedRequest: Int?

  @Option(help: "text, or json_schema: an object with a number for each item.")
  var responseFormat: ChatSettings.Format = .text

  func validate() throws {
    try require((0...2).contains(temperature), "--temperature is from 0 to 2.")
    try require(topP > 0 && topP <= 1, "--top-p is above 0 and up to 1.")
    try require(
      (0...Int(Int32.max)).contains(seedRequest ?? 0), "--seed-request is from 0 to 2147483647.")
  }

  var chosen: ChatSettings {
    var settings = ChatSettings()
    (settings.temperature, settings.topP) = (temperature, topP)
    (settings.seed, settings.format) = (seedRequest, responseFormat)
    return settings
  }
}

extension ChatSettings.Format: ExpressibleByArgument {}
extension ChatEndpoint.Role: ExpressibleByArgument {}
