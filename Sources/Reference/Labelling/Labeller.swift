import Basics
import Foundation

/// An essay to be labelled.
public struct UnlabelledEssay: Sendable, Equatable {
  public let id, text: String

  public init(id: String, text: String) { (self.id, self.text) = (id, text) }
}

/// Has a model label essays, several at a time, until each has its samples. Every readable or
/// unreadable answer is journalled before it counts. A question whose answer is in the journal is
/// not asked again; one that got an unreadable answer is asked once more.
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
  /// - Returns: a label, or none, for each essay in order; `stoppedBy` tells of a cap that was
  ///   reached.
  /// - Throws: ``ReferenceError``: a refusal with 401, 403 or 404, too many failures, a file; and
  ///   `CancellationError`. What was answered is in the journal.
  public func run(
    _ essays: [UnlabelledEssay], journal: Journal,
    progress: @escaping @Sendable (LabellingProgress) -> Void = { _ in }
  ) async throws -> LabellingResult {
    let queue = LabelQueue(
      labeller: self, questions: questions(about: essays), journalled: journal.entries)
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
  {
    let queue = LabelQueue(
      labeller: self, questions: questions(about: essays), journalled: journalled)
    return await queue.plan()
  }

  private func questions(about essays: [UnlabelledEssay]) -> [LabelQueue.Question] {
    precondition(Set(essays.map(\.id)).count == essays.count, "the ids of essays are unique")
    let digest = prompt.digest
    return essays.flatMap { essay in
      let essayDigest = Digest.sha256(essay.text)
      return (0..<options.samples).map { sample in
        LabelQueue.Question(
          key: JournalEntry.Question(
            id: essay.id, essay: essayDigest, sample: sample, prompt: digest,
            model: client.endpoint.model), user: prompt.userText(for: essay.text))
      }
    }
  }

  private func work(
    _ worker: Int, from queue: LabelQueue, _ journal: Journal,
    _ progress: @Sendable (LabellingProgress) -> Void
  ) async throws {
    var generator = SplitMix64(seed: options.seed &+ UInt64(worker) &* 0x9E37_79B9)
    while let (question, attempt) = await queue.next() {
      do {
        guard let entry = try await ask(question, attempt, from: queue, using: &generator) else {
          return
        }
        try journal.append(entry)
        await queue.record(entry, for: question)
      } catch let error as ReferenceError {
        switch error {
        case .chat(.refused(let status, _)) where [401, 403, 404].contains(status): throw error
        case .file: throw error
        default: try await queue.recordFailure(of: question, error)
        }
      }
      progress(await queue.progress())
    }
  }

  /// Repeats a question until it is answered; nil where a cap was reached.
  private func ask(
    _ question: LabelQueue.Question, _ attempt: Int, from queue: LabelQueue,
    using generator: inout SplitMix64
  ) async throws -> JournalEntry? {
    var retry = 0
    while true {
      try Task.checkCancellation()
      try await queue.waitUntilOpen()
      guard await queue.takeRequest() else {
        await queue.putBack(question, attempt)
        return nil
      }
      let start = ContinuousClock.now
      do {
        let answer = try await client.ask(system: prompt.system, user: question.user)
        return JournalEntry(
          question.key, attempt: attempt, answer, RatingAnswer(answer.text, items: prompt.items),
          seconds: (ContinuousClock.now - start) / .seconds(1))
      } catch let error as ReferenceError {
        let retryAfter: Double?
        switch error {
        case .chat(.unavailable(_, let seconds)): retryAfter = seconds
        case .chat(.badResponse): retryAfter = nil
        default: throw error
        }
        guard retry < options.backoff.retries,
          retryAfter ?? 0 <= options.backoff.maxRetryAfterSeconds
        else { throw error }
        // All workers respect a pause that the server asks for.
        if let retryAfter { await queue.close(forSeconds: retryAfter) }
        let wait = options.backoff.seconds(
          beforeRetry: retry, retryAfter: retryAfter, using: &generator)
        try await Task.sleep(for: .seconds(wait))
        retry += 1
      }
    }
  }
}

/// How long to wait before a request is repeated: exponential, with full jitter.
public struct Backoff: Sendable, Equatable {
  /// The upper bound of the first wait.
  public var firstSeconds: Double
  /// The upper bound of all waits but those of `Retry-After`.
  public var maxSeconds: Double
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
    var bound = firstSeconds
    for _ in 0..<min(retry, 62) where bound < maxSeconds { bound *= 2 }
    let wait = Double.random(in: 0...min(bound, maxSeconds), using: &generator)
    return max(wait, retryAfter ?? 0)
  }
}
