public import Basics
public import Foundation
public import Harness
import Metrics
public import Report

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Sends submissions to a leaderboard server as a team.
public struct SubmissionClient {
  private let address: URL
  private let token: String

  /// - Throws: a usage error for an address that is not http or https, or a token not in ASCII.
  public init(_ address: String, token: String) throws(HarnessError) {
    guard let url = URL(string: address), ["http", "https"].contains(url.scheme ?? "") else {
      throw .usage("The server's address begins with http:// or https://.")
    }
    let token = token.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw .usage("Put the team's token into INVITRO_TOKEN, or name its --token-file.")
    }
    (self.address, self.token) = (url, token)
  }

  /// - Parameters:
  ///   - content: of the prediction file, in any accepted form.
  ///   - metadata: fields of submission.json.
  /// - Throws: ``HarnessError/system(path:reason:)`` where no answer comes.
  public func submit(
    _ content: Data, name: String, metadata: [String: Any],
    progress: @escaping @Sendable (_ sent: Int, _ of: Int) -> Void
  ) async throws -> Answer {
    let boundary = "invitro-\(Digest.sha256(content).prefix(40))"
    let fields = try JSONSerialization.data(withJSONObject: metadata, options: [.sortedKeys])
    let body = Self.form(content, name: name, metadata: fields, boundary: boundary)
    var request = URLRequest(url: address.appending(path: "api/v1/submissions"))
    request.httpMethod = "POST"
    request.timeoutInterval = 120
    request.allHTTPHeaderFields = [
      "Authorization": "Bearer \(token)",
      "Content-Type": "multipart/form-data; boundary=\(boundary)",
      "Idempotency-Key": Digest.sha256(body),
    ]
    return try await Sender.send(request, body: body, progress: progress)
  }

  /// Has a submission stand for the team at the close of its board.
  /// - Throws: ``HarnessError/system(path:reason:)`` where no answer comes.
  public func choose(_ id: String) async throws -> Answer {
    var request = URLRequest(url: address.appending(path: "api/v1/submissions/\(id)/choice"))
    request.httpMethod = "POST"
    request.timeoutInterval = 60
    request.allHTTPHeaderFields = ["Authorization": "Bearer \(token)"]
    return try await Sender.send(request, body: Data(), progress: { _, _ in })
  }

  /// What the server says of the submission `id`, or of the team's newest ones where that is nil.
  /// - Throws: ``HarnessError/system(path:reason:)`` where no answer comes.
  public func status(of id: String?, limit: Int) async throws -> Answer {
    var url = address.appending(path: "api/v1/submissions")
    if let id {
      url.append(path: id)
    } else {
      url.append(queryItems: [URLQueryItem(name: "limit", value: "\(limit)")])
    }
    var request = URLRequest(url: url)
    request.timeoutInterval = 60
    request.allHTTPHeaderFields = ["Authorization": "Bearer \(token)"]
    return try await Sender.send(request, body: nil, progress: { _, _ in })
  }

  /// A form with the parts `metadata` and `file`.
  private static func form(
    _ content: Data, name: String, metadata: Data, boundary: String
  ) -> Data {
    let safe = name.unicodeScalars.map { scalar in
      (" "..."~").contains(scalar) && !"\"\\;".unicodeScalars.contains(scalar)
        ? String(scalar) : "_"
    }.joined()
    let first = """
      --\(boundary)\r
      Content-Disposition: form-data; name="metadata"\r
      Content-Type: application/json\r
      \r\n
      """
    let second = """
      \r
      --\(boundary)\r
      Content-Disposition: form-data; name="file"; filename="\(safe)"\r
      Content-Type: application/octet-stream\r
      \r\n
      """
    return Data(first.utf8) + metadata + Data(second.utf8) + content
      + Data("\r\n--\(boundary)--\r\n".utf8)
  }

  /// What the server answered.
  public struct Answer: Sendable {
    public let status: Int
    public let body: Data

    public var isAccepted: Bool { status == 200 || status == 201 }

    /// How a command ends that got this answer.
    public var exitStatus: ExitStatus {
      switch status {
      case 200, 201: .done
      case 401, 403: .notAllowed
      // The request is at fault, and not the server.
      case 400, 404, 409, 413, 415, 422: .badData
      default: .unavailable
      }
    }

    private struct Problem: Decodable {
      var detail: String
      var faults: [Diagnostic]?
    }

    private struct Accepted: Decodable {
      struct Scores: Decodable { var targets: TargetTable<TargetScores> }
      var id, state: String
      var verdict, note: String?
      var benchmark, split, system, received: String?
      var chosen: Bool?
      var warnings: [Diagnostic]?
      var scores: Scores?
      var left: RemainingQuota?

      var board: String { "\(benchmark ?? "")/\(split ?? "")" }

      static func words(_ verdict: String) -> String {
        ReleaseGuard.Verdict(rawValue: verdict)?.words ?? verdict
      }

      /// Every figure that is released, a line each.
      var figures: [String] {
        (scores?.targets ?? [:]).sorted { $0.key > $1.key }.flatMap { target, scores in
          Metric.all.compactMap { metric -> String? in
            guard let figure = scores[metric], let value = figure.value else { return nil }
            let line = "\(target) \(metric.title) \(Rounding.text(value))"
            guard let low = figure.low, let high = figure.high else { return line }
            return "\(line) [\(Rounding.text(low)), \(Rounding.text(high))]"
          }
        }
      }
    }

    private struct Logged: Decodable {
      var id: String
      var ledger: LoggedAnswer?
    }

    /// The submission and its entry in the server's ledger; nil where it was refused, or where the
    /// server has no ledger.
    public var logged: (id: String, entry: LoggedAnswer)? {
      guard isAccepted, let answer = try? JSONDecoder().decode(Logged.self, from: body) else {
        return nil
      }
      return answer.ledger.map { (answer.id, $0) }
    }

    /// The answer in words, with the faults or warnings that it lists.
    /// - Parameter isOfSending: whether it tells if the submission was new.
    /// - Throws: ``HarnessError/system(path:reason:)`` where an accepting answer cannot be read.
    public func read(
      isOfSending: Bool = false
    ) throws(HarnessError) -> (text: String, faults: [Diagnostic]) {
      guard isAccepted else {
        guard let problem = try? JSONDecoder().decode(Problem.self, from: body) else {
          return ("The server answered \(status) without saying why.", [])
        }
        return ("\(status): \(problem.detail)", problem.faults ?? [])
      }
      guard let accepted = try? JSONDecoder().decode(Accepted.self, from: body) else {
        throw .system(path: "answer", reason: "it is not of a form that is known here")
      }
      let isRepeated = isOfSending && status == 200
      var lines = [
        "\(accepted.id) \(accepted.state)\(isRepeated ? " (it was there already)" : "")"
      ]
      if let system = accepted.system, let received = accepted.received {
        lines.append("\(system) on \(accepted.board), received \(received)")
      }
      if let verdict = accepted.verdict { lines.append(Accepted.words(verdict)) }
      if let note = accepted.note { lines.append(note) }
      lines += accepted.figures
      if let left = accepted.left { lines.append(Self.words(left)) }
      return (lines.joined(separator: "\n"), accepted.warnings ?? [])
    }

    /// What a team may still send to a board.
    private static func words(_ left: RemainingQuota) -> String {
      "left for \(left.benchmark)/\(left.split), phase '\(left.phase)': \(left.words); files with "
        + "errors: \(left.failing.daily) more today, \(left.failing.total) in this phase"
    }

    /// The team's submissions, newest first, and what it may still send.
    /// - Throws: ``HarnessError/system(path:reason:)`` where the answer cannot be read.
    public func list() throws(HarnessError) -> ResultDocument {
      struct List: Decodable {
        var submissions: [Accepted]
        var left: [RemainingQuota]?
      }
      guard let list = try? JSONDecoder().decode(List.self, from: body) else {
        throw .system(path: "answer", reason: "it is not of a form that is known here")
      }
      let columns = ["id", "received", "board", "system", "state", "result"]
      let rows = list.submissions.map { one in
        [
          one.id, one.received, one.board, one.system,
          one.chosen == true ? "\(one.state), chosen" : one.state,
          one.figures.first ?? one.verdict.map(Accepted.words),
        ].map { ResultTable.Cell.text($0) }
      }
      let sent: ResultDocument.Part =
        rows.isEmpty
        ? .lines("Your team has sent nothing yet.")
        : .table(ResultTable("submissions", columns.map { .text($0) }, rows))
      let left = (list.left ?? []).map(Self.words)
      return ResultDocument([sent] + (left.isEmpty ? [] : [.lines(left.joined(separator: "\n"))]))
    }
  }
}

/// Sends a body and tells how much of it is on its way.
private final class Sender: NSObject, URLSessionTaskDelegate, @unchecked Sendable {
  // The session calls the delegate on one queue; nothing here changes after init.
  private let progress: @Sendable (Int, Int) -> Void

  private init(_ progress: @escaping @Sendable (Int, Int) -> Void) { self.progress = progress }

  static func send(
    _ request: URLRequest, body: Data?, progress: @escaping @Sendable (Int, Int) -> Void
  ) async throws -> SubmissionClient.Answer {
    let session = URLSession(
      configuration: .ephemeral, delegate: Sender(progress), delegateQueue: nil)
    defer { session.finishTasksAndInvalidate() }
    return try await withCheckedThrowingContinuation { continuation in
      let answer = { @Sendable (data: Data?, response: URLResponse?, error: (any Error)?) in
        if let response = response as? HTTPURLResponse {
          if let body { progress(body.count, body.count) }
          continuation.resume(returning: .init(status: response.statusCode, body: data ?? Data()))
        } else {
          let reason = error?.localizedDescription ?? "no answer"
          continuation.resume(
            throwing: HarnessError.system(
              path: request.url?.absoluteString ?? "server", reason: reason))
        }
      }
      let task =
        body.map { session.uploadTask(with: request, from: $0, completionHandler: answer) }
        ?? session.dataTask(with: request, completionHandler: answer)
      task.resume()
    }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didSendBodyData bytesSent: Int64,
    totalBytesSent: Int64, totalBytesExpectedToSend: Int64
  ) {
    progress(Int(totalBytesSent), Int(totalBytesExpectedToSend))
  }
}
