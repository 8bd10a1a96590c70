import GRDB
import Synchronization

/// Writes that arrive while another transaction is being committed share the next one, and with it
/// one synchronisation of the disk.
///
/// A write is reported done when its transaction is on the disk. A write that throws is undone alone;
/// where the transaction itself fails, all of its writes fail.
final class GroupCommit: Sendable {
  private struct Job: Sendable {
    /// Runs it and returns its error, if any.
    var run: @Sendable (Database) -> (any Error)?
    /// Reports it, with the error of the transaction, if any.
    var finish: @Sendable ((any Error)?) -> Void
  }

  private let pool: DatabasePool
  private let waiting = Mutex<[Job]>([])

  init(_ pool: DatabasePool) { self.pool = pool }

  /// What `body` returns, once it is on the disk.
  func write<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let outcome = Mutex<Result<Value, any Error>?>(nil)
      let job = Job { database in
        let result = Result { try body(database) }
        outcome.withLock { $0 = result }
        if case .failure(let error) = result { return error }
        return nil
      } finish: { failure in
        let result = outcome.withLock { $0 }
        if case .failure(let error)? = result {
          continuation.resume(throwing: error)
        } else if let failure {
          continuation.resume(throwing: failure)
        } else if let result {
          continuation.resume(with: result)
        } else {
          continuation.resume(throwing: DatabaseError(resultCode: .SQLITE_ABORT))
        }
      }
      waiting.withLock { $0.append(job) }
      // The first of these to run takes all that wait; those after it find nothing to do.
      pool.asyncWriteWithoutTransaction { self.commit(in: $0) }
    }
  }

  private func commit(in database: Database) {
    let jobs = waiting.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
    guard !jobs.isEmpty else { return }
    var failure: (any Error)?
    do {
      try database.inTransaction(.immediate) {
        for job in jobs {
          try database.inSavepoint {
            guard let error = job.run(database) else { return .commit }
            // A full disk ends the whole transaction, not this write alone.
            guard database.isInsideTransaction else { throw error }
            return .rollback
          }
        }
        return .commit
      }
    } catch {
      failure = error
    }
    for job in jobs { job.finish(failure) }
  }
}
