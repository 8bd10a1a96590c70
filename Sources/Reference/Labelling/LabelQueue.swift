public import Foundation
import Metrics

/// The shared state of a run's workers: the open questions, the answers, the caps.
actor LabelQueue {
  struct Question: Sendable {
    let key: JournalEntry.Question
    let user: String
  }

  /// A question and how many answers it has had.
  typealias Attempt = (question: Question, number: Int)

  private let labeller: Labeller
  private let questions: [Question]
  /// The questions still to ask, the next one last.
  private var open: [Attempt]
  private var answers: [JournalEntry.Question: [JournalEntry]]
  private var failures: [LabellingResult.Failure] = []
  private var (requests, inFlight, answered) = (0, 0, 0)
  private var spent = 0.0
  private var stop: LabellingResult.Cap?
  private var closedUntil = ContinuousClock.now
  private let start = ContinuousClock.now

  init(labeller: Labeller, questions: [Question], journalled: [JournalEntry]) {
    (self.labeller, self.questions) = (labeller, questions)
    let keys = Set(questions.map(\.key))
    let answers = Dictionary(
      grouping: journalled.filter { keys.contains($0.question) }, by: \.question)
    self.answers = answers
    open = questions.reversed().compactMap { Self.unfinished($0, answers[$0.key] ?? []) }
  }

  /// The next attempt at a question, which is done after one readable or two unreadable answers.
  private static func unfinished(_ question: Question, _ answers: [JournalEntry]) -> Attempt? {
    answers.count >= 2 || answers.contains { $0.scores != nil } ? nil : (question, answers.count)
  }

  func next() -> Attempt? {
    guard stop == nil, let next = open.popLast() else { return nil }
    inFlight += 1
    return next
  }

  func putBack(_ attempt: Attempt) {
    inFlight -= 1
    open.append(attempt)
  }

  /// Counts one more request, or returns false where it would exceed a cap.
  func takeRequest() -> Bool {
    let options = labeller.options
    if let limit = options.maxRequests, requests >= limit {
      stop = .requests
    } else if let limit = options.maxSpend, spent + Double(inFlight) * averageCost > limit {
      stop = .spend
    } else {
      requests += 1
      return true
    }
    return false
  }

  func close(forSeconds seconds: Double) {
    closedUntil = max(closedUntil, ContinuousClock.now + .seconds(seconds))
  }

  func waitUntilOpen() async throws {
    while ContinuousClock.now < closedUntil { try await Task.sleep(until: closedUntil) }
  }

  func record(_ entry: JournalEntry, for question: Question) {
    inFlight -= 1
    answered += 1
    spent += cost(entry) ?? 0
    answers[question.key, default: []].append(entry)
    if let again = Self.unfinished(question, answers[question.key] ?? []) { open.append(again) }
  }

  func recordFailure(of question: Question, _ error: ReferenceError) throws(ReferenceError) {
    inFlight -= 1
    failures.append(.init(id: question.key.id, error: error))
    if failures.count > labeller.options.maxFailures {
      throw .chat(.tooManyFailures(count: failures.count, last: error.description))
    }
  }

  // MARK: Figures

  private var price: Prices.Price? { labeller.prices.models[labeller.client.endpoint.model] }

  private func cost(_ entry: JournalEntry) -> Double? {
    price?.cost(
      promptTokens: entry.promptTokens ?? estimatedPromptTokens,
      answerTokens: entry.answerTokens ?? Prices.estimatedTokens(entry.answer))
  }

  /// The estimated tokens of a question, averaged over all questions.
  private lazy var estimatedPromptTokens: Int = {
    let users = questions.reduce(0) { $0 + Prices.estimatedTokens($1.user) }
    return Prices.estimatedTokens(labeller.prompt.system) + users / max(1, questions.count)
  }()

  /// The cost of a question: the mean of this run, or an estimate before the first answer.
  private var averageCost: Double {
    if answered > 0 { return spent / Double(answered) }
    return price?.cost(
      promptTokens: estimatedPromptTokens, answerTokens: 4 * labeller.prompt.items.count) ?? 0
  }

  func progress() -> LabellingProgress {
    let left = open.count + inFlight
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    return LabellingProgress(
      done: questions.count - left - failures.count, total: questions.count, failed: failures.count,
      requests: requests, spent: price == nil ? nil : spent,
      secondsLeft: answered == 0 ? nil : elapsed / Double(answered) * Double(left))
  }

  func plan() -> LabellingPlan {
    let system = Prices.estimatedTokens(labeller.prompt.system)
    return LabellingPlan(
      essays: Set(questions.map(\.key.id)).count, questions: questions.count, toAsk: open.count,
      promptTokens: open.reduce(0) { $0 + system + Prices.estimatedTokens($1.question.user) },
      cost: price.map { _ in averageCost * Double(open.count) },
      firstUserText: open.last?.question.user)
  }

  func result(_ essays: [UnlabelledEssay]) -> LabellingResult {
    let bySample = Dictionary(grouping: questions, by: \.key.id)
    let all = answers.values.flatMap(\.self)
    let labels = essays.map { essay in
      let samples = (bySample[essay.id] ?? []).map { answers[$0.key] ?? [] }
      return EssayLabel(
        id: essay.id, samples: samples.compactMap { $0.compactMap(\.scores).first },
        unreadable: samples.count { !$0.isEmpty && $0.allSatisfy { $0.scores == nil } })
    }
    return LabellingResult(
      labels: labels,
      tolerated: all.flatMap(\.tolerated).reduce(into: [:]) { $0[$1, default: 0] += 1 },
      unreadableAnswers: all.count { $0.scores == nil }, failures: failures, notAsked: open.count,
      requests: requests, spent: price == nil ? nil : spent, stoppedBy: open.isEmpty ? nil : stop)
  }
}

/// A model's scores for one essay.
public struct EssayLabel: Sendable, Equatable {
  public let id: String
  /// The scores of each sample that could be read, in the order of the prompt's items.
  public let samples: [[Double]]
  /// The number of samples whose answers cannot be read.
  public let unreadable: Int

  public init(id: String, samples: [[Double]], unreadable: Int = 0) {
    (self.id, self.samples, self.unreadable) = (id, samples, unreadable)
  }

  /// The mean of each item over the samples, or nil where none could be read.
  public var items: [Double]? {
    guard let first = samples.first else { return nil }
    return first.indices.map { item in samples.reduce(0) { $0 + $1[item] } / Double(samples.count) }
  }

  /// The label: the mean of the items' means; nil is missing.
  public var label: Double? { items.map { $0.reduce(0, +) / Double($0.count) } }

  /// The standard deviation (n-1) of the samples' labels; nil with fewer than two.
  public var deviation: Double? {
    let labels = samples.map { $0.reduce(0, +) / Double($0.count) }
    return PairedMoments(predictions: labels, gold: labels).deviationX.value
  }
}

/// The progress of a run.
public struct LabellingProgress: Sendable {
  /// Questions: done in this run or before, in total, and failed.
  public let done, total, failed: Int
  /// HTTP requests of this run.
  public let requests: Int
  /// US dollars of this run, or nil where the model has no price.
  public let spent: Double?
  public let secondsLeft: Double?
}

/// An estimate of what a run would do.
public struct LabellingPlan: Sendable {
  public let essays: Int
  /// Essays times samples, and those of them without an answer in the journal.
  public let questions, toAsk: Int
  /// Estimated tokens sent (four bytes a token).
  public let promptTokens: Int
  /// Estimated US dollars, or nil where the model has no price.
  public let cost: Double?
  /// The user text of the first question; nil where nothing is left to ask.
  public let firstUserText: String?
}

/// The outcome of a run.
public struct LabellingResult: Sendable {
  /// One label for each essay, in order.
  public let labels: [EssayLabel]
  /// How often each habit of the model was tolerated.
  public let tolerated: [RatingAnswer.Tolerance: Int]
  /// Answers that cannot be read, including those whose question was answered the second time.
  public let unreadableAnswers: Int
  /// Questions without an answer.
  public let failures: [Failure]
  /// Questions that a cap left unasked.
  public let notAsked: Int
  public let requests: Int
  public let spent: Double?
  public let stoppedBy: Cap?

  public struct Failure: Sendable {
    public let id: String
    public let error: ReferenceError
  }

  /// The caps of a run.
  public enum Cap: String, Sendable { case requests, spend }
}

/// Prices of tokens in US dollars per million, by model.
public struct Prices: Sendable, Equatable {
  public struct Price: Codable, Sendable, Equatable {
    /// Dollars per million tokens sent, and per million received.
    public let prompt, answer: Double

    public init(prompt: Double, answer: Double) { (self.prompt, self.answer) = (prompt, answer) }

    /// Dollars for these numbers of tokens.
    public func cost(promptTokens: Int, answerTokens: Int) -> Double {
      (Double(promptTokens) * prompt + Double(answerTokens) * answer) / 1e6
    }
  }

  public let models: [String: Price]

  public init(_ models: [String: Price] = [:]) { self.models = models }

  /// The month of the built-in prices.
  public static let builtInMonth = "May 2026"

  /// List prices without batch or cache discounts: OpenAI's as of May 2026
  /// (platform.openai.com/docs/pricing), Groq's for Llama 3.3 70B as of October 2025
  /// (console.groq.com/docs/models) and for Llama 3 70B at the end of its service (groq.com/pricing).
  public static let builtIn = Prices([
    "gpt-4o": Price(prompt: 2.5, answer: 10), "gpt-4o-mini": Price(prompt: 0.15, answer: 0.6),
    "llama-3.3-70b-versatile": Price(prompt: 0.59, answer: 0.79),
    "llama3-70b-8192": Price(prompt: 0.59, answer: 0.79),
  ])

  /// These prices, with those of `other` replacing them model by model.
  public func overridden(by other: Prices) -> Prices {
    Prices(models.merging(other.models) { _, own in own })
  }

  /// The prices of a JSON file, such as `{"gpt-4o": {"prompt": 2.5, "answer": 10}}`. Throws
  /// ``ReferenceError``, also where a price is negative.
  public static func load(_ file: URL) throws(ReferenceError) -> Prices {
    let data = try ReferenceError.read(file, expected: "prices by model")
    guard let own = try? JSONDecoder().decode([String: Price].self, from: data),
      own.values.allSatisfy({ $0.prompt >= 0 && $0.answer >= 0 })
    else {
      let form = #"0 or more by model, such as {"gpt-4o": {"prompt": 2.5, "answer": 10}}"#
      throw .invalid(file, found: "something else", expected: "prices of \(form)")
    }
    return Prices(own)
  }

  /// A rough count of a text's tokens: four bytes a token.
  public static func estimatedTokens(_ text: String) -> Int { text.utf8.count / 4 + 1 }
}
