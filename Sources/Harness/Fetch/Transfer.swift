package import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  package import FoundationNetworking
#endif

/// One request; its answer is taken into memory, up to a limit.
package final class Transfer: NSObject, URLSessionDataDelegate, Sendable {
  struct Failure: Error {
    let reason: String
    /// Whether the same request may succeed later.
    let mayPass: Bool
  }

  private struct State {
    var body = Data()
    var redirects = 0
    var failure: Failure?
    var continuation: CheckedContinuation<Data, any Error>?
  }

  static let maxRedirects = 5

  private let state = Mutex(State())
  private let limit: Int
  private let progress: @Sendable (Int) -> Void

  /// - Parameter progress: gets the number of bytes so far.
  init(limit: Int, progress: @escaping @Sendable (Int) -> Void) {
    (self.limit, self.progress) = (limit, progress)
  }

  /// - Throws: ``Failure`` or `CancellationError`.
  func run(_ url: URL, timeoutSeconds: Double) async throws -> Data {
    if let reason = Self.refusal(of: url, from: nil) {
      throw Failure(reason: reason, mayPass: false)
    }
    let configuration = URLSessionConfiguration.ephemeral
    configuration.urlCache = nil
    configuration.httpShouldSetCookies = false
    configuration.timeoutIntervalForRequest = timeoutSeconds
    let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
    defer { session.finishTasksAndInvalidate() }
    var request = URLRequest(url: url)
    request.setValue("invitro", forHTTPHeaderField: "User-Agent")
    let task = session.dataTask(with: request)
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        state.withLock { $0.continuation = continuation }
        task.resume()
        if Task.isCancelled { task.cancel() }
      }
    } onCancel: {
      task.cancel()
    }
  }

  /// Why `url` is not asked, where it is not: http and https alone, never from https back to http.
  package static func refusal(of url: URL, from: URL?) -> String? {
    let scheme = url.scheme?.lowercased()
    guard scheme == "http" || scheme == "https", url.host()?.isEmpty == false else {
      return "\(url.absoluteString) is not an address with http or https"
    }
    let leaves = from?.scheme?.lowercased() == "https" && scheme == "http"
    return leaves ? "it redirects from https to \(url.absoluteString), which is not encrypted" : nil
  }

  package func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    let isRefused = state.withLock { state in
      state.redirects += 1
      // Foundation takes the path of an address like file:///x for one on this server.
      let location = response.value(forHTTPHeaderField: "Location").flatMap { URL(string: $0) }
      let next = location?.scheme == nil ? request.url : location
      var reason = next.flatMap { Self.refusal(of: $0, from: response.url) }
      if state.redirects > Self.maxRedirects { reason = "more than \(Self.maxRedirects) redirects" }
      state.failure = reason.map { Failure(reason: $0, mayPass: false) }
      return reason != nil
    }
    // Without another request the task ends by itself; Foundation traps where it is cancelled here.
    completionHandler(isRefused ? nil : request)
  }

  package func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data
  ) {
    // An error page is not the file.
    guard (dataTask.response as? HTTPURLResponse)?.statusCode == 200 else { return }
    let count = state.withLock { state in
      if state.body.count <= limit { state.body.append(data) }
      if state.body.count > limit {
        let reason = "it sends more than the \(limit) bytes of the file"
        state.failure = Failure(reason: reason, mayPass: false)
      }
      return state.body.count
    }
    if count > limit { dataTask.cancel() } else { progress(count) }
  }

  package func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    let status = (task.response as? HTTPURLResponse)?.statusCode ?? 0
    let (continuation, result) = state.withLock {
      state -> (CheckedContinuation<Data, any Error>?, Result<Data, any Error>) in
      let result: Result<Data, any Error>
      if let failure = state.failure {
        result = .failure(failure)
      } else if let error {
        result = .failure(
          (error as? URLError)?.code == .cancelled
            ? CancellationError() : Failure(reason: error.localizedDescription, mayPass: true))
      } else if status != 200 {
        result = .failure(
          Failure(
            reason: "the server answers \(status)",
            mayPass: [408, 425, 429].contains(status) || status >= 500))
      } else if state.body.count < limit {
        result = .failure(
          Failure(reason: "cut after \(state.body.count) of \(limit) bytes", mayPass: true))
      } else {
        result = .success(state.body)
      }
      defer { state.continuation = nil }
      return (state.continuation, result)
    }
    continuation?.resume(with: result)
  }
}
