import Basics
import Foundation

/// The shared state of a run's workers: the open questions, the answers, the caps.
actor LabelQueue {
  struct Question: Sendable {
    let key: JournalEntry.Question
    let user: String

    /// A name for an attempt, by which its answer is found in a batch's results.
    func id(_ attempt: Int) throws -> String {
      "\(Digest.sha256(try CanonicalJSON.compact(key)).prefix(40))-\(attempt)"
    }
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
  /// Answers since the last one that could be read.
  private var unreadableInARow = 0
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

  /// Whether the server has answered in this run.
  var hasAnswer: Bool { answered > 0 }

  func record(_ entry: JournalEntry, for question: Question) {
    inFlight -= 1
    answered += 1
    unreadableInARow = entry.scores == nil ? unreadableInARow + 1 : 0
    if unreadableInARow >= labeller.options.maxUnreadable { stop = .unreadable }
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

  // MARK: Batches

  /// The attempts to submit together, at most `limit`, as far as the caps allow; they stay open.
  func batch(limit: Int) -> [Attempt] {
    guard stop == nil, !open.isEmpty else { return [] }
    let options = labeller.options
    let byRequests = options.maxRequests.map { $0 - requests } ?? .max
    let cost = averageCost
    let bySpend = options.maxSpend.map { cost > 0 ? Int(max(0, $0 - spent) / cost) : .max } ?? .max
    let count = min(open.count, limit, byRequests, bySpend)
    if count == 0 { stop = byRequests == 0 ? .requests : .spend }
    requests += count
    return open.suffix(count).reversed()
  }

  /// All attempts that a batch of this run may hold, by their ids.
  func attemptIDs() throws -> Set<String> {
    try Set(questions.flatMap { [try $0.id(0), try $0.id(1)] })
  }

  /// The open attempts by their ids.
  func openAttempts() throws -> [String: Attempt] {
    try Dictionary(
      open.map { (try $0.question.id($0.number), $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Takes an attempt out, to record its answer or failure.
  func take(_ attempt: Attempt) {
    open.removeAll { $0.question.key == attempt.question.key }
    inFlight += 1
  }

  func stopAtBatch() { stop = .batch }

  /// Of a batch all failures are known at once, so that too many do not end the run.
  func recordBatchFailure(of question: Question, _ error: ReferenceError) {
    inFlight -= 1
    failures.append(.init(id: question.key.id, error: error))
  }

  /// SHA-256 of the questions.
  func digest() throws -> String { Digest.sha256(try CanonicalJSON.compact(questions.map(\.key))) }

  // MARK: Figures

  private var price: Prices.Price? {
    let price = labeller.prices.models[labeller.client.endpoint.model]
    return labeller.options.isBatch ? price?.inBatch : price
  }

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
    func counts(_ names: [String?]) -> [String: Int] {
      names.reduce(into: [:]) { if let name = $1 { $0[name, default: 0] += 1 } }
    }
    return LabellingResult(
      labels: labels, models: counts(all.map(\.model)),
      systemFingerprints: counts(all.map(\.systemFingerprint)),
      finishReasons: counts(all.map(\.finishReason)),
      tolerated: all.flatMap(\.tolerated).reduce(into: [:]) { $0[$1, default: 0] += 1 },
      unreadableAnswers: all.count { $0.scores == nil },
      unreadableSample: all.filter { $0.scores == nil }.max { $0.time < $1.time }?.answer,
      failures: failures, notAsked: open.count, requests: requests,
      spent: price == nil ? nil : spent, stoppedBy: open.isEmpty ? nil : stop)
  }
}
