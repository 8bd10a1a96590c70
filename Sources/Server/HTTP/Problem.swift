import Basics
import Foundation
import HTTPTypes
import Harness
import Hummingbird

/// An answer that says what went wrong, as RFC 9457 forms it.
struct Problem: Error {
  var status: HTTPResponse.Status
  var detail: String
  var faults: [Diagnostic] = []
  var headers: HTTPFields = [:]

  init(
    _ status: HTTPResponse.Status, _ detail: String, faults: [Diagnostic] = [],
    headers: HTTPFields = [:]
  ) {
    (self.status, self.detail, self.faults, self.headers) = (status, detail, faults, headers)
  }

  /// Our fault, or nobody's: the same request may succeed after `seconds`.
  static func later(
    _ seconds: Int, _ detail: String, status: HTTPResponse.Status = .serviceUnavailable
  ) -> Problem { Problem(status, detail, headers: [.retryAfter: "\(seconds)"]) }

  static func badRequest(_ detail: String) -> Problem { Problem(.badRequest, detail) }

  static func methodNotAllowed(
    _ method: HTTPRequest.Method, allowed: [HTTPRequest.Method]
  ) -> Problem {
    let names = allowed.map { $0 == .get ? "GET, HEAD" : $0.rawValue }.joined(separator: ", ")
    let detail = "\(method.rawValue) is not for this address."
    return Problem(.methodNotAllowed, detail, headers: [.allow: names])
  }

  static var notFound: Problem { Problem(.notFound, "There is nothing at this address.") }

  static var unauthorized: Problem {
    Problem(
      .unauthorized, "This needs a team's token: Authorization: Bearer invitro_….",
      headers: [.wwwAuthenticate: "Bearer realm=\"invitro\""])
  }

  /// Told to the holder of a token that was valid once (RFC 6750).
  private static func invalidToken(_ detail: String) -> Problem {
    Problem(
      .unauthorized, detail + " The organiser can give your team a new one.",
      headers: [.wwwAuthenticate: "Bearer realm=\"invitro\", error=\"invalid_token\""])
  }

  /// - Parameter detail: a sentence; how long to wait is said after it where that is minutes at most.
  static func tooMany(_ detail: String, retryAfter seconds: Int) -> Problem {
    let wait = max(1, seconds)
    let advice =
      wait > 600 ? "" : " Try again in \(wait == 1 ? "a second" : "\(wait) seconds")."
    return Problem(.tooManyRequests, detail + advice, headers: [.retryAfter: "\(wait)"])
  }

  /// Faults beyond this many are counted, not listed.
  static let maxFaults = 1000

  private struct Body: Encodable {
    var type = "about:blank"
    var title: String
    var status: Int
    var detail: String
    var valid: Bool?
    var faults: [Diagnostic]?
    /// Where not all faults are listed.
    var faultCount: Int?
  }

  var response: Response {
    let body = Body(
      title: status.reasonPhrase, status: status.code, detail: detail,
      valid: faults.isEmpty ? nil : false,
      faults: faults.isEmpty ? nil : Array(faults.prefix(Self.maxFaults)),
      faultCount: faults.count > Self.maxFaults ? faults.count : nil)
    guard let data = try? CanonicalJSON.compact(body) else {
      return Response(status: .internalServerError)
    }
    var response = Response.bytes(data, status: status, type: "application/problem+json")
    response.headers.append(contentsOf: headers)
    return response
  }
}

extension Problem {
  /// Any error as an answer. What is our fault says no more than that it is.
  init(_ error: any Error, now: Date) {
    switch error {
    case let problem as Problem: self = problem
    case HarnessError.invalid(let faults):
      let errors = faults.count { $0.severity == .error }
      let detail = "The upload has \(errors) error\(errors == 1 ? "" : "s")."
      self.init(.unprocessableContent, detail, faults: faults)
    case let refusal as Refusal: self.init(refusal, now: now)
    case let error as any HTTPResponseError where error.status == .notFound: self = .notFound
    case let error as any HTTPResponseError: self.init(error.status, "The request cannot be read.")
    case is URLEncodedFormError:
      self = .badRequest("The query is not well formed, or names something twice.")
    case ServerError.full:
      self = .later(
        60, "The server's disk is full. Nothing was counted; send it again later.",
        status: .init(code: 507, reasonPhrase: "Insufficient Storage"))
    case is HarnessError:
      self = .later(60, "This board cannot be scored at the moment. Nothing was counted.")
    default: self.init(.internalServerError, "The server failed. Nothing was counted.")
    }
  }

  private init(_ refusal: Refusal, now: Date) {
    switch refusal {
    case .token(.unknown): self = .unauthorized
    case .token(.expired(let name, let moment)):
      self = .invalidToken("The token '\(name)' expired at \(moment.stamp).")
    case .token(.revoked(let name, let moment)):
      self = .invalidToken("The token '\(name)' was revoked at \(moment.stamp).")
    case .phaseChanged:
      self = .later(1, "The board's phase changed meanwhile. Nothing was counted; send it again.")
    case .superseded:
      self = .later(
        600,
        "The labels of this board or its scorer changed, and its submissions are not rescored yet. "
          + "Nothing was counted; send it again later.")
    case .systemTaken(let name):
      let expected = "a name that does not look like that of another team's system on this board"
      self.init(
        HarnessError.invalid([
          Diagnostic(.duplicate, file: "metadata", field: "system", found: name, expected: expected)
        ]), now: now)
    case .prerequisite(let phase):
      self.init(
        .forbidden,
        "Only teams with a complete submission in phase '\(phase.name)' of split \(phase.split) may "
          + "submit here.")
    case .entries(let limit, let standing):
      let names = standing.map { "'\($0)'" }.joined(separator: ", ")
      self.init(
        .conflict,
        "This phase takes \(limit) systems of a team, and yours has \(names). Send a new version under "
          + "one of these names.")
    case .keyReused: self.init(.conflict, "This Idempotency-Key came with another upload before.")
    case .quota(let kind, let limit):
      let detail = "The quota of \(limit) \(kind.rawValue) is used up."
      let untilMidnight = 86_400 - Int(now.seconds % 86_400)
      self =
        kind.endsAtMidnight
        ? .tooMany(detail, retryAfter: untilMidnight) : Problem(.tooManyRequests, detail)
    }
  }
}

/// Turns every error into a page for a browser and into a problem document for anybody else; tells the
/// operator of those that are the server's.
struct ProblemMiddleware: RouterMiddleware {
  let log: ServerLog
  /// Makes the page of a problem at a path; nil where there is no site.
  var page: (@Sendable (_ problem: Problem, _ path: String) throws -> Response)?

  func handle(_ request: Request, context: ServerContext, next: Next) async throws -> Response {
    do {
      return try await next(request, context)
    } catch {
      let problem = Problem(error, now: Date())
      if problem.status.kind == .serverError {
        log.fault("\(request.method) \(context.endpointPath ?? "") failed", error)
      }
      guard let page, request.headers[.accept]?.contains("text/html") == true,
        var response = try? page(problem, request.uri.path)
      else { return problem.response }
      response.headers.append(contentsOf: problem.headers)
      return response
    }
  }
}
