import Dispatch
import GRDB
import Synchronization

/// Puts writes that arrive together into one transaction, so that they share one sync of the disk.
///
/// A write is reported done when its transaction is on the disk. One that throws is undone alone;
/// where the transaction itself fails, all of them fail.
final class WriteQueue: Sendable {
  private struct Job: Sendable {
    /// Its failure, if any. It may be run again after what it did was undone.
    var run: @Sendable (Database) -> (any Error)?
    var finish: @Sendable ((any Error)?) -> Void
  }

  private struct State {
    var waiting: [Job] = []
    var isBusy = false
  }

  private let pool: DatabasePool
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "invitro.writes")
  private let wrote: @Sendable () -> Void

  /// - Parameter wrote: called after each transaction, before its writes are reported.
  init(_ pool: DatabasePool, wrote: @escaping @Sendable () -> Void) {
    self.pool = pool
    self.wrote = wrote
  }

  /// What `body` returns, once it is on the disk.
  func write<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let slot = Slot<Value>()
      add(
        Job(
          run: { database in
            let result = Result { try body(database) }
            slot.set(result)
            if case .failure(let error) = result { return error }
            return nil
          },
          finish: { error in
            continuation.resume(with: slot.result(or: error))
          }))
    }
  }

  private func add(_ job: Job) {
    let starts = state.withLock { state in
      state.waiting.append(job)
      defer { state.isBusy = true }
      return !state.isBusy
    }
    if starts { queue.async { self.drain() } }
  }

  private func drain() {
    while true {
      let jobs = state.withLock { state in
        defer { state.waiting = [] }
        state.isBusy = !state.waiting.isEmpty
        return state.waiting
      }
      if jobs.isEmpty { return }
      let error = commit(jobs)
      wrote()
      for job in jobs { job.finish(error) }
    }
  }

  private func commit(_ jobs: [Job]) -> (any Error)? {
    if let done = commitPlainly(jobs) { return done }
    return commitEach(jobs)
  }

  /// Runs the jobs one after the other, as long as none fails after it wrote something.
  ///
  /// - Returns: nil, with nothing done, where one did: then each needs a savepoint.
  private func commitPlainly(_ jobs: [Job]) -> (any Error)?? {
    do {
      return try pool.writeWithoutTransaction { database -> (any Error)?? in
        var isPlain = true
        try database.inTransaction(.immediate) {
          for job in jobs {
            let changes = database.totalChangesCount
            if job.run(database) != nil, database.totalChangesCount != changes {
              isPlain = false
              return .rollback
            }
          }
          return .commit
        }
        return isPlain ? .some(nil) : nil
      }
    } catch {
      return nil
    }
  }

  private func commitEach(_ jobs: [Job]) -> (any Error)? {
    // SQLite may end the whole transaction where the disk is full: then that is the reason.
    var failure: DatabaseError?
    do {
      try pool.writeWithoutTransaction { database in
        try database.inTransaction(.immediate) {
          for job in jobs {
            try database.inSavepoint {
              guard let error = job.run(database) else { return .commit }
              failure = failure ?? error as? DatabaseError
              return .rollback
            }
          }
          return .commit
        }
      }
      return nil
    } catch {
      return failure ?? error
    }
  }
}

/// Where a write leaves its outcome until its transaction is done.
private final class Slot<Value: Sendable>: Sendable {
  private let outcome = Mutex<Result<Value, any Error>?>(nil)

  func set(_ result: Result<Value, any Error>) { outcome.withLock { $0 = result } }

  /// Its own failure first, then that of the transaction.
  func result(or error: (any Error)?) -> Result<Value, any Error> {
    outcome.withLock { outcome in
      if case .failure? = outcome, let outcome { return outcome }
      if let error { return .failure(error) }
      return outcome ?? .failure(ServerError.store(path: "transaction", reason: "it did not run"))
    }
  }
}
