import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One attempt to post a message to a webhook: no redirect is followed, no cookie kept, and of the
/// answer nothing but the status is looked at. The whole has a deadline; the time-out of URLSession
/// begins anew with every byte.
final class WebhookExchange: NSObject, URLSessionDataDelegate, Sendable {
  /// Bytes of an answer's body after which the connection is closed.
  private static let maxBytes: Int64 = 64 << 10

  /// What is taken out is resumed, so that it is resumed once.
  private let waiting = Mutex<CheckedContinuation<WebhookDelivery.Outcome, Never>?>(nil)

  static func send(
    _ payload: String, message: String, to webhook: Webhook, at now: Date, timeoutSeconds: Int
  ) async -> WebhookDelivery.Outcome {
    guard let url = URL(string: webhook.url) else {
      return .init(status: nil, problem: "its address is no URL")
    }
    var request = URLRequest(url: url, timeoutInterval: Double(timeoutSeconds))
    request.httpMethod = "POST"
    request.httpBody = Data(payload.utf8)
    request.allHTTPHeaderFields = webhook.headers(message: message, payload: payload, at: now)
    let configuration = URLSessionConfiguration.ephemeral
    (configuration.httpCookieStorage, configuration.urlCache) = (nil, nil)
    let exchange = WebhookExchange()
    let session = URLSession(
      configuration: configuration, delegate: exchange, delegateQueue: nil)
    defer { session.finishTasksAndInvalidate() }
    return await exchange.run(session.dataTask(with: request), timeoutSeconds: timeoutSeconds)
  }

  private func run(
    _ task: URLSessionDataTask, timeoutSeconds: Int
  ) async -> WebhookDelivery.Outcome {
    let stop: @Sendable (String) -> Void = { problem in
      self.finish(.init(status: nil, problem: problem))
      task.cancel()
    }
    let deadline = Task {
      try await Task.sleep(for: .seconds(timeoutSeconds))
      stop("no answer within \(timeoutSeconds) s")
    }
    defer { deadline.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        waiting.withLock { $0 = continuation }
        // Cancelled before it was entered: the handler found nothing to finish.
        if Task.isCancelled { stop("it was cancelled") } else { task.resume() }
      }
    } onCancel: {
      stop("it was cancelled")
    }
  }

  private func finish(_ outcome: WebhookDelivery.Outcome) {
    waiting.withLock { waiting in
      defer { waiting = nil }
      return waiting
    }?.resume(returning: outcome)
  }

  private func finish(_ task: URLSessionTask, orElse problem: String) {
    guard let status = (task.response as? HTTPURLResponse)?.statusCode else {
      return finish(.init(status: nil, problem: problem))
    }
    let isDelivered = (200..<300).contains(status)
    finish(.init(status: status, problem: isDelivered ? nil : "the answer was \(status)"))
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    guard dataTask.countOfBytesReceived > Self.maxBytes else { return }
    finish(dataTask, orElse: "no HTTP answer came")
    dataTask.cancel()
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    // The words of libcurl may quote the address, which may hold a secret.
    let code = (error as? URLError).map { " (URLError \($0.errorCode))" } ?? ""
    finish(task, orElse: error == nil ? "no HTTP answer came" : "the connection failed\(code)")
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) { completionHandler(nil) }
}
