import Foundation

/// The shared state of a run's workers: the open questions, the answers, the caps.
actor LabelQueue {
  struct Question: Sendable {
    let key: JournalEntry.Question
    let user: String
  }

  private let labeller: Labeller
  private let questions: [Question]
  /// The questions still to ask, the next one last, with the number of the attempt.
  private var open: [(question: Question, attempt: Int)] = []
  private var answers: [JournalEntry.Question: [JournalEntry]] = [:]
  private var failures: [(id: String, error: ReferenceError)] = []
  private var (requests, inFlight, answered) = (0, 0, 0)
  private var spent = 0.0
  private var stop: LabellingResult.Cap?
  private var closedUntil = ContinuousClock.now
  private let start = ContinuousClock.now

  init(labeller: Labeller, questions: [Question], journalled: [JournalEntry]) {
    self.labeller = labeller
    self.questions = questions
    let keys = Set(questions.map(\.key))
    for entry in journalled where keys.contains(entry.question) {
      answers[entry.question, default: []].append(entry)
    }
    for question in questions.reversed() {
      let earlier = answers[question.key] ?? []
      if !Self.isDone(earlier) { open.append((question, earlier.count)) }
    }
  }

  /// A question is done after one readable or two unreadable answers.
  private static func isDone(_ answers: [JournalEntry]) -> Bool {
    answers.count >= 2 || answers.contains { $0.scores != nil }
  }

  func next() -> (Question, Int)? {
    guard stop == nil, let next = open.popLast() else { return nil }
    inFlight += 1
    return next
  }

  func putBack(_ question: Question, _ attempt: Int) {
    inFlight -= 1
    open.append((question, attempt))
  }

  /// Counts one more request, or returns false where it would exceed a cap.
  func takeRequest() -> Bool {
    if let limit = labeller.options.maxRequests, requests >= limit {
      stop = .requests
      return false
    }
    if let limit = labeller.options.maxSpend,
      spent + Double(inFlight) * averageCost > limit
    {
      stop = .spend
      return false
    }
    requests += 1
    return true
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
    let all = answers[question.key] ?? []
    if !Self.isDone(all) { open.append((question, all.count)) }
  }

  func recordFailure(of question: Question, _ error: ReferenceError) throws(ReferenceError) {
    inFlight -= 1
    failures.append((question.key.id, error))
    if failures.count > labeller.options.maxFailures {
      throw .chat(.tooManyFailures(count: failures.count, last: error.description))
    }
  }

  // MARK: Figures

  private var price: Prices.Price? { labeller.prices.models[labeller.client.endpoint.model] }

  private func cost(_ entry: JournalEntry) -> Double? {
    price.map {
      $0.cost(
        promptTokens: entry.promptTokens ?? estimatedPromptTokens,
        answerTokens: entry.answerTokens ?? Prices.estimatedTokens(entry.answer))
    }
  }

  /// The estimated tokens of a question, averaged over all questions.
  private lazy var estimatedPromptTokens: Int = {
    let system = Prices.estimatedTokens(labeller.prompt.system)
    let users = questions.reduce(0) { $0 + Prices.estimatedTokens($1.user) }
    return system + users / max(1, questions.count)
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
      done: questions.count - left - failures.count, total: questions.count,
      failed: failures.count, requests: requests, spent: price == nil ? nil : spent,
      secondsLeft: answered == 0 ? nil : elapsed / Double(answered) * Double(left))
  }

  func plan() -> LabellingPlan {
    LabellingPlan(
      essays: Set(questions.map(\.key.id)).count, questions: questions.count, toAsk: open.count,
      promptTokens: open.reduce(0) {
        $0 + Prices.estimatedTokens(labeller.prompt.system)
          + Prices.estimatedTokens($1.question.user)
      },
      cost: price.map { _ in averageCost * Double(open.count) }, system: labeller.prompt.system,
      firstUserText: open.last?.question.user, promptDigest: labeller.prompt.digest)
  }

  func result(_ essays: [UnlabelledEssay]) -> LabellingResult {
    var bySample: [String: [[JournalEntry]]] = [:]
    for question in questions {
      bySample[question.key.id, default: []].append(answers[question.key] ?? [])
    }
    let all = answers.values.flatMap(\.self)
    var tolerated: [RatingAnswer.Tolerance: Int] = [:]
    for entry in all { for habit in entry.tolerated { tolerated[habit, default: 0] += 1 } }
    return LabellingResult(
      labels: essays.map { EssayLabel(id: $0.id, samples: bySample[$0.id] ?? []) },
      tolerated: tolerated, unreadableAnswers: all.count { $0.scores == nil },
      failures: failures.map { LabellingResult.Failure(id: $0.id, error: $0.error) },
      notAsked: open.count, requests: requests, spent: price == nil ? nil : spent,
      stoppedBy: open.isEmpty ? nil : stop)
  }
}
