import Basics
import Foundation
import HTTPTypes
import Harness
import Hummingbird

/// An answer that says what went wrong, as RFC 9457 forms it.
struct Problem: Error {
  var status: HTTPResponse.Status
  var detail: String
  var faults: [Fault] = []
  var headers: HTTPFields = [:]

  init(
    _ status: HTTPResponse.Status, _ detail: String, faults: [Fault] = [],
    headers: HTTPFields = [:]
  ) {
    self.status = status
    self.detail = detail
    self.faults = faults
    self.headers = headers
  }

  static func badRequest(_ detail: String) -> Problem { Problem(.badRequest, detail) }

  static var notFound: Problem { Problem(.notFound, "There is nothing at this address.") }

  static var unauthorized: Problem {
    Problem(
      .unauthorized, "This needs a team's token: Authorization: Bearer invitro_….",
      headers: [.wwwAuthenticate: "Bearer realm=\"invitro\""])
  }

  static func tooMany(_ detail: String, retryAfter seconds: Int) -> Problem {
    Problem(.tooManyRequests, detail, headers: [.retryAfter: "\(max(1, seconds))"])
  }

  /// Faults beyond this many are counted, not listed.
  static let mostFaults = 1000

  private struct Body: Encodable {
    var type = "about:blank"
    var title: String
    var status: Int
    var detail: String
    var valid: Bool?
    var faults: [Fault]?
    /// Where not all faults are listed.
    var faultCount: Int?
  }

  var response: Response {
    let body = Body(
      title: status.reasonPhrase, status: status.code, detail: detail,
      valid: faults.isEmpty ? nil : false,
      faults: faults.isEmpty ? nil : Array(faults.prefix(Self.mostFaults)),
      faultCount: faults.count > Self.mostFaults ? faults.count : nil)
    var response = Response.json(body, status: status, type: "application/problem+json")
    for field in headers { response.headers[field.name] = field.value }
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
      self.init(
        .unprocessableContent,
        errors == 1 ? "The upload has 1 error." : "The upload has \(errors) errors.",
        faults: faults)
    case let refusal as Refusal: self.init(refusal, now: now)
    case ServerError.full:
      self.init(
        HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"),
        "The server's disk is full. Nothing was counted; send it again later.",
        headers: [.retryAfter: "60"])
    case is HarnessError:
      self.init(
        .serviceUnavailable, "This board cannot be scored at the moment. Nothing was counted.",
        headers: [.retryAfter: "60"])
    default:
      self.init(.internalServerError, "The server failed. Nothing was counted.")
    }
  }

  private init(_ refusal: Refusal, now: Date) {
    switch refusal {
    case .keyReused:
      self.init(.conflict, "This Idempotency-Key came with another upload before.")
    case .predictionsTaken:
      self.init(.conflict, "Another team has submitted these predictions already.")
    case .quota(let kind, let limit):
      let detail = "The quota of \(limit) \(kind.rawValue) is used up."
      let untilMidnight = 86_400 - Int(now.seconds % 86_400)
      self =
        kind.endsAtMidnight
        ? .tooMany(detail, retryAfter: untilMidnight) : Problem(.tooManyRequests, detail)
    }
  }
}

extension Response {
  /// A JSON document with sorted keys.
  static func json(
    _ value: some Encodable, status: HTTPResponse.Status = .ok,
    type: String = "application/json"
  ) -> Response {
    guard let data = try? CanonicalJSON.compact(value) else {
      return Response(status: .internalServerError)
    }
    return .bytes(data, status: status, type: type)
  }

  static func bytes(
    _ data: Data, status: HTTPResponse.Status = .ok, type: String
  ) -> Response {
    var headers = HTTPFields.security
    headers[.contentType] = type
    headers[.cacheControl] = "no-store"
    return Response(
      status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: data)))
  }
}
