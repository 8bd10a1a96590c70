import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One request and its answer, written to a sink as it comes. Follows no redirect by itself.
final class Transfer: NSObject, URLSessionDataDelegate, Sendable {
  /// What to do with an answer once its head is there.
  typealias Head = @Sendable (HTTPURLResponse) throws -> Void
  typealias Sink = @Sendable (Data) throws -> Void

  /// How a transfer ended when nothing of ours refused it.
  enum End {
    case complete(HTTPURLResponse)
    /// The connection failed or was cut; the answer's head may have come.
    case broken(reason: String)
    case stalled
  }

  private struct State {
    var lastActivity = ContinuousClock.now
    var response: HTTPURLResponse?
    var refusal: (any Error)?
    var stalled = false
    var continuation: CheckedContinuation<End, any Error>?
  }

  private let state = Mutex(State())
  private let head: Head
  private let sink: Sink

  private init(head: @escaping Head, sink: @escaping Sink) {
    self.head = head
    self.sink = sink
  }

  /// Sends `request` and waits for the end of its answer.
  ///
  /// - Throws: what `head` or `sink` threw, or `CancellationError`.
  static func run(
    _ request: URLRequest, stallSeconds: Double, head: @escaping Head, sink: @escaping Sink
  ) async throws -> End {
    let transfer = Transfer(head: head, sink: sink)
    let configuration = URLSessionConfiguration.ephemeral
    configuration.urlCache = nil
    configuration.httpShouldSetCookies = false
    // The watchdog below decides; this one only has to be later.
    configuration.timeoutIntervalForRequest = 2 * stallSeconds + 30
    let session = URLSession(configuration: configuration, delegate: transfer, delegateQueue: nil)
    defer { session.finishTasksAndInvalidate() }
    let task = session.dataTask(with: request)
    let watchdog = Task { await transfer.watch(task, stallSeconds: stallSeconds) }
    defer { watchdog.cancel() }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        transfer.state.withLock { $0.continuation = continuation }
        task.resume()
        if Task.isCancelled { task.cancel() }
      }
    } onCancel: {
      transfer.refuse(CancellationError(), task)
    }
  }

  private func watch(_ task: URLSessionTask, stallSeconds: Double) async {
    let limit = Duration.seconds(stallSeconds)
    while !Task.isCancelled {
      try? await Task.sleep(for: min(limit / 4, .seconds(1)))
      let stalled = state.withLock { state in
        guard ContinuousClock.now - state.lastActivity > limit else { return false }
        state.stalled = true
        return true
      }
      if stalled {
        task.cancel()
        return
      }
    }
  }

  private func refuse(_ error: any Error, _ task: URLSessionTask) {
    state.withLock { if $0.refusal == nil { $0.refusal = error } }
    task.cancel()
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    state.withLock { if $0.response == nil { $0.response = response } }
    completionHandler(nil)
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    guard let answer = response as? HTTPURLResponse else {
      completionHandler(.cancel)
      return
    }
    state.withLock {
      $0.response = answer
      $0.lastActivity = .now
    }
    do {
      try head(answer)
      completionHandler(.allow)
    } catch {
      refuse(error, dataTask)
      completionHandler(.cancel)
    }
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let (refused, success) = state.withLock { state in
      state.lastActivity = .now
      return (state.refusal != nil, (200..<300).contains(state.response?.statusCode ?? 0))
    }
    guard !refused, success else { return }
    do { try sink(data) } catch { refuse(error, dataTask) }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    let (continuation, result) = state.withLock { state in
      let continuation = state.continuation
      state.continuation = nil
      let result: Result<End, any Error> =
        if let refusal = state.refusal {
          .failure(refusal)
        } else if state.stalled {
          .success(.stalled)
        } else if let response = state.response,
          error == nil || (300..<400).contains(response.statusCode)
        {
          .success(.complete(response))
        } else {
          .success(.broken(reason: error?.localizedDescription ?? "no answer"))
        }
      return (continuation, result)
    }
    continuation?.resume(with: result)
  }
}
