import Basics
import Foundation

/// An essay to be labelled.
public struct UnlabelledEssay: Sendable, Equatable {
  public let id, text: String

  public init(id: String, text: String) { (self.id, self.text) = (id, text) }
}

/// Has a model label essays, several at a time. Every answer is journalled before it counts; what
/// the journal answers is not asked again, and an unreadable answer is asked for once more.
public struct Labeller: Sendable {
  public struct Options: Sendable, Equatable {
    /// Questions per essay.
    public var samples = 1
    /// Questions asked at the same time.
    public var concurrency = 8
    public var backoff = Backoff()
    /// A cap on the HTTP requests of this run, retries included.
    public var maxRequests: Int?
    /// A cap on the cost of this run in US dollars, with an estimate for the questions in flight.
    public var maxSpend: Double?
    /// The number of questions that may fail permanently before the run stops.
    public var maxFailures = 20
    /// The number of answers in a row that cannot be read after which the run stops.
    public var maxUnreadable = 20
    /// Whether questions are asked in batches, at half the price.
    public var isBatch = false
    /// The first and the longest wait before a batch is looked at again, in seconds.
    public var batchWaitSeconds = 5.0...60.0
    /// Questions in a batch; OpenAI takes 50,000.
    public var maxBatch = 50_000
    /// The seed of the jitter.
    public var seed: UInt64 = 1

    public init() {}
  }

  public let client: ChatClient
  public let prompt: RatingPrompt
  public let options: Options
  public let prices: Prices

  /// - Throws: ``ReferenceError`` where there is a cap on spend and the model has no price.
  public init(client: ChatClient, prompt: RatingPrompt, options: Options, prices: Prices = Prices())
    throws(ReferenceError)
  {
    precondition(options.samples > 0 && options.concurrency > 0, "there is something to do")
    if options.maxSpend != nil, prices.models[client.endpoint.model] == nil {
      throw .chat(.noPrice(model: client.endpoint.model))
    }
    (self.client, self.prompt, self.options, self.prices) = (client, prompt, options, prices)
  }

  /// Labels `essays`, whose ids are unique; `progress` is called after each answer, from any task.
  /// Throws ``ReferenceError`` (a refusal with 401, 403 or 404, too many failures, a file) and
  /// `CancellationError`; what was answered is in the journal.
  public func run(
    _ essays: [UnlabelledEssay], journal: Journal,
    progress: @escaping @Sendable (LabellingProgress) -> Void = { _ in }
  ) async throws -> LabellingResult {
    if let batch = journal.openBatch {
      throw ReferenceError.chat(
        .batch(
          id: batch.batch ?? batch.key,
          problem: "its answers are still to come. Fetch them with --batch before asking more"))
    }
    let queue = queue(essays, journalled: journal.entries)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<options.concurrency {
        group.addTask { try await work(worker, from: queue, journal, progress) }
      }
      do { try await group.waitForAll() } catch {
        group.cancelAll()
        throw error
      }
    }
    return await queue.result(essays)
  }

  /// An estimate of what a run would ask and cost, given the answers in the journal.
  public func plan(_ essays: [UnlabelledEssay], journalled: [JournalEntry] = []) async
    -> LabellingPlan
  { await queue(essays, journalled: journalled).plan() }

  func queue(_ essays: [UnlabelledEssay], journalled: [JournalEntry]) -> LabelQueue {
    precondition(Set(essays.map(\.id)).count == essays.count, "the ids of essays are unique")
    let (prompt, endpoint) = (prompt.digest, client.endpoint)
    let questions = essays.flatMap { essay in
      let (digest, user) = (Digest.sha256(essay.text), self.prompt.userText(for: essay.text))
      return (0..<options.samples).map {
        LabelQueue.Question(
          key: .init(
            id: essay.id, essay: digest, sample: $0, prompt: prompt, model: endpoint.model,
            settings: endpoint.settings),
          user: user)
      }
    }
    return LabelQueue(labeller: self, questions: questions, journalled: journalled)
  }

  private func work(
    _ worker: Int, from queue: LabelQueue, _ journal: Journal,
    _ progress: @Sendable (LabellingProgress) -> Void
  ) async throws {
    var generator = SplitMix64(seed: options.seed &+ UInt64(worker) &* 0x9E37_79B9)
    while let attempt = await queue.next() {
      do {
        let entry = try await ask(attempt, from: queue, using: &generator)
        guard let entry else { return }
        try journal.append(entry)
        await queue.record(entry, for: attempt.question)
      } catch let error as ReferenceError {
        switch error {
        case .chat(.refused(401, _)), .chat(.refused(403, _)), .chat(.refused(404, _)), .file:
          throw error
        case .chat(.webPage) where !(await queue.hasAnswer), .chat(.redirect): throw error
        default: try await queue.recordFailure(of: attempt.question, error)
        }
      }
      progress(await queue.progress())
    }
  }

  func request(_ question: LabelQueue.Question) -> ChatRequest {
    client.request(prompt, user: question.user, sample: question.key.sample)
  }

  func entry(
    _ attempt: LabelQueue.Attempt, _ answer: ChatAnswer, seconds: Double, batch: String? = nil
  ) -> JournalEntry {
    JournalEntry(
      attempt.question.key, attempt: attempt.number, promptName: prompt.name, answer,
      RatingAnswer(answer.text, items: prompt.items, range: prompt.range), seconds: seconds,
      batch: batch)
  }

  /// Repeats a question until it is answered; nil where a cap was reached.
  private func ask(
    _ attempt: LabelQueue.Attempt, from queue: LabelQueue, using generator: inout SplitMix64
  ) async throws -> JournalEntry? {
    var retry = 0
    while true {
      try Task.checkCancellation()
      try await queue.waitUntilOpen()
      guard await queue.takeRequest() else {
        await queue.putBack(attempt)
        return nil
      }
      let (request, start) = (self.request(attempt.question), ContinuousClock.now)
      do {
        let answer = try await client.ask(request)
        return entry(attempt, answer, seconds: (ContinuousClock.now - start) / .seconds(1))
      } catch let error as ReferenceError {
        if client.changesSchemaForm(of: request, after: error) { continue }
        let retryAfter: Double?
        switch error {
        case .chat(.unavailable(_, let seconds)): retryAfter = seconds
        case .chat(.badResponse): retryAfter = nil
        case .chat(.webPage) where await queue.hasAnswer: retryAfter = nil
        default: throw error
        }
        let backoff = options.backoff
        guard retry < backoff.retries, retryAfter ?? 0 <= backoff.maxRetryAfterSeconds else {
          throw error
        }
        // All workers respect a pause that the server asks for.
        if let retryAfter { await queue.close(forSeconds: retryAfter) }
        let wait = backoff.seconds(beforeRetry: retry, retryAfter: retryAfter, using: &generator)
        try await Task.sleep(for: .seconds(wait))
        retry += 1
      }
    }
  }
}

/// How long to wait before a request is repeated: exponential, with full jitter.
public struct Backoff: Sendable, Equatable {
  /// The upper bounds of the first wait, and of all waits but those of `Retry-After`.
  public var firstSeconds, maxSeconds: Double
  /// How many times a request is repeated after a failure that may pass.
  public var retries: Int
  /// A longer `Retry-After` counts as a permanent failure.
  public var maxRetryAfterSeconds: Double

  public init(
    firstSeconds: Double = 1, maxSeconds: Double = 60, retries: Int = 6,
    maxRetryAfterSeconds: Double = 600
  ) {
    (self.firstSeconds, self.maxSeconds) = (firstSeconds, maxSeconds)
    (self.retries, self.maxRetryAfterSeconds) = (retries, maxRetryAfterSeconds)
  }

  /// The wait before retry `retry` (from 0), uniform below min(max, first · 2^retry), and at
  /// least what the server asked for.
  public func seconds(
    beforeRetry retry: Int, retryAfter: Double?, using generator: inout some RandomNumberGenerator
  ) -> Double {
    let bound = min(firstSeconds * exp2(Double(retry)), maxSeconds)
    return max(Double.random(in: 0...bound, using: &generator), retryAfter ?? 0)
  }
}
