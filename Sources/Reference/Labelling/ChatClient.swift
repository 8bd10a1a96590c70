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
  public var settings: ChatSettings
  /// For a whole exchange, from the first byte sent to the last one received.
  public var timeoutSeconds: Double
  /// Longer answers are refused as they arrive.
  public var maxAnswerBytes: Int

  public enum Role: String, Sendable, CaseIterable { case system, developer }

  public init(
    baseURL: URL, model: String, keyVariable: String? = nil, role: Role = .system,
    settings: ChatSettings = ChatSettings(), timeoutSeconds: Double = 120,
    maxAnswerBytes: Int = 1 << 20
  ) {
    (self.baseURL, self.model, self.keyVariable, self.role) = (baseURL, model, keyVariable, role)
    self.settings = settings
    (self.timeoutSeconds, self.maxAnswerBytes) = (timeoutSeconds, maxAnswerBytes)
  }
}

/// Asks an OpenAI-compatible server for chat completions. The key comes from the environment and
/// appears in no description, error or file. Redirects are not followed: it is sent nowhere else.
public final class ChatClient: Sendable {
  public let endpoint: ChatEndpoint
  private let key: String?
  private let transport = ChatTransport()
  private let session: URLSession
  /// How the server takes a schema, which it says by refusing another form.
  private let schemaForm = Mutex(ChatRequest.ResponseFormat.Form.jsonSchema)

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

  /// The request for one sample of an answer about `essay`.
  package func request(_ prompt: RatingPrompt, user: String, sample: Int = 0) -> ChatRequest {
    let instructions = ChatRequest.Message(role: endpoint.role.rawValue, content: prompt.system)
    let messages =
      (prompt.system.isEmpty ? [] : [instructions]) + [.init(role: "user", content: user)]
    let settings = endpoint.settings
    return ChatRequest(
      model: endpoint.model, messages: messages, temperature: settings.temperature,
      topP: settings.topP, seed: settings.seed.map { $0 + sample },
      responseFormat: settings.format == .jsonSchema
        ? ChatRequest.ResponseFormat(prompt, schemaForm.withLock { $0 }) : nil)
  }

  /// Whether `request` was refused for the form of its schema alone: from then on schemas are sent
  /// in the other form, and it is to be sent again.
  func changesSchemaForm(of request: ChatRequest, after problem: ReferenceError) -> Bool {
    guard request.responseFormat?.form == .jsonSchema else { return false }
    // llama-cpp-python answers with status 500 where others have 400 or 422.
    switch problem {
    case .chat(.refused(_, let message)), .chat(.unavailable(let message, _)):
      guard message.contains("response_format"), message.contains("json_object") else {
        return false
      }
      schemaForm.withLock { $0 = .jsonObject }
      return true
    default: return false
    }
  }

  /// Sends one request. Of what it throws, `unavailable` and `badResponse` may pass.
  package func ask(_ question: ChatRequest) async throws -> ChatAnswer {
    let body = try CanonicalJSON.compact(question)
    let answer = try await send("POST", "chat/completions", body, type: "application/json")
    return try ReferenceError.chat { () throws(ReferenceError.ChatProblem) in
      try ChatAnswer(answer, excerpt: excerpt)
    }
  }

  /// What the server answers with status 200 at `path` below the endpoint's address.
  func send(
    _ method: String, _ path: String, _ body: Data? = nil, type: String? = nil,
    query: [URLQueryItem] = [], isFile: Bool = false
  ) async throws -> Data {
    var url = endpoint.baseURL.appending(path: path)
    if !query.isEmpty { url.append(queryItems: query) }
    var request = URLRequest(url: url)
    request.httpMethod = method
    if let type { request.setValue(type, forHTTPHeaderField: "Content-Type") }
    request.setValue(isFile ? "*/*" : "application/json", forHTTPHeaderField: "Accept")
    if let key { request.setValue("Bearer \(key)", forHTTPHeaderField: "Authorization") }
    request.httpBody = body
    // Files of a batch are of all its questions.
    let (response, data) = try await transport.send(
      request, over: session,
      timeoutSeconds: isFile ? max(600, endpoint.timeoutSeconds) : endpoint.timeoutSeconds,
      limit: isFile ? 1 << 30 : endpoint.maxAnswerBytes)
    try ReferenceError.chat { () throws(ReferenceError.ChatProblem) in
      try check(response, data, url: url, isFile: isFile)
    }
    return data
  }

  private func check(_ response: HTTPURLResponse, _ body: Data, url: URL, isFile: Bool)
    throws(ReferenceError.ChatProblem)
  {
    let status = response.statusCode
    let type = response.value(forHTTPHeaderField: "Content-Type") ?? "none"
    let start = String(decoding: body.prefix(200), as: UTF8.self).trimmingPrefix(
      while: \.isWhitespace)
    let isPage =
      type.lowercased().contains("html")
      || ["<!doctype html", "<html"].contains { start.lowercased().hasPrefix($0) }
    if (300..<400).contains(status),
      let location = response.value(forHTTPHeaderField: "Location")
    {
      let target = URL(string: location, relativeTo: url)?.absoluteString ?? location
      throw .redirect(
        url: url.absoluteString, status: status, target: excerpt(Data(target.utf8)))
    }
    switch status {
    case 408, 409, 425, 429, 500...599:
      let pause = response.value(forHTTPHeaderField: "Retry-After").flatMap(Self.retryAfter)
      throw .unavailable(
        reason: "the server answered with status \(status): \(excerpt(body))",
        retryAfterSeconds: pause)
    case _ where isPage:
      throw .webPage(url: url.absoluteString, status: status, found: excerpt(body))
    case 200: break
    default: throw .refused(status: status, message: excerpt(body))
    }
    guard isFile || type.lowercased().hasPrefix("application/json") else {
      throw .badResponse(expected: "the content type application/json", found: type)
    }
  }

  /// The start of a body for a message, on one line; a key that the server echoes is removed.
  func excerpt(_ body: Data) -> String {
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
