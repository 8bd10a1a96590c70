import Basics
import Foundation

/// OpenAI's batch API (platform.openai.com/docs/api-reference/batch), as Groq and others offer it too.
extension ChatClient {
  /// A line of the file of a batch.
  struct BatchLine: Encodable {
    let customId: String
    let method = "POST"
    let url = BatchRequest.chat
    let body: ChatRequest

    enum CodingKeys: String, CodingKey {
      case method, url, body
      case customId = "custom_id"
    }
  }

  struct BatchRequest: Encodable {
    static let chat = "/v1/chat/completions"

    let file: String
    let endpoint = chat
    let window = "24h"
    let metadata: [String: String]

    enum CodingKeys: String, CodingKey {
      case endpoint, metadata
      case file = "input_file_id"
      case window = "completion_window"
    }
  }

  /// A batch on the server.
  struct Batch: Sendable {
    let id: String
    /// `validating`, `in_progress`, `finalizing` or `cancelling`; then one that it ends with.
    let status: String
    let completed, total: Int
    /// Seconds since 1970.
    let createdAt: Double?
    let outputFile, errorFile: String?
    /// Why it failed.
    let problem: String?

    var hasEnded: Bool { ["completed", "failed", "expired", "cancelled"].contains(status) }

    init?(_ json: ByteJSON) {
      guard let id = json["id"]?.string, let status = json["status"]?.string else { return nil }
      (self.id, self.status) = (id, status)
      let counts = json["request_counts"]
      (completed, total) = (counts?["completed"]?.count ?? 0, counts?["total"]?.count ?? 0)
      createdAt = json["created_at"]?.number
      (outputFile, errorFile) = (json["output_file_id"]?.string, json["error_file_id"]?.string)
      let problems = json["errors"]?["data"]?.array?.compactMap { $0["message"]?.string } ?? []
      problem = problems.isEmpty ? nil : problems.prefix(3).joined(separator: "; ")
    }
  }

  /// What became of a line.
  struct BatchResult: Sendable {
    let id: String
    let outcome: Result<ChatAnswer, ReferenceError.ChatProblem>
  }

  /// The server's id of the uploaded `lines`.
  func upload(_ lines: Data) async throws -> String {
    let boundary = "invitro-\(UUID().uuidString)"
    func part(_ header: String) -> Data {
      Data("--\(boundary)\r\nContent-Disposition: form-data; \(header)\r\n\r\n".utf8)
    }
    let end = Data("\r\n".utf8)
    let file = "name=\"file\"; filename=\"questions.jsonl\"\r\nContent-Type: application/jsonl"
    let body =
      part("name=\"purpose\"") + Data("batch".utf8) + end + part(file) + lines + end
      + Data("--\(boundary)--\r\n".utf8)
    let answer = try await send(
      "POST", "files", body, type: "multipart/form-data; boundary=\(boundary)", isFile: true)
    return try read(answer, expected: "a file with an id") { $0["id"]?.string }
  }

  /// The id of a new batch of an uploaded file.
  func createBatch(file: String, key: String) async throws -> String {
    let request = BatchRequest(file: file, metadata: ["invitro": key])
    let answer = try await send(
      "POST", "batches", try CanonicalJSON.compact(request), type: "application/json")
    return try read(answer, expected: "a batch with an id") { $0["id"]?.string }
  }

  func batch(id: String) async throws -> Batch {
    try read(try await send("GET", "batches/\(id)"), expected: "a batch", Batch.init)
  }

  /// The id of the batch that was created with `key`; nil where the 100 newest have none.
  func batch(key: String) async throws -> String? {
    let answer = try await send(
      "GET", "batches", query: [URLQueryItem(name: "limit", value: "100")])
    let batches = try read(answer, expected: "a list of batches") { $0["data"]?.array }
    return batches.first { $0["metadata"]?["invitro"]?.string == key }?["id"]?.string
  }

  /// The lines of a file of results. An answer that is no chat completion is a failure of its line.
  func results(file: String) async throws -> [BatchResult] {
    let data = try await send("GET", "files/\(file)/content", isFile: true)
    return try data.split(separator: UInt8(ascii: "\n")).map { line in
      try read(Data(line), expected: "a result with a custom_id") { json in
        guard let id = json["custom_id"]?.string else { return nil }
        return BatchResult(id: id, outcome: outcome(json, Data(line)))
      }
    }
  }

  private func outcome(_ json: ByteJSON, _ line: Data) -> Result<
    ChatAnswer, ReferenceError.ChatProblem
  > {
    let response = json["response"]
    let status = response?["status_code"]?.count ?? 0
    if status == 200 {
      let answer = response?["body"].flatMap { ChatAnswer($0) }
      return answer.map { .success($0) }
        ?? .failure(.badResponse(expected: "a chat completion", found: excerpt(line)))
    }
    let message =
      json["error"]?["message"]?.string ?? response?["body"]?["error"]?["message"]?.string
    return .failure(.refused(status: status, message: message ?? excerpt(line)))
  }

  private func read<T>(_ data: Data, expected: String, _ value: (ByteJSON) -> T?) throws -> T {
    guard let json = try? ByteJSON(Array(data)), let value = value(json) else {
      throw ReferenceError.chat(.badResponse(expected: expected, found: excerpt(data)))
    }
    return value
  }
}
