import Basics
public import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// The endpoint of a chat model, and the settings of its requests.
public struct ChatEndpoint: Sendable, Equatable {
  /// Up to and including the version, such as `https://api.openai.com/v1`.
  public var baseURL: URL
  public var model: String
  /// The environment variable that holds the key; nil for servers that need none.
  public var keyVariable: String?
  /// The role of the instructions.
  public var role: Role
  /// For a whole exchange, from the first byte sent to the last one received.
  public var timeoutSeconds: Double
  /// Longer answers are refused as they arrive.
  public var maxAnswerBytes: Int

  public enum Role: String, Sendable, CaseIterable { case system, developer }

  public init(
    baseURL: URL, model: String, keyVariable: String? = nil, role: Role = .system,
    timeoutSeconds: Double = 120, maxAnswerBytes: Int = 1 << 20
  ) {
    (self.baseURL, self.model, self.keyVariable, self.role) = (baseURL, model, keyVariable, role)
    (self.timeoutSeconds, self.maxAnswerBytes) = (timeoutSeconds, maxAnswerBytes)
  }
}

/// A model's answer, and the tokens it counted.
public struct ChatAnswer: Sendable, Equatable {
  public let text: String
  public let promptTokens, answerTokens: Int?

  package init(_ text: String, promptTokens: Int? = nil, answerTokens: Int? = nil) {
    (self.text, self.promptTokens, self.answerTokens) = (text, promptTokens, answerTokens)
  }
}

/// Asks an OpenAI-compatible server for chat completions. The key comes from the environment and
/// appears in no description, error or file. Redirects are not followed: it is sent nowhere else.
public final class ChatClient: Sendable {
  public let endpoint: ChatEndpoint
  private let url: URL
  private let key: String?
  private let transport = ChatTransport()
  private let session: URLSession

  /// At most `connections` requests are in flight at once. Throws ``ReferenceError/chat(_:)``: a URL
  /// that is not one, a key that is not set, or that would go to another machine unencrypted.
  public init(
    _ endpoint: ChatEndpoint, connections: Int = 8,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(ReferenceError) {
    let scheme = endpoint.baseURL.scheme?.lowercased()
    guard scheme == "http" || scheme == "https", let host = endpoint.baseURL.host() else {
      throw .chat(.badURL(endpoint.baseURL.absoluteString))
    }
    self.endpoint = endpoint
    url = endpoint.baseURL.appending(path: "chat/completions")
    key = endpoint.keyVariable.flatMap { environment[$0] }
    if let variable = endpoint.keyVariable {
      if key?.isEmpty ?? true { throw .chat(.missingKey(variable: variable)) }
      guard scheme == "https" || ["localhost", "127.0.0.1", "::1"].contains(host) else {
        throw .chat(.insecureURL(endpoint.baseURL.absoluteString))
      }
    }
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpMaximumConnectionsPerHost = connections
    configuration.timeoutIntervalForRequest = endpoint.timeoutSeconds
    configuration.httpCookieStorage = nil
    configuration.urlCache = nil
    session = URLSession(configuration: configuration, delegate: transport, delegateQueue: nil)
  }

  deinit { session.invalidateAndCancel() }

  private struct Request: Encodable {
    struct Message: Encodable { let role, content: String }
    let model: String
    let messages: [Message]
    var temperature = 0.0
    var topP = 0.01

    enum CodingKeys: String, CodingKey {
      case model, messages, temperature
      case topP = "top_p"
    }
  }

  /// Sends one request. Of what it throws, `unavailable` and `badResponse` may pass.
  public func ask(system: String, user: String) async throws -> ChatAnswer {
    let instructions = Request.Message(role: endpoint.role.rawValue, content: system)
    let messages = (system.isEmpty ? [] : [instructions]) + [.init(role: "user", content: user)]
    var request = URLRequest(url: url)
    request.httpMethod = "POST"
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    request.setValue("application/json", forHTTPHeaderField: "Accept")
    if let key { request.setValue("Bearer \(key)", forHTTPHeaderField: "Authorization") }
    request.httpBody = try CanonicalJSON.compact(Request(model: endpoint.model, messages: messages))
    let (response, body) = try await transport.send(
      request, over: session, timeoutSeconds: endpoint.timeoutSeconds,
      limit: endpoint.maxAnswerBytes)
    do { return try read(response, body) } catch { throw ReferenceError.chat(error) }
  }

  private func read(_ response: HTTPURLResponse, _ body: Data) throws(ReferenceError.ChatProblem)
    -> ChatAnswer
  {
    let status = response.statusCode
    switch status {
    case 200: break
    case 408, 409, 425, 429, 500...599:
      let pause = response.value(forHTTPHeaderField: "Retry-After").flatMap(Self.retryAfter)
      throw .unavailable(
        reason: "the server answered with status \(status): \(excerpt(body))",
        retryAfterSeconds: pause)
    default: throw .refused(status: status, message: excerpt(body))
    }
    let type = response.value(forHTTPHeaderField: "Content-Type") ?? "none"
    guard type.lowercased().hasPrefix("application/json") else {
      throw .badResponse(expected: "the content type application/json", found: type)
    }
    let answer = try? ByteJSON(Array(body))
    guard let text = answer?["choices"]?.array?.first?["message"]?["content"]?.string else {
      let expected = answer == nil ? "a chat completion" : "choices[0].message.content"
      throw .badResponse(expected: expected, found: excerpt(body))
    }
    let usage = answer?["usage"]
    return ChatAnswer(
      text, promptTokens: usage?["prompt_tokens"]?.count,
      answerTokens: usage?["completion_tokens"]?.count)
  }

  /// The start of a body for a message, on one line; a key that the server echoes is removed.
  private func excerpt(_ body: Data) -> String {
    var text = String(decoding: body.prefix(2_000), as: UTF8.self)
    if let key { text = text.replacingOccurrences(of: key, with: "(key)") }
    let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.isEmpty ? "nothing" : String(line.prefix(200))
  }

  /// The seconds in a `Retry-After` header: a number, or a date (RFC 9110, 10.2.3).
  package static func retryAfter(_ header: String) -> Double? {
    let text = header.trimmingCharacters(in: .whitespaces)
    if let seconds = Double(text) { return seconds.isFinite && seconds >= 0 ? seconds : nil }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "GMT")
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
    return formatter.date(from: text).map { max(0, $0.timeIntervalSinceNow) }
  }
}

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
