import Foundation

/// Runs work that computes, at most as much at a time as there are processors, so that answers to
/// readers never wait behind large uploads.
struct Workers: Sendable {
  /// Work on so many bytes takes less than a millisecond: it is done at once, since handing it over
  /// and back would take as long.
  private static let smallBytes = 64 << 10
  private let queue: OperationQueue

  init() {
    queue = OperationQueue()
    queue.maxConcurrentOperationCount = max(1, ProcessInfo.processInfo.activeProcessorCount)
  }

  /// What `work` on an upload of so many bytes returns.
  func run<Value: Sendable>(
    bytes: Int, _ work: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await result(bytes: bytes, work).get()
  }

  func result<Value: Sendable>(
    bytes: Int, _ work: @escaping @Sendable () throws -> Value
  ) async -> Result<Value, any Error> {
    if bytes <= Self.smallBytes { return Result { try work() } }
    return await withCheckedContinuation { continuation in
      queue.addOperation { continuation.resume(returning: Result { try work() }) }
    }
  }
}
