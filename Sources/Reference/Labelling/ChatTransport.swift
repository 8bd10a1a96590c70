import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Exchanges over URLSession with a deadline for the whole, where `URLSession.data(for:)` restarts
/// its time-out with every byte, and with a limit on the body.
final class ChatTransport: NSObject, URLSessionDataDelegate, Sendable {
  private struct Exchange {
    let continuation: CheckedContinuation<(HTTPURLResponse, Data), any Error>
    let limit: Int
    var body = Data()
  }

  /// By the task's number. What is taken out is resumed, so each is resumed once.
  private let exchanges = Mutex<[Int: Exchange]>([:])

  func send(_ request: URLRequest, over session: URLSession, timeoutSeconds: Double, limit: Int)
    async throws -> (HTTPURLResponse, Data)
  {
    let task = session.dataTask(with: request)
    let number = task.taskIdentifier
    let deadline = Task { [weak self] in
      try await Task.sleep(for: .seconds(timeoutSeconds))
      self?.fail(number, "no answer within \(timeoutSeconds) s")
      task.cancel()
    }
    defer { deadline.cancel() }
    let cancel: @Sendable () -> Void = { [self] in
      finish(number, .failure(CancellationError()))
      task.cancel()
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        exchanges.withLock { $0[number] = Exchange(continuation: continuation, limit: limit) }
        // Cancelled before it was entered: the handler found nothing to finish.
        if Task.isCancelled { cancel() } else { task.resume() }
      }
    } onCancel: {
      cancel()
    }
  }

  private func finish(_ number: Int, _ result: Result<(HTTPURLResponse, Data), any Error>) {
    exchanges.withLock { $0.removeValue(forKey: number) }?.continuation.resume(with: result)
  }

  private func fail(_ number: Int, _ reason: String) {
    finish(number, .failure(ReferenceError.chat(.unavailable(reason: reason))))
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let excess = exchanges.withLock { exchanges -> Int? in
      exchanges[dataTask.taskIdentifier]?.body.append(data)
      guard let exchange = exchanges[dataTask.taskIdentifier] else { return nil }
      return exchange.body.count > exchange.limit ? exchange.limit : nil
    }
    guard let excess else { return }
    finish(dataTask.taskIdentifier, .failure(ReferenceError.chat(.tooLarge(limit: excess))))
    dataTask.cancel()
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    let number = task.taskIdentifier
    let body = exchanges.withLock { $0[number]?.body } ?? Data()
    if let error { return fail(number, "the connection failed: \(error.localizedDescription)") }
    guard let response = task.response as? HTTPURLResponse else {
      return fail(number, "no HTTP response came")
    }
    // A connection that is cut early may look like a whole answer.
    if response.value(forHTTPHeaderField: "Content-Encoding") == nil,
      let announced = response.value(forHTTPHeaderField: "Content-Length").flatMap(Int.init),
      body.count < announced
    {
      return fail(number, "the connection was cut after \(body.count) of \(announced) bytes")
    }
    finish(number, .success((response, body)))
  }

  /// No redirect is followed: the answer to a question comes from where it was sent.
  func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) { completionHandler(nil) }
}
