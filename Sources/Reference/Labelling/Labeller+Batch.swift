import Basics
import Foundation

/// The progress of a run in batches.
public enum BatchProgress: Sendable, Equatable {
  /// A batch of so many questions was submitted, or is found again.
  case submitted(id: String, questions: Int)
  case waiting(id: String, status: String, completed: Int, total: Int)
  case ended(id: String, status: String, answers: Int)
}

extension Labeller {
  /// Labels `essays` in batches, one after the other: each is submitted, waited for and fetched. The
  /// journal keeps what was submitted, so that an interrupted run (`CancellationError`, or the end of
  /// the process) leaves the batch running, and the next one goes on with it. Unreadable answers make
  /// a second batch. A batch that expires or is cancelled keeps the answers it has, and ends the run.
  /// Throws ``ReferenceError``, also where the journal's open batch holds other questions.
  public func runInBatches(
    _ essays: [UnlabelledEssay], journal: Journal,
    progress: @escaping @Sendable (BatchProgress) -> Void = { _ in }
  ) async throws -> LabellingResult {
    precondition(options.isBatch, "the options say that it is a batch")
    let queue = queue(essays, journalled: journal.entries)
    let run = try await queue.digest()
    if let open = journal.openBatch {
      guard open.run == run else {
        throw ReferenceError.chat(
          .batch(
            id: open.batch ?? open.key,
            problem: "the journal waits for its answers, and it was submitted for other essays, "
              + "another prompt, model or settings. Run that command again first, or take another "
              + "journal"))
      }
      if let found = try await submitted(open, journal) {
        try await finish(found, journal, queue, progress)
      }
    }
    while true {
      let attempts = await queue.batch(limit: options.maxBatch)
      if attempts.isEmpty { return await queue.result(essays) }
      let batch = try await submit(attempts, run: run, journal)
      try await finish(batch, journal, queue, progress)
    }
  }

  /// Uploads the questions and creates the batch. The journal names it before it exists.
  private func submit(_ attempts: [LabelQueue.Attempt], run: String, _ journal: Journal)
    async throws -> BatchRecord
  {
    var file = Data()
    for attempt in attempts {
      let line = ChatClient.BatchLine(
        customId: try attempt.question.id(attempt.number), body: request(attempt.question))
      file += try CanonicalJSON.compact(line) + Data("\n".utf8)
    }
    let lines = file
    let id = try await persevere { try await client.upload(lines) }
    var record = BatchRecord(
      key: UUID().uuidString.lowercased(), run: run, questions: attempts.count, file: id)
    try journal.append(record)
    record.batch = try await create(record)
    try journal.append(record)
    return record
  }

  /// A request that failed may have created the batch all the same: it is looked for before the next.
  private func create(_ record: BatchRecord) async throws -> String {
    var isRepeated = false
    return try await persevere {
      if isRepeated, let found = try await client.batch(key: record.key) { return found }
      isRepeated = true
      return try await client.createBatch(file: record.file, key: record.key)
    }
  }

  /// `open` with its id, which the server knows if the last run did not hear of it; nil where it was
  /// never created.
  private func submitted(_ open: BatchRecord, _ journal: Journal) async throws -> BatchRecord? {
    if open.batch != nil { return open }
    var record = open
    record.batch = try await persevere { try await client.batch(key: open.key) }
    if record.batch == nil { record.ended = "never created" }
    try journal.append(record)
    return record.batch == nil ? nil : record
  }

  private func finish(
    _ record: BatchRecord, _ journal: Journal, _ queue: LabelQueue,
    _ progress: @Sendable (BatchProgress) -> Void
  ) async throws {
    let id = record.batch ?? record.key
    progress(.submitted(id: id, questions: record.questions))
    let batch = try await wait(for: id, progress)
    var record = record
    record.ended = batch.status
    if batch.status == "failed" {
      try journal.append(record)
      throw ReferenceError.chat(
        .batch(
          id: id, problem: "the server did not accept it: \(batch.problem ?? "no reason given")"))
    }
    var results: [String: ChatClient.BatchResult] = [:]
    for file in [batch.errorFile, batch.outputFile].compactMap(\.self) {
      let lines = try await persevere { try await client.results(file: file) }
      for line in lines { results[line.id] = line }
    }
    let unknown = Set(results.keys).subtracting(try await queue.attemptIDs())
    guard unknown.isEmpty else {
      throw ReferenceError.chat(
        .batch(id: id, problem: "\(unknown.count) of its results are of no question of this run"))
    }
    let answers = try await keep(results, of: batch, journal, queue)
    record.time = Date().timeIntervalSince1970
    try journal.append(record)
    // A batch that settles nothing would be submitted for ever.
    if batch.status != "completed" || results.isEmpty { await queue.stopAtBatch() }
    progress(.ended(id: id, status: batch.status, answers: answers))
  }

  /// Journals the answers of `batch`, and returns their number. Of a batch that was not completed,
  /// questions without an answer stay open.
  private func keep(
    _ results: [String: ChatClient.BatchResult], of batch: ChatClient.Batch, _ journal: Journal,
    _ queue: LabelQueue
  ) async throws -> Int {
    var answers = 0
    let seconds = Date().timeIntervalSince1970 - (batch.createdAt ?? Date().timeIntervalSince1970)
    var problems: [(LabelQueue.Attempt, ReferenceError.ChatProblem)] = []
    // In the order of their ids, so that the journal does not depend on a dictionary's.
    for (id, attempt) in try await queue.openAttempts().sorted(by: { $0.key < $1.key }) {
      switch results[id]?.outcome {
      case .success(let answer):
        let entry = entry(attempt, answer, seconds: max(0, seconds), batch: batch.id)
        await queue.take(attempt)
        try journal.append(entry)
        await queue.record(entry, for: attempt.question)
        answers += 1
      case .failure(let problem): problems.append((attempt, problem))
      case nil: break
      }
    }
    for (attempt, problem) in problems where batch.status == "completed" {
      await queue.take(attempt)
      await queue.recordBatchFailure(of: attempt.question, .chat(problem))
    }
    return answers
  }

  private func wait(for id: String, _ progress: @Sendable (BatchProgress) -> Void) async throws
    -> ChatClient.Batch
  {
    var pause = options.batchWaitSeconds.lowerBound
    while true {
      try Task.checkCancellation()
      let batch = try await persevere { try await client.batch(id: id) }
      if batch.hasEnded { return batch }
      progress(
        .waiting(
          id: id, status: batch.status, completed: batch.completed, total: batch.total))
      try await Task.sleep(for: .seconds(pause))
      pause = min(pause * 1.5, options.batchWaitSeconds.upperBound)
    }
  }

  /// Repeats a request of the batch API after failures that may pass.
  private func persevere<T: Sendable>(_ request: () async throws -> T) async throws -> T {
    var generator = SplitMix64(seed: options.seed)
    var retry = 0
    while true {
      do { return try await request() } catch let error as ReferenceError {
        guard case .chat(.unavailable(_, let after)) = error, retry < options.backoff.retries,
          after ?? 0 <= options.backoff.maxRetryAfterSeconds
        else { throw error }
        let pause = options.backoff.seconds(
          beforeRetry: retry, retryAfter: after, using: &generator)
        try await Task.sleep(for: .seconds(pause))
        retry += 1
      }
    }
  }
}
